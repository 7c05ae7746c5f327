// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { type Examples, ORIGINS } from "../../src/core/example.ts";
import { textColumn } from "../../src/core/text-column.ts";
import { Analyzer, type AnalyzerSettings, FeatureHashes } from "../../src/model/analyzer.ts";
import type { FamilyModel, TaskModel } from "../../src/model/classifier.ts";
import { maskBytes } from "../../src/model/linear-model.ts";
import { STEPS_HERE } from "../../src/training/block-steps.ts";
import {
  assembleFamily,
  type FamilyOutline,
  type Head,
  type Quantization,
  storeHead,
} from "../../src/training/quantizer.ts";
import { trainTask } from "../../src/training/task-trainer.ts";
import { blockRows, vectorizeFamily } from "./task-rows.ts";

export const SETTINGS: AnalyzerSettings = { ngramMin: 1, ngramMax: 2, charNgramMin: 3, charNgramMax: 5 };

/** Weight of each word for each label, as a person would set them. */
export type WordWeights = Readonly<Record<string, readonly number[]>>;

export interface HandmadeTask extends Partial<Omit<TaskModel, "labels" | "name">> {
  readonly name: string;
  readonly labels: readonly string[];
  readonly words: WordWeights;
}

/** A family whose features are single words, with weights set by hand. */
export function handmadeModel(
  family: string,
  tasks: readonly HandmadeTask[],
  quantized: boolean,
): FamilyModel {
  const analyzer: AnalyzerSettings = { ngramMin: 1, ngramMax: 1, charNgramMin: 3, charNgramMax: 0 };
  const reader = new Analyzer(analyzer);
  const features = new FeatureHashes();
  const words = new Map<number, string>();
  for (const word of new Set(tasks.flatMap((task) => Object.keys(task.words)))) {
    reader.analyze(word, features);
    words.set(features.hashes[0] as number, word);
  }
  const hashes = Uint32Array.from(words.keys()).sort();
  const bytes = maskBytes(tasks.length);
  const mask = new Uint8Array(hashes.length * bytes);
  const values: number[] = [];
  hashes.forEach((hash, f) => {
    tasks.forEach((task, t) => {
      const weights = task.words[words.get(hash) as string];
      if (weights === undefined) return;
      mask[f * bytes + (t >> 3)] = (mask[f * bytes + (t >> 3)] as number) | (1 << (t & 7));
      values.push(...weights);
    });
  });
  return {
    family,
    input: "text",
    analyzer,
    hashes,
    featureWeights: { codes: Uint8Array.from(hashes, (_, f) => f * 20), low: 1, high: 2 },
    tasks: tasks.map(({ words: _, ...task }) => ({
      default: null,
      minConfidence: null,
      calibration: { method: "none" },
      scale: new Float32Array(task.labels.length).fill(quantized ? 0.0625 : 1),
      bias: Float32Array.from(task.labels, (_, k) => (1 - k) / 8),
      ...task,
    })),
    weights: { mask, values: quantized ? Int8Array.from(values) : Float32Array.from(values) },
  };
}

/** A router of two tasks, small enough to damage at every byte. */
export function tinyModel(quantized = true): FamilyModel {
  return handmadeModel(
    "router",
    [
      {
        name: "query_domain",
        labels: ["general", "finance", "travel"],
        default: "general",
        minConfidence: 0.5,
        calibration: { method: "temperature", temperature: 0.5 },
        words: {
          euros: [-20, 90, -10],
          bank: [-30, 100, -5],
          flight: [-20, -10, 110],
          hello: [80, -40, -40],
        },
      },
      {
        name: "constructor",
        labels: ["__proto__", "10", "Größe"],
        words: { euros: [64, -16, 0], flight: [0, 32, -32], wire: [-127, 127, 5] },
      },
    ],
    quantized,
  );
}

export interface StarterRow {
  readonly text: string;
  readonly textB: string | null;
  readonly label: string;
}

/** Rows of one file of `datasets/starter`. */
export function starterRows(task: string): StarterRow[] {
  const path = new URL(`../../datasets/starter/${task}.jsonl`, import.meta.url);
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, string>)
    .map((row) => ({
      text: row.text ?? row.text_a ?? "",
      textB: row.text_b ?? null,
      label: row.label ?? "",
    }));
}

function examplesOf(rows: readonly StarterRow[], labels: readonly string[]): Examples {
  const pairs = rows.some((row) => row.textB !== null);
  return {
    rows: rows.length,
    text: textColumn(rows.map((row) => row.text)),
    textB: pairs ? textColumn(rows.map((row) => row.textB ?? "")) : null,
    label: Uint32Array.from(rows, (row) => labels.indexOf(row.label)),
    count: new Uint32Array(rows.length).fill(1),
    origin: new Uint8Array(rows.length).fill(ORIGINS.indexOf("real")),
    group: Uint32Array.from(rows.keys()),
  };
}

/** A family trained on the starter rows of its tasks, which are read as single texts or as pairs. */
export async function starterModel(
  family: string,
  names: readonly string[],
  quantization: Quantization = "int8",
  maxFeatures = 20_000,
): Promise<FamilyModel> {
  const tasks = names.map((name) => {
    const rows = starterRows(name);
    const labels = [...new Set(rows.map((row) => row.label))];
    return { name, labels, train: examplesOf(rows, labels), eval: null };
  });
  const settings = {
    seed: 42,
    minDf: 2,
    maxIter: 5,
    alpha: "auto",
    classWeight: 0,
    earlyStopping: false,
    patience: 3,
    metric: "macro_f1",
    minDelta: 0.001,
  } as const;
  const vectors = vectorizeFamily(tasks, { analyzer: SETTINGS, minDf: settings.minDf, maxFeatures });
  const input = tasks.some(({ train }) => train.textB !== null) ? "pair" : "text";
  const fits = await Promise.all(
    tasks.map((task, t) => {
      const rows = blockRows(task, vectors, t, { labels: task.labels.length, minDf: settings.minDf });
      return trainTask(
        { task: task.name, input, rows, deal: { partitions: 1, blocks: 1 }, settings, crossFit: false },
        STEPS_HERE,
        () => {},
      );
    }),
  );
  const outlines = tasks.map(({ name, labels }) => ({ name, labels, default: null, minConfidence: null }));
  return assembleHeads(
    { family, input, analyzer: SETTINGS, features: vectors.family, tasks: outlines, quantization },
    fits,
  );
}

/** The model of a family's heads, each stored as the outline says. */
export function assembleHeads(outline: FamilyOutline, heads: readonly Head[]): FamilyModel {
  const { features, tasks, quantization } = outline;
  const stored = heads.map((head, t) =>
    storeHead(head, tasks[t]?.labels.length ?? 0, features.weights, quantization),
  );
  return assembleFamily(outline, stored);
}
