// SPDX-License-Identifier: Apache-2.0
import { rename } from "node:fs/promises";
import { dirname, join, parse } from "node:path";
import { ModelpackError } from "../core/error.ts";
import { digestFile } from "./digest.ts";
import { guarded } from "./failure.ts";
import { isThere, syncFolder } from "./file.ts";

/** Hex digits of a digest in a name: no two files of one folder have the same by chance. */
const DIGITS = 16;

/**
 * Renames a file to a name with the digest of its content (`rows.jsonl` to `rows-<16 hex>.jsonl`), so that
 * it is out of the way and nothing is lost; returns the new name, or null where there is no such file.
 */
export async function setFileAside(path: string): Promise<string | null> {
  if (!(await isThere(path))) return null;
  const { sha256 } = await digestFile(path);
  const { dir, name, ext } = parse(path);
  const aside = `${name}-${sha256.slice(0, DIGITS)}${ext}`;
  const target = join(dir, aside);
  // The same content may have been set aside before; another one under that name was edited since.
  if ((await isThere(target)) && (await digestFile(target)).sha256 !== sha256) {
    throw new ModelpackError("STORAGE", `${target} is in the way: it is not what its name says`, {
      where: target,
      hint: "move it away, then run the same command again",
    });
  }
  await guarded("rename to", target, () => rename(path, target));
  await syncFolder(dirname(target));
  return aside;
}
