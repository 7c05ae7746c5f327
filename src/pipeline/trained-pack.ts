// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import { MODEL_POINTER, type OpenedVersion, openVersion } from "./workspace.ts";

/** The newest pack of a folder of versions, verified whole. */
export async function openPack(root: string): Promise<OpenedVersion> {
  const pack = await openVersion(root, MODEL_POINTER);
  if (pack !== null) return pack;
  throw new ModelpackError("MODEL_MISSING", "there is no trained pack", {
    where: root,
    hint: "run `modelpack train` (npm run train) first",
  });
}

/** Names of a pack's families. */
export function familiesIn(pack: OpenedVersion): string[] {
  const families = pack.manifest.families as readonly { readonly family: string }[];
  return families.map(({ family }) => family);
}
