// SPDX-License-Identifier: Apache-2.0
import type { Contribution } from "../model/classifier.ts";
import type { Occurrence } from "../model/occurrences.ts";
import { type Colours, painted, STRENGTHS } from "./colour.ts";
import { safeText } from "./printable.ts";

/** UTF-16 units of a text that are shown. */
const MOST_SHOWN = 4000;
/** Share of the strongest character under which one has no colour: noise would colour everything. */
const FAINTEST = 0.08;
/** Share of the strongest word that one must have to be marked where there are no colours. */
const MARKED = 0.4;

/**
 * What each UTF-16 unit of one text (`side`) adds to the label over the runner-up: every n-gram's difference, spread
 * evenly over the units of all its occurrences. Their sum over all texts is that of the contributions that stand
 * somewhere.
 */
export function sharesOf(
  text: string,
  side: Occurrence["in"],
  contributions: readonly Contribution[],
  occurrences: readonly (readonly Occurrence[])[],
): Float64Array {
  const shares = new Float64Array(text.length);
  contributions.forEach(({ label, runnerUp }, i) => {
    const places = occurrences[i] ?? [];
    const units = places.reduce((sum, { start, end }) => sum + end - start, 0);
    const share = (label - runnerUp) / units;
    for (const place of places)
      if (place.in === side)
        for (let at = place.start; at < place.end; at++) shares[at] = (shares[at] as number) + share;
  });
  return shares;
}

/**
 * The text with each character coloured by its share, or, without colours, with its strongest words marked: `{+…+}`
 * for the label, `[-…-]` against it. Safe for a terminal; lines are indented, so that none passes for one of ours.
 * `most` is the largest share that any text of the input has.
 */
export function colouredText(text: string, shares: Float64Array, most: number, colours: Colours): string {
  const shown = text.slice(0, MOST_SHOWN);
  const body =
    colours === "none" ? markedWords(shown, shares) : colouredCharacters(shown, shares, most, colours);
  const rest = text.length - shown.length;
  const more = rest > 0 ? `… (${rest} more characters)` : "";
  return `  ${body.replaceAll("\n", "\n  ")}${more}`;
}

/** The largest share of a character, without its sign: {@link colouredText}'s `most`. */
export function largestShare(...all: readonly Float64Array[]): number {
  return all.reduce((most, shares) => shares.reduce((a, b) => Math.max(a, Math.abs(b)), most), 0);
}

function colouredCharacters(text: string, shares: Float64Array, most: number, colours: Colours): string {
  let result = "";
  let run = "";
  let strength = 0;
  // What a reader sees as one character is coloured as one: an escape inside an emoji would take it apart.
  for (const { segment, index } of new Intl.Segmenter("en").segment(text)) {
    const next = /^\s/.test(segment) ? 0 : strengthOf(meanShare(shares, index, segment.length), most);
    if (next !== strength) {
      result += painted(run, strength, colours);
      run = "";
      strength = next;
    }
    run += safeText(segment);
  }
  return result + painted(run, strength, colours);
}

function meanShare(shares: Float64Array, from: number, length: number): number {
  let sum = 0;
  for (let i = from; i < from + length; i++) sum += shares[i] as number;
  return sum / length;
}

/** -{@link STRENGTHS} to {@link STRENGTHS}. */
function strengthOf(share: number, most: number): number {
  const part = most === 0 ? 0 : Math.abs(share) / most;
  return part < FAINTEST ? 0 : Math.sign(share) * Math.ceil(Math.min(1, part) * STRENGTHS);
}

function markedWords(text: string, shares: Float64Array): string {
  const words = [...text.matchAll(/\S+/g)].map(({ 0: word, index }) => ({
    word,
    index,
    share: shares.subarray(index, index + word.length).reduce((a, b) => a + b, 0),
  }));
  const most = words.reduce((max, { share }) => Math.max(max, Math.abs(share)), 0);
  let result = "";
  let at = 0;
  for (const { word, index, share } of words) {
    const [open, close] = share > 0 ? ["{+", "+}"] : ["[-", "-]"];
    const isMarked = share !== 0 && Math.abs(share) >= MARKED * most;
    result +=
      safeText(text.slice(at, index)) + (isMarked ? `${open}${safeText(word)}${close}` : safeText(word));
    at = index + word.length;
  }
  return result + safeText(text.slice(at));
}
