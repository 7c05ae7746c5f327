// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compileKernel, kernelSource } from "../../scripts/kernel.mjs";
import { seededRandom } from "../../src/core/random.ts";
import { fitsKernel, KernelSolver } from "../../src/training/kernel-solver.ts";
import { PlainSolver } from "../../src/training/plain-solver.ts";
import type { LabelledRows, Solver, SolverProblem } from "../../src/training/solver.ts";

const FEATURES = 60;

/** Rows whose features lean towards their label; some weigh many times what others do. */
function rowsOf(rows: number, labels: number, stream: string): LabelledRows {
  const random = seededRandom(7, stream);
  const start = new Uint32Array(rows + 1);
  const ids: number[] = [];
  const values: number[] = [];
  const truth = new Uint32Array(rows);
  for (let i = 0; i < rows; i++) {
    const y = random.below(labels);
    truth[i] = y;
    const own = new Set([y % FEATURES]);
    for (let j = random.below(8); j >= 0; j--) own.add(random.below(FEATURES));
    for (const id of own) {
      ids.push(id);
      values.push((1 + random.below(100)) / 100);
    }
    start[i + 1] = ids.length;
  }
  const weight = Float64Array.from({ length: rows }, () => (random.below(10) === 0 ? 30 : 1));
  return {
    x: { rows, start, ids: Uint32Array.from(ids), values: Float32Array.from(values) },
    truth,
    weight,
  };
}

function problemOf(labels: number): SolverProblem {
  return {
    parts: [rowsOf(300, labels, "train"), rowsOf(40, labels, "held")],
    labels,
    features: FEATURES,
    seed: 42,
  };
}

function passes(solver: Solver, cost: number, n: number) {
  solver.setCost(cost);
  return Array.from({ length: n }, () => solver.pass(300));
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++)
    largest = Math.max(largest, Math.abs((a[i] as number) - (b[i] as number)));
  return largest;
}

test("the committed kernel comes from its source", async () => {
  const path = fileURLToPath(new URL("../../src/training/kernel-bytes.ts", import.meta.url));
  expect(readFileSync(path, "utf8")).toBe(kernelSource(await compileKernel()));
});

describe.each([1, 2, 3, 4, 5, 8, 9, 13, 16, 19, 32, 33, 47, 77])("with %i labels", (labels) => {
  test("a pass does what the plain loop does", () => {
    const [kernel, plain] = [new KernelSolver(problemOf(labels)), new PlainSolver(problemOf(labels))];
    const [mine] = passes(kernel, 4, 1);
    const [theirs] = passes(plain, 4, 1);
    expect(mine?.loss).toBeCloseTo(theirs?.loss as number, 1);
    expect(mine?.gap).toBeCloseTo(theirs?.gap as number, 3);
    expect(largestDifference(kernel.weights(), plain.weights())).toBeLessThan(0.01);
    expect(largestDifference(kernel.bias(), plain.bias())).toBeLessThan(0.01);
    expect(largestDifference(kernel.scores(300, 340), plain.scores(300, 340))).toBeLessThan(0.02);
  });

  test.each([0.01, 4])("reaches the optimum at cost %d", (cost) => {
    expect(passes(new KernelSolver(problemOf(labels)), cost, 60).at(-1)?.gap).toBeLessThan(5e-3);
  });
});

test("kernel and plain loop end at the same weights", () => {
  const [kernel, plain] = [new KernelSolver(problemOf(6)), new PlainSolver(problemOf(6))];
  for (const solver of [kernel, plain]) passes(solver, 1, 60);
  expect(largestDifference(kernel.weights(), plain.weights())).toBeLessThan(0.01);
  expect(kernel.evaluate(300, 340).loss).toBeCloseTo(plain.evaluate(300, 340).loss, 1);
});

test.each([KernelSolver, PlainSolver])("%o goes back to what it saved, and scales with the cost", (Kind) => {
  const solver = new Kind(problemOf(5));
  passes(solver, 8, 3);
  const state = solver.save();
  const before = solver.weights();
  solver.setCost(2);
  expect(
    largestDifference(
      solver.weights(),
      before.map((w) => w / 4),
    ),
  ).toBeLessThan(1e-6);
  solver.pass(340);
  solver.restore(state);
  expect(solver.weights()).toEqual(before);
  expect(solver.save()).toEqual(state);
});

test("a problem over 4 GB is left to the plain loop", () => {
  expect(fitsKernel(problemOf(3))).toBe(true);
  expect(fitsKernel({ ...problemOf(100), features: 2 ** 25 })).toBe(false);
});
