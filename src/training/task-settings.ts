// SPDX-License-Identifier: Apache-2.0
import type { Figures } from "./figures.ts";

/** What `[train]` says of one task, and nothing that changes only how it is run. */
export interface TaskSettings {
  readonly seed: number;
  readonly minDf: number;
  /** Passes at most. */
  readonly maxIter: number;
  /** Strength of L2 in mean loss + alpha / 2 |w|^2; "auto" chooses on eval. */
  readonly alpha: number | "auto";
  /** Exponent on the inverse label frequency: 0 none, 1 balanced. */
  readonly classWeight: number;
  readonly earlyStopping: boolean;
  readonly patience: number;
  readonly metric: "macro_f1" | "accuracy" | "log_loss";
  readonly minDelta: number;
}

/** What becomes of the synthetic train rows of a task that a model of its real ones finds implausible. */
export type SyntheticFilter = "none" | "drop" | "weight";

/** The metric that eval rows judge by; larger is better. */
export function metricOf(seen: Figures, metric: TaskSettings["metric"]): number {
  if (metric === "accuracy") return seen.accuracy ?? 0;
  return metric === "macro_f1" ? (seen.macroF1 ?? 0) : -(seen.loss ?? 0);
}
