// SPDX-License-Identifier: Apache-2.0
// Which features rows have, how often, and what the rows' labels say of them, in AssemblyScript; scripts/kernel.mjs makes
// src/training/feature-bytes.ts of it, and test/support/oracle/plain-features.ts does the same with Maps. It works on the memory of
// kernel/ngrams.ts, where rows come in segments as described there.
//
// Warm, these loops are little faster than JavaScript. But a task of some thousand rows is through with them before a thread's
// JavaScript is compiled: docs/engine.md has what that took.

/** 2^32 over the golden ratio, odd: the leading bits of a product with it depend on every bit (Knuth, TAOCP 3, 6.4). */
const SCRAMBLE: u32 = 0x9e3779b1;
/** Where more than one in so many of all features has a count, all are gone through in their order: memory is read fastest so. */
const MANY: u32 = 8;
/** Bits of a key that one turn of the radix sort goes by. */
const DIGIT: u32 = 16;

const LN2_HIGH: f64 = 0.6931471803691238;
const LN2_LOW: f64 = 1.9082149292705877e-10;
/** From the upper half of a double to where its exponent is that of the nearest power of 2. */
const HALF_WAY: u32 = 0x95f62;

/** Natural logarithm of a normal number over 0, bit for bit that of src/core/elementary.ts, which says how. */
// @ts-ignore: a decorator
@inline
function log(x: f64): f64 {
  const k = <i32>((<u32>(reinterpret<u64>(x) >>> 32) + HALF_WAY) >>> 20) - 1023;
  const f = x * reinterpret<f64>(<u64>(1023 - k) << 52) - 1;
  const s = f / (2 + f);
  const z = s * s;
  const y = z * z;
  const p: f64 =
    2.0 / 3.0 +
    z * (2.0 / 5.0) +
    y *
      (2.0 / 7.0 +
        z * (2.0 / 9.0) +
        y *
          (2.0 / 11.0 +
            z * (2.0 / 13.0) +
            y * (2.0 / 15.0 + z * (2.0 / 17.0) + y * (2.0 / 19.0 + z * (2.0 / 21.0)))));
  const half = 0.5 * f * f;
  return <f64>k * LN2_HIGH - (half - (s * (half + z * p) + <f64>k * LN2_LOW) - f);
}

/** Where a hash is, or would be, in a table of 2^(32 - shift) slots: a hash and a frequency each, which is 0 in an empty one. */
// @ts-ignore: a decorator
@inline
function slotOf(hash: u32, table: usize, shift: u32, mask: usize): usize {
  let at = <usize>((hash * SCRAMBLE) >>> shift) << 3;
  while (load<u32>(table + at, 4) != 0 && load<u32>(table + at) != hash) at = (at + 8) & mask;
  return table + at;
}

/**
 * Adds each row's n-grams to a table of frequencies, as often as `copies` says of the row: those whose hash falls to `part` of
 * `parts`. The table has room for them. Returns how many slots are used, of which `used` were before.
 */
export function count(
  rows: i32,
  namespaces: i32,
  words: usize,
  ends: usize,
  copies: usize,
  part: u32,
  parts: u32,
  table: usize,
  shift: u32,
  used: u32,
): u32 {
  const mask = (<usize>1 << (35 - shift)) - 1;
  let p = words;
  for (let row = 1; row <= rows; row++, copies += 4) {
    const own = load<u32>(copies);
    const end = words + (<usize>load<u32>(ends + (<usize>(row * namespaces - 1) << 2)) << 2);
    for (; p < end; p += 4) {
      const hash = load<u32>(p);
      if (parts > 1 && (hash >>> 16) % parts != part) continue;
      const slot = slotOf(hash, table, shift, mask);
      const before = load<u32>(slot, 4);
      store<u32>(slot, hash);
      store<u32>(slot, before + own, 4);
      used += <u32>(before == 0);
    }
  }
  return used;
}

