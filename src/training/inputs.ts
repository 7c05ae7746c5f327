// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../core/example.ts";
import { step32 } from "../core/running-hash.ts";
import type { TextColumn } from "../core/text-column.ts";
import { sharedBytes, sharedWords } from "../storage/shared-array.ts";

/** Inputs that a thread gets at a time: some 20 ms of work, so that the last chunks end together. */
export const CHUNK_INPUTS = 2048;

/** Texts (or pairs of them) in shared memory: handed to a thread without a copy and without an object a row. */
export interface InputChunk {
  readonly inputs: number;
  /** Texts of one input: 1, or 2 for pairs. */
  readonly sides: number;
  /** UTF-8; text s of input i is [start[i * sides + s], start[i * sides + s + 1]). */
  readonly bytes: Uint8Array;
  readonly start: Uint32Array;
}

/** Text `side` (0, or 1 for text_b) of input `i`; "" where inputs have no such side. */
export function inputTexts({ sides, bytes, start }: InputChunk): (i: number, side: number) => string {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return (i, side) => {
    const n = i * sides + side;
    return side < sides ? decoder.decode(bytes.subarray(start[n], start[n + 1])) : "";
  };
}

/** For each train and eval row of a task the number of its input, over all chunks of the family. */
export interface TaskInputs {
  readonly train: Uint32Array;
  /** Empty without eval rows. */
  readonly eval: Uint32Array;
}

/** Where the n-grams of a chunk's inputs begin: namespace s of input i at start[i * namespaces + s]. */
interface InputStarts {
  readonly namespaces: number;
  readonly start: Uint32Array;
}

/** N-grams of every `step`-th of some inputs, from number `from` on. */
export function ngramsOf(chunks: readonly InputStarts[], inputs: Uint32Array, from = 0, step = 1): number {
  let sum = 0;
  for (let i = from; i < inputs.length; i += step) {
    const input = inputs[i] as number;
    const { start, namespaces } = chunks[Math.floor(input / CHUNK_INPUTS)] as InputStarts;
    const first = (input % CHUNK_INPUTS) * namespaces;
    sum += (start[first + namespaces] as number) - (start[first] as number);
  }
  return sum;
}

/** Every distinct input of a family, once, whichever tasks have it. */
export interface FamilyInputs {
  /** CHUNK_INPUTS inputs each, the last one fewer. */
  readonly chunks: readonly InputChunk[];
  /** In the order of the tasks. */
  readonly tasks: readonly TaskInputs[];
}

/** The rows of a task. */
export interface TaskSplits {
  readonly train: Examples;
  readonly eval: Examples | null;
}

/** Collects the inputs of all tasks, in the order of tasks and rows. */
export function collectInputs(tasks: readonly TaskSplits[]): FamilyInputs {
  const { chunks, numbers } = distinctInputs(tasks.flatMap((task) => [task.train, task.eval]));
  const inputs = tasks.map((_, t) => ({
    train: numbers[t * 2] as Uint32Array,
    eval: numbers[t * 2 + 1] as Uint32Array,
  }));
  return { chunks, tasks: inputs };
}

/** Inputs of some rows, each once, in chunks of so many; and for each set of rows the input of each row. */
export interface DistinctRows {
  readonly chunks: readonly InputChunk[];
  readonly numbers: readonly Uint32Array[];
}

/** Finds the distinct inputs of sets of rows that have as many texts an input; null is a set without rows. */
export function distinctInputs(
  sets: readonly (Examples | null)[],
  chunkInputs: number = CHUNK_INPUTS,
): DistinctRows {
  const distinct = new DistinctInputs();
  const numbers = sets.map((rows) => (rows === null ? sharedWords(0) : distinct.addAll(rows)));
  return { chunks: distinct.chunks(chunkInputs), numbers };
}

/** Hash of the bytes of one text of a column, on top of `seed`. */
function hashText(column: TextColumn, row: number, seed: number): number {
  const bytes = column.chunks[column.chunk[row] as number] as Uint8Array;
  const from = column.start[row] as number;
  const to = from + (column.bytes[row] as number);
  let h = seed;
  for (let i = from; i < to; i++) {
    h = Math.imul(h ^ (bytes[i] as number), 0x01000193);
    h ^= h >>> 15;
  }
  return step32(h, to - from);
}

