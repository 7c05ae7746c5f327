// SPDX-License-Identifier: Apache-2.0
// The loops of the solver, on a seeded problem.
import { writeRow } from "../../test/support/write-row.mjs";
import { solverRows } from "../lib/problem.mjs";
import { from, fromTests } from "./inputs.mjs";

const SIZE = { rows: 4000, features: 30_000, width: 60 };
/** Labels of the other loops, and those that passes are measured with: they take half a vector, five, twenty with the last not whole, and 64. */
const LABELS = 20;
const PASSES = [2, LABELS, 77, 256];
const SEED = 42;
const ORACLE = "support/oracle/plain-solver";

async function blockOf({ x, truth, weight }, labels = LABELS) {
  const { allocateBlock, BlockWriter } = await from("training/block");
  const { features } = SIZE;
  const { rows } = x;
  const block = allocateBlock({ train: rows, rows, entries: x.ids.length, features, labels });
  const writer = new BlockWriter(block);
  for (let i = 0; i < rows; i++) writeRow(writer, x, x.start[i], x.start[i + 1], truth[i], weight[i]);
  return block;
}

async function kernelSolver(rows, labels = LABELS) {
  const { KernelSolver } = await from("training/kernel-solver");
  return new KernelSolver(await blockOf(rows, labels), SEED);
}

async function plainSolver(rows, labels) {
  const { PlainSolver } = await fromTests(ORACLE);
  return new PlainSolver({ parts: [rows], labels, features: SIZE.features, seed: SEED });
}

const drawnRows = (labels = LABELS) => solverRows(SIZE.rows, labels, SIZE.features, SIZE.width, 3);
const UNIT = "non-zero x class";
const unitsOf = (labels = LABELS) => SIZE.rows * SIZE.width * labels;

/** Every pass is a first one: a later one leaves rows alone that are settled. Going back is a twentieth of it. */
function pass(labels, name, file, solverOf) {
  return {
    loop: `one pass, ${labels} labels: ${name}`,
    file,
    unit: UNIT,
    async make() {
      const solver = await solverOf(drawnRows(labels), labels);
      solver.setCost(4);
      const fresh = solver.save(SIZE.rows);
      const work = () => {
        solver.restore(fresh);
        solver.pass(SIZE.rows);
      };
      return { units: unitsOf(labels), work };
    },
  };
}

export const SOLVING = [
  ...PASSES.map((labels) => pass(labels, "WASM kernel", "kernel/softmax.ts", kernelSolver)),
  pass(LABELS, "plain loop, the kernel's oracle", `test/${ORACLE}.ts`, plainSolver),
  {
    loop: `evaluate, ${LABELS} labels`,
    file: "kernel/softmax.ts",
    unit: UNIT,
    async make() {
      const solver = await kernelSolver(drawnRows());
      return { units: unitsOf(), work: () => solver.evaluate(0, SIZE.rows) };
    },
  },
  {
    loop: `resume: duals to weights, ${LABELS} labels`,
    file: "kernel/softmax.ts",
    unit: UNIT,
    async make() {
      const solver = await kernelSolver(drawnRows());
      solver.setCost(4);
      solver.pass(SIZE.rows);
      const duals = solver.save(SIZE.rows).dual;
      return { units: unitsOf(), work: () => solver.resume(duals) };
    },
  },
  ...["pack", "unpack"].map((way) => ({
    loop: `${way}: duals of 1,000 labels, ${way === "pack" ? "to" : "from"} 16 bits`,
    file: "src/training/swapping.ts",
    unit: "dual",
    async make() {
      const { packRows, unpackRows } = await from("training/swapping");
      const [rows, labels] = [500, 1000];
      const bits = new Uint32Array(new Float32Array(rows * labels).map((_, j) => 1 / (j + 1)).buffer);
      const kept = new Uint16Array(rows * labels);
      packRows(bits, kept, labels, labels);
      const work = () =>
        way === "pack" ? packRows(bits, kept, labels, labels) : unpackRows(kept, bits, labels, labels);
      return { units: rows * labels, work };
    },
  })),
  {
    loop: `merge: the mean of two blocks' weights, ${LABELS} labels`,
    file: "src/training/blocks.ts",
    unit: "weight",
    async make() {
      const { mergeWeights } = await from("training/blocks");
      const blocks = [await blockOf(drawnRows()), await blockOf(drawnRows())];
      const work = () => blocks.forEach((_, part) => void mergeWeights(blocks, part));
      return { units: SIZE.features * LABELS, work };
    },
  },
];
