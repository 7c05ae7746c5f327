// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { SparseRows } from "../../src/training/solver.ts";
import { namespaceFactors, narrowRows, weighFeatures } from "../../src/training/task-matrix.ts";
import { examples } from "../support/examples.ts";

/** Rows of [feature, value]. */
function sparse(rows: readonly (readonly (readonly [id: number, value: number])[])[]): SparseRows {
  const start = Float64Array.from([0, ...rows.map((_, i) => rows.slice(0, i + 1).flat().length)]);
  return {
    rows: rows.length,
    start,
    ids: Uint32Array.from(rows.flat(), ([id]) => id),
    values: Float32Array.from(rows.flat(), ([, value]) => value),
  };
}

function contents({ rows, start, ids, values }: SparseRows): [number, number][][] {
  return Array.from({ length: rows }, (_, i) => {
    const [from, to] = [start[i] as number, start[i + 1] as number];
    return [...ids.subarray(from, to)].map((id, j) => [id, values[from + j] as number]);
  });
}

const ROWS = examples([
  { text: "a", label: 0, count: 3 },
  { text: "b", label: 0 },
  { text: "c", label: 1, count: 4 },
]);
const X = sparse([
  [
    [0, 1],
    [2, 1],
  ],
  [[2, 1]],
  [
    [1, 1],
    [2, 1],
    [4, 1],
  ],
]);

describe("weighFeatures", () => {
  it("keeps the features of enough source rows, the most frequent first", () => {
    expect([...weighFeatures(X, ROWS, 2, 5, 1).ids]).toEqual([2, 1, 4, 0]);
    expect([...weighFeatures(X, ROWS, 2, 5, 4).ids]).toEqual([2, 1, 4]);
    expect([...weighFeatures(X, ROWS, 2, 5, 5).ids]).toEqual([2]);
    expect([...weighFeatures(X, ROWS, 2, 5, 9).ids]).toEqual([]);
  });

  it("weighs by 0.1 + sqrt(KL(p(label | feature) || p(label)))", () => {
    const { weight } = weighFeatures(X, ROWS, 2, 5, 1);
    const kl = (q: number) => q * Math.log(q / 0.5) + (1 - q) * Math.log((1 - q) / 0.5);
    // In every row: it says nothing about the label.
    expect(weight[0]).toBeCloseTo(0.1, 12);
    expect(weight[1]).toBeCloseTo(0.1 + Math.sqrt(kl(4.5 / 5)), 12);
    expect(weight[3]).toBeCloseTo(0.1 + Math.sqrt(kl(3.5 / 4)), 12);
  });

  it("leaves out a label without rows", () => {
    const three = weighFeatures(X, ROWS, 3, 5, 1);
    expect([...three.weight]).toEqual([...weighFeatures(X, ROWS, 2, 5, 1).weight]);
  });
});

describe("narrowRows", () => {
  it("renumbers, scales and drops, and leaves a row without features in its place", () => {
    const rows = sparse([
      [
        [0, 2],
        [3, 1],
      ],
      [[1, 5]],
      [[3, 4]],
    ]);
    const local = Int32Array.of(1, -1, -1, 0);
    const narrow = narrowRows(rows, local, Float32Array.of(0.5, 3));
    expect(contents(narrow)).toEqual([
      [
        [1, 6],
        [0, 0.5],
      ],
      [],
      [[0, 2]],
    ]);
  });
});

describe("namespaceFactors", () => {
  it("brings the mean length of each namespace back to 1", () => {
    const rows = sparse([
      [
        [0, 3],
        [1, 4],
        [2, 1],
      ],
      [[2, 3]],
    ]);
    const local = Int32Array.of(0, 1, 2);
    const found = namespaceFactors(rows, local, Float64Array.of(1, 1, 2), Uint8Array.of(0, 0, 1));
    expect(found[0]).toBeCloseTo(1 / 5, 12);
    expect(found[1]).toBeCloseTo(1 / ((2 + 6) / 2), 12);
    // No feature of this one: nothing to scale.
    expect(found[2]).toBe(1);
  });
});
