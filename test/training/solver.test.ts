// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { addPasses, addRows, type PassStatistics, relativeGap } from "../../src/training/solver.ts";
import { numbers } from "../support/examples.ts";
import { PlainSolver } from "../support/oracle/plain-solver.ts";
import type { SparseRows } from "../support/oracle/solver-problem.ts";

interface SolverProblem {
  readonly x: SparseRows;
  readonly truth: Uint32Array;
  readonly cost: Float64Array;
  readonly labels: number;
  readonly features: number;
  readonly seed: number;
}

/** The plain solver over rows with a cost each; kernel.test.ts compares the kernel with it. */
class SoftmaxSolver {
  readonly #solver: PlainSolver;
  readonly #rows: number;

  constructor({ x, truth, cost, labels, features, seed }: SolverProblem) {
    this.#solver = new PlainSolver({ parts: [{ x, truth, weight: cost }], labels, features, seed });
    this.#solver.setCost(1);
    this.#rows = x.rows;
  }

  /** The gap over the primal loss. */
  pass(): PassStatistics {
    const seen = this.#solver.pass(this.#rows);
    return { ...seen, gap: relativeGap(seen) };
  }

  get weights(): Float32Array {
    return this.#solver.weights();
  }

  get bias(): Float64Array {
    return this.#solver.bias();
  }
}

interface Shape {
  readonly rows: number;
  readonly features: number;
  readonly labels: number;
  readonly cost: number;
  readonly seed?: number;
}

/** A sparse random problem whose labels follow the features, most of the time. */
function problem({ rows, features, labels, cost, seed = 1 }: Shape): SolverProblem {
  const next = numbers(seed * 7919 + rows);
  const start = new Uint32Array(rows + 1);
  const ids: number[] = [];
  const values: number[] = [];
  const truth = new Uint32Array(rows);
  for (let i = 0; i < rows; i++) {
    const own = new Set<number>();
    while (own.size < Math.min(4, features)) own.add(Math.floor(next() * features));
    for (const id of [...own].sort((a, b) => a - b)) {
      ids.push(id);
      values.push(next() + 0.1);
    }
    start[i + 1] = ids.length;
    truth[i] = next() < 0.7 ? (ids[start[i] as number] as number) % labels : Math.floor(next() * labels);
  }
  const x = { rows, start, ids: Uint32Array.from(ids), values: Float32Array.from(values) };
  return { x, truth, cost: Float64Array.from(truth, () => cost * (0.5 + next())), labels, features, seed: 3 };
}

function solved(given: SolverProblem, passes: number): { solver: SoftmaxSolver; last: PassStatistics } {
  const solver = new SoftmaxSolver(given);
  let last = solver.pass();
  for (let pass = 1; pass < passes; pass++) last = solver.pass();
  return { solver, last };
}

/** Weights [feature * labels + label], and the bias as one more feature. */
type Dense = Float64Array;

function densify(solver: SoftmaxSolver): Dense {
  return Float64Array.from([...solver.weights, ...solver.bias]);
}

function rowOf({ x, features }: SolverProblem, i: number): [feature: number, value: number][] {
  const found: [number, number][] = [];
  for (let j = x.start[i] as number; j < (x.start[i + 1] as number); j++)
    found.push([x.ids[j] as number, x.values[j] as number]);
  return [...found, [features, 1]];
}

/** |W|^2 / 2 + sum C_i loss_i, and its gradient: straight from the definition. */
function objective(given: SolverProblem, w: Dense): { value: number; gradient: Dense } {
  const { labels, truth, cost, x } = given;
  const gradient = w.slice();
  let value = w.reduce((sum, v) => sum + v * v, 0) / 2;
  for (let i = 0; i < x.rows; i++) {
    const row = rowOf(given, i);
    const z = Array.from({ length: labels }, (_, k) =>
      row.reduce((sum, [f, v]) => sum + v * (w[f * labels + k] as number), 0),
    );
    const top = Math.max(...z);
    const sum = z.reduce((total, score) => total + Math.exp(score - top), 0);
    const c = cost[i] as number;
    value += c * (top + Math.log(sum) - (z[truth[i] as number] as number));
    z.forEach((score, k) => {
      const residual = Math.exp(score - top) / sum - (k === truth[i] ? 1 : 0);
      for (const [f, v] of row)
        gradient[f * labels + k] = (gradient[f * labels + k] as number) + c * v * residual;
    });
  }
  return { value, gradient };
}

