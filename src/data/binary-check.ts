// SPDX-License-Identifier: Apache-2.0
import { open } from "node:fs/promises";
import { ModelpackError } from "../core/error.ts";
import { isUtf16, notUtf8 } from "./gzip.ts";
import { placeOf } from "./refusal.ts";
import type { Source } from "./source.ts";

/** Bytes of a file that are looked at: no text has NUL among them, and every other format does. */
const HEAD_BYTES = 1 << 16;

/**
 * Throws SOURCE_UNREADABLE where a file of a text format is no text. What reads CSV would otherwise complain
 * of a quote in line 1.
 */
export async function checkText(source: Source): Promise<void> {
  for (const file of source.files) {
    if (file.gzip || file.format === "parquet" || file.format === "arrow") continue;
    const handle = await open(file.path).catch(() => null);
    // Whoever reads it next says that it can't be opened.
    if (handle === null) continue;
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      const head = buffer.subarray(0, bytesRead);
      if (!head.includes(0)) continue;
      if (isUtf16(head)) throw notUtf8(source, file);
      const isZip = head[0] === 0x50 && head[1] === 0x4b;
      const what = isZip ? "a ZIP archive or a spreadsheet" : "binary data";
      throw new ModelpackError("SOURCE_UNREADABLE", `${file.name} is ${what}, not ${file.format} in UTF-8`, {
        where: placeOf(source, file),
        hint: isZip
          ? `save it as .${file.format} in UTF-8`
          : "give it the ending of what it is, such as .parquet or .csv.gz",
      });
    } finally {
      await handle.close();
    }
  }
}
