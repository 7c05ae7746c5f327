// SPDX-License-Identifier: Apache-2.0
// A model of what training costs, fitted to relative errors with coefficients of at least 0, one for each number of workers.
// A row in a pass costs as much as 16 labels more, for its values come from memory; and the weights, of at most 250,000
// features, are held several times over. Passes and bytes of the model file are those of the point itself.
import { fitNonNegative } from "./figures.mjs";

const rowsOf = ({ rows }) => rows / 1e6;
const fileOf = ({ pack }) => Object.values(pack.models).reduce((sum, bytes) => sum + bytes, 0) / 1e6;

/** What each measure grows with, beside a constant. */
const TERMS = {
  seconds: {
    "million rows": rowsOf,
    "million rows x (labels + 16) x passes": (point) => rowsOf(point) * (point.labels + 16) * point.epochs,
    "MB of model file": fileOf,
  },
  peak_mb: {
    "million rows": rowsOf,
    "million rows x labels": (point) => rowsOf(point) * point.labels,
    "MB of model file": fileOf,
  },
};
/** Points that are fitted at least: there are as many coefficients. */
const FEWEST = 4;

const termsOf = (measure, point) => [1, ...Object.values(TERMS[measure]).map((term) => term(point))];

/**
 * {constant, factors: [[term, factor], ...]} from points with a cost; `measure` is `seconds` or `peak_mb`. Null for too few
 * points.
 */
export function fitCost(points, measure) {
  if (points.length < FEWEST) return null;
  const [constant, ...factors] = fitNonNegative(
    points.map((point) => termsOf(measure, point)),
    points.map(({ cost }) => cost[measure]),
  );
  return { constant, factors: Object.keys(TERMS[measure]).map((term, i) => [term, factors[i]]) };
}

/** What the points with fewer rows and as many workers say of a point, whose passes and model file are known; null for too few. */
export function predictCost(points, measure, point) {
  const smaller = points.filter(({ rows, workers }) => rows < point.rows && workers === point.workers);
  const model = fitCost(smaller, measure);
  if (model === null) return null;
  return model.factors.reduce(
    (sum, [term, factor]) => sum + factor * TERMS[measure][term](point),
    model.constant,
  );
}

/**
 * What a point will take, with as many passes and as large a model file as the largest point with fewer rows and as many
 * labels and workers; null where the points are too few.
 */
export function expectedCost(points, measure, point) {
  const [like] = points
    .filter(
      ({ rows, labels, workers }) =>
        rows < point.rows && labels === point.labels && workers === point.workers,
    )
    .sort((a, b) => b.rows - a.rows);
  const { rows, labels, workers } = point;
  return like === undefined ? null : predictCost(points, measure, { ...like, rows, labels, workers });
}
