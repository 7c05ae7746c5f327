// SPDX-License-Identifier: Apache-2.0
// Hashes to numbers of features, and those to values and the entries of a block, in AssemblyScript; scripts/kernel.mjs makes
// src/training/ngram-bytes.ts of it. test/support/oracle/plain-ngrams.ts numbers and fills in plain loops, and the tests of
// scoring, weighing and narrowing have their own.
//
// Rows come one after another, `namespaces` segments each: a word (hash or number) and a count for each n-gram, and where each
// segment ends. To number an n-gram takes 8 to 17 ns with the copies, to write one into a block 3 to 8. No branch depends on
// what a look-up found: that can't be predicted, and cost as much as the look-up.

/** 2^32 over the golden ratio, odd: the leading bits of a product with it depend on every bit (Knuth, TAOCP 3, 6.4). */
const SCRAMBLE: u32 = 0x9e3779b1;
/** An offset that no feature's weights have, and a number that no feature has. */
const UNUSED: u32 = 0xffffffff;
/** Bits of a feature's number; the code of its weight, and 1, lies above. */
const ID_BITS: u32 = 20;

// @ts-ignore: a decorator
@inline
function slotOf(hash: u32, shift: u32): usize {
  return <usize>((hash * SCRAMBLE) >>> shift);
}

// @ts-ignore: a decorator
@inline
function endOf(words: usize, ends: usize, segment: i32): usize {
  return words + (<usize>load<u32>(ends + (<usize>segment << 2)) << 2);
}

/** The term frequency of a count. */
// @ts-ignore: a decorator
@inline
function frequencyOf(frequency: usize, count: usize): f64 {
  return load<f64>(frequency + (<usize>load<u8>(count) << 3));
}

/**
 * Enters a family's features into a table of 2^(32 - shift) buckets: four hashes, then four times number and code + 1. There are
 * half as many buckets as features, or more.
 */
export function enter(features: u32, hashes: usize, codes: usize, table: usize, shift: u32): void {
  const mask = (<usize>1 << (37 - shift)) - 1;
  for (let id: u32 = 0; id < features; id++) {
    const hash = load<u32>(hashes + (<usize>id << 2));
    let at = slotOf(hash, shift) << 5;
    while (load<u32>(table + at, 28) != 0) at = (at + 32) & mask;
    while (load<u32>(table + at, 16) != 0) at += 4;
    store<u32>(table + at, hash);
    store<u32>(table + at, id | ((<u32>load<u8>(codes + id) + 1) << ID_BITS), 16);
  }
}

/** What a bucket has for a hash, or 0. */
// @ts-ignore: a decorator
@inline
function inBucket(bucket: usize, wanted: v128): u32 {
  const found = v128.and(i32x4.eq(wanted, v128.load(bucket)), v128.load(bucket, 16));
  const halves = i64x2.extract_lane(found, 0) | i64x2.extract_lane(found, 1);
  return <u32>halves | <u32>(halves >>> 32);
}

/** What {@link enter} left for a hash, or 0. */
// @ts-ignore: a decorator
@inline
function find(hash: u32, table: usize, shift: u32, mask: usize): u32 {
  const wanted = i32x4.splat(hash);
  let at = slotOf(hash, shift) << 5;
  let found = inBucket(table + at, wanted);
  while (found == 0 && load<u32>(table + at, 28) != 0) {
    at = (at + 32) & mask;
    found = inBucket(table + at, wanted);
  }
  return found;
}

/**
 * Puts the numbers of the features in the place of their hashes, without the n-grams that are none, and writes how often these
 * occur in each segment, where it ends now, and 1 over its length, 0 where it is empty. `weight` is what a code + 1 stands for,
 * and 0 for 0. Returns how many n-grams are left.
 */
export function number(
  segments: i32,
  words: usize,
  counts: usize,
  ends: usize,
  table: usize,
  shift: u32,
  frequency: usize,
  weight: usize,
  factor: usize,
  unknown: usize,
): u32 {
  const mask = (<usize>1 << (37 - shift)) - 1;
  let p = words;
  let c = counts;
  let n: usize = 0;
  for (let s = 0; s < segments; s++) {
    const end = endOf(words, ends, s);
    let squares: f64 = 0;
    let dropped: u32 = 0;
    for (; p < end; p += 4, c++) {
      const found = find(load<u32>(p), table, shift, mask);
      const often = load<u8>(c);
      const value = frequencyOf(frequency, c) * load<f64>(weight + (<usize>(found >>> ID_BITS) << 3));
      squares += value * value;
      store<u32>(words + (n << 2), found & ((1 << ID_BITS) - 1));
      store<u8>(counts + n, often);
      n += <usize>(found != 0);
      dropped += found == 0 ? <u32>often : 0;
    }
    store<u32>(unknown + (<usize>s << 2), dropped);
    store<f32>(factor + (<usize>s << 2), squares == 0 ? 0 : <f32>(1 / Math.sqrt(squares)));
    store<u32>(ends + (<usize>s << 2), <u32>n);
  }
  return <u32>n;
}

/**
 * Writes the value of each n-gram as the runtime's vectorizer has it: in doubles, each segment scaled to length 1. `weight` is what
 * a feature's code stands for.
 */
