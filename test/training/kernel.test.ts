// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compileKernel, kernelSource } from "../../scripts/kernel.mjs";
import { seededRandom } from "../../src/core/random.ts";
import { allocateBlock, BlockWriter, layoutOf } from "../../src/training/block.ts";
import { KernelSolver, SETTLED_SHARE } from "../../src/training/kernel-solver.ts";
import { type PassStatistics, relativeGap, type Solver } from "../../src/training/solver.ts";
import { PlainSolver } from "../support/oracle/plain-solver.ts";
import { solveRow } from "../support/oracle/row-solver.ts";
import { blockOf, type LabelledRows, type SolverProblem } from "../support/oracle/solver-problem.ts";
import { leftOut } from "../support/settled.ts";

const FEATURES = 60;
/** Those of kernel/softmax.ts, and of few rows. */
const SHORTCUTS = { smallestStep: 1e-4, settled: 1e-4, settledShare: 0 };

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
    // Of these no row lies so near between two labels that the rounding of 32 bits decides.
    parts: [rowsOf(300, labels, "learnt"), rowsOf(40, labels, "held")],
    labels,
    features: FEATURES,
    seed: 42,
  };
}

function kernelOf(problem: SolverProblem): KernelSolver {
  return new KernelSolver(blockOf(problem), problem.seed);
}

const SOLVERS: readonly (readonly [string, (problem: SolverProblem) => Solver])[] = [
  ["the kernel", kernelOf],
  ["the plain loop", (problem) => new PlainSolver(problem)],
];

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

describe.each([1, 2, 3, 4, 5, 8, 9, 13, 16, 19, 24, 28, 32, 33, 40, 44, 47, 52, 61, 77, 128, 131, 260])(
  "with %i labels",
  (labels) => {
    test("a pass does what the plain loop does", () => {
      const [kernel, plain] = [kernelOf(problemOf(labels)), new PlainSolver(problemOf(labels), SHORTCUTS)];
      const [mine] = passes(kernel, 4, 1);
      const [theirs] = passes(plain, 4, 1);
      expect(mine?.loss).toBeCloseTo(theirs?.loss as number, 1);
      expect(mine?.primal).toBeCloseTo(theirs?.primal as number, 0);
      expect(mine?.confusion).toEqual(theirs?.confusion);
      expect(relativeGap(mine as PassStatistics)).toBeCloseTo(relativeGap(theirs as PassStatistics), 3);
      expect(largestDifference(kernel.weights(), plain.weights())).toBeLessThan(0.01);
      expect(largestDifference(kernel.bias(), plain.bias())).toBeLessThan(0.01);
      expect(largestDifference(kernel.scores(300, 340), plain.scores(300, 340))).toBeLessThan(0.02);
    });

    test.each([0.01, 4])("reaches the optimum at cost %d", (cost) => {
      const last = passes(kernelOf(problemOf(labels)), cost, 60).at(-1) as PassStatistics;
      expect(relativeGap(last)).toBeLessThan(5e-3);
    });
  },
);

test("of many rows those far below the mean divergence are left out of the next pass, and their share of the gap is not", () => {
  const rows = 2 ** 15;
  const problem = { ...problemOf(5), parts: [rowsOf(rows, 5, "many"), rowsOf(40, 5, "held")] };
  const block = blockOf(problem);
  const kernel = new KernelSolver(block, 42);
  const plain = new PlainSolver(problem, { ...SHORTCUTS, settledShare: SETTLED_SHARE });
  for (const solver of [kernel, plain]) solver.setCost(1e-3);
  const shares = Array.from({ length: 4 }, () => {
    expect(kernel.pass(rows).gap / plain.pass(rows).gap).toBeCloseTo(1, 1);
    return leftOut(block);
  });
  // No row is left out before it has taught anything.
  expect(shares[0]).toBe(0);
  expect(Math.max(...shares)).toBeGreaterThan(0.2);
  // As the rows that were held out join: all others are looked at again.
  kernel.pass(rows + 40, rows);
  plain.pass(rows + 40, rows);
  expect(leftOut(block)).toBe(0);
  expect(kernel.pass(rows + 40).gap / plain.pass(rows + 40).gap).toBeCloseTo(1, 1);
  expect(largestDifference(kernel.weights(), plain.weights())).toBeLessThan(0.01);
  kernel.setCost(1);
  expect(leftOut(block)).toBe(0);
});

