// SPDX-License-Identifier: Apache-2.0
import { knownDirectory } from "../../src/model/opening.ts";
import { FeatureTable } from "../../src/model/vectorizer.ts";

/** A table of features by their hashes, which ascend. */
export function featureTable(hashes: Uint32Array): FeatureTable {
  return new FeatureTable(hashes, knownDirectory(hashes));
}
