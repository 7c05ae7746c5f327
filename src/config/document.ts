// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from "node:buffer";
import { readFileSync, type Stats, statSync } from "node:fs";
import { ModelpackError } from "../core/error.ts";

/**
 * Bytes of a config. Thousands of labels with a line of guidance each fit; a file beyond this is not a
 * config, and parsing it with positions would take more than the 2 s and 300 MB that hostile input may.
 */
export const MAX_CONFIG_BYTES = 1 << 19;

/** The text of a config file: UTF-8, without its byte order mark. Throws CONFIG_INVALID. */
export function readDocument(file: string): string {
  const { size } = inspect(file);
  if (size > MAX_CONFIG_BYTES) {
    throw invalid(
      file,
      `a config of ${size} bytes; at most ${MAX_CONFIG_BYTES} are read`,
      "is this the right file?",
    );
  }
  const bytes = read(file);
  // A file may grow between the two calls.
  if (bytes.length > MAX_CONFIG_BYTES) throw invalid(file, "the config grew while it was read", "run again");
  if (!isUtf8(bytes)) {
    throw invalid(`${file}:${firstBadLine(bytes)}`, "the config is not valid UTF-8", "save it as UTF-8");
  }
  const text = bytes.toString("utf8");
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

function invalid(where: string, message: string, hint: string, cause?: unknown): ModelpackError {
  return new ModelpackError("CONFIG_INVALID", message, { where, hint, cause });
}

function inspect(file: string): Stats {
  let stats: Stats;
  try {
    stats = statSync(file);
  } catch (error) {
    throw unreadable(file, error);
  }
  if (stats.isDirectory()) {
    throw invalid(
      file,
      "expected a TOML file, got a folder",
      "name the file in it, as in folder/model_pipeline.toml",
    );
  }
  // A pipe or a device may never end.
  if (!stats.isFile())
    throw invalid(file, "expected a TOML file, got a pipe or a device", "name a regular file");
  return stats;
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, error: unknown): ModelpackError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  if (code === "ENOENT" || code === "ENOTDIR") {
    return invalid(
      file,
      "no config file there",
      "run this where your model_pipeline.toml is, or name it with --config; `modelpack init rows.csv` writes one for rows of yours",
      error,
    );
  }
  return invalid(file, `the config can't be read (${code})`, "check the path and its permissions", error);
}

function firstBadLine(bytes: Buffer): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const end = bytes.indexOf(0x0a, start);
    // A line end is never part of another character in UTF-8, so lines can be checked one by one.
    if (end === -1 || !isUtf8(bytes.subarray(start, end))) return line;
    start = end + 1;
  }
  return line;
}