test("a row that is left out counts with the loss and the divergence that it had, and learns nothing", () => {
  const block = blockOf(problemOf(3));
  const solver = new KernelSolver(block, 42);
  const [before] = passes(solver, 4, 1);
  const weights = solver.weights();
  const { at } = layoutOf(block.shape);
  const settled = new Float32Array(block.memory.buffer, at.settled, 600);
  for (let row = 0; row < 300; row++) settled.set([0.5, 2], row * 2);
  const cost = new Float32Array(block.memory.buffer, at.cost, 300).reduce((sum, c) => sum + c, 0);
  const { loss, primal, gap, confusion } = solver.pass(300);
  expect([loss, primal / cost, gap / cost]).toEqual([150, expect.closeTo(0.5, 5), expect.closeTo(2, 5)]);
  expect(confusion).toEqual(before?.confusion);
  expect(solver.weights()).toEqual(weights);
  expect(settled.filter((_, i) => i % 2 === 0).every((last) => last === -1)).toBe(true);
});

test("kernel and plain loop end at the same weights, though the kernel leaves settled rows alone", () => {
  const [kernel, plain] = [kernelOf(problemOf(6)), new PlainSolver(problemOf(6))];
  for (const solver of [kernel, plain]) passes(solver, 1, 60);
  const size = largestDifference(plain.weights(), new Float32Array(FEATURES * 6));
  expect(largestDifference(kernel.weights(), plain.weights())).toBeLessThan(0.01 * size);
  expect(kernel.evaluate(300, 340).loss).toBeCloseTo(plain.evaluate(300, 340).loss, 1);
});

test.each(SOLVERS)("%s goes back to what it saved, and scales with the cost", (_, solverOf) => {
  const solver = solverOf(problemOf(5));
  passes(solver, 8, 3);
  const state = solver.save(300);
  const before = solver.weights();
  const bias = solver.bias();
  solver.restore(state);
  const [anew, anewBias] = [solver.weights(), solver.bias()];
  solver.restore(state, 2);
  expect(solver.weights()).toEqual(anew.map((w) => w / 4));
  expect(solver.bias()).toEqual(anewBias.map((b) => b / 4));
  const atTwo = solver.save(300);
  expect(atTwo.cost).toBe(2);
  const next = solver.pass(300);
  solver.restore(state);
  const size = largestDifference(before, new Float32Array(before.length));
  expect(largestDifference(solver.weights(), before)).toBeLessThan(1e-5 * size);
  expect(largestDifference(solver.bias(), bias)).toBeLessThan(1e-5 * size);
  expect(solver.save(300)).toEqual(state);
  // The cost of the steps comes back too: a pass from here is not one at the cost of 2.
  expect(solver.pass(300).primal / next.primal).toBeGreaterThan(1.3);
});

test("the kernel starts from the duals of another fit with the weights that they stand for", () => {
  const rows = 300;
  for (const labels of [2, 5, 9]) {
    const [fitted, resumed] = [kernelOf(problemOf(labels)), kernelOf(problemOf(labels))];
    fitted.setCost(8);
    for (let pass = 0; pass < 4; pass++) fitted.pass(rows);
    resumed.setCost(8);
    resumed.resume(fitted.save(rows).dual);
    const size = largestDifference(fitted.weights(), new Float32Array(FEATURES * labels));
    expect(size).toBeGreaterThan(0.1);
    expect(largestDifference(resumed.weights(), fitted.weights())).toBeLessThan(1e-4 * size);
    expect(largestDifference(resumed.bias(), fitted.bias())).toBeLessThan(1e-4 * size);
    expect(resumed.save(rows).dual).toEqual(fitted.save(rows).dual);
  }
});

