// SPDX-License-Identifier: Apache-2.0
// Inputs to their distinct n-grams, in AssemblyScript; scripts/kernel.mjs makes src/training/analysis-bytes.ts of it. It reads ASCII
// texts as src/model/analyzer.ts does; of others the hashes come from there.
//
// A text's raw hashes, repeats included, are written behind those found so far; `take` then moves each new one down to the end of the
// found ones and counts repeats, so no second buffer is needed.

/** As in src/core/text.ts; whatever is no ASCII comes after all of them. */
const WORD: u8 = 1;
const SPACE: u8 = 3;

const WORD_SEED: u32 = 0x2545f491;
const CHAR_SEED: u32 = 0x6c078965;
const FIRST_SEED: u32 = 0x1b56c4e9;
const FIRST_TWO_SEED: u32 = 0x3c6ef372;
const LAST_SEED: u32 = 0x7f4a7c15;
const PAD: u32 = 0x20;
/** Most repeats of an n-gram in one input that count. */
const MOST_REPEATS: u8 = 255;

// Where everything lies, in bytes; set by bind().
/** Class of each byte. */
let classes: usize = 0;
/** Running hash of each token of a text. */
let tokens: usize = 0;
/** Position + 1 of a hash in `hashes`, found by its last bits; what earlier inputs left lies below the first of this one. */
let slots: usize = 0;
let mask: u32 = 0;
let counts: usize = 0;
let hashes: usize = 0;
/** Distinct n-grams of all inputs so far. */
let found: u32 = 0;

// N-grams of words, and of characters; 0 as a maximum is none.
let wordMin: u32 = 0;
let wordMax: u32 = 0;
let charMin: usize = 0;
let charMax: usize = 0;

/** Starts without any n-gram; `slotCount` is a power of 2, over the n-grams of any input. */
export function bind(
  classesAt: usize, tokensAt: usize, slotsAt: usize, slotCount: u32, countsAt: usize, hashesAt: usize,
): void {
  classes = classesAt;
  tokens = tokensAt;
  slots = slotsAt;
  mask = slotCount - 1;
  counts = countsAt;
  hashes = hashesAt;
  found = 0;
  memory.fill(slots, 0, (<usize>slotCount) << 2);
}

export function settings(ngramMin: u32, ngramMax: u32, charNgramMin: u32, charNgramMax: u32): void {
  wordMin = ngramMin;
  wordMax = ngramMax;
  charMin = max<usize>(charNgramMin, 1);
  charMax = charNgramMax;
}

// @ts-ignore: decorator
@inline
function step(h: u32, unit: u32): u32 {
  const m = (h ^ unit) * 0x9e3779b1;
  return m ^ (m >>> 15);
}

/** The finalizer of MurmurHash3, as in src/core/hash.ts. */
// @ts-ignore: decorator
@inline
function mix(x: u32): u32 {
  let h = (x ^ (x >>> 16)) * 0x85ebca6b;
  h = (h ^ (h >>> 13)) * 0xc2b2ae35;
  return h ^ (h >>> 16);
}

// @ts-ignore: decorator
@inline
function classAt(at: usize): u8 {
  return load<u8>(classes + <usize>load<u8>(at));
}

// @ts-ignore: decorator
@inline
function tokenAt(i: u32): u32 {
  return load<u32>(tokens + (<usize>i << 2));
}

/** Makes the capitals of ASCII in [from, to) small, and in the up to 15 bytes behind it. */
export function lower(from: usize, to: usize): void {
  for (; from < to; from += 16) {
    const units = v128.load(from);
    const above = i8x16.sub(units, i8x16.splat(0x41));
    const capital = i8x16.lt_u(above, i8x16.splat(26));
    v128.store(from, v128.or(units, v128.and(capital, i8x16.splat(0x20))));
  }
}

/** Hashes the tokens of a text; returns how many there are, or -1 where it is not ASCII. */
function tokenize(from: usize, to: usize): i32 {
  let n: u32 = 0;
  while (from < to) {
    const kind = classAt(from);
    if (kind == SPACE) {
      from++;
      continue;
    }
    if (kind > SPACE) return -1;
    let h = step(WORD_SEED, load<u8>(from++));
    if (kind == WORD) while (from < to && classAt(from) == WORD) h = step(h, load<u8>(from++));
    store<u32>(tokens + (<usize>n << 2), h);
    n++;
  }
  return n;
}

