// SPDX-License-Identifier: Apache-2.0

/** The value below which a share `q` of sorted numbers lies. */
function quantile(sorted, q) {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

export function median(values) {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

/** Of some runs the one in the middle by a figure. */
export function middleBy(runs, figure) {
  const middle = median(runs.map(figure));
  return runs.find((run) => figure(run) === middle);
}

/** Of runs of one command, the cost of the one in the middle by its seconds, with the most memory that any had. */
export function middleCost(runs) {
  return {
    ...middleBy(runs, ({ seconds }) => seconds),
    peak_mb: Math.max(...runs.map(({ peak_mb }) => peak_mb)),
  };
}

/** p50 and p99 of durations, in microseconds. */
export function latency(microseconds) {
  const sorted = Float64Array.from(microseconds).sort();
  return { p50_us: quantile(sorted, 0.5), p99_us: quantile(sorted, 0.99), calls: sorted.length };
}

/** Accuracy, and macro-F1 over the labels of `truth`, as peer.py has them. */
export function score(truth, predicted) {
  const labels = new Set(truth);
  const counts = new Map([...labels].map((label) => [label, { hit: 0, said: 0, there: 0 }]));
  truth.forEach((label, i) => {
    counts.get(label).there++;
    const said = counts.get(predicted[i]);
    if (said === undefined) return;
    said.said++;
    if (predicted[i] === label) said.hit++;
  });
  const all = [...counts.values()];
  const sum = (of) => all.reduce((total, c) => total + of(c), 0);
  return {
    accuracy: sum((c) => c.hit) / truth.length,
    macro_f1: sum((c) => (c.hit === 0 ? 0 : (2 * c.hit) / (c.said + c.there))) / labels.size,
  };
}

export function mean(values) {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

/**
 * Least squares of relative errors with coefficients that are not negative, min sum (x b / y - 1)^2 over b >= 0, by
 * cyclic coordinate descent; few rows and columns.
 */
export function fitNonNegative(rows, y) {
  const scaled = rows.map((row, i) => row.map((value) => value / y[i]));
  const columns = scaled[0].length;
  const norms = Array.from(
    { length: columns },
    (_, j) => Math.sqrt(scaled.reduce((s, row) => s + row[j] ** 2, 0)) || 1,
  );
  const a = scaled.map((row) => row.map((value, j) => value / norms[j]));
  const b = new Array(columns).fill(0);
  for (let pass = 0; pass < 100_000; pass++) {
    let largest = 0;
    for (let j = 0; j < columns; j++) {
      const step = a.reduce(
        (s, row) => s + row[j] * (1 - row.reduce((t, value, k) => t + value * b[k], 0)),
        0,
      );
      const next = Math.max(0, b[j] + step);
      largest = Math.max(largest, Math.abs(next - b[j]));
      b[j] = next;
    }
    if (largest < 1e-12) break;
  }
  return b.map((value, j) => value / norms[j]);
}
