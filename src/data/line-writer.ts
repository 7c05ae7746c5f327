// SPDX-License-Identifier: Apache-2.0
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { AnnotatedFile } from "./annotation.ts";

/** Characters that are written at once. */
const WRITE_CHARACTERS = 1 << 20;

/** Writes lines that come without their ends. */
export function writeLines(lines: AsyncIterable<string>, out: AnnotatedFile): Promise<void> {
  return writeJoined(lines, "", "\n", "\n", out);
}

/** Writes lines with what stands before, between and after them. */
export async function writeJoined(
  lines: AsyncIterable<string>,
  before: string,
  between: string,
  after: string,
  out: AnnotatedFile,
): Promise<void> {
  const source = joined(lines, before, between, after);
  const file = createWriteStream(out.path, { flags: "wx" });
  if (out.gzip) await pipeline(source, createGzip(), file);
  else await pipeline(source, file);
}

/** The lines in pieces of some size, with what stands before, between and after them; neither where there is none. */
async function* joined(
  lines: AsyncIterable<string>,
  before: string,
  between: string,
  after: string,
): AsyncGenerator<string> {
  let text = before;
  let isFirst = true;
  for await (const line of lines) {
    text += isFirst ? line : between + line;
    isFirst = false;
    if (text.length < WRITE_CHARACTERS) continue;
    yield text;
    text = "";
  }
  yield isFirst && before === "" ? "" : text + after;
}
