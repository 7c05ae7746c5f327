// SPDX-License-Identifier: Apache-2.0
import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { ModelpackError } from "../core/error.ts";

// Node 20 has no fs.glob, and DuckDB's follows links out of the folder. `*` and `?` stay within a name,
// `**` stands for any folders, `[ab]` and `[!a]` for a character, `{a,b}` for one of several.

/** Folders and files visited at most: a pattern that starts at the root must not walk the disk. */
const MAX_VISITED = 200_000;

/** Whether a path is a pattern. */
export function isGlob(path: string): boolean {
  return /[*?[\]{}]/.test(path);
}

/** The names in a folder, by code unit; undefined where it can't be read. */
export async function listFolder(folder: string): Promise<readonly string[] | undefined> {
  const names = await readdir(folder).catch(() => undefined);
  return names?.sort();
}

/**
 * The files that match `pattern` below `folder`, by code unit of their paths. A link that leads out of
 * the pattern's fixed part is left out: what it points to is not the folder's.
 */
export async function matchGlob(pattern: string, folder: string): Promise<readonly string[]> {
  const parts = expandBraces(pattern.replaceAll("\\", "/")).map((one) =>
    one.split("/").filter((part) => part !== ""),
  );
  const start = pattern.startsWith("/") ? "/" : folder;
  const found = new Set<string>();
  const budget = { left: MAX_VISITED };
  for (const path of parts) {
    const glob = path.findIndex(isGlob);
    const fixed = glob < 0 ? path.length - 1 : glob;
    const base = resolve(start, ...path.slice(0, fixed));
    const root = await realpath(base).catch(() => undefined);
    if (root === undefined) continue;
    for (const file of await walk(base, path.slice(fixed), root, budget)) found.add(file);
  }
  return [...found].sort();
}

interface Budget {
  left: number;
}

async function walk(
  at: string,
  parts: readonly string[],
  root: string,
  budget: Budget,
): Promise<readonly string[]> {
  const [part, ...rest] = parts;
  if (part === undefined) return (await isFileInside(at, root)) ? [at] : [];
  const entries = await readdir(at, { withFileTypes: true }).catch((): Dirent[] => []);
  budget.left -= entries.length;
  if (budget.left < 0) {
    throw new ModelpackError("SOURCE_MISSING", `the pattern leads past more than ${MAX_VISITED} files`, {
      where: root,
      hint: "begin the pattern with the folder that holds the files",
    });
  }
  const found: string[] = [];
  // "**" matches no folder, or one and then "**" again; linked folders are not entered by it.
  if (part === "**") {
    found.push(...(await walk(at, rest, root, budget)));
    for (const entry of entries) {
      if (entry.isDirectory() && !entry.name.startsWith("."))
        found.push(...(await walk(join(at, entry.name), parts, root, budget)));
    }
    return found;
  }
  for (const entry of entries) {
    if (!matchName(part, entry.name)) continue;
    const path = join(at, entry.name);
    if (rest.length === 0 || (await isInside(path, root)))
      found.push(...(await walk(path, rest, root, budget)));
  }
  return found;
}

async function isInside(path: string, root: string): Promise<boolean> {
  const real = await realpath(path).catch(() => undefined);
  return real?.startsWith(root.endsWith(sep) ? root : root + sep) === true;
}

async function isFileInside(path: string, root: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true && (await isInside(path, root));
}

/** Patterns of one pattern with `{a,b}`: the cross product; nested braces are plain characters. */
function expandBraces(pattern: string): readonly string[] {
  const open = /\{([^{}]*,[^{}]*)\}/.exec(pattern);
  if (open === null) return [pattern];
  const [whole, inner = ""] = open;
  const before = pattern.slice(0, open.index);
  const tails = expandBraces(pattern.slice(open.index + whole.length));
  return inner.split(",").flatMap((choice) => tails.map((tail) => before + choice + tail));
}

/** Whether a path, its parts joined by `/`, matches a pattern. */
export function matchPath(pattern: string, path: string): boolean {
  const names = path.split("/");
  // For each number of the path's first parts, whether the pattern's parts so far match them.
  let reached = [true, ...names.map(() => false)];
  for (const part of pattern.split("/")) {
    const next = reached.map(
      (_, n) => n > 0 && reached[n - 1] === true && matchName(part, names[n - 1] ?? ""),
    );
    if (part === "**") {
      const first = reached.indexOf(true);
      reached = reached.map((_, n) => first >= 0 && n >= first);
    } else reached = next;
  }
  return reached[names.length] === true;
}

/** Whether a name matches one part of a pattern; linear but for the restart at the last star. */
export function matchName(pattern: string, name: string): boolean {
  if (name.startsWith(".") && !pattern.startsWith(".")) return false;
  let p = 0;
  let n = 0;
  let star = -1;
  let retry = 0;
  while (n < name.length) {
    const step = p < pattern.length && pattern[p] !== "*" ? matchOne(pattern, p, name[n] ?? "") : 0;
    if (step > 0) {
      p += step;
      n++;
    } else if (pattern[p] === "*") {
      star = p++;
      retry = n;
    } else if (star >= 0) {
      p = star + 1;
      n = ++retry;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

// Length of the pattern's piece at `p` where it matches `character`, or 0.
function matchOne(pattern: string, p: number, character: string): number {
  if (pattern[p] === "?") return 1;
  const end = pattern[p] === "[" ? pattern.indexOf("]", p + 2) : -1;
  if (end < 0) return pattern[p] === character ? 1 : 0;
  const negated = pattern[p + 1] === "!";
  const set = pattern.slice(p + (negated ? 2 : 1), end);
  return inSet(set, character) !== negated ? end - p + 1 : 0;
}

function inSet(set: string, character: string): boolean {
  for (let i = 0; i < set.length; i++) {
    const [from = "", dash, to = ""] = set.slice(i, i + 3);
    if (dash === "-" && to !== "") {
      if (from <= character && character <= to) return true;
      i += 2;
    } else if (from === character) return true;
  }
  return false;
}
