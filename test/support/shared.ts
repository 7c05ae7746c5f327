// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { it } from "vitest";

/** Real datasets of other people: beside the repository where the project is developed, in no clone of it. */
export const SHARED_DATA = fileURLToPath(new URL("../../../shared/data/", import.meta.url));

const present = existsSync(SHARED_DATA);

/** A row of a shared dataset: text, or text_a and text_b. */
export interface SharedRow {
  readonly text?: string;
  readonly text_a?: string;
  readonly text_b?: string;
  readonly label: string;
}

/** The rows of one file of a shared dataset, such as `sharedData("banking77", "train")`. */
export function sharedData(name: string, split: "train" | "test" = "train"): readonly SharedRow[] {
  const lines = gunzipSync(readFileSync(`${SHARED_DATA}${name}/${split}.jsonl.gz`))
    .toString("utf8")
    .split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as SharedRow);
}

/**
 * A test over shared data. Without the data it is reported as skipped; in CI (`CI=true`) it runs all the
 * same and fails, so that a missing folder can't pass for success.
 */
export const itShared = it.skipIf(!present && process.env.CI !== "true");
