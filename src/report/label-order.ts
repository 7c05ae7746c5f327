// SPDX-License-Identifier: Apache-2.0

/**
 * An order of labels in which those that are taken for each other are neighbours, for a matrix of counts [truth][predicted].
 * Labels are clustered by how often they are confused (both ways, as a share of their rows; average linkage), each merge
 * laid so that the ends that touch are the more confused ones; clusters that nothing confuses keep the order of labels.
 */
export function confusionOrder(matrix: readonly (readonly number[])[]): number[] {
  const labels = matrix.length;
  const similarity = similarities(matrix);
  const clusters: (number[] | null)[] = Array.from({ length: labels }, (_, k) => [k]);
  // Sums of the similarities between the members of two clusters, in place of the labels'.
  const linkage = similarity.slice();
  for (;;) {
    const best = closest(clusters, linkage, labels);
    if (best === null) break;
    const [a, b] = best;
    clusters[a] = joined(clusters[a] as number[], clusters[b] as number[], similarity, labels);
    clusters[b] = null;
    for (let k = 0; k < labels; k++) {
      const sum = (linkage[a * labels + k] as number) + (linkage[b * labels + k] as number);
      linkage[a * labels + k] = sum;
      linkage[k * labels + a] = sum;
    }
  }
  return clusters.flatMap((cluster) => cluster ?? []);
}

function similarities(matrix: readonly (readonly number[])[]): Float64Array {
  const labels = matrix.length;
  const rows = matrix.map((row) => row.reduce((sum, count) => sum + count, 0));
  const out = new Float64Array(labels * labels);
  for (let i = 0; i < labels; i++)
    for (let j = 0; j < labels; j++) {
      const both = (matrix[i]?.[j] ?? 0) + (matrix[j]?.[i] ?? 0);
      if (i !== j && both > 0) out[i * labels + j] = both / ((rows[i] as number) + (rows[j] as number));
    }
  return out;
}

/** The two clusters with the highest mean similarity; the first of equals; null where none has any. */
function closest(
  clusters: readonly (readonly number[] | null)[],
  linkage: Float64Array,
  labels: number,
): [number, number] | null {
  let most = 0;
  let best: [number, number] | null = null;
  for (let a = 0; a < labels; a++) {
    const one = clusters[a];
    if (!one) continue;
    for (let b = a + 1; b < labels; b++) {
      const sum = linkage[a * labels + b] as number;
      // Most pairs of labels are never confused: their clusters need not be looked at.
      if (sum === 0) continue;
      const other = clusters[b];
      if (!other) continue;
      const mean = sum / (one.length * other.length);
      if (mean > most) [most, best] = [mean, [a, b]];
    }
  }
  return best;
}

/** Two clusters one after the other, in that of the four ways in which the ends that touch are the most alike. */
function joined(one: number[], other: number[], similarity: Float64Array, labels: number): number[] {
  const ways: [number[], number[]][] = [
    [one, other],
    [one, other.toReversed()],
    [one.toReversed(), other],
    [one.toReversed(), other.toReversed()],
  ];
  let best = ways[0] as [number[], number[]];
  let most = -1;
  for (const way of ways) {
    const touch = (way[0].at(-1) as number) * labels + (way[1][0] as number);
    const alike = similarity[touch] as number;
    if (alike > most) [most, best] = [alike, way];
  }
  return [...best[0], ...best[1]];
}
