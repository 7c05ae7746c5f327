// SPDX-License-Identifier: Apache-2.0
import { mix32 } from "../core/hash.ts";
import { ASCII_CLASS, characterClass, foldUnicode, SPACE, WORD } from "../core/text.ts";

/** Which n-grams a family looks at; 0 as a maximum switches that kind off. */
export interface AnalyzerSettings {
  /** Word n-grams, in tokens; at most MAX_NGRAM. */
  readonly ngramMin: number;
  readonly ngramMax: number;
  /** Character n-grams inside word boundaries, in UTF-16 units; at most MAX_NGRAM. */
  readonly charNgramMin: number;
  readonly charNgramMax: number;
}

/** Longest n-gram that an analyzer takes; longer ones repeat hardly ever, and the cap bounds the work. */
export const MAX_NGRAM = 16;

/**
 * Code units of a text that are read, before folding and after it (which makes 18 of one at most); what
 * follows is ignored, so that one prediction has a bound in time and memory.
 */
export const MAX_TEXT_LENGTH = 100_000;

const WORD_SEED = 0x2545f491;
const CHAR_SEED = 0x6c078965;
const FIRST_SEED = 0x1b56c4e9;
const FIRST_TWO_SEED = 0x3c6ef372;
const LAST_SEED = 0x7f4a7c15;
const PAD = 0x20;

/** What a feature hash stands for, for explanations. */
export interface Term {
  /** `word`, `first`, `first two`, `last`, `characters`; for pairs also `overlap` and `exchange`. */
  readonly kind: string;
  /** The n-gram, folded; what an `overlap` counts and the step that it reached; the two words of an `exchange`. */
  readonly text: string;
  /** The text that has it: the only one, the one of a pair that alone has it, or both together. */
  readonly in: "text" | "a" | "b" | "both";
  /**
   * Where it begins and ends in the folded text, the space before and behind a stretch included, which need not be
   * there; both are 0 for what a pair has in common or not.
   */
  readonly start: number;
  readonly end: number;
}

/**
 * The feature hashes of one input, repeats included, namespace after namespace. Reused from input to
 * input, so that a prediction allocates next to nothing.
 */
export class FeatureHashes {
  hashes = new Uint32Array(1024);
  length = 0;
  /** Namespace i is hashes[ends[i - 1] ?? 0 .. ends[i]). */
  ends: number[] = [];
  /** What each hash stands for; null unless asked for. */
  terms: Term[] | null = null;

  reset(withTerms: boolean): void {
    this.length = 0;
    this.ends = [];
    this.terms = withTerms ? [] : null;
  }

  /** The hashes, with room for so many more. */
  reserve(more: number): Uint32Array {
    const { hashes } = this;
    const least = this.length + more;
    if (least > hashes.length) {
      this.hashes = new Uint32Array(least * 2);
      this.hashes.set(hashes);
    }
    return this.hashes;
  }

  push(hash: number): void {
    this.reserve(1)[this.length++] = hash;
  }

  /** Ends a namespace. */
  close(): void {
    this.ends.push(this.length);
  }
}

/**
 * Hashes one input into namespaces of `out`, whose former content is dropped. `b` is text_b of a pair, and nothing to
 * a single text.
 */
export type Analyze = (a: string, b: string, out: FeatureHashes, withTerms?: boolean) => void;

/** Reads single texts. */
export function textAnalyzer(settings: AnalyzerSettings): Analyze {
  const analyzer = new Analyzer(settings);
  return (a, _b, out, withTerms) => analyzer.analyze(a, out, withTerms);
}

// One step of the running hash of code units. A multiplication and a shift; mix32 finishes it.
function step(h: number, unit: number): number {
  const m = Math.imul(h ^ unit, 0x9e3779b1);
  return m ^ (m >>> 15);
}

/** Whether two code units are the halves of one character; a half by itself is a character of its own. */
function isPair(high: number, low: number): boolean {
  return (high & 0xfc00) === 0xd800 && (low & 0xfc00) === 0xdc00;
}

/**
 * Turns texts into n-gram hashes straight from character codes; no string is made for an n-gram: 9 ns each, on
 * banking77's test texts (128 n-grams, folding and tokens with them).
 *
 * The text is folded (NFKD, accents dropped, lower-case). A token is a run of letters, digits and `_`, or
 * any other character that is not white space. Word namespace: token n-grams, and the first token, the
 * first two and the last one as features of their own. Character namespace: n-grams of each
 * white-space-delimited stretch with one space either side.
 */
export class Analyzer {
  readonly settings: AnalyzerSettings;
  /** Folded text of the last {@link analyze}, as code units and their classes. */
  protected units = new Uint16Array(1024);
  protected classes = new Uint8Array(1024);
  #length = 0;
  protected tokenStart = new Uint32Array(1024);
  protected tokenEnd = new Uint32Array(1024);
  /** Not finished: mix32 does that. */
  protected tokenHash = new Int32Array(1024);
  /** Number of tokens of the last text. */
  tokens = 0;

  constructor(settings: AnalyzerSettings) {
    this.settings = settings;
  }

  /** Hashes `text` into two namespaces of `out`, whose former content is dropped. */
  analyze(text: string, out: FeatureHashes, withTerms = false): void {
    out.reset(withTerms);
    this.#read(text.length > MAX_TEXT_LENGTH ? text.slice(0, MAX_TEXT_LENGTH) : text);
    this.#tokenize();
    if (this.settings.ngramMax > 0) this.#words(out);
    out.close();
    if (this.settings.charNgramMax > 0) this.#characters(out);
    out.close();
  }

