// SPDX-License-Identifier: Apache-2.0
import * as calibrator from "./calibrator.ts";
import { Classifier, type FamilyModel } from "./classifier.ts";
import { inputAnalyzer } from "./input-analyzer.ts";

/** The classifier of any family. The runtime has no use for this: it loads the parts that few packs need when it meets one. */
export function familyClassifier(model: FamilyModel): Classifier {
  return new Classifier(model, inputAnalyzer(model), calibrator);
}
