// SPDX-License-Identifier: Apache-2.0

/** Where a distinct hash was met; kept in the low bits of a slot's mark. */
const IN_A = 1;
const IN_BOTH = 2;
const ONLY_IN_B = 3;
/** What the numbering of the comparisons goes up by, so that the marks of former ones are out of date. */
const GENERATION = 4;
const LAST_GENERATION = 2 ** 32 - GENERATION;

/** A list of hashes; reused from input to input. */
export class HashList {
  hashes = new Uint32Array(256);
  length = 0;

  /** Empties the list and makes room for `most`. */
  reset(most: number): void {
    this.length = 0;
    if (most > this.hashes.length) this.hashes = new Uint32Array(most * 2);
  }

  /** There must be room. */
  push(hash: number): void {
    this.hashes[this.length++] = hash;
  }
}

/**
 * What two lists of hashes have in common, each hash once: those in both and those only in `a` in the order of
 * `a`, those only in `b` in the order of `b`. Linear time and, once warm, no allocation: an open-addressed table
 * whose slots of former comparisons count as free.
 */
export class HashComparison {
  readonly both = new HashList();
  readonly onlyA = new HashList();
  readonly onlyB = new HashList();
  /** Slot by slot, in one cache line: hash, then generation and where it was met. */
  #slots = new Uint32Array(1024);
  #mask = 0;
  #generation = 0;
  readonly #slotsOfA = new HashList();

  /** Compares `a[fromA, toA)` with `b[fromB, toB)`. */
  compare(a: Uint32Array, fromA: number, toA: number, b: Uint32Array, fromB: number, toB: number): void {
    this.#start(toA - fromA, toB - fromB);
    const { both, onlyA, onlyB } = this;
    const slots = this.#slots;
    const generation = this.#generation;
    const slotsOfA = this.#slotsOfA;
    for (let i = fromA; i < toA; i++) {
      const at = this.#slot(a[i] as number);
      if (slots[at + 1] === generation + IN_A) continue;
      slots[at + 1] = generation + IN_A;
      slotsOfA.push(at);
    }
    for (let i = fromB; i < toB; i++) {
      const at = this.#slot(b[i] as number);
      const mark = slots[at + 1] as number;
      if (mark === generation + IN_A) slots[at + 1] = generation + IN_BOTH;
      else if (mark < generation) {
        slots[at + 1] = generation + ONLY_IN_B;
        onlyB.push(b[i] as number);
      }
    }
    for (let i = 0; i < slotsOfA.length; i++) {
      const at = slotsOfA.hashes[i] as number;
      (slots[at + 1] === generation + IN_BOTH ? both : onlyA).push(slots[at] as number);
    }
  }

  #start(a: number, b: number): void {
    this.#slotsOfA.reset(a);
    this.both.reset(a);
    this.onlyA.reset(a);
    this.onlyB.reset(b);
    const size = Math.max(16, 2 ** (33 - Math.clz32(a + b)));
    this.#mask = size - 1;
    if (size * 2 > this.#slots.length) {
      this.#slots = new Uint32Array(size * 2);
      this.#generation = 0;
    }
    if (this.#generation >= LAST_GENERATION) {
      this.#slots.fill(0);
      this.#generation = 0;
    }
    this.#generation += GENERATION;
  }

  // The step comes from other bits than the start, so that texts made to collide in one do not in the other: with
  // a step of 1 they would make a look-up as long as the text.
  #slot(hash: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    const step = (hash >>> 15) | 1;
    let at = hash & mask;
    while ((slots[at * 2 + 1] as number) >= this.#generation && slots[at * 2] !== hash)
      at = (at + step) & mask;
    slots[at * 2] = hash;
    return at * 2;
  }
}
