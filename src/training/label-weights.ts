// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../core/example.ts";

/** Label and source rows of each row. */
export type Labelled = Pick<Examples, "label" | "count">;

/** Weight of each label, (n / (K n_k))^power, of mean 1 over train's source rows; 1 for one that train lacks. */
export function labelWeights(train: Labelled, labels: number, classWeight: number): Float64Array {
  const counts = new Float64Array(labels);
  let rows = 0;
  train.label.forEach((k, i) => {
    counts[k] = (counts[k] as number) + (train.count[i] as number);
    rows += train.count[i] as number;
  });
  const present = counts.reduce((n, count) => n + (count > 0 ? 1 : 0), 0);
  const byLabel = counts.map((n) => (n === 0 ? 0 : power(rows / (present * n), classWeight)));
  const mean = byLabel.reduce((sum, w, k) => sum + w * (counts[k] as number), 0) / rows;
  return byLabel.map((w) => (w === 0 ? 1 : w / mean));
}

/** Weight of each row: the source rows behind it times its label's weight, and times its `trust` where rows have one. */
export function rowWeights(
  { label, count }: Labelled,
  byLabel: Float64Array,
  trust: Float64Array | null = null,
): Float64Array {
  return Float64Array.from(
    label,
    (k, i) => (byLabel[k] as number) * (count[i] as number) * (trust === null ? 1 : (trust[i] as number)),
  );
}

/** x^p by square roots, because Math.pow may differ between engines: exact for p in 64ths. */
function power(x: number, p: number): number {
  let result = 1;
  let root = x;
  let rest = p;
  for (let whole = Math.floor(rest); whole > 0; whole--) result *= x;
  rest -= Math.floor(rest);
  for (let i = 0; i < 20 && rest > 0; i++) {
    root = Math.sqrt(root);
    rest *= 2;
    if (rest < 1) continue;
    result *= root;
    rest -= 1;
  }
  return result;
}
