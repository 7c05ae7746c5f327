// SPDX-License-Identifier: Apache-2.0
// Times the compiled hot paths and a simple loop each, turn by turn, on seeded made-up data, and prints the ratios of
// the fastest turns as one JSON line. The simple loops are the yardstick: leave them as they are.
import { textColumn } from "../../dist/core/text-column.js";
import { chooseBanding } from "../../dist/data/banding.js";
import { newPause } from "../../dist/data/pause.js";
import { newSignatures, signRows } from "../../dist/data/signatures.js";
import { Analyzer, FeatureHashes } from "../../dist/model/analyzer.js";
import { familyClassifier } from "../../dist/model/family-classifier.js";
import { inputAnalyzer } from "../../dist/model/input-analyzer.js";
import { blockStarts, knownDirectory } from "../../dist/model/opening.js";
import { analyzeChunk } from "../../dist/training/analysis.js";
import { allocateBlock, BlockWriter } from "../../dist/training/block.js";
import { BlockMemory } from "../../dist/training/blocks.js";
import { indexChunks } from "../../dist/training/indexing.js";
import { KernelSolver } from "../../dist/training/kernel-solver.js";
import { weighFeatures } from "../../dist/training/task-features.js";
import { writeRow } from "./write-row.mjs";

/** Turns of a few milliseconds: some of them have a core for themselves, whatever else the machine does. */
const TURNS = 300;

const SETTINGS = { ngramMin: 1, ngramMax: 2, charNgramMin: 3, charNgramMax: 5 };

let state = 42;
function random(below) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}

/** Time of the fastest turn of `ours`, which may be waited for, over that of `simple`; `before` gets ready for a turn. */
async function ratio(ours, simple, before = () => {}) {
  let [a, b] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let turn = 0; turn < TURNS; turn++) {
    before();
    const started = performance.now();
    await ours();
    const middle = performance.now();
    simple();
    a = Math.min(a, middle - started);
    b = Math.min(b, performance.now() - middle);
  }
  return a / b;
}

function kernelRatio() {
  const [rows, labels, features, width] = [800, 20, 8000, 40];
  const ids = Uint32Array.from(
    { length: rows * width },
    (_, j) => (j % width) * (features / width) + random(200),
  );
  const values = new Float32Array(rows * width).fill(1 / Math.sqrt(width));
  const block = allocateBlock({ train: rows, rows, entries: rows * width, features, labels });
  const writer = new BlockWriter(block);
  for (let i = 0; i < rows; i++)
    writeRow(writer, { ids, values }, i * width, (i + 1) * width, random(labels), 1);
  const solver = new KernelSolver(block, 42);
  solver.setCost(4);
  const w = Float32Array.from({ length: features * labels }, () => random(1000) / 1000);
  const z = new Float64Array(labels);
  const simple = () => {
    for (let i = 0; i < rows; i++) {
      z.fill(0);
      for (let j = i * width; j < (i + 1) * width; j++)
        for (let k = 0; k < labels; k++) z[k] += values[j] * w[ids[j] * labels + k];
    }
  };
  // A row that is settled is left alone, so every pass is a first one.
  const fresh = solver.save(rows);
  return ratio(
    () => solver.pass(rows),
    simple,
    () => solver.restore(fresh),
  );
}

function madeUpTexts(count = 100) {
  const letters = "etaoinshrdlucmfw";
  const words = Array.from({ length: 300 }, () =>
    Array.from({ length: 2 + random(7) }, () => letters[random(letters.length)]).join(""),
  );
  return Array.from({ length: count }, () =>
    Array.from({ length: 6 + random(10) }, () => words[random(words.length)]).join(" "),
  );
}

/** A family of one task whose features are the n-grams of the texts. */
function madeUpModel(texts, labels) {
  const analyzer = new Analyzer(SETTINGS);
  const found = new FeatureHashes();
  const all = new Set();
  for (const text of texts) {
    analyzer.analyze(text, found);
    for (let i = 0; i < found.length; i++) all.add(found.hashes[i]);
  }
  const hashes = Uint32Array.from(all).sort();
  const names = Array.from({ length: labels }, (_, k) => `label ${k}`);
  const head = { labels: names, scale: new Float32Array(labels).fill(0.01), bias: new Float32Array(labels) };
  const calibration = { method: "temperature", temperature: 1 };
  return {
    family: "speed",
    input: "text",
    analyzer: SETTINGS,
    hashes,
    featureWeights: { codes: new Uint8Array(hashes.length).fill(128), low: 0.1, high: 1 },
    tasks: [{ name: "task", default: null, minConfidence: null, calibration, ...head }],
    weights: {
      mask: new Uint8Array(hashes.length).fill(1),
      values: Int8Array.from({ length: hashes.length * labels }, () => random(200) - 100),
    },
  };
}

