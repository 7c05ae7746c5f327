// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";

/** What is wrong with the bytes of a pack, and where. */
export function corrupt(where: string, problem: string): ModelpackError {
  return new ModelpackError("MODEL_CORRUPT", `${where}: ${problem}`, {
    where,
    hint: "copy the whole version again, or train it again",
  });
}

/** Refuses the bytes at hand, with what is wrong with them. */
export type Fail = (problem: string) => never;

/** Throws {@link corrupt} for whatever it is told of the bytes at `where`. */
export function failing(where: string): Fail {
  return (problem) => {
    throw corrupt(where, problem);
  };
}