/** Enters what a table of so many slots has into an empty one. */
export function move(from: usize, slots: u32, table: usize, shift: u32): void {
  const mask = (<usize>1 << (35 - shift)) - 1;
  for (const end = from + (<usize>slots << 3); from < end; from += 8) {
    if (load<u32>(from, 4) == 0) continue;
    store<u64>(slotOf(load<u32>(from), table, shift, mask), load<u64>(from));
  }
}

/**
 * Writes the hash and the frequency of each feature of `least` rows and more; returns how many these are. There is room for one more:
 * what is not of them is written too, and written over.
 */
export function list(table: usize, slots: u32, least: u32, hashes: usize, frequencies: usize): u32 {
  let n: usize = 0;
  for (const end = table + (<usize>slots << 3); table < end; table += 8) {
    const frequency = load<u32>(table, 4);
    store<u32>(hashes + (n << 2), load<u32>(table));
    store<u32>(frequencies + (n << 2), frequency);
    n += <usize>(frequency > 0 && frequency >= least);
  }
  return <u32>n;
}

/** 0, 1, 2 and so on. */
export function iota(n: u32, ids: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u32>(ids + (<usize>i << 2), i);
}

/**
 * A stable sort of ids by 16 bits of their keys, from `shift` on, falling where `flip` is all ones, and rising where it is 0. `next`
 * has room for 2^16 + 1 numbers.
 */
export function sort(n: u32, ids: usize, key: usize, flip: u32, shift: u32, sorted: usize, next: usize): void {
  const mask: u32 = (1 << DIGIT) - 1;
  const end = ids + (<usize>n << 2);
  memory.fill(next, 0, (<usize>mask + 2) << 2);
  for (let p = ids; p < end; p += 4) {
    const digit = ((load<u32>(key + (<usize>load<u32>(p) << 2)) ^ flip) >>> shift) & mask;
    const after = next + (<usize>(digit + 1) << 2);
    store<u32>(after, load<u32>(after) + 1);
  }
  for (let d: usize = 0; d <= <usize>mask; d++) {
    const at = next + (d << 2);
    store<u32>(at, load<u32>(at, 4) + load<u32>(at), 4);
  }
  for (let p = ids; p < end; p += 4) {
    const id = load<u32>(p);
    const digit = ((load<u32>(key + (<usize>id << 2)) ^ flip) >>> shift) & mask;
    const at = next + (<usize>digit << 2);
    const place = load<u32>(at);
    store<u32>(sorted + (<usize>place << 2), id);
    store<u32>(at, place + 1);
  }
}

/** What `from` has of each of `ids`, in their order. */
export function gather(n: u32, ids: usize, from: usize, into: usize): void {
  for (const end = ids + (<usize>n << 2); ids < end; ids += 4, into += 4)
    store<u32>(into, load<u32>(from + (<usize>load<u32>(ids) << 2)));
}

/**
 * Adds a task's features, in the order of their ranks, to those of other tasks, `length` of which are known: the hash of each, its
 * best rank in a task, and the sum of its frequencies. `table` has 2^(32 - shift) places of numbers + 1 and is at most half full then.
 * Returns how many are known.
 */
export function unite(
  n: u32,
  own: usize,
  ownFrequencies: usize,
  table: usize,
  shift: u32,
  length: u32,
  hashes: usize,
  ranks: usize,
  frequencies: usize,
): u32 {
  const mask = (<usize>1 << (34 - shift)) - 1;
  for (let rank: u32 = 0; rank < n; rank++, own += 4, ownFrequencies += 4) {
    const hash = load<u32>(own);
    let at = <usize>((hash * SCRAMBLE) >>> shift) << 2;
    let known = load<u32>(table + at);
    while (known != 0 && load<u32>(hashes + (<usize>(known - 1) << 2)) != hash) {
      at = (at + 4) & mask;
      known = load<u32>(table + at);
    }
    if (known == 0) {
      known = ++length;
      store<u32>(table + at, known);
      store<u32>(hashes + (<usize>(known - 1) << 2), hash);
      store<u32>(ranks + (<usize>(known - 1) << 2), rank);
    }
    const best = ranks + (<usize>(known - 1) << 2);
    store<u32>(best, min(rank, load<u32>(best)));
    const sum = frequencies + (<usize>(known - 1) << 3);
    store<f64>(sum, load<f64>(sum) + <f64>load<u32>(ownFrequencies));
  }
  return length;
}

