// SPDX-License-Identifier: Apache-2.0
import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { ModelpackError } from "../core/error.ts";
import { storageFailure } from "../storage/failure.ts";
import { MAX_RAW_LENGTH } from "./cleaning.ts";

const READ_BYTES = 1 << 18;
/** The longest line, in bytes: what cleaning looks at takes 3 bytes a unit at most, and a longer one is no text. */
const MAX_LINE_BYTES = 3 * MAX_RAW_LENGTH;
const LF = 10;
const CR = 13;

/**
 * The lines of a file (of one whose name ends in `.gz`, unpacked), which end with LF, CR LF or CR; in bounded memory. Throws where one is not UTF-8, and for
 * one that is far too long.
 */
export async function* textLines(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 0;
  for await (const bytes of rawLines(path)) {
    line++;
    if (bytes.length > MAX_LINE_BYTES)
      throw refused(
        path,
        line,
        `is longer than ${MAX_LINE_BYTES} bytes`,
        "put each text on a line of its own",
      );
    let text: string;
    try {
      text = decoder.decode(bytes);
    } catch (cause) {
      throw refused(path, line, "is not UTF-8", "save the file as UTF-8", cause);
    }
    yield text;
  }
}

/** A line as bytes, without its end; of one that is too long, a little more than is allowed. */
async function* rawLines(path: string): AsyncGenerator<Uint8Array> {
  let open: Uint8Array[] = [];
  let length = 0;
  let afterReturn = false;
  for await (const chunk of chunksOf(path)) {
    let start = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i];
      const isSecond = byte === LF && afterReturn;
      afterReturn = byte === CR;
      if (isSecond) start = i + 1;
      if (isSecond || (byte !== LF && byte !== CR)) continue;
      yield Buffer.concat([...open, chunk.subarray(start, i)]);
      open = [];
      length = 0;
      start = i + 1;
    }
    open.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > MAX_LINE_BYTES) break;
  }
  if (length > 0) yield Buffer.concat(open);
}

async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  const raw = createReadStream(path, { highWaterMark: READ_BYTES });
  const gunzip = createGunzip({ chunkSize: READ_BYTES });
  const isGzip = path.toLowerCase().endsWith(".gz");
  const stream: Readable = isGzip ? raw.on("error", (error) => gunzip.destroy(error)).pipe(gunzip) : raw;
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (error instanceof Error && "code" in error && String(error.code).startsWith("Z_"))
      throw new ModelpackError("SOURCE_UNREADABLE", `${path} can't be read as gzip: ${error.message}`, {
        where: path,
        hint: "the file may be cut: fetch it again, and compare its size",
        cause: error,
      });
    throw storageFailure(error, "read", path);
  } finally {
    raw.destroy();
    gunzip.destroy();
  }
}

function refused(path: string, line: number, what: string, hint: string, cause?: unknown): ModelpackError {
  return new ModelpackError("SOURCE_UNREADABLE", `line ${line} ${what}`, {
    where: `${path}:${line}`,
    hint,
    cause,
  });
}
