// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from "node:buffer";
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { ModelpackError } from "../core/error.ts";
import { ENVIRONMENT_NAME } from "./form.ts";

/** Variables by their names. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A hundred variables with long keys fit; a larger file is something else. */
const MAX_ENV_BYTES = 1 << 16;

/**
 * The environment with the variables of the `.env` in a folder laid under it: one that is set, even to
 * nothing, stays. Where there is no such file, the environment as it is. No message shows a value.
 *
 * @throws ModelpackError CONFIG_INVALID where there is one that can't be read
 */
export function withEnvFile(folder: string, environment: Environment): Environment {
  const file = join(folder, ".env");
  const text = readText(file);
  if (text === null) return environment;
  const set = Object.entries(environment).filter(([, value]) => value !== undefined);
  // fromEntries defines properties, so that a name such as __proto__ is a name like any other.
  return Object.fromEntries([...variablesOf(text, file), ...set]);
}

function variablesOf(text: string, file: string): [string, string | undefined][] {
  const found = Object.entries(parseEnv(text));
  // Node 20 takes a line without = and the next one for one name: the variable would be lost unseen.
  const [broken] = found.find(([name]) => name.includes("\n")) ?? [];
  if (broken !== undefined)
    throw invalid(
      placeOf(broken, text, file),
      "a line of it is no NAME=value",
      "comment it out with #, or put quotes around a value of several lines",
    );
  return found.filter(([name]) => ENVIRONMENT_NAME.test(name));
}

/** The file with the line that is no assignment: the first of those that were taken for one name. */
function placeOf(name: string, text: string, file: string): string {
  const [first = ""] = name.split("\n");
  const line = text.split("\n").findIndex((each) => each.trim() === first.trim()) + 1;
  return line > 0 ? `${file}:${line}` : file;
}

function readText(file: string): string | null {
  const bytes = readBytes(file);
  if (bytes === null) return null;
  // NUL is valid UTF-8, and stands in every second byte of the UTF-16 that some shells write.
  if (bytes.includes(0) || !isUtf8(bytes))
    throw invalid(file, "it is not UTF-8 text", "save it as UTF-8, a NAME=value a line, or remove it");
  const text = bytes.toString("utf8");
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

function readBytes(file: string): Buffer | null {
  try {
    const stats = statSync(file);
    // A folder of that name is a virtual environment of Python's.
    if (stats.isDirectory()) return null;
    // A pipe or a device may never end, or never begin.
    if (!stats.isFile())
      throw invalid(file, "it is a pipe or a device", "make it a regular file, or remove it");
    return readStart(file);
  } catch (error) {
    if (error instanceof ModelpackError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw invalid(file, `it can't be read (${code})`, "check its permissions, or remove it", error);
  }
}

function readStart(file: string): Buffer {
  const handle = openSync(file, "r");
  try {
    const { size } = fstatSync(handle);
    if (size > MAX_ENV_BYTES)
      throw invalid(
        file,
        `it has ${size} bytes; at most ${MAX_ENV_BYTES} are read`,
        "is this the right file?",
      );
    const bytes = Buffer.alloc(size);
    return bytes.subarray(0, readSync(handle, bytes, 0, size, 0));
  } finally {
    closeSync(handle);
  }
}

function invalid(where: string, what: string, hint: string, cause?: unknown): ModelpackError {
  return new ModelpackError("CONFIG_INVALID", `the .env file beside the config: ${what}`, {
    where,
    hint,
    cause,
  });
}
