// SPDX-License-Identifier: Apache-2.0
import { ASCII_CLASS } from "../core/text.ts";
import { PAGE, startKernel } from "../core/web-assembly.ts";
import { type AnalyzerSettings, type FeatureHashes, MAX_TEXT_LENGTH } from "../model/analyzer.ts";
import { allocate, grow } from "../storage/allocation.ts";
import { sharedBytes, sharedWords } from "../storage/shared-array.ts";
import { ANALYSIS } from "./analysis-bytes.ts";
import { CHUNK_INPUTS, type InputChunk } from "./inputs.ts";
import { joinInto } from "./joined-rows.ts";
import { kernelMemory } from "./kernel.ts";

/** What kernel/analysis.ts exports; addresses are bytes of its memory. */
interface AnalysisLoops {
  bind(
    classes: number,
    tokens: number,
    slots: number,
    slotCount: number,
    counts: number,
    hashes: number,
  ): void;
  settings(ngramMin: number, ngramMax: number, charNgramMin: number, charNgramMax: number): void;
  lower(from: number, to: number): void;
  take(from: number, to: number, first: number): number;
  analyze(bytes: number, starts: number, from: number, to: number, ends: number): number;
}

/** Namespaces of a text: words and characters. */
const TEXT_NAMESPACES = 2;
/** Bytes of text that are worked on at a time; one text may be longer. */
const PIECE = 2 ** 18;
/** The class of what is no ASCII: any over all others. */
const FOREIGN = 255;
/** Slots to find n-grams by, at least: they stay in the first cache. */
const LEAST_SLOTS = 2 ** 12;
/**
 * N-grams that there is room for at first, more than most chunks have: 40 MB of addresses, of which only what is written to takes
 * memory.
 */
const ROOM = 2 ** 23;
/** N-grams whose memory a thread keeps, at most, and slots: 20 MB and 16. */
const MOST_KEPT = 2 ** 22;

// Where everything lies, in bytes, before what may need more room: the slots, the counts and the hashes.
const CLASSES = 0;
const STARTS = CLASSES + 256;
const ENDS = STARTS + (CHUNK_INPUTS + 1) * 4;
const TOKENS = ENDS + CHUNK_INPUTS * TEXT_NAMESPACES * 4;
const TEXT = TOKENS + MAX_TEXT_LENGTH * 4;
const TABLE = Math.ceil((TEXT + PIECE + MAX_TEXT_LENGTH + 16) / PAGE) * PAGE;

/** N-grams that have left the kernel's memory. */
interface Part {
  readonly hashes: Uint32Array;
  readonly counts: Uint8Array;
}

/** The distinct n-grams of some inputs, one behind the other, in shared memory. */
export interface CollectedNgrams {
  readonly namespaces: number;
  /** Namespace s of input i is [start[i * namespaces + s], start[i * namespaces + s + 1]). */
  readonly start: Uint32Array;
  readonly hashes: Uint32Array;
  readonly counts: Uint8Array;
}

/**
 * Finds the distinct n-grams of one input after another in the memory of a kernel (kernel/analysis.ts), which reads ASCII by
 * itself: 9 to 10 ns an n-gram of banking77 and subj, copies included, where plain JavaScript took 17 to 18. Hashes of other
 * texts are handed to it.
 */
class NgramCollector {
  readonly #memory = kernelMemory(TABLE / PAGE);
  readonly #loops = startKernel(ANALYSIS, this.#memory) as AnalysisLoops;
  readonly #starts = new Uint32Array(this.#memory.buffer, STARTS, CHUNK_INPUTS + 1);
  /** N-grams that any input may have, and that there is room for. */
  #slots = 0;
  #room = 0;
  /** N-grams in the kernel's memory, and before them in parts. */
  #found = 0;
  #moved = 0;
  #parts: Part[] = [];
  #inputs = 0;
  #namespaces = 0;
  #start = sharedWords(0);
  /** Ends of namespaces that are known. */
  #ends = 0;
  /** Most n-grams of a byte of text, and of a text beside these. */
  #ofByte = 0;
  #ofText = 0;
  /** The first of the texts that lie in the memory, and the bytes of the longest. */
  #first = 0;
  #longest = 0;

  constructor() {
    const classes = new Uint8Array(this.#memory.buffer, CLASSES, 256);
    classes.fill(FOREIGN).set(ASCII_CLASS);
  }

  /** Forgets all inputs, and makes ready for so many others. */
  begin({ ngramMin, ngramMax, charNgramMin, charNgramMax }: AnalyzerSettings, inputs: number): void {
    this.#loops.settings(ngramMin, ngramMax, charNgramMin, charNgramMax);
    // A byte may be a token and a stretch, with a space on either side; three features are of the first and the last tokens.
    const words = ngramMax > 0 ? Math.max(0, ngramMax - ngramMin + 1) : 0;
    const characters = charNgramMax > 0 ? Math.max(0, charNgramMax - Math.max(1, charNgramMin) + 1) : 0;
    this.#ofByte = words + 2 * characters;
    this.#ofText = 3 + characters;
    this.#inputs = inputs;
    this.#namespaces = 0;
    this.#ends = 0;
    this.#parts = [];
    this.#moved = 0;
    this.#bind();
  }

  #bind(): void {
    this.#found = 0;
    const counts = TABLE + this.#slots * 4;
    this.#loops.bind(CLASSES, TOKENS, TABLE, this.#slots, counts, counts + this.#room);
  }

