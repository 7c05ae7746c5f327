// SPDX-License-Identifier: Apache-2.0
import { UNICODE_RUNS } from "./unicode-table.ts";

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
/** Not assigned in Unicode 15. */
export const UNASSIGNED = 4;

/** What stands for each class in the table, and the class that follows where nothing stands there. */
const MARKERS = ".()=,";
const NEXT = [WORD, UNASSIGNED, WORD, OTHER, WORD];

interface ClassTable {
  /** Class of each code unit of the basic plane. */
  readonly basic: Uint8Array;
  /** First code point of each run, ascending, and the run's class. */
  readonly starts: readonly number[];
  readonly classes: readonly number[];
}

function decodeTable(): ClassTable {
  const basic = new Uint8Array(0x10000);
  const starts: number[] = [];
  const classes: number[] = [];
  let at = 0;
  let kind = OTHER;
  for (let i = 0; i < UNICODE_RUNS.length; ) {
    const marker = MARKERS.indexOf(UNICODE_RUNS[i] as string);
    if (marker >= 0) i++;
    kind = marker < 0 ? (NEXT[kind] as number) : marker;
    let digits = 1;
    for (; UNICODE_RUNS[i] === ";"; i++) digits++;
    let length = 0;
    for (; digits > 0; digits--) {
      const digit = UNICODE_RUNS[i++] as string;
      length = length * 62 + Number.parseInt(digit, 36) + (digit >= "A" && digit <= "Z" ? 26 : 0);
    }
    starts.push(at);
    classes.push(kind);
    if (at < basic.length) basic.fill(kind, at, at + length);
    at += length;
  }
  return { basic, starts, classes };
}

let table: ClassTable | undefined;

/** Class of a code point: {@link OTHER}, {@link WORD}, {@link MARK}, {@link SPACE} or {@link UNASSIGNED}. */
export function characterClass(codePoint: number): number {
  table ??= decodeTable();
  if (codePoint < 0x10000) return table.basic[codePoint] as number;
  let low = 0;
  let high = table.starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((table.starts[middle] as number) <= codePoint) low = middle;
    else high = middle - 1;
  }
  return table.classes[low] as number;
}

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
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i) as number;
    const width = codePoint > 0xffff ? 2 : 1;
    const kind = codePoint > 0x7f ? characterClass(codePoint) : OTHER;
    if (kind === UNASSIGNED) {
      result += change(text.slice(from, i)) + text.slice(i, i + width);
      from = i + width;
    } else if (i - from >= PIECE && (kind === OTHER || kind === SPACE || i - from >= 2 * PIECE)) {
      result += change(text.slice(from, i));
      from = i;
    }
    i += width;
  }
  return from === 0 ? change(text) : result + change(text.slice(from));
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
  if (isAscii(text)) return text.toLowerCase();
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
