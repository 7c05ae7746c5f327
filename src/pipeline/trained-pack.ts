// SPDX-License-Identifier: Apache-2.0
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ModelpackError } from "../core/error.ts";
import { readPointer } from "../storage/commit.ts";
import { isFile } from "../storage/file.ts";
import { MODEL_POINTER, type OpenedVersion, openVersion, openVersionFolder } from "./workspace.ts";

/**
 * The pack in the folder of a version, or the newest one of a folder of versions, verified whole.
 *
 * @throws ModelpackError MODEL_MISSING, MODEL_CORRUPT
 */
export async function openPack(folder: string): Promise<OpenedVersion> {
  const isVersion = await isFile(join(folder, "manifest.json"));
  const pack = isVersion
    ? await openVersionFolder(folder, "MODEL_CORRUPT")
    : await openVersion(folder, MODEL_POINTER);
  if (pack === null)
    throw new ModelpackError("MODEL_MISSING", "there is no trained pack", {
      where: folder,
      hint: "run `modelpack train` first: it writes packs there",
    });
  if (pack.manifest.kind === "modelpack") return pack;
  throw new ModelpackError("MODEL_MISSING", `this is a ${String(pack.manifest.kind)}, and no pack`, {
    where: folder,
    hint: "name a version that `modelpack train` wrote, or the folder that holds such",
  });
}

/** Names of a pack's families. */
export function familiesIn(pack: OpenedVersion): string[] {
  const families = pack.manifest.families as readonly { readonly family: string }[];
  return families.map(({ family }) => family);
}

/** Digits of a version that a person types at least. */
const LEAST_DIGITS = 4;

/**
 * The folder of the version that a person names: by the first digits of a version of `root` (four or more), `latest`, or
 * the folder of a version or of versions, of which it is the newest.
 *
 * @throws ModelpackError USAGE where there is none or several
 */
export async function namedVersion(root: string, name: string): Promise<string> {
  if (name === "latest") return newestIn(root);
  const versions = (await readdir(root).catch(() => [])).filter((one) => /^[0-9a-f]{12}$/.test(one)).sort();
  const isDigits = name.length >= LEAST_DIGITS && /^[0-9a-f]{1,12}$/.test(name);
  const found = isDigits ? versions.filter((version) => version.startsWith(name)) : [];
  if (found.length > 1)
    throw new ModelpackError("USAGE", `${name} begins more than one version: ${found.join(", ")}`, {
      hint: "give more of its digits",
    });
  if (found[0] !== undefined) return join(root, found[0]);
  if (await isFile(join(name, "manifest.json"))) return name;
  if (await isFile(join(name, MODEL_POINTER))) return newestIn(name);
  throw new ModelpackError("USAGE", `there is no version and no pack ${JSON.stringify(name)}`, {
    where: root,
    hint:
      versions.length === 0
        ? "there is no version there: run `modelpack train`, or name the folder of a pack"
        : `there are ${versions.join(", ")}: name one by its first digits, \`latest\`, or the folder of a pack`,
  });
}

async function newestIn(root: string): Promise<string> {
  const version = await readPointer(root, MODEL_POINTER);
  if (version !== null) return join(root, version);
  throw new ModelpackError("MODEL_MISSING", "there is no trained pack", {
    where: root,
    hint: "run `modelpack train` first",
  });
}
