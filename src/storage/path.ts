// SPDX-License-Identifier: Apache-2.0
import { lstatSync, realpathSync } from "node:fs";
import { join, sep } from "node:path";
import { ModelpackError } from "../core/error.ts";
import { errnoOf, storageFailure } from "./failure.ts";

/** Leaves room under the 255 of every file system for the suffixes of temporary names. */
const MAX_NAME_LENGTH = 128;
/** What ext4, APFS and NTFS take; 128 characters can be 384 bytes of UTF-8. */
const MAX_NAME_BYTES = 255;

interface Rule {
  readonly refuses: RegExp;
  readonly because: string;
}

// Names that mean the same everywhere: what only Windows or macOS would mistake is refused as well.
const RULES: readonly Rule[] = [
  { refuses: /^$/, because: "it is empty" },
  { refuses: /^\.\.?$/, because: "it is a folder above" },
  { refuses: /[/\\]/, because: "it holds a path separator" },
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  { refuses: /[\u0000-\u001f\u007f-\u009f]/, because: "it holds a control character" },
  // Invisible and direction-changing characters: HFS+ ignores some, and they hide what a name is.
  { refuses: /[\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/, because: "it holds an invisible character" },
  { refuses: /[:<>"|?*]/, because: 'it holds one of : < > " | ? *' },
  { refuses: /%[0-9a-f]{2}/i, because: "it holds a percent-encoded character" },
  { refuses: /[. ]$/, because: "it ends with a dot or a space" },
  {
    refuses: /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]) *(?:\.|$)/i,
    because: "Windows keeps this name for a device",
  },
  // A surrogate without its other half: UTF-8 can't say it, so two names would become one file.
  {
    refuses: /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/,
    because: "it holds half a character",
  },
];

/** `name` itself when it is safe as one part of a path on every system; else throws `PATH_UNSAFE`. */
export function safeName(name: string): string {
  if (name.length > MAX_NAME_LENGTH) throw unsafe(name, `it is longer than ${MAX_NAME_LENGTH} characters`);
  for (const { refuses, because } of RULES) if (refuses.test(name)) throw unsafe(name, because);
  if (Buffer.byteLength(name) > MAX_NAME_BYTES)
    throw unsafe(name, `it is longer than ${MAX_NAME_BYTES} bytes`);
  return name;
}

/**
 * The path of `name` (safe names, joined by `/`) inside `root`. Throws `PATH_UNSAFE` where a name is not
 * safe or where a symbolic link on the way leads out of `root`.
 */
export function containedPath(root: string, name: string): string {
  const parts = name.split("/").map(safeName);
  const path = join(root, ...parts);
  for (let depth = parts.length; depth > 0; depth--) {
    const real = realPath(join(root, ...parts.slice(0, depth)), name);
    if (real === null) continue;
    const realRoot = realpathSync(root);
    if (!real.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep)) {
      throw unsafe(name, `a symbolic link leads it to ${real}`);
    }
    return path;
  }
  return path;
}

/** Where `path` really is; null where nothing is there. A link that leads nowhere is refused. */
function realPath(path: string, name: string): string | null {
  try {
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return null;
    return realpathSync(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== "ENOENT" && errno !== "ELOOP") throw storageFailure(error, "read", path);
    throw unsafe(name, "a symbolic link on its way leads nowhere", error);
  }
}

function unsafe(name: string, because: string, cause?: unknown): ModelpackError {
  // A stranger's name can be a gigabyte of control characters: shorten it, and let JSON escape it.
  const shown = JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
  return new ModelpackError("PATH_UNSAFE", `${shown} can't be a file name: ${because}`, {
    hint: "use letters, digits, dots, dashes and underscores",
    cause,
  });
}
