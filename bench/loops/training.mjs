// SPDX-License-Identifier: Apache-2.0
// The loops of `train` before and after the fit: rows to blocks, and weights to a model.
import { seeded } from "../lib/data.mjs";
import { from, inputChunks, numberedTask, sum, trainTask } from "./inputs.mjs";

/** Source rows that a feature is to have at least, and features that a family keeps, as `train` has them by default. */
const MIN_DF = 2;
const MAX_FEATURES = 250_000;
const FOLDS = 5;

/** The task's features as `train` weighs them. */
async function weighed({ trainRows, family, labels }) {
  const { weighFeatures } = await from("training/task-features");
  return weighFeatures(trainRows, family.weights, labels, MIN_DF);
}

/** A fit of the task's features, with weights drawn at random. */
function drawnHead({ ids }, labels) {
  const random = seeded(5);
  const weights = Float32Array.from({ length: ids.length * labels }, () => (random(2001) - 1000) / 1000);
  return { ids, weights, bias: new Float64Array(labels) };
}

async function stored(inputs) {
  const { storeHead } = await from("training/quantizer");
  const task = await numberedTask(inputs);
  const head = drawnHead(await weighed(task), task.labels);
  const store = () => storeHead(head, task.labels, task.family.weights, "int8");
  return { task, head, store };
}

/** Scores of as many rows as the test texts, of each of 77 labels, with the right label somewhat higher. */
function drawnScores(rows, labels) {
  const random = seeded(7);
  const scores = Float32Array.from({ length: rows * labels }, () => random(1000) / 250);
  const truth = Uint32Array.from({ length: rows }, () => random(labels));
  truth.forEach((label, row) => {
    scores[row * labels + label] += 3;
  });
  return { scores, truth };
}

