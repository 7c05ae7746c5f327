// SPDX-License-Identifier: Apache-2.0
import { normalizeStable } from "../core/text.ts";
import type { DropReason } from "./drops.ts";

/**
 * UTF-16 units of a cleaned text. The longest review of imdb is under 14,000; a longer cell is a whole
 * document or a mistake, and what fits in a prompt or a request is far below.
 */
export const MAX_TEXT_LENGTH = 20_000;

/** UTF-16 units of a text before cleaning: past this it is not even scanned. */
export const MAX_RAW_LENGTH = 1_000_000;

// Unicode's White_Space and the byte order mark, written out: `\s` lacks U+0085.
const SPACES = "\\t\\n\\v\\f\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff";
const WHITE_SPACE = new RegExp(`[${SPACES}]+`, "g");
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what cleaning removes
const CONTROL = /[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]+/g;
const UNPAIRED = /\p{Surrogate}/u;

/** Whether `text` is printable ASCII with single spaces inside: already clean. */
function isPlain(text: string): boolean {
  let previous = 0x20;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 0x20 || c > 0x7e || (c === 0x20 && previous === 0x20)) return false;
    previous = c;
  }
  return previous !== 0x20 || text.length === 0;
}

/** White space of any kind folded to one space, none at the ends. */
export function foldWhiteSpace(text: string): string {
  const folded = text.replace(WHITE_SPACE, " ");
  const start = folded.startsWith(" ") ? 1 : 0;
  return folded.slice(start, folded.endsWith(" ") ? Math.max(start, folded.length - 1) : folded.length);
}

/** Removes NUL and control characters, folds white space, and composes (NFC as of Unicode 15). */
export function cleanText(raw: string): string {
  if (isPlain(raw)) return raw;
  return normalizeStable(foldWhiteSpace(raw.replace(CONTROL, "")), "NFC");
}

/** A cleaned text, or why the row can't be used. */
export type Cleaned =
  | { readonly text: string; readonly reason: null }
  | { readonly text: null; readonly reason: DropReason };

/** Cleans a cell of text and holds it against the limits. */
export function cleanCell(raw: string | null): Cleaned {
  if (raw === null) return { text: null, reason: "empty_text" };
  if (raw.length > MAX_RAW_LENGTH) return { text: null, reason: "too_long" };
  if (UNPAIRED.test(raw)) return { text: null, reason: "invalid_text" };
  const text = cleanText(raw);
  if (text === "") return { text: null, reason: "empty_text" };
  if (text.length > MAX_TEXT_LENGTH) return { text: null, reason: "too_long" };
  return { text, reason: null };
}