/** Plain gradient descent with halving and doubling steps: slow, and hard to get wrong. */
function reference(given: SolverProblem): Dense {
  let w = new Float64Array((given.features + 1) * given.labels);
  let here = objective(given, w);
  let step = 1;
  for (let i = 0; i < 4000; i++) {
    const size = Math.sqrt(here.gradient.reduce((sum, g) => sum + g * g, 0));
    if (size < 1e-7) break;
    const next = w.map((v, at) => v - step * (here.gradient[at] as number));
    const there = objective(given, next);
    if (there.value <= here.value - (step * size * size) / 2) {
      [w, here] = [next, there];
      step *= 1.9;
    } else step /= 2;
  }
  return w;
}

const SHAPES: readonly (Shape & { readonly name: string })[] = [
  { name: "two labels", rows: 30, features: 8, labels: 2, cost: 1 },
  { name: "three labels, little weight", rows: 40, features: 10, labels: 3, cost: 0.05 },
  { name: "five labels", rows: 50, features: 12, labels: 5, cost: 2 },
  { name: "one row", rows: 1, features: 5, labels: 3, cost: 8 },
  { name: "one label", rows: 10, features: 5, labels: 1, cost: 8 },
];

describe("PlainSolver", () => {
  it.each(SHAPES)("reaches the optimum of plain gradient descent: $name", (shape) => {
    const given = problem(shape);
    const best = objective(given, reference(given)).value;
    const { solver, last } = solved(given, 300);
    const found = objective(given, densify(solver)).value;
    expect(found).toBeLessThanOrEqual(best + 1e-6 * Math.abs(best) + 1e-9);
    expect(found).toBeGreaterThanOrEqual(best - 1e-4 * Math.abs(best) - 1e-9);
    expect(last.gap).toBeLessThan(1e-5);
    expect(last.gap).toBeGreaterThanOrEqual(0);
  });

  it.each([
    { name: "40 labels", passes: 40, slack: 2e-5, rows: 200, features: 60, labels: 40, cost: 4 },
    { name: "a cost of 1,000", passes: 3000, slack: 8e-3, rows: 60, features: 12, labels: 4, cost: 1000 },
    {
      name: "more features than rows",
      passes: 800,
      slack: 2e-5,
      rows: 12,
      features: 300,
      labels: 3,
      cost: 16,
    },
  ])("meets W = sum C x (y - softmax(W x)): $name", (shape) => {
    const given = problem(shape);
    const { solver, last } = solved(given, shape.passes);
    const w = densify(solver);
    const { gradient } = objective(given, w);
    const residual = gradient.reduce((top, g) => Math.max(top, Math.abs(g)), 0);
    // A step under 1e-5 of a row's dual is left out: so far may each row be from its optimum.
    expect(residual).toBeLessThan(shape.slack * given.cost.reduce((sum, c) => sum + c, 0));
    expect(last.gap).toBeLessThan(5e-3);
  });

  it("closes the gap as it goes", () => {
    const solver = new SoftmaxSolver(problem({ rows: 300, features: 40, labels: 6, cost: 8 }));
    const gaps = Array.from({ length: 30 }, () => solver.pass().gap);
    expect(gaps[4]).toBeLessThan((gaps[0] as number) / 2);
    expect(gaps[29]).toBeLessThan(1e-3);
  });

  it("takes a cost of 3 for 3 copies of a row", () => {
    const once = problem({ rows: 20, features: 8, labels: 3, cost: 1 });
    const counts = once.truth.map((_, i) => 1 + (i % 3));
    const weighted = { ...once, cost: Float64Array.from(once.cost, (c, i) => c * (counts[i] as number)) };
    const copies = [...counts].flatMap((count, i) => Array<number>(count).fill(i));
    const ids: number[] = [];
    const values: number[] = [];
    const start = [0];
    for (const i of copies) {
      for (const [f, v] of rowOf(once, i).slice(0, -1)) {
        ids.push(f);
        values.push(v);
      }
      start.push(ids.length);
    }
    const repeated: SolverProblem = {
      ...once,
      x: {
        rows: copies.length,
        start: Uint32Array.from(start),
        ids: Uint32Array.from(ids),
        values: Float32Array.from(values),
      },
      truth: Uint32Array.from(copies, (i) => once.truth[i] as number),
      cost: Float64Array.from(copies, (i) => once.cost[i] as number),
    };
    const a = densify(solved(weighted, 500).solver);
    const b = densify(solved(repeated, 500).solver);
    a.forEach((value, at) => {
      expect(Math.abs(value - (b[at] as number))).toBeLessThan(2e-3);
    });
  });

  it("gives the same bits for the same seed, and the same optimum for another", () => {
    const given = problem({ rows: 80, features: 20, labels: 4, cost: 2 });
    const [a, b] = [solved(given, 7).solver, solved(given, 7).solver];
    expect(a.weights).toEqual(b.weights);
    expect(a.bias).toEqual(b.bias);
    const other = { ...given, seed: 4 };
    expect(solved(other, 1).solver.weights).not.toEqual(solved(given, 1).solver.weights);
    const far = densify(solved(given, 400).solver);
    densify(solved(other, 400).solver).forEach((value, at) => {
      expect(Math.abs(value - (far[at] as number))).toBeLessThan(2e-3);
    });
  });

  it("reports what each row met before it was learnt from", () => {
    const one = problem({ rows: 1, features: 4, labels: 5, cost: 1 });
    const first = new SoftmaxSolver(one).pass();
    expect(first.loss).toBeCloseTo(Math.log(5), 12);
    // All scores are 0: the first label is predicted.
    expect(first.confusion[(one.truth[0] as number) * 5]).toBe(1);
    const many = new SoftmaxSolver(problem({ rows: 90, features: 20, labels: 3, cost: 2 }));
    const [before, after] = [many.pass(), many.pass()];
    expect(before.confusion.reduce((sum, n) => sum + n, 0)).toBe(90);
    expect(after.loss).toBeLessThan(before.loss);
  });

  it("has no gap and no loss where there is one label", () => {
    const only = new SoftmaxSolver(problem({ rows: 6, features: 4, labels: 1, cost: 2 })).pass();
    expect(only).toEqual({ loss: 0, primal: 0, gap: 0, confusion: Float64Array.of(6) });
  });
});

describe("the figures of blocks", () => {
  const a = { loss: 1.5, confusion: Float64Array.of(3, 1, 0, 2), primal: 6, gap: 1 };
  const b = { loss: 0.25, confusion: Float64Array.of(1, 0, 4, 0), primal: 2, gap: 3 };

  it("add up", () => {
    expect(addRows(a, b)).toEqual({ loss: 1.75, confusion: Float64Array.of(4, 1, 4, 2) });
    expect(addPasses(a, b)).toEqual({ ...addRows(a, b), primal: 8, gap: 4 });
    expect(a.confusion).toEqual(Float64Array.of(3, 1, 0, 2));
  });

  it("have a gap over the primal loss, 0 without one or below it", () => {
    expect(relativeGap(addPasses(a, b))).toBe(0.5);
    expect(relativeGap({ ...a, primal: 0 })).toBe(0);
    expect(relativeGap({ ...a, gap: -1e-9 })).toBe(0);
  });
});
