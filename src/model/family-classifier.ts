// SPDX-License-Identifier: Apache-2.0
import type { Accumulator } from "./accumulator.ts";
import * as calibrator from "./calibrator.ts";
import { Classifier, type FamilyModel, type OpenedFamily } from "./classifier.ts";
import { inputAnalyzer } from "./input-analyzer.ts";
import { mostLabels } from "./linear-model.ts";
import { MOST_LABELS, modelMemory } from "./model-memory.ts";
import { blockStarts, knownDirectory } from "./opening.ts";
import { plainAccumulator } from "./plain-accumulator.ts";

/** The classifier of any family. The runtime has no use for this: it loads the parts that few packs need when it meets one. */
export function familyClassifier(model: FamilyModel): Classifier {
  const sums = anyAccumulator(model.weights.values, mostLabels(model.tasks));
  return new Classifier(opened(model), inputAnalyzer(model), calibrator, sums);
}

function opened(model: FamilyModel): OpenedFamily {
  const labels = model.tasks.map((task) => task.labels.length);
  return {
    ...model,
    directory: knownDirectory(model.hashes),
    blocks: blockStarts(labels, model.weights.mask),
  };
}

/** An accumulator over these weights, for up to `labels` labels. The sums are the same in either form, bit for bit. */
export function anyAccumulator(values: Int8Array | Float32Array, labels: number): Accumulator {
  const memory = values instanceof Int8Array && labels <= MOST_LABELS ? modelMemory(values.length) : null;
  if (memory === null) return plainAccumulator(values, labels);
  const copy = new Int8Array(memory.file.buffer, memory.file.byteOffset, values.length);
  copy.set(values);
  return memory.accumulator(copy, labels);
}
