// SPDX-License-Identifier: Apache-2.0
type Measure = "seconds" | "peak_mb";

/** What is asked of the model: rows that prepare reads, and what the run's passes and model file turned out to be. */
interface Point {
  readonly rows: number;
  readonly labels: number;
  readonly workers: number;
  /** Passes of the fit; those of the refit are not among them. */
  readonly epochs: number;
  /** Bytes of each model file. */
  readonly pack: { readonly models: Readonly<Record<string, number>> };
}

interface Measured extends Point {
  readonly cost: Readonly<Record<Measure, number>>;
}

export function fitCost(
  points: readonly Measured[],
  measure: Measure,
): { readonly constant: number; readonly factors: readonly (readonly [string, number])[] } | null;

export function predictCost(points: readonly Measured[], measure: Measure, point: Point): number | null;

export function expectedCost(
  points: readonly Measured[],
  measure: Measure,
  point: Pick<Point, "rows" | "labels" | "workers">,
): number | null;
