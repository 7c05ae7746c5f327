// SPDX-License-Identifier: Apache-2.0
// A model of what training costs, fitted to relative errors with coefficients of at least 0, one for each number of workers:
//   seconds = a + b rows + c rows (labels + 16) passes + d model bytes
//   MiB     = a + b rows + c rows labels             + d model bytes
// A row in a pass costs as much as 16 labels more, for its values come from memory; and the weights, of at most 250,000
// features, are held several times over. Passes and bytes of the model file are those of the point itself.
import { fitNonNegative } from "./figures.mjs";

/** Labels that a row's values in a pass are worth. */
export const ROW_LABELS = 16;
/** Points that are fitted at least: there are as many coefficients. */
const FEWEST = 4;

const sizeOf = ({ pack }) => Object.values(pack.models).reduce((sum, bytes) => sum + bytes, 0);
const TERMS = {
  seconds: (point) => [1, point.rows, point.rows * (point.labels + ROW_LABELS) * point.epochs, sizeOf(point)],
  peak_mb: (point) => [1, point.rows, point.rows * point.labels, sizeOf(point)],
};

/** Coefficients [a, b, c, d] from points with a cost; `measure` is `seconds` or `peak_mb`. Null for too few. */
export function fitCost(points, measure) {
  if (points.length < FEWEST) return null;
  return fitNonNegative(
    points.map(TERMS[measure]),
    points.map(({ cost }) => cost[measure]),
  );
}

/** What a model of `measure` says of a point, whose passes and model file are known. */
export function predictCost(model, measure, point) {
  return TERMS[measure](point).reduce((sum, value, i) => sum + value * model[i], 0);
}

/**
 * Seconds that a point will take, by the points with fewer rows and as many workers, with as many passes and as large
 * a model file as the largest of them with as many labels; null where they are too few.
 */
export function expectedSeconds(done, point) {
  const smaller = done.filter(({ rows, workers }) => rows < point.rows && workers === point.workers);
  const [like] = smaller.filter(({ labels }) => labels === point.labels).sort((a, b) => b.rows - a.rows);
  const model = fitCost(smaller, "seconds");
  if (model === null || like === undefined) return null;
  return predictCost(model, "seconds", { ...like, ...point });
}