test.each(SOLVERS)("%s passes over the rows of a range alone", (_, solverOf) => {
  const labels = 5;
  const solver = solverOf(problemOf(labels));
  passes(solver, 4, 2);
  const before = solver.save(300).dual;
  const { confusion } = solver.pass(300, 250);
  expect(confusion.reduce((sum, n) => sum + n, 0)).toBe(50);
  const after = solver.save(300).dual;
  const width = before.length / 300;
  expect(after.subarray(0, 250 * width)).toEqual(before.subarray(0, 250 * width));
  expect(largestDifference(after.subarray(250 * width), before.subarray(250 * width))).toBeGreaterThan(0.01);
});

test.each([2, 3, 5, 20, 47])(
  "the kernel solves a row of %d labels as the oracle does, whatever its cost",
  (labels) => {
    const random = seededRandom(3, `row of ${labels}`);
    const uniform = () => random.below(2 ** 30) / 2 ** 30;
    const block = allocateBlock({ train: 1, rows: 1, entries: 0, features: 1, labels });
    new BlockWriter(block).endRow(0, 0, 0, 1);
    const { at, padded } = layoutOf(block.shape);
    const { buffer } = block.memory;
    const solver = new KernelSolver(block, 1);
    const bias = new Float32Array(buffer, at.bias, labels);
    const dual = new Float32Array(buffer, at.dual, padded);
    for (let i = 0; i < 3000; i++) {
      // Without entries |x|^2 is 1: A is the cost, from 1e-6 to 1e7.
      const a = Math.fround(10 ** (13 * uniform() - 6));
      const spread = [0.1, 1, 5, 30, 1000][random.below(5)] as number;
      const scores = Float64Array.from({ length: labels }, () => Math.fround((uniform() - 0.5) * spread));
      const raw = Float64Array.from({ length: labels }, () => Math.exp(20 * uniform()));
      const total = raw.reduce((sum, x) => sum + x, 0);
      const top = random.below(labels);
      const p = raw.map((x, k) => Math.fround(i % 2 === 0 ? x / total : k === top ? 1 : 0));
      bias.set(scores);
      dual.set(p);
      new Float32Array(buffer, at.cost, 1)[0] = a;
      new Float32Array(buffer, at.settled, 1)[0] = -1;
      solver.pass(1);
      if ((new Float32Array(buffer, at.settled, 1)[0] as number) >= 0) continue;
      const expected = p.slice();
      solveRow(scores, expected, a, new Float64Array(labels), new Float64Array(labels));
      const found = [...dual.subarray(0, labels)];
      expect(Math.min(...found)).toBeGreaterThanOrEqual(0);
      expect(largestDifference(found, expected)).toBeLessThan(1e-3);
    }
  },
);

test("the scores of rows of a block with weights of more than 2 GiB are found", () => {
  // What is never touched takes no memory.
  const block = allocateBlock({ train: 1, rows: 1, entries: 0, features: 2 ** 27, labels: 3 });
  const { at } = layoutOf(block.shape);
  expect(at.scratch).toBeGreaterThan(2 ** 31);
  new BlockWriter(block).endRow(0, 0, 1, 1);
  new Float32Array(block.memory.buffer, at.bias, 3).set([1, 2, 3]);
  expect(new KernelSolver(block, 1).scores(0, 1)).toEqual(Float32Array.of(1, 2, 3));
});

test("a pass over later rows lets no earlier one be left out of the next", () => {
  const block = blockOf(problemOf(3));
  const solver = new KernelSolver(block, 42);
  passes(solver, 4, 9);
  const settled = new Float32Array(block.memory.buffer, layoutOf(block.shape).at.settled, 290 * 2);
  const losses = () => settled.filter((_, at) => at % 2 === 0);
  expect(losses().some((loss) => loss >= 0)).toBe(true);
  solver.pass(300, 290);
  expect(losses().every((loss) => loss === -1)).toBe(true);
});

