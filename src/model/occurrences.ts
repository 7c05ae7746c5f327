// SPDX-License-Identifier: Apache-2.0
import { type FoldedText, foldWithSource } from "../core/folded-text.ts";
import { characterClass, SPACE } from "../core/text.ts";
import { Analyzer, FeatureHashes, MAX_NGRAM, MAX_TEXT_LENGTH, type Term } from "./analyzer.ts";
import type { Contribution } from "./classifier.ts";
import { exchangeHash, SALTS, saltedHash } from "./pair-analyzer.ts";
import { WordReader } from "./word-reader.ts";

// Apart from the classifier, so that whoever only predicts does not load it: a text is analyzed again, and its
// n-grams found by the hashes that the contributions name.

/** Where an n-gram stands in the text that was explained. */
export interface Occurrence {
  readonly in: "text" | "a" | "b";
  /** UTF-16 units of the text as it was given; `end` is behind the last. */
  readonly start: number;
  readonly end: number;
}

/** Different words of a text that exchanges are looked for among: it bounds the time, and hardly any text has more. */
const MOST_WORDS = 2048;

/**
 * Where each contribution's n-grams stand, in the order of the contributions; nothing for what a pair has in common
 * by number (`overlap`). `b` is null for a single text.
 */
export function occurrencesOf(
  contributions: readonly Contribution[],
  a: string,
  b: string | null,
): readonly (readonly Occurrence[])[] {
  const found = new Map<number, Occurrence[]>(contributions.map(({ hash }) => [hash, []]));
  const longest = longestCharacters(contributions);
  if (b === null) for (const ngram of ngramsOf("text", a, longest)) found.get(ngram.hash)?.push(ngram.place);
  else {
    const sides = [ngramsOf("a", a, longest), ngramsOf("b", b, longest)] as const;
    for (const { hash, place } of sides.flat()) {
      const owner = place.in === "a" ? SALTS.a : SALTS.b;
      found.get(saltedHash(owner, hash))?.push(place);
      found.get(saltedHash(SALTS.both, hash))?.push(place);
    }
    if (contributions.some(({ kind }) => kind === "exchange")) findExchanges(a, b, found);
  }
  return contributions.map(({ hash }) => found.get(hash) ?? []);
}

/** The longest character n-gram that contributed; 0 where none did. */
function longestCharacters(contributions: readonly Contribution[]): number {
  return contributions.reduce(
    (most, { kind, text }) => (kind === "characters" ? Math.max(most, text.length) : most),
    0,
  );
}

interface Ngram {
  readonly hash: number;
  readonly place: Occurrence;
}

/** All n-grams of a text. Their hashes do not depend on which of them a family looks at. */
function ngramsOf(side: Occurrence["in"], text: string, longest: number): Ngram[] {
  const features = new FeatureHashes();
  const settings = { ngramMin: 1, ngramMax: MAX_NGRAM, charNgramMin: 1, charNgramMax: longest };
  new Analyzer(settings).analyze(text, features, true);
  const folded = foldWithSource(text.slice(0, MAX_TEXT_LENGTH));
  return (features.terms ?? []).map((term, i) => ({
    hash: features.hashes[i] as number,
    place: placeIn(side, folded, term),
  }));
}

/** A term's place in the text before folding, without the spaces around it, which need not be there. */
function placeIn(side: Occurrence["in"], folded: FoldedText, { start, end }: Term): Occurrence {
  const isSpace = (at: number) => {
    const codePoint = folded.text.codePointAt(at);
    return codePoint === undefined || characterClass(codePoint) === SPACE;
  };
  const from = isSpace(start) ? start + 1 : start;
  const to = isSpace(end - 1) ? end - 1 : end;
  return { in: side, start: folded.starts[from] ?? 0, end: folded.ends[to - 1] ?? 0 };
}

function findExchanges(a: string, b: string, found: ReadonlyMap<number, Occurrence[]>): void {
  const [from, to] = [wordsOf("a", a), wordsOf("b", b)];
  if (from.size > MOST_WORDS || to.size > MOST_WORDS) return;
  for (const [one, places] of from)
    for (const [other, otherPlaces] of to)
      found.get(exchangeHash(one, other))?.push(...places, ...otherPlaces);
}

/** The words of a text by their hash, with every place of each. */
function wordsOf(side: Occurrence["in"], text: string): ReadonlyMap<number, readonly Occurrence[]> {
  const analyzer = new WordReader({ ngramMin: 1, ngramMax: 1, charNgramMin: 1, charNgramMax: 0 });
  const features = new FeatureHashes();
  analyzer.analyze(text, features, true);
  const folded = foldWithSource(text.slice(0, MAX_TEXT_LENGTH));
  const words = new Map<number, Occurrence[]>();
  for (let i = 0; i < analyzer.tokens; i++) {
    const term = features.terms?.[i];
    if (term === undefined || !analyzer.isWord(i)) continue;
    const hash = analyzer.hashOf(i);
    const places = words.get(hash) ?? [];
    places.push(placeIn(side, folded, term));
    words.set(hash, places);
  }
  return words;
}
