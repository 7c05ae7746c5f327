// SPDX-License-Identifier: Apache-2.0
// A model of what training costs: a + b rows + c rows labels + d labels, none of them negative, fitted to relative
// errors, one for each number of workers.
import { fitNonNegative } from "./figures.mjs";

const row = ({ rows, labels }) => [1, rows, rows * labels, labels];
/** Coefficients that are fitted: fewer points say nothing. */
const FEWEST = 4;

/** Coefficients [a, b, c, d] from points with a cost; `measure` is `seconds` or `peak_mb`. Null for too few. */
export function fitCost(points, measure) {
  if (points.length < FEWEST) return null;
  return fitNonNegative(
    points.map(row),
    points.map(({ cost }) => cost[measure]),
  );
}

export function predictCost(model, point) {
  return row(point).reduce((sum, value, i) => sum + value * model[i], 0);
}