  get #hashesAt(): number {
    return TABLE + this.#slots * 4 + this.#room;
  }

  /** Makes sure that there is room for `more` n-grams, of which one input has up to `most`. */
  #reserve(more: number, most: number): void {
    if (most < this.#slots && this.#found + more <= this.#room) return;
    this.#moveOut();
    this.#slots = Math.max(this.#slots, LEAST_SLOTS, 2 ** Math.ceil(Math.log2(most + 1)));
    this.#room = Math.max(this.#room, ROOM, Math.ceil(more / 4) * 4);
    const { byteLength } = this.#memory.buffer;
    const end = this.#hashesAt + this.#room * 4;
    if (end > byteLength) grow(this.#memory, end - byteLength);
    this.#bind();
  }

  #view(): Part {
    const { buffer } = this.#memory;
    return {
      hashes: new Uint32Array(buffer, this.#hashesAt, this.#found),
      counts: new Uint8Array(buffer, this.#hashesAt - this.#room, this.#found),
    };
  }

  #moveOut(): void {
    if (this.#found === 0) return;
    const { hashes, counts } = this.#view();
    this.#parts.push({
      hashes: allocate(hashes.byteLength, () => hashes.slice()),
      counts: allocate(counts.byteLength, () => counts.slice()),
    });
    this.#moved += this.#found;
    this.#found = 0;
  }

  /** Copies texts of a chunk, the input `from` and as many behind it as fit; returns the first that does not. */
  load({ inputs, bytes, start }: InputChunk, from: number): number {
    const text = new Uint8Array(this.#memory.buffer, TEXT, PIECE + MAX_TEXT_LENGTH);
    let to = from;
    let end = 0;
    this.#longest = 0;
    this.#starts[0] = 0;
    while (to < Math.min(inputs, from + CHUNK_INPUTS) && end < PIECE) {
      const [at, next] = [start[to] as number, start[to + 1] as number];
      // What is behind so many characters is not read: so many bytes, if these are ASCII, and others are none of the kernel's.
      const own = bytes.subarray(at, Math.min(next, at + MAX_TEXT_LENGTH));
      text.set(own, end);
      end += own.length;
      this.#longest = Math.max(this.#longest, own.length);
      to++;
      this.#starts[to - from] = end;
    }
    this.#loops.lower(TEXT, TEXT + end);
    this.#first = from;
    return to;
  }

  /** Takes over the n-grams of the loaded texts from `from` on, up to `to` or the first that is not ASCII; returns which. */
  analyze(from: number, to: number): number {
    const [first, last] = [from - this.#first, to - this.#first];
    const starts = this.#starts;
    const bytes = (starts[last] as number) - (starts[first] as number);
    this.#reserve(
      bytes * this.#ofByte + (last - first) * this.#ofText,
      this.#longest * this.#ofByte + this.#ofText,
    );
    const done = this.#loops.analyze(TEXT, STARTS, first, last, ENDS);
    const ends = new Uint32Array(this.#memory.buffer, ENDS, (done - first) * TEXT_NAMESPACES);
    this.#expect(TEXT_NAMESPACES);
    for (const end of ends) this.#end(end);
    return this.#first + done;
  }

  /** Takes over the n-grams of the next input. */
  add({ hashes, length, ends }: FeatureHashes): void {
    // All of them may differ: with twice as many slots few are tried.
    this.#reserve(length, length * 2);
    const at = this.#hashesAt + this.#found * 4;
    new Uint32Array(this.#memory.buffer, at, length).set(hashes.subarray(0, length));
    const first = this.#found;
    let from = 0;
    this.#expect(ends.length);
    for (const end of ends) {
      this.#end(this.#loops.take(at + from * 4, at + end * 4, first));
      from = end;
    }
  }

  /** Every input has so many namespaces. */
  #expect(namespaces: number): void {
    if (this.#namespaces === namespaces) return;
    this.#namespaces = namespaces;
    this.#start = sharedWords(this.#inputs * namespaces + 1);
  }

  #end(found: number): void {
    this.#found = found;
    this.#start[++this.#ends] = this.#moved + found;
  }

  /** The n-grams of all inputs since {@link begin}, copied. */
  build(): CollectedNgrams {
    const parts = [...this.#parts, this.#view()];
    const length = this.#moved + this.#found;
    return {
      namespaces: this.#namespaces,
      start: this.#start,
      hashes: joinInto(
        sharedWords(length),
        parts.map(({ hashes }) => hashes),
      ),
      counts: joinInto(
        sharedBytes(length),
        parts.map(({ counts }) => counts),
      ),
    };
  }

  /** Whether it has taken more memory than a thread is to keep. */
  get isLarge(): boolean {
    return this.#moved + this.#found > MOST_KEPT || this.#room > ROOM || this.#slots > MOST_KEPT;
  }
}

export type { NgramCollector };

let kept: NgramCollector | undefined;

/**
 * What `collect` finds with the collector of this thread, which one after another uses: memory made anew for each costs as much
 * as a tenth of the work. It is let go of once long texts took more than most do.
 */
export function withCollector<Found>(collect: (collector: NgramCollector) => Found): Found {
  const own = kept ?? new NgramCollector();
  kept = undefined;
  const found = collect(own);
  if (!own.isLarge) kept = own;
  return found;
}
