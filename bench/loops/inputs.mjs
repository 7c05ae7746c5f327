// SPDX-License-Identifier: Apache-2.0
// What the loops are measured on: banking77's test texts, and the model with banking77 of a pack.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readRows } from "../lib/data.mjs";
import { versionIn } from "../lib/versions.mjs";

/** The test texts are taken so many times where `train` works on many rows. */
const COPIES = 7;

/** A compiled module of the project. */
export const from = (path) => import(`../../dist/${path}.js`);

/** A module of the tests, which are not compiled, and what it imports. */
export async function fromTests(path) {
  const { rolldown } = await import("rolldown");
  const bundle = await rolldown({ input: fileURLToPath(new URL(`../../test/${path}.ts`, import.meta.url)) });
  const { output } = await bundle.generate({ format: "esm" });
  return import(`data:text/javascript,${encodeURIComponent(output[0].code)}`);
}

export const sum = (values) => values.reduce((total, value) => total + value, 0);

/**
 * {rows, texts, model, task, bytes}: banking77's test rows and their texts; the model of the pack that has banking77, its number among the
 * model's tasks, and the bytes of the model's file.
 */
export async function openInputs(pack, shared) {
  const { readFamilyFile } = await from("modelpack/family-file");
  const rows = readRows(shared, "banking77", "test");
  const folder = versionIn(pack);
  const names = readdirSync(folder).filter((name) => name.endsWith(".safetensors"));
  const files = names.map((name) => new Uint8Array(readFileSync(join(folder, name))));
  const models = files.map((bytes, i) => readFamilyFile(bytes, names[i]));
  const isBanking = ({ name }) => name === "banking77";
  const own = models.findIndex(({ tasks }) => tasks.some(isBanking));
  const model = models[own];
  return {
    shared,
    rows,
    texts: rows.map(({ text }) => text),
    model,
    task: model.tasks.findIndex(isBanking),
    bytes: files[own],
  };
}

/** The hashes of each text, and how many these are in all. */
export async function analyzed({ texts, model }) {
  const { Analyzer, FeatureHashes } = await from("model/analyzer");
  const analyzer = new Analyzer(model.analyzer);
  const features = texts.map((text) => {
    const hashes = new FeatureHashes();
    analyzer.analyze(text, hashes);
    return hashes;
  });
  return { analyzer, features, grams: sum(features.map(({ length }) => length)) };
}

export async function featureTable(hashes) {
  const { knownDirectory } = await from("model/opening");
  const { FeatureTable } = await from("model/vectorizer");
  return new FeatureTable(hashes, knownDirectory(hashes));
}

/** The texts as chunks of inputs, which are UTF-8 one behind the other. */
export async function inputChunks(texts) {
  const { CHUNK_INPUTS } = await from("training/inputs");
  const chunks = [];
  for (let first = 0; first < texts.length; first += CHUNK_INPUTS) {
    const own = texts.slice(first, first + CHUNK_INPUTS).map((text) => Buffer.from(text));
    const start = new Uint32Array(own.length + 1);
    own.forEach((text, i) => {
      start[i + 1] = start[i] + text.length;
    });
    chunks.push({ inputs: own.length, sides: 1, bytes: Buffer.concat(own), start });
  }
  return chunks;
}

/**
 * A task of seven times banking77's test rows: `copy()` is their n-grams as chunks, which numbering changes in place, `rows` the input,
 * label and count of each row, and `family` the features of the pack's model.
 */
export async function trainTask({ texts, rows, model }) {
  const { analyzeChunk } = await from("training/analysis");
  const all = Array.from({ length: COPIES }, () => rows).flat();
  const given = await inputChunks(Array.from({ length: COPIES }, () => texts).flat());
  const chunks = given.map((chunk) => analyzeChunk(chunk, "text", model.analyzer));
  const names = [...new Set(rows.map(({ label }) => label))];
  const copy = () =>
    chunks.map((chunk) => ({
      ...chunk,
      start: chunk.start.slice(),
      hashes: chunk.hashes.slice(),
      counts: chunk.counts.slice(),
    }));
  return {
    family: { hashes: model.hashes, weights: model.featureWeights },
    copy,
    grams: sum(chunks.map(({ hashes }) => hashes.length)),
    labels: names.length,
    rows: {
      inputs: Uint32Array.from(all.keys()),
      label: Uint32Array.from(all, ({ label }) => names.indexOf(label)),
      count: new Uint32Array(all.length).fill(1),
    },
  };
}

/** The same with the n-grams numbered: `numbered` are the chunks, and `grams` how many features they have. */
export async function numberedTask(inputs) {
  const { indexChunks } = await from("training/indexing");
  const task = await trainTask(inputs);
  const numbered = indexChunks(task.copy(), task.family);
  return {
    ...task,
    numbered,
    trainRows: { chunks: numbered, ...task.rows },
    grams: sum(numbered.map(({ start }) => start.at(-1))),
  };
}