test("the kernel's state lies in its block: another solver goes on from there, to the same bits", () => {
  const whole = blockOf(problemOf(7));
  const [one, other] = [new KernelSolver(whole, 42), kernelOf(problemOf(7))];
  const [, , third] = passes(other, 4, 3);
  passes(one, 4, 2);
  expect(new KernelSolver(whole, 42).pass(300)).toEqual(third);
  expect(new KernelSolver(whole, 42).weights()).toEqual(other.weights());
});

test("a share multiplies the cost of the steps and does not scale the weights", () => {
  const shared = kernelOf(problemOf(4));
  const dear = kernelOf(problemOf(4));
  shared.setCost(2, 3);
  dear.setCost(6);
  expect(shared.pass(300)).toEqual(dear.pass(300));
  const before = shared.weights();
  expect(before).toEqual(dear.weights());
  expect(shared.save(300).cost).toBe(2);
  shared.setCost(2, 1);
  expect(shared.weights()).toEqual(before);
});

test.each([
  [400, 1],
  [400, 4],
  [1000, 1],
  [1000, 4],
])("of %d labels as little of the gap stays at cost %d as of few", (labels, cost) => {
  const [few, many] = [9, labels].map(
    (k) => passes(kernelOf(problemOf(k)), cost, 40).at(-1) as PassStatistics,
  );
  for (const last of [few, many]) expect(relativeGap(last as PassStatistics)).toBeLessThan(5e-4);
});

test.each([124, 125, 128, 260])(
  "of %d labels later passes leave out what the plain loop leaves out",
  (labels) => {
    const [kernel, plain] = [kernelOf(problemOf(labels)), new PlainSolver(problemOf(labels), SHORTCUTS)];
    const [mine, theirs] = [kernel, plain].map((solver) => passes(solver, 1, 12).at(-1) as PassStatistics);
    const ratio = relativeGap(mine as PassStatistics) / relativeGap(theirs as PassStatistics);
    expect(Math.abs(ratio - 1)).toBeLessThan(0.1);
    const moved = (dual: Float32Array, width: number) =>
      Array.from(
        { length: 300 },
        (_, row) => 1 - dual.subarray(row * width, (row + 1) * width).reduce((a, b) => a + b, 0),
      );
    const left = moved(kernel.save(300).dual, Math.ceil(labels / 4) * 4);
    expect(largestDifference(left, moved(plain.save(300).dual, labels))).toBeLessThan(2e-3);
  },
);

/** Train rows of a heavy problem, from the first on, that have its weight; the others weigh 1. */
const HEAVY = 20;

function heavyProblem(labels: number, weight: number): SolverProblem {
  const rows = rowsOf(300, labels, "train");
  const heavy = rows.weight.map((_, i) => (i < HEAVY ? weight : 1));
  return { ...problemOf(labels), parts: [{ ...rows, weight: heavy }] };
}

test.each([
  [2, 10],
  [2, 1e3],
  [2, 1e4],
  [2, 1e5],
  [2, 1e6],
  [9, 100],
  [1000, 8],
])("of %d labels, rows of weight %d are learnt as the plain loop learns them", (labels, weight) => {
  const problem = heavyProblem(labels, weight);
  const rows = problem.parts[0]?.x.rows as number;
  const [kernel, plain] = [kernelOf(problem), new PlainSolver(problem)];
  for (const solver of [kernel, plain]) solver.setCost(4);
  for (let pass = 0; pass < 20; pass++) {
    const [mine, theirs] = [kernel.pass(rows), plain.pass(rows)];
    expect(mine.gap / mine.primal).toBeGreaterThan(-0.05);
    if (pass < 19) continue;
    expect(relativeGap(mine)).toBeLessThan(relativeGap(theirs) + 0.02);
    expect(mine.primal / theirs.primal).toBeCloseTo(1, 1);
  }
  const truth = problem.parts[0]?.truth as Uint32Array;
  const scores = kernel.scores(0, HEAVY);
  for (let i = 0; i < HEAVY; i++) {
    const own = scores.subarray(i * labels, (i + 1) * labels);
    expect(own.indexOf(Math.max(...own))).toBe(truth[i]);
  }
});