function sameText(a: TextColumn, i: number, b: TextColumn, j: number): boolean {
  const length = a.bytes[i] as number;
  if (length !== b.bytes[j]) return false;
  const x = a.chunks[a.chunk[i] as number] as Uint8Array;
  const y = b.chunks[b.chunk[j] as number] as Uint8Array;
  const [p, q] = [a.start[i] as number, b.start[j] as number];
  for (let at = 0; at < length; at++) if (x[p + at] !== y[q + at]) return false;
  return true;
}

/** A set of inputs in an open-addressed table; an input is known by the first row that has it. */
class DistinctInputs {
  readonly #sources: Examples[] = [];
  #slots = new Int32Array(1 << 12).fill(-1);
  #source = new Uint32Array(1 << 11);
  #row = new Uint32Array(1 << 11);
  #hash = new Int32Array(1 << 11);
  #length = 0;

  /** Number of each row's input, in shared memory. */
  addAll(examples: Examples): Uint32Array {
    this.#sources.push(examples);
    const numbers = sharedWords(examples.rows);
    for (let row = 0; row < examples.rows; row++) numbers[row] = this.#add(examples, row);
    return numbers;
  }

  #add(examples: Examples, row: number): number {
    const { text, textB } = examples;
    const first = hashText(text, row, 0x811c9dc5);
    const hash = textB === null ? first : hashText(textB, row, first);
    const mask = this.#slots.length - 1;
    let at = hash & mask;
    for (let found = this.#slots[at] as number; found >= 0; found = this.#slots[at] as number) {
      if (this.#hash[found] === hash && this.#isInput(found, examples, row)) return found;
      at = (at + 1) & mask;
    }
    const added = this.#length++;
    this.#slots[at] = added;
    this.#source[added] = this.#sources.length - 1;
    this.#row[added] = row;
    this.#hash[added] = hash;
    if (this.#length === this.#row.length) this.#grow();
    return added;
  }

  #isInput(found: number, { text, textB }: Examples, row: number): boolean {
    const other = this.#sources[this.#source[found] as number] as Examples;
    const at = this.#row[found] as number;
    if (!sameText(other.text, at, text, row)) return false;
    return textB === null || (other.textB !== null && sameText(other.textB, at, textB, row));
  }

  #grow(): void {
    const size = this.#length * 2;
    const larger = <A extends Uint32Array | Int32Array>(from: A, into: A) => {
      into.set(from);
      return into;
    };
    this.#source = larger(this.#source, new Uint32Array(size));
    this.#row = larger(this.#row, new Uint32Array(size));
    this.#hash = larger(this.#hash, new Int32Array(size));
    const slots = new Int32Array(size * 2).fill(-1);
    for (let i = 0; i < this.#length; i++) {
      let at = (this.#hash[i] as number) & (slots.length - 1);
      while ((slots[at] as number) >= 0) at = (at + 1) & (slots.length - 1);
      slots[at] = i;
    }
    this.#slots = slots;
  }

  chunks(size: number): InputChunk[] {
    const chunks: InputChunk[] = [];
    for (let from = 0; from < this.#length; from += size)
      chunks.push(this.#chunk(from, Math.min(from + size, this.#length)));
    return chunks;
  }

  #chunk(from: number, to: number): InputChunk {
    const columns = (i: number) => {
      const { text, textB } = this.#sources[this.#source[i] as number] as Examples;
      return textB === null ? [text] : [text, textB];
    };
    const sides = columns(from).length;
    const start = sharedWords((to - from) * sides + 1);
    let n = 0;
    for (let i = from; i < to; i++)
      for (const column of columns(i)) {
        start[n + 1] = (start[n] as number) + (column.bytes[this.#row[i] as number] as number);
        n++;
      }
    const bytes = sharedBytes(start[n] as number);
    n = 0;
    for (let i = from; i < to; i++)
      for (const column of columns(i)) {
        const row = this.#row[i] as number;
        const at = column.start[row] as number;
        const source = column.chunks[column.chunk[row] as number] as Uint8Array;
        bytes.set(source.subarray(at, at + (column.bytes[row] as number)), start[n++]);
      }
    return { inputs: to - from, sides, bytes, start };
  }
}
