// SPDX-License-Identifier: Apache-2.0
// Every hot loop by itself: node micro.mjs SINGLE_PACK SHARED. Prints one JSON line, {loops: [{loop, file, unit, ns}]}.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { measure } from "mitata";
import { writeRow } from "../../test/support/write-row.mjs";
import { readRows } from "../lib/data.mjs";
import { solverRows } from "../lib/problem.mjs";

const [pack, shared] = process.argv.slice(2);
const from = (path) => import(`../../dist/${path}.js`);
const loops = [];

/** Measures `work`, which does `units` of a loop; a loop that has changed its shape is stored with its error. */
async function loop(name, file, unit, make) {
  try {
    const { units, work } = await make();
    const { p50, min } = await measure(work);
    loops.push({ loop: name, file, unit, ns: p50 / units, fastest_ns: min / units });
    console.error(`${name}: ${(p50 / units).toPrecision(3)} ns per ${unit}`);
  } catch (error) {
    loops.push({ loop: name, file, unit, failed: error.message });
  }
}

const texts = readRows(shared, "banking77", "test").map(({ text }) => text);
const sum = (values) => values.reduce((total, value) => total + value, 0);

/** The pack's model with banking77, and its files' bytes. */
function readModel(readFamilyFile) {
  const folder = readdirSync(pack).find((name) => /^[0-9a-f]{12}$/.test(name));
  const files = readdirSync(join(pack, folder)).filter((name) => name.endsWith(".safetensors"));
  const bytes = files.map((name) => new Uint8Array(readFileSync(join(pack, folder, name))));
  const models = bytes.map((file, i) => readFamilyFile(file, files[i]));
  const model = models.find(({ tasks }) => tasks.some(({ name }) => name === "banking77"));
  return {
    model,
    task: model.tasks.findIndex(({ name }) => name === "banking77"),
    bytes: bytes[models.indexOf(model)],
  };
}

async function featureTable(hashes) {
  const { knownDirectory } = await from("model/opening");
  const { FeatureTable } = await from("model/vectorizer");
  return new FeatureTable(hashes, knownDirectory(hashes));
}

async function analyzed() {
  const { Analyzer, FeatureHashes } = await from("model/analyzer");
  const { readFamilyFile } = await from("modelpack/family-file");
  const { model, task } = readModel(readFamilyFile);
  const analyzer = new Analyzer(model.analyzer);
  const features = texts.map((text) => {
    const hashes = new FeatureHashes();
    analyzer.analyze(text, hashes);
    return hashes;
  });
  return { model, task, analyzer, features, grams: sum(features.map(({ length }) => length)) };
}

await loop("analyze: text to n-gram hashes", "src/model/analyzer.ts", "n-gram", async () => {
  const { analyzer, features, grams } = await analyzed();
  return { units: grams, work: () => texts.forEach((text) => void analyzer.analyze(text, features[0])) };
});
await loop("find: hash to feature", "src/model/vectorizer.ts", "n-gram", async () => {
  const { model, features, grams } = await analyzed();
  const table = await featureTable(model.hashes);
  const found = new Uint32Array(Math.max(...features.map(({ length }) => length)));
  const work = () => {
    let all = 0;
    for (const { hashes, length } of features) all += table.find(hashes, 0, length, found, 0);
    return all;
  };
  return { units: grams, work };
});
await loop("vectorize: hashes to values", "src/model/vectorizer.ts", "n-gram", async () => {
  const { SparseVector, Vectorizer } = await from("model/vectorizer");
  const { model, features, grams } = await analyzed();
  const vectorizer = new Vectorizer(await featureTable(model.hashes), model.featureWeights);
  const vector = new SparseVector();
  return {
    units: grams,
    work: () => features.forEach((hashes) => void vectorizer.vectorize(hashes, vector)),
  };
});

async function vectors() {
  const { SparseVector, Vectorizer } = await from("model/vectorizer");
  const { LinearModel, mostLabels } = await from("model/linear-model");
  const { blockStarts } = await from("model/opening");
  const { anyAccumulator } = await from("model/family-classifier");
  const { model, task, features } = await analyzed();
  const vectorizer = new Vectorizer(await featureTable(model.hashes), model.featureWeights);
  const all = features.map((hashes) => {
    const vector = new SparseVector();
    vectorizer.vectorize(hashes, vector);
    return vector;
  });
  const sums = anyAccumulator(model.weights.values, mostLabels(model.tasks));
  const blocks = blockStarts(
    model.tasks.map(({ labels }) => labels.length),
    model.weights.mask,
  );
  const linear = new LinearModel(model.tasks, model.weights, blocks, sums);
  const scores = model.tasks.map(({ labels }) => new Float64Array(labels.length));
  return { task, all, linear, scores };
}

