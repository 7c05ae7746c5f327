// SPDX-License-Identifier: Apache-2.0
import { foldText } from "../core/text.ts";
import { type TextColumn, textAt } from "../core/text-column.ts";
import { foldWhiteSpace } from "./cleaning.ts";

/**
 * What makes two texts the same for deduplication: NFKD, accents dropped, lower-cased, white space
 * folded. A text of nothing but accents keeps them, so that such texts do not all become one.
 */
export function normalizeText(text: string): string {
  const folded = foldWhiteSpace(foldText(text));
  return folded === "" ? foldWhiteSpace(text) : folded;
}

/**
 * Reads texts of a column as the UTF-16 units of their normalized form, one at a time into one buffer.
 * ASCII, nine rows of ten, is folded from its bytes: no string is made (0.1 us a row against 0.5).
 */
export class NormalizedReader {
  /** Units of the text that was read last; valid up to {@link length}. */
  units = new Uint16Array(1024);
  length = 0;

  read(column: TextColumn, i: number): void {
    const bytes = column.bytes[i] as number;
    if (bytes > this.units.length) this.units = new Uint16Array(bytes * 2);
    if (
      !this.#readAscii(
        column.chunks[column.chunk[i] as number] as Uint8Array,
        column.start[i] as number,
        bytes,
      )
    ) {
      this.#readString(normalizeText(textAt(column, i)));
    }
  }

  #readAscii(chunk: Uint8Array, start: number, bytes: number): boolean {
    const units = this.units;
    const end = start + bytes;
    let n = 0;
    let gap = false;
    for (let k = start; k < end; k++) {
      const c = chunk[k] as number;
      if (c > 0x7f) return false;
      if (c === 0x20 || (c >= 9 && c <= 13)) {
        gap = n > 0;
        continue;
      }
      if (gap) units[n++] = 0x20;
      gap = false;
      units[n++] = c >= 0x41 && c <= 0x5a ? c + 32 : c;
    }
    this.length = n;
    return true;
  }

  #readString(text: string): void {
    if (text.length > this.units.length) this.units = new Uint16Array(text.length * 2);
    for (let k = 0; k < text.length; k++) this.units[k] = text.charCodeAt(k);
    this.length = text.length;
  }
}
