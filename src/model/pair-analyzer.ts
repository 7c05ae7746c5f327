// SPDX-License-Identifier: Apache-2.0
import { hashString, mix32, step32 } from "../core/hash.ts";
import { Analyzer, type AnalyzerSettings, FeatureHashes } from "./analyzer.ts";

/** Steps of the thermometer that a share in [0, 1] is coded with; ENGINE trials found 10 to 20 alike. */
const LEVELS = 12;
/** Counts above this many are one bucket. */
const MOST_UNMATCHED = 10;

const BOTH = 0x51ed270b;
const ONLY_A = 0x2127599b;
const ONLY_B = 0x7a3f9d2d;
const OVERLAP = 0x165667b1;

/** Something that the two texts have in common or not; the salt gives each a hash space of its own. */
interface Fact {
  readonly name: string;
  readonly salt: number;
}

const fact = (name: string): Fact => ({ name, salt: hashString(name, OVERLAP) });

const WORDS = fact("words");
const WORDS_OF_A = fact("words of a in b");
const WORDS_OF_B = fact("words of b in a");
const WORD_NGRAMS = fact("word n-grams");
const CHARACTERS = fact("characters");
const LENGTH = fact("length");
const A_LONGER = fact("a longer");
const ONLY_IN_A = fact("words only in a");
const ONLY_IN_B = fact("words only in b");
const NUMBERS = fact("numbers");
const NEGATION = fact("negation");
const FIRST_WORD = fact("first word");
const LAST_WORD = fact("last word");

// The one place where a language shows: without it "I smoke" and "I don't smoke" overlap but for a word.
const NEGATIONS = [
  "not",
  "no",
  "never",
  "cannot",
  "without",
  "none",
  "nothing",
  "nobody",
  "neither",
  "nor",
  "t",
];

/** The distinct hashes of a range, ascending. */
function distinct(hashes: Uint32Array, from: number, to: number): Uint32Array {
  const sorted = hashes.slice(from, to).sort();
  let n = 0;
  for (let i = 0; i < sorted.length; i++)
    if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[n++] = sorted[i] as number;
  return sorted.subarray(0, n);
}

interface Overlap {
  readonly both: readonly number[];
  readonly onlyA: readonly number[];
  readonly onlyB: readonly number[];
}

function compare(a: Uint32Array, b: Uint32Array): Overlap {
  const both: number[] = [];
  const onlyA: number[] = [];
  const onlyB: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const x = i < a.length ? (a[i] as number) : Number.POSITIVE_INFINITY;
    const y = j < b.length ? (b[j] as number) : Number.POSITIVE_INFINITY;
    if (x === y) both.push(x);
    else if (x < y) onlyA.push(x);
    else onlyB.push(y);
    if (x <= y) i++;
    if (y <= x) j++;
  }
  return { both, onlyA, onlyB };
}

/**
 * Features of a pair of texts. Six namespaces: word n-grams in both, only in A, only in B; character
 * n-grams in both, and in one only; and thermometer-coded overlaps of words, word n-grams and characters,
 * containment both ways, length ratio, unmatched words, and mismatches of numbers, negation, first and
 * last word.
 */
export class PairAnalyzer {
  readonly #analyzer: Analyzer;
  readonly #a = new FeatureHashes();
  readonly #b = new FeatureHashes();
  readonly #negations: ReadonlySet<number>;