export function vectorize(
  segments: i32,
  words: usize,
  counts: usize,
  ends: usize,
  frequency: usize,
  codes: usize,
  weight: usize,
  values: usize,
): void {
  let p = words;
  let c = counts;
  for (let s = 0; s < segments; s++) {
    const first = values;
    let squares: f64 = 0;
    for (const end = endOf(words, ends, s); p < end; p += 4, c++, values += 8) {
      const code = <usize>load<u8>(codes + <usize>load<u32>(p));
      const value = frequencyOf(frequency, c) * load<f64>(weight + (code << 3));
      store<f64>(values, value);
      squares += value * value;
    }
    if (squares == 0) continue;
    const norm = 1 / Math.sqrt(squares);
    for (let v = first; v < values; v += 8) store<f64>(v, load<f64>(v) * norm);
  }
}

/**
 * Adds the length of each segment that has one to the sum of its namespace, and 1 to its `filled`: `value` has those of all
 * features where a term frequency is 1, `factor` that of each segment.
 */
export function lengths(
  segments: i32,
  namespaces: i32,
  words: usize,
  counts: usize,
  ends: usize,
  frequency: usize,
  value: usize,
  factor: usize,
  sums: usize,
  filled: usize,
): void {
  let p = words;
  let c = counts;
  for (let s = 0; s < segments; s++) {
    let squares: f64 = 0;
    for (const end = endOf(words, ends, s); p < end; p += 4, c++) {
      const v = frequencyOf(frequency, c) * <f64>load<f32>(value + (<usize>load<u32>(p) << 2));
      squares += v * v;
    }
    if (squares == 0) continue;
    const at = <usize>(s % namespaces) << 3;
    const length = Math.sqrt(squares) * <f64>load<f32>(factor + (<usize>s << 2));
    store<f64>(sums + at, load<f64>(sums + at) + length);
    store<f64>(filled + at, load<f64>(filled + at) + 1);
  }
}

/**
 * Puts what `local` has for each feature in its place, without those that are unused there. Returns how many n-grams are left;
 * their ends follow.
 */
export function narrow(segments: i32, words: usize, counts: usize, ends: usize, local: usize): u32 {
  let p = words;
  let c = counts;
  let n: usize = 0;
  for (let s = 0; s < segments; s++) {
    for (const end = endOf(words, ends, s); p < end; p += 4, c++) {
      const own = load<u32>(local + (<usize>load<u32>(p) << 2));
      const often = load<u8>(c);
      store<u32>(words + (n << 2), own);
      store<u8>(counts + n, often);
      n += <usize>(own != UNUSED);
    }
    store<u32>(ends + (<usize>s << 2), <u32>n);
  }
  return <u32>n;
}

/**
 * Writes the slots of a family's features: those of a task, `ids`, have the offset of their weights, `bytes` each, and the value where
 * the term frequency is 1, the weight of their code times the factor; the others are unused.
 */
export function place(
  features: u32,
  n: u32,
  ids: usize,
  factors: usize,
  codes: usize,
  weight: usize,
  bytes: u32,
  slots: usize,
): void {
  for (let id: usize = 0; id < <usize>features; id++) store<u64>(slots + (id << 3), UNUSED);
  for (let f: u32 = 0; f < n; f++) {
    const id = <usize>load<u32>(ids + (<usize>f << 2));
    const factor = <f64>load<f32>(factors + (<usize>f << 2));
    store<u32>(slots + (id << 3), f * bytes);
    store<f32>(slots + (id << 3), <f32>(load<f64>(weight + (<usize>load<u8>(codes + id) << 3)) * factor), 4);
  }
}

/**
 * Writes the rows as entries of a block: offset and value, without the features whose offset is unused, where each row ends, and
 * its sum of squares. `slots` has the offset of each feature and its value where its term frequency is 1; `factor` is that of each
 * segment. Returns how many entries there are.
 */
export function expand(
  rows: i32,
  namespaces: i32,
  words: usize,
  counts: usize,
  ends: usize,
  factor: usize,
  slots: usize,
  frequency: usize,
  entries: usize,
  rowEnds: usize,
  rowSquares: usize,
): u32 {
  let p = words;
  let c = counts;
  let s = 0;
  let n: usize = 0;
  for (let row = 0; row < rows; row++) {
    let sum: f64 = 0;
    for (let k = 0; k < namespaces; k++, s++) {
      const norm = <f64>load<f32>(factor + (<usize>s << 2));
      for (const end = endOf(words, ends, s); p < end; p += 4, c++) {
        const slot = slots + (<usize>load<u32>(p) << 3);
        const offset = load<u32>(slot);
        const v = <f32>(frequencyOf(frequency, c) * <f64>load<f32>(slot, 4) * norm);
        sum += <f64>v * <f64>v;
        store<u32>(entries + (n << 3), offset);
        store<f32>(entries + (n << 3), v, 4);
        n += <usize>(offset != UNUSED);
      }
    }
    store<u32>(rowEnds + (<usize>row << 2), <u32>n);
    store<f64>(rowSquares + (<usize>row << 3), sum);
  }
  return <u32>n;
}
