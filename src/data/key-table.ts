// SPDX-License-Identifier: Apache-2.0

/**
 * First owner of each 64-bit key: open addressing over typed arrays. 1.5 million strings as keys of a Map
 * take 200 MB and pauses of the collector; this takes 12 bytes a slot at most 3/4 full.
 */
export class KeyTable {
  #mask = 1023;
  #high = new Uint32Array(1024);
  #low = new Uint32Array(1024);
  /** Owner + 1; 0 is a free slot. */
  #owner = new Uint32Array(1024);
  #used = 0;

  /** Owner of the key; `owner` becomes it where there is none. */
  claim(high: number, low: number, owner: number): number {
    if (this.#used * 4 > this.#mask * 3) this.#grow();
    const slot = this.#slot(high, low);
    const found = this.#owner[slot] as number;
    if (found !== 0) return found - 1;
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#owner[slot] = owner + 1;
    this.#used++;
    return owner;
  }

  /** Owner of the key; null where there is none. */
  find(high: number, low: number): number | null {
    const found = this.#owner[this.#slot(high, low)] as number;
    return found === 0 ? null : found - 1;
  }

  #slot(high: number, low: number): number {
    let slot = low & this.#mask;
    while (this.#owner[slot] !== 0 && (this.#low[slot] !== low || this.#high[slot] !== high)) {
      slot = (slot + 1) & this.#mask;
    }
    return slot;
  }

  #grow(): void {
    const [high, low, owner] = [this.#high, this.#low, this.#owner];
    const size = owner.length * 2;
    this.#mask = size - 1;
    this.#high = new Uint32Array(size);
    this.#low = new Uint32Array(size);
    this.#owner = new Uint32Array(size);
    for (let k = 0; k < owner.length; k++) {
      if (owner[k] === 0) continue;
      const slot = this.#slot(high[k] as number, low[k] as number);
      this.#high[slot] = high[k] as number;
      this.#low[slot] = low[k] as number;
      this.#owner[slot] = owner[k] as number;
    }
  }
}
