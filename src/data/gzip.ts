// SPDX-License-Identifier: Apache-2.0
import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { ModelpackError } from "../core/error.ts";
import { placeOf } from "./refusal.ts";
import type { Source, SourceFile } from "./source.ts";

const READ_BYTES = 1 << 18;

/** The bytes of a file of text, decompressed where it is gzip; a cut or damaged one ends in an error. */
export async function* fileBytes(source: Source, file: SourceFile): AsyncGenerator<Uint8Array> {
  const raw = createReadStream(file.path, { highWaterMark: READ_BYTES });
  const gunzip = createGunzip({ chunkSize: READ_BYTES });
  const stream: Readable = file.gzip ? raw.on("error", (error) => gunzip.destroy(error)).pipe(gunzip) : raw;
  try {
    let isFirst = true;
    for await (const bytes of stream as AsyncIterable<Uint8Array>) {
      if (isFirst && isUtf16(bytes)) throw notUtf8(source, file);
      isFirst = false;
      yield bytes;
    }
  } catch (error) {
    if (error instanceof ModelpackError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new ModelpackError(
      "SOURCE_UNREADABLE",
      `${file.name} can't be read${file.gzip ? " as gzip" : ""}: ${message}`,
      {
        where: placeOf(source, file),
        hint: "the file may be cut: fetch it again, and compare its size",
        cause: error,
      },
    );
  } finally {
    raw.destroy();
    gunzip.destroy();
  }
}

// What a spreadsheet's "Unicode text" is. Read as UTF-8 it would be called broken at some odd place.
export function isUtf16([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

export function notUtf8(source: Source, file: SourceFile): ModelpackError {
  return new ModelpackError("SOURCE_UNREADABLE", `${file.name} is UTF-16, and UTF-8 is read`, {
    where: placeOf(source, file),
    hint: "save the file as UTF-8",
  });
}
