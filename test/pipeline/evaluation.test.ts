// SPDX-License-Identifier: Apache-2.0
import { afterAll, describe, expect, it } from "vitest";
import { FeatureHashes } from "../../src/model/analyzer.ts";
import type { FamilyModel } from "../../src/model/classifier.ts";
import { familyClassifier } from "../../src/model/family-classifier.ts";
import { pairAnalyzer } from "../../src/model/pair-analyzer.ts";
import { type SplitExamples, scoreSplits } from "../../src/pipeline/evaluation.ts";
import { WorkerPool } from "../../src/training/pool.ts";
import { ANALYZER, examples, numbers } from "../support/examples.ts";
import { tinyModel } from "../support/model.ts";

const pools = [new WorkerPool(1), new WorkerPool(2)];
afterAll(() => Promise.all(pools.map((pool) => pool.close())));

const WORDS = ["euros", "bank", "flight", "hello", "wire", "nothing", "Größe", "\ufeff"];

/** Texts of three words, few enough that they come again within a task, in the other task and in the other split. */
function texts(seed: number, length: number): string[] {
  const next = numbers(seed);
  const word = () => WORDS[Math.floor(next() * WORDS.length)];
  return Array.from({ length }, () => `${word()} ${word()} ${word()}`);
}

const rowsOf = (found: readonly string[]) => examples(found.map((text) => ({ text, label: 0 })));

function split(name: SplitExamples["split"], tasks: Record<string, readonly string[]>): SplitExamples {
  return {
    split: name,
    examples: new Map(Object.entries(tasks).map(([task, found]) => [task, rowsOf(found)])),
  };
}

/** What the classifier says of one text after another. */
function expected(model: FamilyModel, task: number, found: readonly string[]) {
  const classifier = familyClassifier(model);
  const rows = found.map((text) => ({
    scores: Array.from(classifier.scores(task, text, ""), Math.fround),
    known: classifier.knownShare(task),
  }));
  return {
    scores: Float32Array.from(rows.flatMap((row) => row.scores)),
    knownShare: Float64Array.from(rows, (row) => row.known),
  };
}

/** A family whose features are those of one pair, each with other weights. */
function pairModel(a: string, b: string): FamilyModel {
  const found = new FeatureHashes();
  pairAnalyzer(ANALYZER)(a, b, found);
  const hashes = Uint32Array.from(new Set(found.hashes.subarray(0, found.length))).sort();
  const labels = ["kept", "turned"];
  return {
    family: "pairs",
    input: "pair",
    analyzer: ANALYZER,
    hashes,
    featureWeights: { codes: new Uint8Array(hashes.length), low: 1, high: 1 },
    tasks: [
      {
        name: "order",
        labels,
        default: null,
        minConfidence: null,
        calibration: { method: "none" },
        scale: Float32Array.of(1, 1),
        bias: Float32Array.of(0, 0),
      },
    ],
    weights: {
      mask: new Uint8Array(hashes.length).fill(1),
      values: Int8Array.from({ length: hashes.length * 2 }, (_, i) => (i * 37) % 100),
    },
  };
}

describe("scoreSplits", () => {
  const model = tinyModel();
  const [here, there] = [texts(1, 300), texts(2, 90)];
  const few = [...here.slice(20, 60), ...here.slice(0, 30)];
  const splits = [
    split("eval", { query_domain: here, constructor: few }),
    split("test", { query_domain: there, other: ["of another family"] }),
    split("train", {}),
  ];

  it.each([1, 7, 64, 8192, 2 ** 31 - 1])(
    "gives each row its own scores, %d inputs at a time",
    async (batch) => {
      for (const pool of pools) {
        const found = await scoreSplits(model, splits, pool, batch);
        expect(found).toEqual([
          [expected(model, 0, here), expected(model, 1, few)],
          [expected(model, 0, there), expected(model, 1, [])],
          [expected(model, 0, []), expected(model, 1, [])],
        ]);
      }
    },
  );

  it("tells the two texts of a pair apart from the other order", async () => {
    const pairs = pairModel("euros", "bank flight");
    const rows = examples([
      { text: "euros", b: "bank flight", label: 0 },
      { text: "bank flight", b: "euros", label: 0 },
      { text: "euros", b: "bank flight", label: 0 },
    ]);
    const [own] = await scoreSplits(
      pairs,
      [{ split: "test", examples: new Map([["order", rows]]) }],
      pools[1] as WorkerPool,
      2,
    );
    const classifier = familyClassifier(pairs);
    const scores = (a: string, b: string) => Array.from(classifier.scores(0, a, b), Math.fround);
    const [first, second] = [scores("euros", "bank flight"), scores("bank flight", "euros")];
    expect(first).not.toEqual(second);
    expect([...(own?.[0]?.scores ?? [])]).toEqual([...first, ...second, ...first]);
  });
});
