// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";

/** What is wrong with the bytes of a pack, and where. */
export function corrupt(where: string, problem: string): ModelpackError {
  return new ModelpackError("MODEL_CORRUPT", `${where}: ${problem}`, {
    where,
    hint: "copy the whole version again, manifest.json and its model files, or train it again; nothing of it was used",
  });
}