  /** Adds an n-gram of tokens, the first to the last; `h` is its running hash. */
  #emit(h: number, kind: string, first: number, last: number, out: FeatureHashes): void {
    out.push(mix32(h));
    this.#name(kind, this.tokenStart[first] as number, this.tokenEnd[last] as number, out);
  }

  #name(kind: string, start: number, end: number, out: FeatureHashes): void {
    out.terms?.push({ kind, text: this.slice(start, end), in: "text", start, end });
  }

  /** Part of the folded text. White space, and what is before the text and behind it, becomes a space. */
  protected slice(from: number, to: number): string {
    let text = "";
    for (let i = from; i < to; i++)
      text +=
        i < this.#length && (this.classes[i] as number) < SPACE
          ? String.fromCharCode(this.units[i] as number)
          : " ";
    return text;
  }

  #reserve(length: number): void {
    if (length <= this.units.length) return;
    this.units = new Uint16Array(length * 2);
    this.classes = new Uint8Array(length * 2);
    this.tokenStart = new Uint32Array(length * 2);
    this.tokenEnd = new Uint32Array(length * 2);
    this.tokenHash = new Int32Array(length * 2);
  }

  #read(text: string): void {
    this.#reserve(text.length);
    const units = this.units;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) {
        this.#readFolded(foldUnicode(text).slice(0, MAX_TEXT_LENGTH));
        return;
      }
      units[i] = unit >= 0x41 && unit <= 0x5a ? unit | 0x20 : unit;
    }
    this.#length = text.length;
    const classes = this.classes;
    for (let i = 0; i < text.length; i++) classes[i] = ASCII_CLASS[units[i] as number] as number;
  }

  #readFolded(text: string): void {
    this.#reserve(text.length);
    for (let i = 0; i < text.length; ) {
      const codePoint = text.codePointAt(i) as number;
      const kind = characterClass(codePoint);
      const width = codePoint > 0xffff ? 2 : 1;
      for (let j = i; j < i + width; j++) {
        this.units[j] = text.charCodeAt(j);
        this.classes[j] = kind;
      }
      i += width;
    }
    this.#length = text.length;
  }

  #tokenize(): void {
    const units = this.units;
    const classes = this.classes;
    const n = this.#length;
    let tokens = 0;
    for (let i = 0; i < n; ) {
      const kind = classes[i] as number;
      if (kind === SPACE) {
        i++;
        continue;
      }
      const start = i;
      let h = step(WORD_SEED, units[i++] as number);
      if (kind === WORD) while (i < n && classes[i] === WORD) h = step(h, units[i++] as number);
      else if (isPair(units[start] as number, i < n ? (units[i] as number) : 0))
        h = step(h, units[i++] as number);
      this.tokenStart[tokens] = start;
      this.tokenEnd[tokens] = i;
      this.tokenHash[tokens++] = h;
    }
    this.tokens = tokens;
  }

  #words(out: FeatureHashes): void {
    const { ngramMin, ngramMax } = this.settings;
    const hashes = this.tokenHash;
    const tokens = this.tokens;
    for (let i = 0; i < tokens; i++) {
      let h = 0;
      for (let n = 1; n <= ngramMax && i + n <= tokens; n++) {
        const last = i + n - 1;
        h = step(Math.imul(h, 31) + n, hashes[last] as number);
        if (n >= ngramMin) this.#emit(h, "word", i, last, out);
      }
    }
    if (tokens === 0) return;
    // What opens a question and what closes it say more than the same words elsewhere.
    const first = hashes[0] as number;
    const last = tokens - 1;
    this.#emit(step(FIRST_SEED, first), "first", 0, 0, out);
    if (last > 0) this.#emit(step(step(FIRST_TWO_SEED, first), hashes[1] as number), "first two", 0, 1, out);
    this.#emit(step(LAST_SEED, hashes[last] as number), "last", last, last, out);
  }

  #characters(out: FeatureHashes): void {
    const classes = this.classes;
    const n = this.#length;
    for (let i = 0; i < n; ) {
      if (classes[i] === SPACE) {
        i++;
        continue;
      }
      const start = i;
      while (i < n && classes[i] !== SPACE) i++;
      this.#stretch(start, i, out);
    }
  }

  // N-grams of one stretch; positions start - 1 and end are the padding. No method is called for an n-gram.
  #stretch(start: number, end: number, out: FeatureHashes): void {
    const { charNgramMin, charNgramMax: max } = this.settings;
    const min = charNgramMin || 1;
    const units = this.units;
    const hashes = out.reserve((end - start + 2) * Math.max(0, max - min + 1));
    let n = out.length;
    for (let i = start - 1; i <= end + 1 - min; i++) {
      let h = CHAR_SEED;
      let j = i;
      if (j < start) {
        h = step(h, PAD);
        if (min < 2) hashes[n++] = mix32(h);
        j++;
      }
      for (; j < i + max && j < end; j++) {
        h = step(h, units[j] as number);
        if (j > i + min - 2) hashes[n++] = mix32(h);
      }
      if (i + max > end) hashes[n++] = mix32(step(h, PAD));
      if (out.terms)
        for (let to = i + min; to <= i + max && to <= end + 1; to++) this.#name("characters", i, to, out);
    }
    out.length = n;
  }
}
