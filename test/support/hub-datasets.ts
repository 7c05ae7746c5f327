// SPDX-License-Identifier: Apache-2.0
import type { ShippedDataset } from "./hub-datasets/dataset.ts";
import { oasst1, piiMasking, ultrachat } from "./hub-datasets/documents.ts";
import { anli, msMarco, multiNli, quoraDuplicates, snli } from "./hub-datasets/pairs.ts";
import { agNews, banking77, clincOos, dbpedia14, goEmotions } from "./hub-datasets/topics.ts";

export type { ShippedDataset } from "./hub-datasets/dataset.ts";

/**
 * The 13 datasets of the shipped TOML for the test server, about 300 rows each: file layout, configs, columns,
 * nested types and class names are those of the real ones, every text is made up.
 */
export function shippedDatasets(): Promise<readonly ShippedDataset[]> {
  return Promise.all([
    banking77(),
    agNews(),
    dbpedia14(),
    clincOos(),
    goEmotions(),
    piiMasking(),
    snli(),
    multiNli(),
    anli(),
    msMarco(),
    quoraDuplicates(),
    ultrachat(),
    oasst1(),
  ]);
}
