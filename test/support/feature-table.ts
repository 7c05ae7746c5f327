// SPDX-License-Identifier: Apache-2.0
import { knownDirectory } from "../../src/model/opening.ts";
import { FeatureTable } from "../../src/model/vectorizer.ts";

/** A table of features by their hashes, which ascend. */
export function featureTable(hashes: Uint32Array): FeatureTable {
  return new FeatureTable(hashes, knownDirectory(hashes));
}

/** Number of the feature with this hash, or -1. */
export function findOne(table: FeatureTable, hash: number): number {
  const found = new Uint32Array(1);
  return table.find(Uint32Array.of(hash), 0, 1, found, 0) === 0 ? -1 : (found[0] as number);
}
