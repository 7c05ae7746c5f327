// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import { corrupt } from "./corrupt.ts";

/** Version of a pack's manifest, and of what docs/format.md specifies but for a family's file. */
export const FORMAT_VERSION = 1;
/** Version of a family's file: with 2, pairs got other features. A reader refuses any other. */
export const FILE_VERSIONS = { text: 1, pair: 2 } as const;

/**
 * Refuses what this reader does not read.
 *
 * @throws ModelpackError MODEL_TOO_NEW or MODEL_TOO_OLD for another version, MODEL_CORRUPT for what is no version.
 */
export function checkFormatVersion(version: unknown, where: string, expected: number = FORMAT_VERSION): void {
  if (version === expected) return;
  if (!Number.isSafeInteger(version) || (version as number) < 1)
    throw corrupt(where, "no valid format version");
  const old = (version as number) < expected;
  throw new ModelpackError(
    old ? "MODEL_TOO_OLD" : "MODEL_TOO_NEW",
    `${where} has format version ${version}; this modelpack reads version ${expected}`,
    {
      where,
      hint: old ? "train it again" : "update modelpack",
    },
  );
}