  constructor(settings: AnalyzerSettings) {
    this.#analyzer = new Analyzer(settings);
    const words = new Set<number>();
    for (const word of NEGATIONS) {
      this.#analyzer.analyze(word, this.#a);
      words.add(this.#analyzer.tokenHash(0));
    }
    this.#negations = words;
  }

  /** Hashes the pair into six namespaces of `out`, whose former content is dropped. */
  analyze(textA: string, textB: string, out: FeatureHashes, withTerms = false): void {
    out.reset(withTerms);
    this.#analyzer.analyze(textA, this.#a, withTerms);
    const tokensA = this.#tokens();
    this.#analyzer.analyze(textB, this.#b, withTerms);
    const tokensB = this.#tokens();
    const names = withTerms ? this.#names() : null;
    const words = this.#namespace(0);
    for (const [list, salt, kind] of [
      [words.both, BOTH, "both"],
      [words.onlyA, ONLY_A, "only a"],
      [words.onlyB, ONLY_B, "only b"],
    ] as const) {
      emit(list, salt, kind, out, names);
      out.close();
    }
    const characters = this.#namespace(1);
    emit(characters.both, BOTH, "both", out, names);
    out.close();
    emit(characters.onlyA, ONLY_A, "only a", out, names);
    emit(characters.onlyB, ONLY_B, "only b", out, names);
    out.close();
    this.#overlaps(tokensA, tokensB, words, characters, out);
    out.close();
  }

  #tokens(): Tokens {
    const hashes = new Uint32Array(this.#analyzer.tokens);
    const numbers: number[] = [];
    let negations = 0;
    for (let i = 0; i < hashes.length; i++) {
      const hash = this.#analyzer.tokenHash(i);
      hashes[i] = hash;
      if (this.#negations.has(hash)) negations++;
      if (this.#analyzer.startsWithDigit(i)) numbers.push(hash);
    }
    return { sequence: hashes, set: distinct(hashes, 0, hashes.length), numbers, negations };
  }

  #namespace(i: number): Overlap {
    const range = (f: FeatureHashes) =>
      distinct(f.hashes, i === 0 ? 0 : (f.ends[i - 1] as number), f.ends[i] as number);
    return compare(range(this.#a), range(this.#b));
  }

  #names(): ReadonlyMap<number, string> {
    const names = new Map<number, string>();
    for (const side of [this.#a, this.#b])
      side.terms?.forEach((term, i) => {
        names.set(side.hashes[i] as number, term.kind === "word" ? term.text : `${term.text} (${term.kind})`);
      });
    return names;
  }

  #overlaps(a: Tokens, b: Tokens, words: Overlap, characters: Overlap, out: FeatureHashes): void {
    const tokens = compare(a.set, b.set);
    const shared = tokens.both.length;
    thermometer(WORDS, jaccard(tokens), out);
    thermometer(WORDS_OF_A, ratio(shared, a.set.length), out);
    thermometer(WORDS_OF_B, ratio(shared, b.set.length), out);
    thermometer(WORD_NGRAMS, jaccard(words), out);
    thermometer(CHARACTERS, jaccard(characters), out);
    const [short, long] = [a.sequence.length, b.sequence.length].sort((x, y) => x - y) as [number, number];
    thermometer(LENGTH, ratio(short, long), out);
    thermometer(A_LONGER, a.sequence.length > b.sequence.length ? 1 - ratio(short, long) : 0, out);
    for (let n = 1; n <= Math.min(tokens.onlyA.length, MOST_UNMATCHED); n++) flag(ONLY_IN_A, n, out);
    for (let n = 1; n <= Math.min(tokens.onlyB.length, MOST_UNMATCHED); n++) flag(ONLY_IN_B, n, out);
    flag(NUMBERS, numbersLevel(a.numbers, b.numbers), out);
    flag(NEGATION, Math.min(a.negations, 1) * 2 + Math.min(b.negations, 1), out);
    flag(FIRST_WORD, a.sequence[0] === b.sequence[0] ? 1 : 0, out);
    flag(LAST_WORD, a.sequence.at(-1) === b.sequence.at(-1) ? 1 : 0, out);
  }
}

interface Tokens {
  readonly sequence: Uint32Array;
  /** Distinct, ascending. */
  readonly set: Uint32Array;
  /** The tokens that begin with a digit, in order. */
  readonly numbers: readonly number[];
  readonly negations: number;
}

function emit(
  hashes: readonly number[],
  salt: number,
  kind: string,
  out: FeatureHashes,
  names: ReadonlyMap<number, string> | null,
): void {
  for (const hash of hashes) {
    out.push(mix32(step32(salt, hash)));
    if (names !== null) out.terms?.push({ kind, text: names.get(hash) ?? "" });
  }
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function jaccard(o: Overlap): number {
  return ratio(o.both.length, o.both.length + o.onlyA.length + o.onlyB.length);
}

/** Numbers of both texts: 0 none at all, 1 the same in the same order, 2 the same in another order, 3 others. */
function numbersLevel(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return 3;
  if (a.every((hash, i) => hash === b[i])) return a.length === 0 ? 0 : 1;
  const sorted = Uint32Array.from(b).sort();
  return Uint32Array.from(a)
    .sort()
    .every((hash, i) => hash === sorted[i])
    ? 2
    : 3;
}

function flag(fact: Fact, level: number, out: FeatureHashes): void {
  out.push(mix32(step32(fact.salt, level)));
  out.terms?.push({ kind: "overlap", text: `${fact.name} ${level}` });
}

/** One feature for each level that the share reaches, so that a linear model can fit any monotone curve. */
function thermometer(fact: Fact, share: number, out: FeatureHashes): void {
  const level = Math.round(share * LEVELS);
  for (let l = 0; l <= level; l++) flag(fact, l, out);
}
