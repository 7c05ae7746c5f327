// SPDX-License-Identifier: Apache-2.0
import { MANY_ROWS } from "./banding.ts";
import type { RowTexts } from "./exact-duplicates.ts";
import { GramSet } from "./gram-set.ts";
import { agree, SKETCH_WORDS, SLOTS } from "./min-hash.ts";
import type { Signatures } from "./signatures.ts";

/**
 * The fewest slots on which two rows at the threshold agree, but for odds that the bands' own drown: the
 * expectation (t, and 1 in 16 of the rest by chance) less so many standard deviations of a binomial. With 5,
 * at 0.8, 82 of 128: 5 in a million, against 5 in 100,000 of the bands of many rows; with 7, 73: 1 in a
 * billion, against 5 in 100 million. It rejects nearly all pairs under a Jaccard of 0.5 at a tenth of the
 * price of reading them.
 */
export function fewestAgreeing(threshold: number, rows: number): number {
  const p = threshold + (1 - threshold) / 16;
  const deviations = rows < MANY_ROWS ? 7 : 5;
  return Math.max(0, Math.floor(SLOTS * p - deviations * Math.sqrt(SLOTS * p * (1 - p))));
}

/** Says of two rows whether their gram sets have a Jaccard of at least the threshold, exactly. */
export class PairVerifier {
  /** Band that is being joined. */
  band = 0;
  /** 1 at a band in which some pairs that share its key were passed over. */
  readonly passedOver: Uint8Array;
  readonly #rows: RowTexts;
  readonly #signatures: Signatures;
  readonly #threshold: number;
  readonly #fewest: number;
  readonly #grams = new GramSet();
  #loaded = -1;

  constructor(rows: RowTexts, signatures: Signatures, threshold: number) {
    this.#rows = rows;
    this.#signatures = signatures;
    this.#threshold = threshold;
    this.#fewest = fewestAgreeing(threshold, rows.length);
    this.passedOver = new Uint8Array(signatures.banding.bands);
  }

  /**
   * False where the sizes or the sketches tell that the pair is not similar, and for a pair that an earlier band has
   * compared: its answer is known to be no by now.
   */
  maySimilar(i: number, j: number): boolean {
    const { sizes, sketches } = this.#signatures;
    const a = sizes[i] as number;
    const b = sizes[j] as number;
    // The intersection is at most the smaller set, the union at least the larger.
    if ((a < b ? a / b : b / a) < this.#threshold) return false;
    return agree(sketches, i * SKETCH_WORDS, j * SKETCH_WORDS, this.#fewest) && !this.#metBefore(i, j);
  }

  /** The exact answer, from the texts. */
  similar(i: number, j: number): boolean {
    const { sizes } = this.#signatures;
    const a = sizes[i] as number;
    const b = sizes[j] as number;
    if (this.#loaded === j) return this.#atLeast(a, b, this.#grams.countCommon(this.#rows, i));
    if (this.#loaded !== i) this.#grams.read(this.#rows, i);
    this.#loaded = i;
    return this.#atLeast(a, b, this.#grams.countCommon(this.#rows, j));
  }

  /** Two rows of Jaccard 0.7 share 4 of 25 bands: reading their texts once saves most of the time. */
  #metBefore(i: number, j: number): boolean {
    const { keys, banding } = this.#signatures;
    for (let band = 0; band < this.band; band++) {
      const same = keys[i * banding.bands + band] === keys[j * banding.bands + band];
      if (same && this.passedOver[band] === 0) return true;
    }
    return false;
  }

  // A quotient of integers is rounded as the threshold's decimal was: 12 / 15 is 0.8 to the bit, whereas
  // 0.8 * 15 need not be 12.
  #atLeast(a: number, b: number, common: number): boolean {
    return common / (a + b - common) >= this.#threshold;
  }
}
