// SPDX-License-Identifier: Apache-2.0
// A seeded problem for the solvers: rows whose features are drawn as words are, a few often and most rarely.
import { seeded } from "./data.mjs";

/** {x, truth, weight} of `rows` rows with `width` non-zeros each, as the solvers take them. */
export function solverRows(rows, labels, features, width, seed) {
  const random = seeded(seed);
  const start = new Uint32Array(rows + 1);
  const ids = new Uint32Array(rows * width);
  const values = new Float32Array(rows * width);
  const truth = new Uint32Array(rows);
  for (let i = 0; i < rows; i++) {
    const label = random(labels);
    truth[i] = label;
    start[i + 1] = (i + 1) * width;
    const own = new Set([label]);
    while (own.size < width) own.add(Math.floor(features * (random(1e6) / 1e6) ** 3));
    let at = start[i];
    for (const id of own) {
      ids[at] = id;
      values[at++] = 1 / Math.sqrt(width);
    }
  }
  return { x: { rows, start, ids, values }, truth, weight: new Float64Array(rows).fill(1) };
}