/** Writes the hashes of the n-grams of `n` tokens; returns where they end. */
function words(n: u32, out: usize): usize {
  for (let i: u32 = 0; i < n; i++) {
    let h: u32 = 0;
    const most = min<u32>(wordMax, n - i);
    for (let k: u32 = 1; k <= most; k++) {
      h = step(h * 31 + k, tokenAt(i + k - 1));
      if (k < wordMin) continue;
      store<u32>(out, mix(h));
      out += 4;
    }
  }
  if (n == 0) return out;
  const first = tokenAt(0);
  store<u32>(out, mix(step(FIRST_SEED, first)));
  out += 4;
  if (n > 1) {
    store<u32>(out, mix(step(step(FIRST_TWO_SEED, first), tokenAt(1))));
    out += 4;
  }
  store<u32>(out, mix(step(LAST_SEED, tokenAt(n - 1))));
  return out + 4;
}

/** The same for the n-grams of the characters of a stretch without white space; a space is on either side. */
function stretch(from: usize, to: usize, out: usize): usize {
  for (let i = from - 1; i + charMin <= to + 1; i++) {
    let h = CHAR_SEED;
    let j = i;
    if (j < from) {
      h = step(h, PAD);
      if (charMin < 2) {
        store<u32>(out, mix(h));
        out += 4;
      }
      j++;
    }
    const end = min<usize>(i + charMax, to);
    for (; j < end; j++) {
      h = step(h, load<u8>(j));
      if (j + 2 <= i + charMin) continue;
      store<u32>(out, mix(h));
      out += 4;
    }
    if (i + charMax > to) {
      store<u32>(out, mix(step(h, PAD)));
      out += 4;
    }
  }
  return out;
}

/** The same for all stretches of a text. */
function characters(from: usize, to: usize, out: usize): usize {
  while (from < to) {
    if (classAt(from) == SPACE) {
      from++;
      continue;
    }
    const start = from;
    while (from < to && classAt(from) != SPACE) from++;
    out = stretch(start, from, out);
  }
  return out;
}

/**
 * Adds the hashes at [from, to) to the input at hand, whose first distinct hash has number `first`: a new one is appended to the found
 * ones with a count of 1, and a known one counted up, to 255 at most. [from, to) must not begin below the end of the found ones. Returns how
 * many are found now.
 */
export function take(from: usize, to: usize, first: u32): u32 {
  for (; from < to; from += 4) {
    const hash = load<u32>(from);
    let at = slots + (<usize>(hash & mask) << 2);
    let known = load<u32>(at);
    while (known > first && load<u32>(hashes + (<usize>(known - 1) << 2)) != hash) {
      at = slots + ((at - slots + 4) & ((<usize>mask << 2) | 3));
      known = load<u32>(at);
    }
    if (known > first) {
      const count = load<u8>(counts + known - 1);
      if (count < MOST_REPEATS) store<u8>(counts + known - 1, count + 1);
      continue;
    }
    store<u32>(hashes + (<usize>found << 2), hash);
    store<u8>(counts + found, 1);
    found++;
    store<u32>(at, found);
  }
  return found;
}

/**
 * Analyzes texts of lower-case ASCII: number i is [starts[i], starts[i + 1]) of `bytes`. Writes the end of each namespace, words
 * and then characters, to `ends`: 7 to 10 ns a distinct n-gram, with what is around it. Returns the first text that is not ASCII, or `to`.
 */
export function analyze(bytes: usize, starts: usize, from: u32, to: u32, ends: usize): u32 {
  for (let i = from; i < to; i++) {
    const start = bytes + load<u32>(starts + (<usize>i << 2));
    const end = bytes + load<u32>(starts + (<usize>i << 2), 4);
    const n = tokenize(start, end);
    if (n < 0) return i;
    const first = found;
    const raw = hashes + (<usize>found << 2);
    const between = wordMax > 0 ? words(n, raw) : raw;
    const behind = charMax > 0 ? characters(start, end, between) : between;
    store<u32>(ends, take(raw, between, first));
    store<u32>(ends, take(between, behind, first), 4);
    ends += 8;
  }
  return to;
}
