// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { figures } from "../../src/training/figures.ts";
import { KernelSolver } from "../../src/training/kernel-solver.ts";
import type { Solver } from "../../src/training/solver.ts";
import { PlainSolver } from "../support/oracle/plain-solver.ts";
import { blockOf, type SolverProblem } from "../support/oracle/solver-problem.ts";

const SOLVERS: readonly (readonly [string, (problem: SolverProblem) => Solver])[] = [
  ["the kernel", (problem) => new KernelSolver(blockOf(problem), problem.seed)],
  ["the plain loop", (problem) => new PlainSolver(problem)],
];

describe("figures", () => {
  it("counts by hand", () => {
    // 3 rows of label 0, one of them taken for 1; 1 row of label 1, right.
    const found = figures(Float64Array.of(2, 1, 0, 1), 2, 6);
    expect(found.loss).toBe(1.5);
    expect(found.accuracy).toBe(0.75);
    expect(found.macroF1).toBeCloseTo((0.8 + 2 / 3) / 2, 12);
    expect(found.weightedF1).toBeCloseTo(0.75 * 0.8 + 0.25 * (2 / 3), 12);
  });

  it("has none without rows", () => {
    expect(figures(new Float64Array(9), 3, 0)).toEqual({
      loss: null,
      accuracy: null,
      macroF1: null,
      weightedF1: null,
    });
  });
});

describe.each(SOLVERS)("evaluate of %s", (_, solverOf) => {
  it("scores held-out rows, those without a feature by the bias alone", () => {
    const x = {
      rows: 2,
      start: Uint32Array.of(0, 1, 2),
      ids: Uint32Array.of(0, 1),
      values: Float32Array.of(1, 1),
    };
    const held = { rows: 3, start: Uint32Array.of(0, 1, 2, 2), ids: x.ids, values: x.values };
    const head = solverOf({
      parts: [
        { x, truth: Uint32Array.of(0, 1), weight: Float64Array.of(4, 2) },
        { x: held, truth: Uint32Array.of(0, 1, 1), weight: Float64Array.of(1, 1, 1) },
      ],
      labels: 2,
      features: 2,
      seed: 1,
    });
    head.setCost(1);
    for (let pass = 0; pass < 200; pass++) head.pass(2);
    const seen = head.evaluate(2, 5);
    const found = figures(seen.confusion, 2, seen.loss);
    const [bias, weights] = [head.bias(), head.weights()];
    const score = (feature: number, k: number) =>
      (bias[k] as number) + (feature < 0 ? 0 : (weights[feature * 2 + k] as number));
    const loss = (feature: number, y: number) =>
      Math.log(Math.exp(score(feature, 0)) + Math.exp(score(feature, 1))) - score(feature, y);
    expect(found.loss).toBeCloseTo((loss(0, 0) + loss(1, 1) + loss(-1, 1)) / 3, 6);
    // The heavier row leaves its label the bias: a row that says nothing goes there.
    expect(found.accuracy).toBeCloseTo(2 / 3, 12);
  });
});