function predictRatio() {
  const [labels, buckets] = [40, 8192];
  const texts = madeUpTexts();
  const model = madeUpModel(texts, labels);
  const classifier = familyClassifier(model);
  const ours = () => {
    for (const text of texts) classifier.probabilities(0, text, "");
  };
  const w = Int8Array.from({ length: buckets * labels }, () => random(200) - 100);
  const z = new Float64Array(labels);
  const simple = () => {
    for (const text of texts) {
      z.fill(0);
      let h = 0;
      for (let i = 0; i < text.length; i++) {
        h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
        const at = ((h >>> 16) & (buckets - 1)) * labels;
        for (let k = 0; k < labels; k++) z[k] += w[at + k];
      }
    }
  };
  return ratio(ours, simple);
}

/** Counts hashes of three, four and five letters from each place of each text: what text costs without any care for what it says. */
function countLetters(texts, counts) {
  for (const text of texts)
    for (let i = 0; i + 5 <= text.length; i++) {
      let h = 0;
      for (let n = 0; n < 5; n++) {
        h = Math.imul(h ^ text.charCodeAt(i + n), 0x01000193);
        if (n >= 2) counts[h >>> 16]++;
      }
    }
}

function textRatio(texts, ours, before) {
  const counts = new Uint32Array(65_536);
  return ratio(ours, () => countLetters(texts, counts), before);
}

/** The texts as inputs. */
function chunkOf(texts) {
  const bytes = texts.map((text) => Buffer.from(text));
  const start = new Uint32Array(texts.length + 1);
  bytes.forEach((text, i) => {
    start[i + 1] = start[i] + text.length;
  });
  return { inputs: texts.length, sides: 1, bytes: Buffer.concat(bytes), start };
}

function collectRatio() {
  const texts = madeUpTexts();
  const chunk = chunkOf(texts);
  return textRatio(texts, () => void analyzeChunk(chunk, "text", SETTINGS));
}

/** What training does with the n-grams of texts: it numbers them, weighs them by 20 labels, and fills a block with them. */
async function featureRatios() {
  // So many that the tables which each call makes are not what counts.
  const [texts, labels] = [madeUpTexts(1000), 20];
  const chunk = analyzeChunk(chunkOf(texts), "text", SETTINGS);
  const hashes = Uint32Array.from(new Set(chunk.hashes)).sort();
  const weights = { codes: Uint8Array.from(hashes, () => random(256)), low: 0.5, high: 3 };
  const copy = () => ({
    ...chunk,
    start: chunk.start.slice(),
    hashes: chunk.hashes.slice(),
    counts: chunk.counts.slice(),
  });
  const rows = {
    chunks: indexChunks([copy()], { hashes, weights }),
    inputs: Uint32Array.from(texts.keys()),
    label: Uint32Array.from(texts, () => random(labels)),
    count: new Uint32Array(texts.length).fill(1),
  };
  const part = { ...rows, weight: new Float64Array(texts.length).fill(1) };
  const none = { ...part, inputs: new Uint32Array(0) };
  const features = weighFeatures(rows, weights, labels, 1);
  const block = { weights, features, labels, train: part, eval: none };
  const memory = new BlockMemory();
  let given = copy();
  return {
    number: await textRatio(
      texts,
      () => void indexChunks([given], { hashes, weights }),
      () => {
        given = copy();
      },
    ),
    weigh: await textRatio(texts, () => void weighFeatures(rows, weights, labels, 1)),
    fill: await textRatio(texts, () => void memory.fill(block)),
  };
}

/** What makes a model's look-ups quick, once its file is read. */
function openRatio() {
  const texts = madeUpTexts();
  const { hashes, weights } = madeUpModel(texts, 40);
  return textRatio(texts, () => [knownDirectory(hashes), blockStarts([40], weights.mask)]);
}

function pairRatio() {
  const texts = madeUpTexts();
  const analyze = inputAnalyzer({ input: "pair", analyzer: SETTINGS });
  const found = new FeatureHashes();
  return textRatio(texts, () => {
    for (let i = 1; i < texts.length; i++) analyze(texts[i - 1], texts[i], found);
  });
}

function signRatio() {
  const texts = madeUpTexts();
  const rows = { length: texts.length, text: textColumn(texts), textB: null };
  const signatures = newSignatures(texts.length, chooseBanding(0.8, texts.length));
  return textRatio(texts, () => signRows(rows, { from: 0, to: texts.length }, signatures, newPause()));
}

const ratios = {
  kernel: await kernelRatio(),
  predict: await predictRatio(),
  collect: await collectRatio(),
  ...(await featureRatios()),
  open: await openRatio(),
  pair: await pairRatio(),
  sign: await signRatio(),
};
console.log(JSON.stringify(ratios));