export const TRAINING = [
  {
    loop: "collect: texts to distinct n-grams",
    file: "kernel/analysis.ts",
    unit: "n-gram",
    async make({ texts, model }) {
      const { analyzeChunk } = await from("training/analysis");
      const given = await inputChunks(texts);
      const work = () => given.map((chunk) => analyzeChunk(chunk, "text", model.analyzer));
      return { units: sum(work().map(({ hashes }) => hashes.length)), work };
    },
  },
  {
    loop: "count: n-grams of rows to document frequencies",
    file: "kernel/features.ts",
    unit: "n-gram",
    async make(inputs) {
      const { countFeatures } = await from("training/feature-counts");
      const { copy, rows, grams } = await trainTask(inputs);
      const { inputs: of, count } = rows;
      const problem = {
        chunks: copy(),
        inputs: of,
        count,
        minDf: MIN_DF,
        maxFeatures: MAX_FEATURES,
        part: 0,
        parts: 1,
      };
      return { units: grams, work: () => countFeatures(problem) };
    },
  },
  {
    loop: "select: features of two tasks to those of a family",
    file: "kernel/features.ts",
    unit: "feature",
    async make({ model }) {
      const { selectFeatures } = await from("training/feature-selection");
      const random = seeded(11);
      const task = () => {
        const hashes = model.hashes.filter(() => random(4) > 0);
        return { hashes, frequencies: new Uint32Array(hashes.length).fill(3), rows: 10_000 };
      };
      const tasks = [task(), task()];
      const most = Math.floor(model.hashes.length / 2);
      return {
        units: sum(tasks.map(({ hashes }) => hashes.length)),
        work: () => selectFeatures(tasks, most),
      };
    },
  },
  {
    loop: "number: n-grams of rows to features, copied for it",
    file: "kernel/ngrams.ts",
    unit: "n-gram",
    async make(inputs) {
      const { indexChunks } = await from("training/indexing");
      const { family, copy, grams } = await trainTask(inputs);
      return { units: grams, work: () => indexChunks(copy(), family) };
    },
  },
  {
    loop: "score: held-out texts by the whole family, read by kernels",
    file: "src/training/scoring.ts",
    unit: "n-gram",
    async make({ texts, model }) {
      const { scoreChunks } = await from("training/scoring");
      const { analyzeChunk } = await from("training/analysis");
      const chunks = (await inputChunks(texts)).map((chunk) => ({
        chunk,
        wanted: model.tasks.map(() => new Uint8Array(chunk.inputs).fill(1)),
      }));
      const ngrams = chunks.map(({ chunk }) => analyzeChunk(chunk, "text", model.analyzer).hashes.length);
      return { units: sum(ngrams), work: () => scoreChunks(model, chunks) };
    },
  },
  {
    loop: "weigh: labels of rows to weights of features, 77 labels",
    file: "kernel/features.ts",
    unit: "n-gram",
    async make(inputs) {
      const task = await numberedTask(inputs);
      const { weighFeatures } = await from("training/task-features");
      const work = () => weighFeatures(task.trainRows, task.family.weights, task.labels, MIN_DF);
      return { units: task.grams, work };
    },
  },
  {
    loop: "weigh: the same without each of five folds",
    file: "kernel/features.ts",
    unit: "n-gram",
    async make(inputs) {
      const { trainRows, family, labels, grams, rows } = await numberedTask(inputs);
      const { weighFolds } = await from("training/task-features");
      const fold = Uint8Array.from(rows.inputs, (row) => row % FOLDS);
      const folds = { fold, scored: FOLDS };
      return { units: grams, work: () => weighFolds(trainRows, folds, family.weights, labels, MIN_DF) };
    },
  },
  {
    loop: "narrow: rows of a family to those of a task",
    file: "kernel/ngrams.ts",
    unit: "n-gram",
    async make(inputs) {
      const task = await numberedTask(inputs);
      const { narrowRows } = await from("training/narrowing");
      const { ids } = await weighed(task);
      return { units: task.grams, work: () => narrowRows(task.trainRows, task.family.weights, ids) };
    },
  },
  {
    loop: "fill: rows of numbered n-grams to a block",
    file: "kernel/ngrams.ts",
    unit: "n-gram",
    async make(inputs) {
      const { BlockMemory } = await from("training/blocks");
      const { numbered, family, rows, grams } = await numberedTask(inputs);
      const part = (of) => ({
        chunks: numbered,
        inputs: of,
        label: new Uint32Array(of.length),
        weight: new Float64Array(of.length).fill(1),
      });
      const ids = Uint32Array.from(family.hashes.keys());
      const all = {
        weights: family.weights,
        features: { ids, factor: new Float32Array(ids.length).fill(1) },
        labels: 8,
        train: part(rows.inputs),
        eval: part(new Uint32Array(0)),
      };
      const memory = new BlockMemory();
      return { units: grams, work: () => memory.fill(all) };
    },
  },
  {
    loop: "store: weights of a task pruned and quantized, 77 labels",
    file: "src/training/quantizer.ts",
    unit: "weight",
    async make(inputs) {
      const { head, store } = await stored(inputs);
      return { units: head.weights.length, work: store };
    },
  },
  {
    loop: "assemble: two tasks' weights to a model",
    file: "src/training/quantizer.ts",
    unit: "weight",
    async make(inputs) {
      const { assembleFamily } = await from("training/quantizer");
      const { task, head, store } = await stored(inputs);
      const { model } = inputs;
      const outline = {
        family: model.family,
        input: model.input,
        analyzer: model.analyzer,
        features: task.family,
        tasks: ["one", "other"].map((name) => ({ name, labels: [], default: null, minConfidence: null })),
        quantization: "int8",
      };
      const heads = [store(), store()];
      return { units: 2 * head.weights.length, work: () => assembleFamily(outline, heads) };
    },
  },
  {
    loop: "know: rows to the share of their n-grams that a model has",
    file: "src/training/known-share.ts",
    unit: "n-gram",
    async make(inputs) {
      const { knownShares } = await from("training/known-share");
      const { task, store } = await stored(inputs);
      const problem = {
        chunks: task.numbered,
        features: task.family.hashes.length,
        inputs: [task.rows.inputs],
        heads: [store()],
      };
      return { units: task.grams, work: () => knownShares(problem) };
    },
  },
  {
    loop: "fitTemperature: scores of 77 labels to a temperature",
    file: "src/training/temperature.ts",
    unit: "score",
    async make({ texts }) {
      const { fitTemperature } = await from("training/temperature");
      const { scores, truth } = drawnScores(texts.length, 77);
      return { units: scores.length, work: () => fitTemperature(scores, truth, null) };
    },
  },
  {
    loop: "fitCalibration: the same, and a confidence for each",
    file: "src/training/calibration.ts",
    unit: "score",
    async make({ texts }) {
      const { fitCalibration } = await from("training/calibration");
      const { scores, truth } = drawnScores(texts.length, 77);
      const count = new Uint32Array(truth.length).fill(1);
      return { units: scores.length, work: () => fitCalibration("temperature", scores, truth, count) };
    },
  },
  {
    loop: "measureTask: scores of 77 labels to all figures of a task",
    file: "src/training/measurement.ts",
    unit: "score",
    async make({ texts }) {
      const { measureTask } = await from("training/measurement");
      const rows = texts.length;
      const { scores, truth } = drawnScores(rows, 77);
      const of = {
        labels: Array.from({ length: 77 }, (_, k) => `label ${k}`),
        rows: {
          label: truth,
          count: new Uint32Array(rows).fill(1),
          group: Uint32Array.from(truth.keys()),
          origin: new Uint8Array(rows),
        },
        scores,
        knownShare: new Float64Array(rows).fill(1),
        calibration: { method: "temperature", temperature: 1 },
        usualShare: undefined,
        minConfidence: null,
        crossFit: null,
        outOfScope: null,
      };
      return { units: scores.length, work: () => measureTask(of) };
    },
  },
];
