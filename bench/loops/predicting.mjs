// SPDX-License-Identifier: Apache-2.0
// The loops of a prediction and of opening a pack.
import { readRows } from "../lib/data.mjs";
import { analyzed, featureTable, from } from "./inputs.mjs";

async function vectors(inputs) {
  const { SparseVector, Vectorizer } = await from("model/vectorizer");
  const { LinearModel, mostLabels } = await from("model/linear-model");
  const { blockStarts } = await from("model/opening");
  const { anyAccumulator } = await from("model/family-classifier");
  const { model } = inputs;
  const { features } = await analyzed(inputs);
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
  const scores = model.tasks.map(({ labels }) => new Float32Array(labels.length));
  return { all, linear, scores };
}

export const PREDICTING = [
  {
    loop: "analyze: text to n-gram hashes",
    file: "src/model/analyzer.ts",
    unit: "n-gram",
    async make(inputs) {
      const { analyzer, features, grams } = await analyzed(inputs);
      const work = () => inputs.texts.forEach((text) => void analyzer.analyze(text, features[0]));
      return { units: grams, work };
    },
  },
  {
    loop: "analyze: pair to hashes of its features",
    file: "src/model/pair-analyzer.ts",
    unit: "pair",
    async make({ shared, model }) {
      const { inputAnalyzer } = await from("model/input-analyzer");
      const { FeatureHashes } = await from("model/analyzer");
      const pairs = readRows(shared, "mrpc", "test");
      const analyze = inputAnalyzer({ input: "pair", analyzer: model.analyzer });
      const hashes = new FeatureHashes();
      const work = () => {
        for (const { text_a, text_b } of pairs) analyze(text_a, text_b, hashes);
      };
      return { units: pairs.length, work };
    },
  },
  {
    loop: "find: hash to feature",
    file: "src/model/vectorizer.ts",
    unit: "n-gram",
    async make(inputs) {
      const { features, grams } = await analyzed(inputs);
      const table = await featureTable(inputs.model.hashes);
      const found = new Uint32Array(Math.max(...features.map(({ length }) => length)));
      const work = () => {
        let all = 0;
        for (const { hashes, length } of features) all += table.find(hashes, 0, length, found, 0);
        return all;
      };
      return { units: grams, work };
    },
  },
  {
    loop: "vectorize: hashes to values",
    file: "src/model/vectorizer.ts",
    unit: "n-gram",
    async make(inputs) {
      const { SparseVector, Vectorizer } = await from("model/vectorizer");
      const { features, grams } = await analyzed(inputs);
      const { hashes: known, featureWeights } = inputs.model;
      const vectorizer = new Vectorizer(await featureTable(known), featureWeights);
      const vector = new SparseVector();
      const work = () => features.forEach((hashes) => void vectorizer.vectorize(hashes, vector));
      return { units: grams, work };
    },
  },
  {
    loop: "score: one task of 77 labels",
    file: "src/model/linear-model.ts",
    unit: "text",
    async make(inputs) {
      const { all, linear, scores } = await vectors(inputs);
      const { task } = inputs;
      return { units: all.length, work: () => all.forEach((x) => void linear.score(x, task, scores[task])) };
    },
  },
  {
    loop: "score: the whole family",
    file: "src/model/linear-model.ts",
    unit: "text",
    async make(inputs) {
      const { all, linear, scores } = await vectors(inputs);
      const work = () => {
        for (const x of all) for (const [t, out] of scores.entries()) linear.score(x, t, out);
      };
      return { units: all.length, work };
    },
  },
  {
    loop: "probabilities: text to calibrated answer, one task",
    file: "src/model/classifier.ts",
    unit: "text",
    async make({ texts, model, task }) {
      const { familyClassifier } = await from("model/family-classifier");
      const classifier = familyClassifier(model);
      const work = () => texts.forEach((text) => void classifier.probabilities(task, text, ""));
      return { units: texts.length, work };
    },
  },
  {
    loop: "exp, the same on every machine",
    file: "src/core/elementary.ts",
    unit: "call",
    async make() {
      const { exp } = await from("core/elementary");
      const at = Float64Array.from({ length: 4096 }, (_, i) => -i / 200);
      const work = () => {
        let total = 0;
        for (const x of at) total += exp(x);
        return total;
      };
      return { units: at.length, work };
    },
  },
  {
    loop: "sha256 of a model file, by Web Crypto",
    file: "src/modelpack/digest.ts",
    unit: "byte",
    async make({ bytes }) {
      const { verifyFile, webSha256 } = await from("modelpack/digest");
      const { sha256 } = await from("storage/digest");
      const entry = { name: "model", bytes: bytes.length, sha256: sha256(bytes) };
      return { units: bytes.length, work: () => verifyFile(bytes, entry, webSha256) };
    },
  },
  {
    loop: "readFamilyFile: bounds, checksums, tensors",
    file: "src/modelpack/family-file.ts",
    unit: "byte",
    async make({ bytes }) {
      const { readFamilyFile } = await from("modelpack/family-file");
      return { units: bytes.length, work: () => readFamilyFile(bytes, "model") };
    },
  },
  {
    loop: "checksum32 of a model file",
    file: "src/core/checksum.ts",
    unit: "byte",
    async make({ bytes }) {
      const { checksum32 } = await from("core/checksum");
      return { units: bytes.length, work: () => checksum32(bytes) };
    },
  },
  {
    loop: "log, the same on every machine",
    file: "src/core/elementary.ts",
    unit: "call",
    async make() {
      const { log } = await from("core/elementary");
      const at = Float64Array.from({ length: 4096 }, (_, i) => (i + 1) / 64);
      const work = () => {
        let total = 0;
        for (const x of at) total += log(x);
        return total;
      };
      return { units: at.length, work };
    },
  },
  {
    loop: "open: directory of the hashes and starts of the weights, plain",
    file: "src/model/opening.ts",
    unit: "feature",
    async make({ model }) {
      const { plainLoops } = await from("model/opening");
      const labels = model.tasks.map((task) => task.labels.length);
      const work = () => [
        plainLoops.directoryOf(model.hashes),
        plainLoops.blockStarts(labels, model.weights.mask),
      ];
      return { units: model.hashes.length, work };
    },
  },
  {
    loop: "add: blocks of 77 labels, plain",
    file: "src/model/plain-accumulator.ts",
    unit: "product",
    async make({ model }) {
      const { plainAccumulator } = await from("model/plain-accumulator");
      const blocks = 120;
      const accumulator = plainAccumulator(model.weights.values, 77);
      accumulator.at.set(Uint32Array.from({ length: blocks }, (_, i) => i * 77));
      accumulator.by.fill(0.1, 0, blocks);
      return { units: blocks * 77, work: () => accumulator.add(blocks, 77) };
    },
  },
];
