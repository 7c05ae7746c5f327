// SPDX-License-Identifier: Apache-2.0
import { type Accumulator, simdAccumulator } from "./accumulator.ts";
import * as calibrator from "./calibrator.ts";
import { Classifier, type FamilyModel, type OpenedFamily } from "./classifier.ts";
import { inputAnalyzer } from "./input-analyzer.ts";
import { blockStarts, mostLabels } from "./linear-model.ts";
import { plainAccumulator } from "./plain-accumulator.ts";
import { knownDirectory } from "./vectorizer.ts";

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
  return simdAccumulator(values, labels) ?? plainAccumulator(values, labels);
}
