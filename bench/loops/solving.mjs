// SPDX-License-Identifier: Apache-2.0
// The loops of the solver, on a seeded problem.
import { writeRow } from "../../test/support/write-row.mjs";
import { solverRows } from "../lib/problem.mjs";
import { from, fromTests } from "./inputs.mjs";

const SIZE = { rows: 4000, labels: 20, features: 30_000, width: 60 };
const ORACLE = "support/oracle/plain-solver";

async function blockOf({ x, truth, weight }) {
  const { allocateBlock, BlockWriter } = await from("training/block");
  const { labels, features } = SIZE;
  const { rows } = x;
  const block = allocateBlock({ train: rows, rows, entries: x.ids.length, features, labels });
  const writer = new BlockWriter(block);
  for (let i = 0; i < rows; i++) writeRow(writer, x, x.start[i], x.start[i + 1], truth[i], weight[i]);
  return block;
}

async function kernelSolver(rows, seed) {
  const { KernelSolver } = await from("training/kernel-solver");
  return new KernelSolver(await blockOf(rows), seed);
}

async function plainSolver(rows, seed) {
  const { PlainSolver } = await fromTests(ORACLE);
  return new PlainSolver({ parts: [rows], labels: SIZE.labels, features: SIZE.features, seed });
}

const drawnRows = () => solverRows(SIZE.rows, SIZE.labels, SIZE.features, SIZE.width, 3);
const UNIT = "non-zero x class";
const UNITS = SIZE.rows * SIZE.width * SIZE.labels;

/** Every pass is a first one: a later one leaves rows alone that are settled. Going back is a twentieth of it. */
function pass(name, file, solverOf) {
  return {
    loop: `one pass, ${SIZE.labels} labels: ${name}`,
    file,
    unit: UNIT,
    async make() {
      const solver = await solverOf(drawnRows(), 42);
      solver.setCost(4);
      const fresh = solver.save(SIZE.rows);
      const work = () => {
        solver.restore(fresh);
        solver.pass(SIZE.rows);
      };
      return { units: UNITS, work };
    },
  };
}

export const SOLVING = [
  pass("WASM kernel", "kernel/softmax.ts", kernelSolver),
  pass("plain loop, the kernel's oracle", `test/${ORACLE}.ts`, plainSolver),
  {
    loop: `evaluate, ${SIZE.labels} labels`,
    file: "kernel/softmax.ts",
    unit: UNIT,
    async make() {
      const solver = await kernelSolver(drawnRows(), 42);
      return { units: UNITS, work: () => solver.evaluate(0, SIZE.rows) };
    },
  },
  {
    loop: `resume: duals to weights, ${SIZE.labels} labels`,
    file: "kernel/softmax.ts",
    unit: UNIT,
    async make() {
      const solver = await kernelSolver(drawnRows(), 42);
      solver.setCost(4);
      solver.pass(SIZE.rows);
      const duals = solver.duals(SIZE.rows);
      return { units: UNITS, work: () => solver.resume(duals) };
    },
  },
  {
    loop: `merge: the mean of two blocks' weights, ${SIZE.labels} labels`,
    file: "src/training/blocks.ts",
    unit: "weight",
    async make() {
      const { mergeWeights } = await from("training/blocks");
      const blocks = [await blockOf(drawnRows()), await blockOf(drawnRows())];
      const work = () => blocks.forEach((_, part) => void mergeWeights(blocks, part));
      return { units: SIZE.features * SIZE.labels, work };
    },
  },
];
