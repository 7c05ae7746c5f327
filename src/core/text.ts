// SPDX-License-Identifier: Apache-2.0
import { NEXT_CLASS, UNICODE_ALPHABET, UNICODE_RUNS } from "./unicode-table.ts";

// Node follows the newest Unicode: `\p{L}`, and what normalize() does to characters that Unicode 15 did not
// know yet, differ between releases. A model file must not, so classes come from a table of our own, and
// code points without a meaning in Unicode 15 are never normalized.

/** Neither a letter nor white space: punctuation, symbols, controls. */
export const OTHER = 0;
/** A letter, a digit, `_`, or a vowel sign that is as good as a letter. */
export const WORD = 1;
/** An accent or a point that folding drops. */
export const MARK = 2;
export const SPACE = 3;

/**
 * In the table, what is added to {@link OTHER} or {@link WORD} of a code point that is never normalized: each that
 * Unicode 15 does not assign, and whichever normalization leaves alone anyway, so that fewer runs say it.
 */
const FROZEN = 4;

function decodeTable(): Uint8Array {
  const entries = new Uint8Array(0x110000);
  let at = 0;
  let entry = OTHER;
  let length = 0;
  let digits = 1;
  for (const letter of UNICODE_RUNS) {
    const symbol = UNICODE_ALPHABET.indexOf(letter);
    if (symbol > 67) digits++;
    else if (symbol > 61) entry = symbol - 56;
    else {
      length = length * 62 + symbol;
      if (--digits > 0) continue;
      entry = Number(NEXT_CLASS[entry]);
      entries.fill(entry, at, at + length);
      at += length;
      length = 0;
      digits = 1;
    }
  }
  return entries;
}

/** Entry of each code point: 1.1 MB, for 1 kB of table that say them. */
let table: Uint8Array | undefined;

function tableEntry(codePoint: number): number {
  table ??= decodeTable();
  return table[codePoint] as number;
}

/**
 * Class of a code point of folded text: {@link OTHER}, {@link WORD}, {@link MARK} or {@link SPACE}. One that Unicode 15 does
 * not assign has that of the nearest below it that is assigned and no mark, white space as {@link OTHER}. One that
 * {@link foldText} leaves in no text, as a capital with an accent, may have any but {@link MARK}: so the table is smaller.
 */
export function characterClass(codePoint: number): number {
  return codePoint < 0x80 ? (ASCII_CLASS[codePoint] as number) : tableEntry(codePoint) % FROZEN;
}

/** {@link characterClass} of ASCII, without the table, which a pack may never need. */
export const ASCII_CLASS = /* @__PURE__ */ Uint8Array.from({ length: 128 }, (_, unit) => {
  const character = String.fromCharCode(unit);
  return /\w/.test(character) ? WORD : /\s/.test(character) ? SPACE : OTHER;
});

/** Whether every code unit is below U+0080. */
export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/**
 * Code units after which a stretch is cut before the next punctuation mark, space or ASCII character, where a
 * cut changes nothing; after twice as many it is cut anywhere. normalize() sorts the marks on a letter in
 * quadratic time: 80,000 of them took 2 seconds, and 10 milliseconds in pieces.
 */
const PIECE = 512;

/**
 * Applies `change` to `text` in pieces: to what Unicode 15 knows, with the characters that it does not know
 * left as they are.
 */
function mapKnown(text: string, change: (known: string) => string): string {
  let result = "";
  let from = 0;
  let frozen = false;
  const piece = (to?: number) => (frozen ? text.slice(from, to) : change(text.slice(from, to)));
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i) as number;
    const entry = codePoint > 0x7f ? tableEntry(codePoint) : OTHER;
    const full = i - from >= PIECE && (entry === OTHER || entry === SPACE || i - from >= 2 * PIECE);
    if (full || entry >= FROZEN !== frozen) {
      result += piece(i);
      from = i;
      frozen = entry >= FROZEN;
    }
    i += codePoint > 0xffff ? 2 : 1;
  }
  return result + piece();
}

/** Unicode normalization that is the same in every Node: as of Unicode 15, whatever the runtime knows. */
export function normalizeStable(text: string, form: "NFC" | "NFKD"): string {
  if (isAscii(text)) return text;
  return mapKnown(text, (known) => known.normalize(form));
}

const FINAL_SIGMA = 0x3c2;

/**
 * Folds a text for comparison and for features: NFKD, lower-case, accents dropped. White space and
 * punctuation stay as they are. Lower-casing a sigma depends on its neighbours, by tables that follow the
 * runtime's Unicode, so both forms become one.
 */
export function foldText(text: string): string {
  return isAscii(text) ? text.toLowerCase() : foldUnicode(text);
}

/** {@link foldText} of a text that is known not to be ASCII alone. */
export function foldUnicode(text: string): string {
  const folded = mapKnown(text, (known) => known.normalize("NFKD").toLowerCase().normalize("NFKD"));
  let result = "";
  let from = 0;
  for (let i = 0; i < folded.length; ) {
    const codePoint = folded.codePointAt(i) as number;
    const end = i + (codePoint > 0xffff ? 2 : 1);
    const sigma = codePoint === FINAL_SIGMA;
    if (sigma || (codePoint > 0x7f && characterClass(codePoint) === MARK)) {
      result += folded.slice(from, i) + (sigma ? "σ" : "");
      from = end;
    }
    i = end;
  }
  return from === 0 ? folded : result + folded.slice(from);
}
