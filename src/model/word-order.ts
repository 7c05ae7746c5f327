// SPDX-License-Identifier: Apache-2.0
import type { HashList } from "./hash-comparison.ts";

/**
 * Words of each text whose order is compared: the table has this many squared cells, which bounds the time of a
 * long pair; nearly all sentences are shorter.
 */
export const MOST_ORDERED = 64;

/** How much of two word sequences runs in the same order, over the first {@link MOST_ORDERED} words of each. */
export class WordOrder {
  /** Words of the longest common subsequence. */
  subsequence = 0;
  /** Words of the longest stretch that both have. */
  stretch = 0;
  /** Words that both begin with, and, without these, end with. */
  prefix = 0;
  suffix = 0;
  readonly #subsequences = new Uint8Array(MOST_ORDERED + 1);
  readonly #stretches = new Uint8Array(MOST_ORDERED + 1);

  compare(a: HashList, b: HashList): void {
    this.#ends(a, b);
    const n = Math.min(a.length, MOST_ORDERED);
    const m = Math.min(b.length, MOST_ORDERED);
    const row = this.#subsequences.fill(0);
    const stretches = this.#stretches.fill(0);
    let longest = 0;
    for (let i = 0; i < n; i++) {
      const word = a.hashes[i];
      let diagonal = 0;
      let before = 0;
      for (let j = 1; j <= m; j++) {
        const above = row[j] as number;
        const left = row[j - 1] as number;
        const stretch = stretches[j] as number;
        if (word === b.hashes[j - 1]) {
          row[j] = diagonal + 1;
          stretches[j] = before + 1;
          if (before >= longest) longest = before + 1;
        } else {
          if (left > above) row[j] = left;
          stretches[j] = 0;
        }
        diagonal = above;
        before = stretch;
      }
    }
    this.subsequence = row[m] as number;
    this.stretch = longest;
  }

  #ends(a: HashList, b: HashList): void {
    const most = Math.min(a.length, b.length);
    let prefix = 0;
    while (prefix < most && a.hashes[prefix] === b.hashes[prefix]) prefix++;
    let suffix = 0;
    while (suffix < most - prefix && a.hashes[a.length - 1 - suffix] === b.hashes[b.length - 1 - suffix])
      suffix++;
    this.prefix = prefix;
    this.suffix = suffix;
  }
}
