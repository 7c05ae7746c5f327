// SPDX-License-Identifier: Apache-2.0
import { oneLine } from "../core/printable.ts";
import type { AnnotatedFile, Annotation } from "./annotation.ts";
import { CHUNK_ROWS } from "./engine.ts";
import { writeLines } from "./line-writer.ts";
import { textLines } from "./text-lines.ts";

/**
 * Writes, for each line of text files, the first of its values as a line; one that is null as an empty line. What would
 * end a line is an escape.
 *
 * @throws ModelpackError SOURCE_UNREADABLE
 */
export async function writeAnnotatedLines(
  paths: readonly string[],
  annotation: Annotation,
  out: AnnotatedFile,
  signal: AbortSignal | undefined,
): Promise<void> {
  await writeLines(annotatedLines(paths, annotation, signal), out);
}

async function* annotatedLines(
  paths: readonly string[],
  { valuesOf }: Annotation,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  for await (const texts of batches(paths)) {
    signal?.throwIfAborted();
    for (const [value = null] of valuesOf([texts])) yield value === null ? "" : oneLine(String(value));
  }
}

async function* batches(paths: readonly string[]): AsyncGenerator<string[]> {
  let batch: string[] = [];
  for (const path of paths)
    for await (const line of textLines(path)) {
      batch.push(line);
      if (batch.length < CHUNK_ROWS) continue;
      yield batch;
      batch = [];
    }
  if (batch.length > 0) yield batch;
}