await loop("score: one task of 77 labels", "src/model/linear-model.ts", "text", async () => {
  const { task, all, linear, scores } = await vectors();
  return { units: all.length, work: () => all.forEach((x) => void linear.score(x, task, scores[task])) };
});
await loop("score: the whole family", "src/model/linear-model.ts", "text", async () => {
  const { all, linear, scores } = await vectors();
  return {
    units: all.length,
    work: () => {
      for (const x of all) for (const [t, out] of scores.entries()) linear.score(x, t, out);
    },
  };
});
await loop(
  "probabilities: text to calibrated answer, one task",
  "src/model/classifier.ts",
  "text",
  async () => {
    const { familyClassifier } = await from("model/family-classifier");
    const { model, task } = await analyzed();
    const classifier = familyClassifier(model);
    return {
      units: texts.length,
      work: () => texts.forEach((text) => void classifier.probabilities(task, text, "")),
    };
  },
);

/** The texts from number `from` on as a chunk of inputs. */
function chunkFrom(from) {
  const own = texts.slice(from, from + 2048).map((text) => Buffer.from(text));
  const start = new Uint32Array(own.length + 1);
  own.forEach((text, i) => {
    start[i + 1] = start[i] + text.length;
  });
  return { inputs: own.length, sides: 1, bytes: Buffer.concat(own), start };
}

await loop("collect: texts to distinct n-grams", "kernel/analysis.ts", "n-gram", async () => {
  const { analyzeChunk } = await from("training/analysis");
  const { model } = await analyzed();
  const given = [0, 2048].map(chunkFrom);
  const work = () => given.map((chunk) => analyzeChunk(chunk, "text", model.analyzer));
  return { units: sum(work().map(({ hashes }) => hashes.length)), work };
});

/** Seven times banking77's test texts as chunks of inputs, and the pack's features as a family's. */
async function chunks() {
  const { analyzeChunk } = await from("training/analysis");
  const { model } = await analyzed();
  const once = [0, 2048].map((from) => analyzeChunk(chunkFrom(from), "text", model.analyzer));
  const all = Array.from({ length: 7 }, () => once).flat();
  const family = { hashes: model.hashes, weights: model.featureWeights };
  const copy = () =>
    all.map((chunk) => ({
      ...chunk,
      start: chunk.start.slice(),
      hashes: chunk.hashes.slice(),
      counts: chunk.counts.slice(),
    }));
  return { family, copy, grams: sum(all.map(({ hashes }) => hashes.length)) };
}

await loop("number: n-grams of rows to features, copied for it", "kernel/ngrams.ts", "n-gram", async () => {
  const { indexChunks } = await from("training/indexing");
  const { family, copy, grams } = await chunks();
  return { units: grams, work: () => indexChunks(copy(), family) };
});
await loop("fill: rows of numbered n-grams to a block", "kernel/ngrams.ts", "n-gram", async () => {
  const { indexChunks } = await from("training/indexing");
  const { BlockMemory } = await from("training/blocks");
  const { family, copy } = await chunks();
  const numbered = indexChunks(copy(), family);
  const inputs = Uint32Array.from(
    numbered.flatMap(({ inputs }, c) => Array.from({ length: inputs }, (_, i) => c * 2048 + i)),
  );
  const part = (rows) => ({
    chunks: numbered,
    inputs: rows,
    label: new Uint32Array(rows.length),
    weight: new Float64Array(rows.length).fill(1),
  });
  const ids = Uint32Array.from(family.hashes.keys());
  const rows = {
    weights: family.weights,
    features: { ids, factor: new Float32Array(ids.length).fill(1) },
    labels: 8,
    train: part(inputs),
    eval: part(new Uint32Array(0)),
  };
  const memory = new BlockMemory();
  return {
    units: sum(numbered.map(({ start }) => start.at(-1))),
    work: () => memory.fill(rows),
  };
});

const SIZE = { rows: 4000, labels: 20, features: 30_000, width: 60 };

/** A module of the tests, which are not compiled, and what it imports. */
async function fromTests(path) {
  const { rolldown } = await import("rolldown");
  const bundle = await rolldown({ input: fileURLToPath(new URL(`../../test/${path}.ts`, import.meta.url)) });
  const { output } = await bundle.generate({ format: "esm" });
  return import(`data:text/javascript,${encodeURIComponent(output[0].code)}`);
}

