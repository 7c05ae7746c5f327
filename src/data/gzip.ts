// SPDX-License-Identifier: Apache-2.0
import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { ModelpackError } from "../core/error.ts";
import { placeOf } from "./refusal.ts";
import type { Source, SourceFile } from "./source.ts";

const READ_BYTES = 1 << 18;

/** The bytes of a file, decompressed where it is gzip; a cut or damaged one ends in an error. */
export async function* fileBytes(source: Source, file: SourceFile): AsyncGenerator<Uint8Array> {
  const raw = createReadStream(file.path, { highWaterMark: READ_BYTES });
  const gunzip = createGunzip({ chunkSize: READ_BYTES });
  const stream: Readable = file.gzip ? raw.on("error", (error) => gunzip.destroy(error)).pipe(gunzip) : raw;
  try {
    for await (const bytes of stream) yield bytes as Uint8Array;
  } catch (error) {
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
