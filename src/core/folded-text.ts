// SPDX-License-Identifier: Apache-2.0
import { foldText } from "./text.ts";

/** A text as folding leaves it, and where each of its code units comes from. */
export interface FoldedText {
  readonly text: string;
  /** The source of code unit i is [starts[i], ends[i]), in UTF-16 units of the text before it was folded. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

// A character and the marks on it, which folding sorts, drops or makes one of. Nothing reaches beyond that, but for
// texts that foldText cuts into pieces; those are told by comparing the result.
const CHARACTERS = /\P{M}\p{M}*|\p{M}+/gu;
const WORDS = /\s+|\S+/gu;

/**
 * {@link foldText} with the way back: character by character where that gives the same, else word by word, else all
 * of it comes from all of the text.
 */
export function foldWithSource(text: string): FoldedText {
  const folded = foldText(text);
  return inParts(text, folded, CHARACTERS) ?? inParts(text, folded, WORDS) ?? whole(text, folded);
}

function inParts(text: string, folded: string, parts: RegExp): FoldedText | null {
  const starts = new Uint32Array(folded.length);
  const ends = new Uint32Array(folded.length);
  let at = 0;
  for (const { 0: part, index } of text.matchAll(parts)) {
    const piece = foldText(part);
    if (!folded.startsWith(piece, at)) return null;
    starts.fill(index, at, at + piece.length);
    ends.fill(index + part.length, at, at + piece.length);
    at += piece.length;
  }
  return at === folded.length ? { text: folded, starts, ends } : null;
}

function whole(text: string, folded: string): FoldedText {
  const starts = new Uint32Array(folded.length);
  return { text: folded, starts, ends: starts.slice().fill(text.length) };
}