/** Every pass is a first one: a later one leaves rows alone that are settled. Going back is a twentieth of it. */
function solverLoop(name, file, solverOf) {
  return loop(`one pass, ${SIZE.labels} labels: ${name}`, file, "non-zero x class", async () => {
    const rows = solverRows(SIZE.rows, SIZE.labels, SIZE.features, SIZE.width, 3);
    const solver = await solverOf({ parts: [rows], labels: SIZE.labels, features: SIZE.features, seed: 42 });
    solver.setCost(4);
    const fresh = solver.save(SIZE.rows);
    const work = () => {
      solver.restore(fresh);
      solver.pass(SIZE.rows);
    };
    return { units: SIZE.rows * SIZE.width * SIZE.labels, work };
  });
}
await solverLoop("WASM kernel", "kernel/softmax.ts", async ({ parts, labels, features, seed }) => {
  const { allocateBlock, BlockWriter } = await from("training/block");
  const { KernelSolver } = await from("training/kernel-solver");
  const [{ x, truth, weight }] = parts;
  const { rows } = x;
  const block = allocateBlock({ train: rows, rows, entries: x.ids.length, features, labels });
  const writer = new BlockWriter(block);
  for (let i = 0; i < rows; i++) writeRow(writer, x, x.start[i], x.start[i + 1], truth[i], weight[i]);
  return new KernelSolver(block, seed);
});
const ORACLE = "support/oracle/plain-solver";
await solverLoop("plain loop, the kernel's oracle", `test/${ORACLE}.ts`, async (problem) => {
  const { PlainSolver } = await fromTests(ORACLE);
  return new PlainSolver(problem);
});

async function column() {
  const { textColumn } = await from("core/text-column");
  return { length: texts.length, text: textColumn(texts), textB: null };
}
await loop("read: text to normalized units", "src/data/normalization.ts", "character", async () => {
  const { NormalizedReader } = await from("data/normalization");
  const { text } = await column();
  const reader = new NormalizedReader();
  const work = () => {
    for (let i = 0; i < texts.length; i++) reader.read(text, i);
  };
  return { units: sum(texts.map(({ length }) => length)), work };
});
await loop("read: the set of a row's character 3-grams", "src/data/gram-set.ts", "row", async () => {
  const { GramSet } = await from("data/gram-set");
  const rows = await column();
  const grams = new GramSet();
  const work = () => {
    for (let i = 0; i < texts.length; i++) grams.read(rows, i);
  };
  return { units: texts.length, work };
});
await loop("minHash: 3-grams to a signature of 128", "src/data/min-hash.ts", "row", async () => {
  const { GramSet } = await from("data/gram-set");
  const { minHash, SLOTS } = await from("data/min-hash");
  const rows = await column();
  const sets = texts.map((_, i) => {
    const grams = new GramSet();
    grams.read(rows, i);
    return grams;
  });
  const signature = new Int32Array(SLOTS);
  return {
    units: texts.length,
    work: () => sets.forEach(({ hashes, size }) => void minHash(hashes, size, signature)),
  };
});
await loop("sha256 of a model file, by Web Crypto", "src/modelpack/digest.ts", "byte", async () => {
  const { verifyFile, webSha256 } = await from("modelpack/digest");
  const { sha256 } = await from("storage/digest");
  const { readFamilyFile } = await from("modelpack/family-file");
  const { bytes } = readModel(readFamilyFile);
  const entry = { name: "model", bytes: bytes.length, sha256: sha256(bytes) };
  return { units: bytes.length, work: () => verifyFile(bytes, entry, webSha256) };
});
await loop("readFamilyFile: bounds, checksums, tensors", "src/modelpack/family-file.ts", "byte", async () => {
  const { readFamilyFile } = await from("modelpack/family-file");
  const { bytes } = readModel(readFamilyFile);
  return { units: bytes.length, work: () => readFamilyFile(bytes, "model") };
});
await loop("checksum32 of a model file", "src/core/checksum.ts", "byte", async () => {
  const { checksum32 } = await from("core/checksum");
  const { readFamilyFile } = await from("modelpack/family-file");
  const { bytes } = readModel(readFamilyFile);
  return { units: bytes.length, work: () => checksum32(bytes) };
});
await loop("exp, the same on every machine", "src/core/elementary.ts", "call", async () => {
  const { exp } = await from("core/elementary");
  const at = Float64Array.from({ length: 4096 }, (_, i) => -i / 200);
  const work = () => {
    let total = 0;
    for (const x of at) total += exp(x);
    return total;
  };
  return { units: at.length, work };
});
console.log(JSON.stringify({ loops }));