/**
 * Returns the last rank of which features are kept, so that `most` are; `rankCount` where all are. At that rank `ofRank`, all zero at
 * first, has how many of it are kept.
 */
export function cut(length: u32, ranks: usize, rankCount: u32, ofRank: usize, most: u32): u32 {
  for (const end = ranks + (<usize>length << 2); ranks < end; ranks += 4) {
    const at = ofRank + (<usize>load<u32>(ranks) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
  for (let rank: u32 = 0; rank < rankCount; rank++, ofRank += 4) {
    const here = load<u32>(ofRank);
    if (here > most) {
      store<u32>(ofRank, most);
      return rank;
    }
    most -= here;
  }
  return rankCount;
}

/** Of `ids`, in their order, those of a rank before the last one, and so many of that; returns how many these are. */
export function keep(n: u32, ids: usize, ranks: usize, last: u32, ofLast: u32, kept: usize): u32 {
  const first = kept;
  for (const end = ids + (<usize>n << 2); ids < end; ids += 4) {
    const id = load<u32>(ids);
    const rank = load<u32>(ranks + (<usize>id << 2));
    if (rank > last) continue;
    if (rank == last) {
      if (ofLast == 0) continue;
      ofLast--;
    }
    store<u32>(kept, id);
    kept += 4;
  }
  return <u32>((kept - first) >>> 2);
}

/**
 * Square root of the smoothed IDF, sqrt(ln((1 + n) / (1 + df)) + 1) of each of `ids` among `rows` rows, in one byte each; what the least
 * and the largest byte stand for goes to `range`.
 */
export function inverse(n: u32, ids: usize, frequencies: usize, rows: f64, exact: usize, range: usize, codes: usize): void {
  let low: f64 = Infinity;
  let high: f64 = 0;
  for (let i: usize = 0; i < <usize>n; i++) {
    const df = Math.min(load<f64>(frequencies + (<usize>load<u32>(ids + (i << 2)) << 3)), rows);
    const weight = Math.sqrt(log((1 + rows) / (1 + df)) + 1);
    store<f64>(exact + (i << 3), weight);
    low = Math.min(low, weight);
    high = Math.max(high, weight);
  }
  const step = high > low ? 255 / (high - low) : 0;
  for (let i: usize = 0; i < <usize>n; i++)
    store<u8>(codes + i, <u8>Math.floor((load<f64>(exact + (i << 3)) - low) * step + 0.5));
  store<f64>(range, low);
  store<f64>(range, high, 8);
}

/**
 * Counts the features of rows of one label, as often as `copies` says of a row, once or more, and beside them, for each of the `scored` folds,
 * those of its own rows. A feature without a count before goes to `met`, behind the `length` there, and the namespace that it was
 * met in to `spaces`. Returns how many there are now.
 */
export function tally(
  rows: i32,
  namespaces: i32,
  words: usize,
  ends: usize,
  copies: usize,
  folds: usize,
  scored: u32,
  counts: usize,
  left: usize,
  spaces: usize,
  met: usize,
  length: u32,
): u32 {
  let p = words;
  for (let row = 0; row < rows; row++, copies += 4) {
    const own = load<u32>(copies);
    const fold = scored > 0 ? <u32>load<u8>(folds + row) : 0;
    for (let space = 0; space < namespaces; space++, ends += 4) {
      const end = words + (<usize>load<u32>(ends) << 2);
      for (let q = p; q < end; q += 4) {
        const id = load<u32>(q);
        const count = counts + (<usize>id << 2);
        const before = load<u32>(count);
        store<u32>(count, before + own);
        if (before > 0) continue;
        store<u32>(met + (<usize>length << 2), id);
        store<u8>(spaces + id, <u8>space);
        length++;
      }
      if (fold < scored)
        for (let q = p; q < end; q += 4) {
          const at = left + (<usize>(load<u32>(q) * scored + fold) << 2);
          store<u32>(at, load<u32>(at) + own);
        }
      p = end;
    }
  }
  return length;
}

/**
 * What a label adds to each set of rows: to how many of them have a feature, and to the sum of m ln(m / p), with the label's share
 * p of the set and m = p + its rows that have the feature. The sets are all rows, or with `scored` folds all rows but one fold's,
 * side by side for each feature. Goes over what {@link tally} met, and sets its counts back to 0.
 */
export function learn(
  features: u32,
  met: usize,
  length: u32,
  counts: usize,
  left: usize,
  sets: u32,
  scored: u32,
  prior: usize,
  logPrior: usize,
  frequencies: usize,
  sums: usize,
): void {
  const all = length * MANY > features;
  const n = all ? features : length;
  for (let i: u32 = 0; i < n; i++) {
    const id = all ? i : load<u32>(met + (<usize>i << 2));
    const count = load<u32>(counts + (<usize>id << 2));
    if (count == 0) continue;
    store<u32>(counts + (<usize>id << 2), 0);
    let at = <usize>(id * sets);
    for (let set: usize = 0; set < <usize>sets; set++, at++) {
      let found = count;
      if (scored > 0) {
        found -= load<u32>(left + (at << 2));
        store<u32>(left + (at << 2), 0);
        if (found == 0) continue;
      }
      const mass = <f64>found + load<f64>(prior + (set << 3));
      const frequency = frequencies + (at << 2);
      store<u32>(frequency, load<u32>(frequency) + found);
      const sum = sums + (at << 3);
      store<f64>(sum, load<f64>(sum) + mass * (log(mass) - load<f64>(logPrior + (set << 3))));
    }
  }
}

/**
 * By what {@link learn} found of a set: how many of its rows have each feature, and the weight floor + sqrt(KL) of it; 0 where
 * fewer than `least` have it. Writes the features that have a weight, in their order, and returns how many these are.
 */
export function weigh(
  features: u32,
  sets: u32,
  set: u32,
  least: u32,
  floor: f64,
  frequencies: usize,
  sums: usize,
  weight: usize,
  frequency: usize,
  ids: usize,
): u32 {
  let n: usize = 0;
  for (let id: u32 = 0; id < features; id++) {
    const at = <usize>(id * sets + set);
    const rows = load<u32>(frequencies + (at << 2));
    const isKept = rows > 0 && rows >= least;
    let own: f64 = 0;
    if (isKept) {
      const all = <f64>rows + 1;
      own = floor + Math.sqrt(Math.max(0, load<f64>(sums + (at << 3)) / all - log(all)));
    }
    store<f64>(weight + (<usize>id << 3), own);
    store<u32>(frequency + (<usize>id << 2), isKept ? rows : 0);
    store<u32>(ids + (n << 2), id);
    n += <usize>isKept;
  }
  return <u32>n;
}

/** What a feature is worth where its term frequency is 1: its weight times what its code stands for. */
export function values(features: u32, weight: usize, codes: usize, ofCode: usize, value: usize): void {
  for (let id: usize = 0; id < <usize>features; id++) {
    const family = load<f64>(ofCode + (<usize>load<u8>(codes + id) << 3));
    store<f32>(value + (id << 2), <f32>(load<f64>(weight + (id << 3)) * family));
  }
}

/** The weight of each of `ids` times the constant of its namespace. */
export function factors(n: u32, ids: usize, weight: usize, spaces: usize, constants: usize, factor: usize): void {
  for (let f: usize = 0; f < <usize>n; f++) {
    const id = <usize>load<u32>(ids + (f << 2));
    const constant = load<f64>(constants + (<usize>load<u8>(spaces + id) << 3));
    store<f32>(factor + (f << 2), <f32>(load<f64>(weight + (id << 3)) * constant));
  }
}
