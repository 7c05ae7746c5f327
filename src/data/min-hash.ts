// SPDX-License-Identifier: Apache-2.0
import { mix32 } from "../core/hash.ts";
import { PAGE, startKernel, webAssembly } from "../core/web-assembly.ts";
import { allocate, grow } from "../storage/allocation.ts";
import { MIN_HASH } from "./min-hash-bytes.ts";

// Hot: about 700 throws a row, whatever its length: 1.0 to 2.5 us in WASM SIMD by the machine, 2.6 times as long in plain JavaScript.

/** Slots of a signature. */
export const SLOTS = 128;

/** One seed for each round that throws the grams into any slot, then one for each that fills one slot. */
export const SEEDS = Int32Array.from({ length: 2 * SLOTS }, (_, round) => mix32(round + 0x51ed27));

/** Hashes that the kernel takes at a time: it wants room for so many behind the last. */
const LANES = 4;

/** A kernel (kernel/min-hash.ts) on a memory of its own, which begins with the signature; then come the seeds and the hashes. */
class Kernel {
  readonly #memory = allocate(PAGE, () => new (webAssembly().Memory)({ initial: 1 }));
  readonly #sign: (size: number) => void;
  #words = new Int32Array(this.#memory.buffer);

  constructor() {
    ({ sign: this.#sign } = startKernel(MIN_HASH, this.#memory) as { sign(size: number): void });
    this.#words.set(SEEDS, SLOTS);
  }

  sign(hashes: Int32Array, size: number, signature: Int32Array): void {
    const first = SLOTS + SEEDS.length;
    const lacks = (first + size + LANES) * 4 - this.#words.byteLength;
    if (lacks > 0) {
      grow(this.#memory, lacks);
      this.#words = new Int32Array(this.#memory.buffer);
    }
    const words = this.#words;
    for (let k = 0; k < size; k++) words[first + k] = hashes[k] as number;
    this.#sign(size);
    for (let slot = 0; slot < SLOTS; slot++) signature[slot] = words[slot] as number;
  }
}

let kernel: Kernel | undefined;

/**
 * One-permutation MinHash without empty slots: "Fast Similarity Sketching" (Dahlgaard, Knudsen and Thorup,
 * FOCS 2017). In round r each gram goes to the slot that a hash of its own for that round picks, with a
 * value ordered by round, then hash; a slot keeps its least; rounds go on until every slot is filled, which
 * takes about 128 ln 128 throws in all. A text of 40 characters has 38 grams for 128 slots: plain
 * one-permutation hashing leaves three of four slots empty there, and copying neighbours into them ties
 * slots together, so that bands miss. Here each slot of two rows agrees with probability J, their Jaccard.
 *
 * `hashes` are 32-bit hashes of the `size` different grams, at least one; the signature is written to `signature`.
 */
export function minHash(hashes: Int32Array, size: number, signature: Int32Array): void {
  kernel ??= new Kernel();
  kernel.sign(hashes, size, signature);
}

/** Words of a sketch: four bits of each slot. */
export const SKETCH_WORDS = SLOTS / 8;

/** Packs four bits of each slot: what tells most false candidates from true ones, in 64 bytes a row. */
export function writeSketch(signature: Int32Array, into: Int32Array, at: number): void {
  for (let word = 0; word < SKETCH_WORDS; word++) {
    let bits = 0;
    for (let k = 0; k < 8; k++) bits |= ((signature[word * 8 + k] as number) & 15) << (4 * k);
    into[at + word] = bits;
  }
}

/**
 * Whether `fewest` slots of two sketches agree in their four bits: all that are equal do, and 1 in 16 of the rest. Of most
 * pairs half of the words say that they don't. 17 ns a pair.
 */
export function agree(sketches: Int32Array, a: number, b: number, fewest: number): boolean {
  const most = SLOTS - fewest;
  let differing = 0;
  for (let word = 0; word < SKETCH_WORDS && differing <= most; word++) {
    let x = (sketches[a + word] as number) ^ (sketches[b + word] as number);
    // One bit a slot that differs, then a population count (Warren, Hacker's Delight, 5-1).
    x |= x >>> 2;
    x = (x | (x >>> 1)) & 0x11111111;
    x = (x + (x >>> 4)) & 0x0f0f0f0f;
    differing += Math.imul(x, 0x01010101) >>> 24;
  }
  return differing <= most;
}
