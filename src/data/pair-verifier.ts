// SPDX-License-Identifier: Apache-2.0
import type { RowTexts } from "./exact-duplicates.ts";
import { GramSet } from "./gram-set.ts";
import { agreeingSlots, SKETCH_WORDS, SLOTS } from "./min-hash.ts";

/** Standard deviations below the expected agreement at which a candidate is rejected unseen. */
const MARGIN = 7;

/**
 * The fewest slots on which two rows at the threshold agree, but for 1 in a billion: the expectation
 * (t, and 1 in 16 of the rest by chance) less {@link MARGIN} standard deviations of a binomial. At 0.8: 73 of
 * 128, which rejects nearly all pairs under a Jaccard of 0.5 at a tenth of the price of reading them.
 */
export function fewestAgreeing(threshold: number): number {
  const p = threshold + (1 - threshold) / 16;
  return Math.max(0, Math.floor(SLOTS * p - MARGIN * Math.sqrt(SLOTS * p * (1 - p))));
}

/** Says of two rows whether their gram sets have a Jaccard of at least the threshold, exactly. */
export class PairVerifier {
  readonly #rows: RowTexts;
  readonly #sizes: Uint32Array;
  readonly #sketches: Int32Array;
  readonly #threshold: number;
  readonly #fewest: number;
  readonly #grams = new GramSet();
  #loaded = -1;

  constructor(rows: RowTexts, sizes: Uint32Array, sketches: Int32Array, threshold: number) {
    this.#rows = rows;
    this.#sizes = sizes;
    this.#sketches = sketches;
    this.#threshold = threshold;
    this.#fewest = fewestAgreeing(threshold);
  }

  similar(i: number, j: number): boolean {
    const a = this.#sizes[i] as number;
    const b = this.#sizes[j] as number;
    // The intersection is at most the smaller set, the union at least the larger.
    if ((a < b ? a / b : b / a) < this.#threshold) return false;
    if (agreeingSlots(this.#sketches, i * SKETCH_WORDS, j * SKETCH_WORDS) < this.#fewest) return false;
    if (this.#loaded === j) return this.#atLeast(a, b, this.#grams.countCommon(this.#rows, i));
    if (this.#loaded !== i) this.#grams.read(this.#rows, i);
    this.#loaded = i;
    return this.#atLeast(a, b, this.#grams.countCommon(this.#rows, j));
  }

  // A quotient of integers is rounded as the threshold's decimal was: 12 / 15 is 0.8 to the bit, whereas
  // 0.8 * 15 need not be 12.
  #atLeast(a: number, b: number, common: number): boolean {
    return common / (a + b - common) >= this.#threshold;
  }
}
