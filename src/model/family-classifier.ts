// SPDX-License-Identifier: Apache-2.0
import { type Accumulator, simdAccumulator } from "./accumulator.ts";
import * as calibrator from "./calibrator.ts";
import { Classifier, type FamilyModel } from "./classifier.ts";
import { inputAnalyzer } from "./input-analyzer.ts";
import { mostLabels } from "./linear-model.ts";
import { plainAccumulator } from "./plain-accumulator.ts";

/** The classifier of any family. The runtime has no use for this: it loads the parts that few packs need when it meets one. */
export function familyClassifier(model: FamilyModel): Classifier {
  const sums = anyAccumulator(model.weights.values, mostLabels(model.tasks));
  return new Classifier(model, inputAnalyzer(model), calibrator, sums);
}

/** An accumulator over these weights, for up to `labels` labels. The sums are the same in either form, bit for bit. */
export function anyAccumulator(values: Int8Array | Float32Array, labels: number): Accumulator {
  return simdAccumulator(values, labels) ?? plainAccumulator(values, labels);
}
