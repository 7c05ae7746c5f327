// SPDX-License-Identifier: Apache-2.0
// AssemblyScript, compiled to WASM SIMD by scripts/kernel.mjs into src/training/kernel-bytes.ts. Plain SIMD only:
// the results of relaxed SIMD depend on the machine. Labels are padded to whole vectors of 4; a padding label has
// a bias of -1e30, so that its probability is 0 and nothing of it ever moves.

/**
 * A dual change below this is not carried to the weights: most labels of most rows stay put ({@link smallestStep} is lower for many labels). It moves the row's own scores by
 * a = cost x |x|^2 times as much, so above {@link USUAL} it is as much smaller as a is larger: a row that stands for thousands
 * learns by small steps of its dual.
 */
const SMALLEST_STEP: f32 = 1e-4;
/**
 * A row's a up to which {@link SMALLEST_STEP} and {@link SETTLED} hold as they are; that of a row of weight 1 is 12 at a cost of 4. A fit on rows of
 * weights up to 1e4 ends at a gap of 2e-4 to 4e-4 with this, as it does on rows of weight 1; a lower one gains nothing. From weights of 1e5 on
 * the gap is mostly what 32 bits round, and may be a hundredth under 0.
 */
const USUAL: f32 = 64;
/**
 * A row whose dual is as near as this to what the weights say, as a divergence in nats, is left alone, and left out of
 * the next pass: its label, loss and divergence are those of this one. Above {@link USUAL} it is as much smaller as a is larger, because the gap
 * counts a row's divergence times its cost.
 */
const SETTLED: f32 = 1e-4;
const MOST_STEPS: i32 = 30;
/** How far from a the sum may be where Newton's method ends, as a share of a: the last step is taken along the tangents. */
const NEAR: f32 = 1e-3;
/** And at most, as nu moves by about as much as is left, and what is not the row's own label changes by e to the power of that. */
const NEAREST: f32 = 0.1;
/** But no nearer than this share of a, which is its rounding. */
const ROUNDING: f32 = 1e-6;
/** Below this r, the fraction alone is Wright omega of r, to 5e-7. */
const FRACTION_LIMIT: f32 = -2.5;
/** Bytes of a feature's weights from which on scores are summed along them. */
const LONG: usize = 512;
/** Vectors of labels that must move for their steps to be carried over entry after entry. */
const MANY_STEPS: i32 = 32;
/** How far nu may be from where the exponentials were taken. */
const REFRESH: f32 = 40;

// Where everything lies, in bytes; set by bind().
let start: usize = 0;
let entries: usize = 0;
let weights: usize = 0;
let bias: usize = 0;
let dual: usize = 0;
let truth: usize = 0;
let cost: usize = 0;
let squares: usize = 0;
let predicted: usize = 0;
/** Loss of a row that the next pass leaves out, or -1; and its divergence. */
let settled: usize = 0;
/** Scratch vectors: scores, target, relative, u, steps; and the offsets of the blocks that move. */
let z: usize = 0;
let target: usize = 0;
let relative: usize = 0;
let solved: usize = 0;
let steps: usize = 0;
let blocks: usize = 0;
/** Bytes of one row of labels. */
let width: usize = 0;

// Sums of the last call.
let lossSum: f64 = 0;
let primalSum: f64 = 0;
let gapSum: f64 = 0;

export function bind(
  startAt: usize, entriesAt: usize, weightsAt: usize, biasAt: usize, dualAt: usize, truthAt: usize,
  costAt: usize, squaresAt: usize, predictedAt: usize, settledAt: usize, scratchAt: usize, labelBytes: usize,
): void {
  start = startAt;
  entries = entriesAt;
  weights = weightsAt;
  bias = biasAt;
  dual = dualAt;
  truth = truthAt;
  cost = costAt;
  squares = squaresAt;
  predicted = predictedAt;
  settled = settledAt;
  width = labelBytes;
  z = scratchAt;
  target = z + width;
  relative = target + width;
  solved = relative + width;
  steps = solved + width;
  blocks = steps + width;
}

export function loss(): f64 {
  return lossSum;
}
export function primal(): f64 {
  return primalSum;
}
export function gap(): f64 {
  return gapSum;
}

// @ts-ignore: decorator
@inline
function splat(x: f32): v128 {
  return f32x4.splat(x);
}

/** e^x to 2e-7, 0 below -80 (no denormal ever arises), capped at e^88. */
// @ts-ignore: decorator
@inline
function exp4(x: v128): v128 {
  const gone = f32x4.lt(x, splat(-80));
  const c = f32x4.min(f32x4.max(x, splat(-80)), splat(88));
  const k = f32x4.nearest(f32x4.mul(c, splat(1.4426950408889634)));
  // k ln 2 in two parts, of which the first is exact: 355 / 512 has 9 bits.
  let r = f32x4.sub(c, f32x4.mul(k, splat(0.693359375)));
  r = f32x4.add(r, f32x4.mul(k, splat(0.00021219444005469058)));
  let p = f32x4.add(f32x4.mul(r, splat(1.0 / 720.0)), splat(1.0 / 120.0));
  p = f32x4.add(f32x4.mul(p, r), splat(1.0 / 24.0));
  p = f32x4.add(f32x4.mul(p, r), splat(1.0 / 6.0));
  p = f32x4.add(f32x4.mul(p, r), splat(0.5));
  p = f32x4.add(f32x4.mul(p, r), splat(1));
  p = f32x4.add(f32x4.mul(p, r), splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(k), i32x4.splat(127)), 23);
  return v128.andnot(f32x4.mul(p, power), gone);
}

/** ln x to 2e-7 for a normal x over 0. */
// @ts-ignore: decorator
@inline
function log4(x: v128): v128 {
  const e = i32x4.shr_s(i32x4.sub(x, i32x4.splat(0x3f3504f3)), 23);
  const m = i32x4.sub(x, i32x4.shl(e, 23));
  const f = f32x4.sub(m, splat(1));
  const s = f32x4.div(f, f32x4.add(f, splat(2)));
  const q = f32x4.mul(s, s);
  let p = f32x4.add(f32x4.mul(q, splat(2.0 / 9.0)), splat(2.0 / 7.0));
  p = f32x4.add(f32x4.mul(p, q), splat(2.0 / 5.0));
  p = f32x4.add(f32x4.mul(p, q), splat(2.0 / 3.0));
  p = f32x4.add(f32x4.mul(p, q), splat(2));
  return f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(e), splat(0.6931471805599453)), f32x4.mul(p, s));
}

// @ts-ignore: decorator
@inline
function log1(x: f32): f32 {
  return f32x4.extract_lane(log4(splat(x)), 0);
}

// @ts-ignore: decorator
@inline
function sum4(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

// @ts-ignore: decorator
@inline
function max4(v: v128): f32 {
  return max<f32>(
    max<f32>(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max<f32>(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}

/** Lambert's W(y) for small y >= 0, the Padé approximant of its series at 0; 5 % off at y = e. */
// @ts-ignore: decorator
@inline
function lambert4(y: v128): v128 {
  let p = f32x4.add(f32x4.mul(y, splat(17.0 / 60.0)), splat(1.9));
  p = f32x4.add(f32x4.mul(p, y), splat(1));
  let q = f32x4.add(f32x4.mul(y, splat(101.0 / 60.0)), splat(2.9));
  q = f32x4.add(f32x4.mul(q, y), splat(1));
  return f32x4.div(f32x4.mul(y, p), q);
}

/** One step of Fritsch, Shafer and Crowley towards u + ln u = r. */
// @ts-ignore: decorator
@inline
function omegaStep(u: v128, r: v128): v128 {
  const rest = f32x4.sub(f32x4.sub(r, u), log4(u));
  const w = f32x4.add(u, splat(1));
  const a = f32x4.mul(w, f32x4.add(w, f32x4.mul(rest, splat(2.0 / 3.0))));
  const ratio = f32x4.div(
    f32x4.mul(rest, f32x4.sub(a, f32x4.mul(rest, splat(0.5)))),
    f32x4.mul(w, f32x4.sub(a, rest)),
  );
  return f32x4.add(u, f32x4.mul(u, ratio));
}

/**
 * Wright omega for r >= FRACTION_LIMIT, where `small` is Lambert's W(e^r) where r <= 1; anything for less. One step
 * from there, or from r - ln r + ln r / r, is within 3e-7.
 */
// @ts-ignore: decorator
@inline
function omega4(r: v128, small: v128): v128 {
  const above = f32x4.gt(r, splat(1));
  let u = small;
  if (v128.any_true(above)) {
    const x = f32x4.max(r, splat(1));
    const l = log4(x);
    u = v128.bitselect(f32x4.add(f32x4.sub(x, l), f32x4.div(l, x)), u, above);
  }
  return omegaStep(u, r);
}

// @ts-ignore: decorator
@inline
function fma(sum: v128, at: usize, value: v128): v128 {
  return f32x4.add(sum, f32x4.mul(v128.load(at), value));
}

// One function a number of vectors, so that the sums stay in registers: 0.9 to 1.1 cycles a vector and non-zero.
function score8(from: usize, to: usize, at: usize): void {
  const w = weights + at;
  const b = bias + at;
  let s0 = v128.load(b);
  let s1 = v128.load(b, 16);
  let s2 = v128.load(b, 32);
  let s3 = v128.load(b, 48);
  let s4 = v128.load(b, 64);
  let s5 = v128.load(b, 80);
  let s6 = v128.load(b, 96);
  let s7 = v128.load(b, 112);
  for (; from < to; from += 8) {
    const row = w + load<u32>(from);
    const v = v128.load32_splat(from, 4);
    s0 = fma(s0, row, v);
    s1 = fma(s1, row + 16, v);
    s2 = fma(s2, row + 32, v);
    s3 = fma(s3, row + 48, v);
    s4 = fma(s4, row + 64, v);
    s5 = fma(s5, row + 80, v);
    s6 = fma(s6, row + 96, v);
    s7 = fma(s7, row + 112, v);
  }
  v128.store(z + at, s0);
  v128.store(z + at, s1, 16);
  v128.store(z + at, s2, 32);
  v128.store(z + at, s3, 48);
  v128.store(z + at, s4, 64);
  v128.store(z + at, s5, 80);
  v128.store(z + at, s6, 96);
  v128.store(z + at, s7, 112);
}

function score4(from: usize, to: usize, at: usize): void {
  const w = weights + at;
  const b = bias + at;
  let s0 = v128.load(b);
  let s1 = v128.load(b, 16);
  let s2 = v128.load(b, 32);
  let s3 = v128.load(b, 48);
  for (; from < to; from += 8) {
    const row = w + load<u32>(from);
    const v = v128.load32_splat(from, 4);
    s0 = fma(s0, row, v);
    s1 = fma(s1, row + 16, v);
    s2 = fma(s2, row + 32, v);
    s3 = fma(s3, row + 48, v);
  }
  v128.store(z + at, s0);
  v128.store(z + at, s1, 16);
  v128.store(z + at, s2, 32);
  v128.store(z + at, s3, 48);
}

function score5(from: usize, to: usize, at: usize): void {
  const w = weights + at;
  const b = bias + at;
  let s0 = v128.load(b);
  let s1 = v128.load(b, 16);
  let s2 = v128.load(b, 32);
  let s3 = v128.load(b, 48);
  let s4 = v128.load(b, 64);
  for (; from < to; from += 8) {
    const row = w + load<u32>(from);
    const v = v128.load32_splat(from, 4);
    s0 = fma(s0, row, v);
    s1 = fma(s1, row + 16, v);
    s2 = fma(s2, row + 32, v);
    s3 = fma(s3, row + 48, v);
    s4 = fma(s4, row + 64, v);
  }
  v128.store(z + at, s0);
  v128.store(z + at, s1, 16);
  v128.store(z + at, s2, 32);
  v128.store(z + at, s3, 48);
  v128.store(z + at, s4, 64);
}

function score3(from: usize, to: usize, at: usize): void {
  const w = weights + at;
  let s0 = v128.load(bias + at);
  let s1 = v128.load(bias + at, 16);
  let s2 = v128.load(bias + at, 32);
  for (; from < to; from += 8) {
    const row = w + load<u32>(from);
    const v = v128.load32_splat(from, 4);
    s0 = fma(s0, row, v);
    s1 = fma(s1, row + 16, v);
    s2 = fma(s2, row + 32, v);
  }
  v128.store(z + at, s0);
  v128.store(z + at, s1, 16);
  v128.store(z + at, s2, 32);
}

// With one or two vectors an addition would wait for the one before it: entries take turns with sums of their own.
function score2(from: usize, to: usize, at: usize): void {
  const w = weights + at;
  let s0 = v128.load(bias + at);
  let s1 = v128.load(bias + at, 16);
  let t0 = splat(0);
  let t1 = splat(0);
  for (; from + 8 < to; from += 16) {
    const even = w + load<u32>(from);
    const v = v128.load32_splat(from, 4);
    s0 = fma(s0, even, v);
    s1 = fma(s1, even + 16, v);
    const odd = w + load<u32>(from, 8);
    const u = v128.load32_splat(from, 12);
    t0 = fma(t0, odd, u);
    t1 = fma(t1, odd + 16, u);
  }
  if (from < to) {
    const row = w + load<u32>(from);
    const v = v128.load32_splat(from, 4);
    s0 = fma(s0, row, v);
    s1 = fma(s1, row + 16, v);
  }
  v128.store(z + at, f32x4.add(s0, t0));
  v128.store(z + at, f32x4.add(s1, t1), 16);
}

function score1(from: usize, to: usize, at: usize): void {
  const w = weights + at;
  let s0 = v128.load(bias + at);
  let s1 = splat(0);
  let s2 = splat(0);
  let s3 = splat(0);
  for (; from + 24 < to; from += 32) {
    s0 = fma(s0, w + load<u32>(from), v128.load32_splat(from, 4));
    s1 = fma(s1, w + load<u32>(from, 8), v128.load32_splat(from, 12));
    s2 = fma(s2, w + load<u32>(from, 16), v128.load32_splat(from, 20));
    s3 = fma(s3, w + load<u32>(from, 24), v128.load32_splat(from, 28));
  }
  for (; from < to; from += 8) s0 = fma(s0, w + load<u32>(from), v128.load32_splat(from, 4));
  v128.store(z + at, f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
}

/**
 * Scores of many labels: the weights of eight entries at a time, from their first label to their last, as memory is read fastest;
 * the sums come from the first cache. Adds in the order of score3 to score8.
 */
function scoreLong(from: usize, to: usize): void {
  for (let at: usize = 0; at < width; at += 16) v128.store(z + at, v128.load(bias + at));
  for (; from + 56 < to; from += 64) {
    const w0 = weights + load<u32>(from);
    const w1 = weights + load<u32>(from, 8);
    const w2 = weights + load<u32>(from, 16);
    const w3 = weights + load<u32>(from, 24);
    const w4 = weights + load<u32>(from, 32);
    const w5 = weights + load<u32>(from, 40);
    const w6 = weights + load<u32>(from, 48);
    const w7 = weights + load<u32>(from, 56);
    const v0 = v128.load32_splat(from, 4);
    const v1 = v128.load32_splat(from, 12);
    const v2 = v128.load32_splat(from, 20);
    const v3 = v128.load32_splat(from, 28);
    const v4 = v128.load32_splat(from, 36);
    const v5 = v128.load32_splat(from, 44);
    const v6 = v128.load32_splat(from, 52);
    const v7 = v128.load32_splat(from, 60);
    for (let at: usize = 0; at < width; at += 16) {
      let s = fma(v128.load(z + at), w0 + at, v0);
      s = fma(s, w1 + at, v1);
      s = fma(s, w2 + at, v2);
      s = fma(s, w3 + at, v3);
      s = fma(s, w4 + at, v4);
      s = fma(s, w5 + at, v5);
      s = fma(s, w6 + at, v6);
      v128.store(z + at, fma(s, w7 + at, v7));
    }
  }
  for (; from + 24 < to; from += 32) {
    const w0 = weights + load<u32>(from);
    const w1 = weights + load<u32>(from, 8);
    const w2 = weights + load<u32>(from, 16);
    const w3 = weights + load<u32>(from, 24);
    const v0 = v128.load32_splat(from, 4);
    const v1 = v128.load32_splat(from, 12);
    const v2 = v128.load32_splat(from, 20);
    const v3 = v128.load32_splat(from, 28);
    for (let at: usize = 0; at < width; at += 16) {
      let s = fma(v128.load(z + at), w0 + at, v0);
      s = fma(s, w1 + at, v1);
      s = fma(s, w2 + at, v2);
      v128.store(z + at, fma(s, w3 + at, v3));
    }
  }
  for (; from < to; from += 8) {
    const w = weights + load<u32>(from);
    const v = v128.load32_splat(from, 4);
    for (let at: usize = 0; at < width; at += 16) v128.store(z + at, fma(v128.load(z + at), w + at, v));
  }
}

// @ts-ignore: decorator
@inline
function rowFrom(row: usize): usize {
  return entries + ((<usize>load<u32>(start + (row << 2))) << 3);
}

/** Scores of a row by the weights as they are now, into z: few sweeps over the entries, of several sums each. */
function scoreRow(row: usize): void {
  const from = rowFrom(row);
  const to = rowFrom(row + 1);
  if (width >= LONG) {
    scoreLong(from, to);
    return;
  }
  let at: usize = 0;
  let left = width;
  for (; left >= 176 || left == 128; left -= 128) {
    score8(from, to, at);
    at += 128;
  }
  while (left > 0) {
    let taken: usize = 16;
    if (left == 160 || left == 144 || left == 80) {
      score5(from, to, at);
      taken = 80;
    } else if (left == 112 || left == 64) {
      score4(from, to, at);
      taken = 64;
    } else if (left == 96 || left == 48) {
      score3(from, to, at);
      taken = 48;
    } else if (left == 32) {
      score2(from, to, at);
      taken = 32;
    } else score1(from, to, at);
    at += taken;
    left -= taken;
  }
}

/** The label with the highest score; the first of equals. */
function bestLabel(top: f32): u32 {
  for (let at: usize = 0; at < width; at += 16) {
    const best = i32x4.bitmask(f32x4.eq(v128.load(z + at), splat(top)));
    if (best != 0) return <u32>(at >> 2) + <u32>ctz(best);
  }
  return 0;
}

function topScore(): f32 {
  let most = v128.load(z);
  for (let at: usize = 16; at < width; at += 16) most = f32x4.max(most, v128.load(z + at));
  return max4(most);
}

/** Log of the sum of e^z, less the highest score. */
function logSum(top: f32): f32 {
  let sum = splat(0);
  for (let at: usize = 0; at < width; at += 16)
    sum = f32x4.add(sum, exp4(f32x4.sub(v128.load(z + at), splat(top))));
  return log1(sum4(sum));
}

/**
 * KL(p || softmax(z)) of the row's dual, its part of the duality gap; as steps too small to carry leave the dual's sum a little
 * off 1, in the form for any sum, sum p ln(p / s) + 1 - sum p, which is under 0 by no more than
 * its rounding.
 */
function divergence(p: usize, lse: f32): f32 {
  let sum = splat(0);
  let mass = splat(0);
  for (let at: usize = 0; at < width; at += 16) {
    const q = v128.load(p + at);
    const term = f32x4.add(f32x4.sub(log4(f32x4.max(q, splat(1e-30))), v128.load(z + at)), splat(lse));
    sum = f32x4.add(sum, v128.and(f32x4.mul(q, term), f32x4.gt(q, splat(1e-30))));
    mass = f32x4.add(mass, q);
  }
  return sum4(sum) + (1 - sum4(mass));
}

/** Newton's last step: what u = omega(target - nu) is to follow along its tangent. */
let lastStep: f32 = 0;

/**
 * Solves the row's dual problem as test/support/oracle/row-solver.ts tells: u_k = omega(target_k - nu), with nu by Newton's method
 * such that the u sum to a. Leaves u in `solved`, up to `lastStep`. Where the dual is what the scores say, nu is their
 * log-sum-exp: the search starts there, between the least and the largest that nu can be.
 */
function solveRow(p: usize, a: f32, logSumExp: f32): void {
  const lnA = log1(a);
  let most = splat(-1e38);
  for (let at: usize = 0; at < width; at += 16) {
    const c = f32x4.add(f32x4.add(v128.load(z + at), f32x4.mul(splat(a), v128.load(p + at))), splat(lnA));
    v128.store(target + at, c);
    most = f32x4.max(most, c);
  }
  // The largest u is a at most, and a / labels at least.
  const top = max4(most);
  const share = a / <f32>(width >> 2);
  let nu = max<f32>(top - a - lnA, min<f32>(logSumExp, top - share - log1(share)));
  const near = max<f32>(min<f32>(NEAR * a, NEAREST), ROUNDING * a);
  let base: f32 = -1e30;
  for (let i = 0; i < MOST_STEPS; i++) {
    if (abs(nu - base) > REFRESH) {
      base = nu;
      for (let at: usize = 0; at < width; at += 16)
        v128.store(relative + at, exp4(f32x4.sub(v128.load(target + at), splat(nu))));
    }
    const scale = f32x4.extract_lane(exp4(splat(base - nu)), 0);
    let sums = splat(0);
    let slopes = splat(0);
    for (let at: usize = 0; at < width; at += 16) {
      const r = f32x4.sub(v128.load(target + at), splat(nu));
      const y = f32x4.mul(v128.load(relative + at), splat(scale));
      const large = f32x4.ge(r, splat(FRACTION_LIMIT));
      let u = v128.and(lambert4(f32x4.min(y, splat(3))), f32x4.gt(y, splat(1e-30)));
      if (v128.any_true(large)) u = v128.bitselect(omega4(r, u), u, large);
      v128.store(solved + at, u);
      sums = f32x4.add(sums, u);
      slopes = f32x4.add(slopes, f32x4.div(u, f32x4.add(u, splat(1))));
    }
    const excess = sum4(sums) - a;
    lastStep = excess / sum4(slopes);
    if (abs(excess) <= near) return;
    nu += lastStep;
  }
  lastStep = 0;
}

/**
 * The least change of a dual that is carried, of a row of this divergence. Of many labels each may change by less than {@link SMALLEST_STEP}
 * and all of them by much: what is left of 100,000 rows of 1,000 labels was a duality gap of .029 after 13 passes, .0087 after 10 with this.
 */
function smallestStep(d: f32): f32 {
  return width < LONG ? SMALLEST_STEP : min<f32>(SMALLEST_STEP, d / <f32>(width >> 2));
}

/** Takes the solution over into the dual and the bias; returns how many vectors of labels move. */
function takeOver(p: usize, c: f32, a: f32, smallest: f32): i32 {
  const inverse = splat(<f32>1 / a);
  const last = splat(lastStep);
  const least = splat(smallest * min<f32>(1, USUAL / a));
  let n = 0;
  for (let at: usize = 0; at < width; at += 16) {
    const old = v128.load(p + at);
    const u = v128.load(solved + at);
    const along = f32x4.div(f32x4.mul(u, last), f32x4.add(u, splat(1)));
    const next = f32x4.mul(f32x4.max(f32x4.sub(u, along), splat(0)), inverse);
    const change = f32x4.sub(old, next);
    const moves = f32x4.ge(f32x4.abs(change), least);
    if (!v128.any_true(moves)) continue;
    const step = v128.and(f32x4.mul(change, splat(c)), moves);
    v128.store(p + at, v128.bitselect(next, old, moves));
    v128.store(bias + at, f32x4.add(v128.load(bias + at), step));
    v128.store(steps + (<usize>n << 4), step);
    store<u32>(blocks + (<usize>n << 2), <u32>at);
    n++;
  }
  return n;
}

// @ts-ignore: decorator
@inline
function addTo(at: usize, value: v128, step: v128): void {
  v128.store(at, f32x4.add(v128.load(at), f32x4.mul(value, step)));
}

// @ts-ignore: decorator
@inline
function blockAt(m: i32): usize {
  return <usize>load<u32>(blocks + (<usize>m << 2));
}

// @ts-ignore: decorator
@inline
function stepAt(m: i32): v128 {
  return v128.load(steps + (<usize>m << 4));
}

// One function a number of vectors, so that their steps and places stay in registers.
function update1(from: usize, to: usize, m: i32): void {
  const w = weights + blockAt(m);
  const s = stepAt(m);
  for (; from < to; from += 8) addTo(w + load<u32>(from), v128.load32_splat(from, 4), s);
}

function update2(from: usize, to: usize, m: i32): void {
  const w0 = weights + blockAt(m);
  const w1 = weights + blockAt(m + 1);
  const s0 = stepAt(m);
  const s1 = stepAt(m + 1);
  for (; from < to; from += 8) {
    const at = <usize>load<u32>(from);
    const v = v128.load32_splat(from, 4);
    addTo(w0 + at, v, s0);
    addTo(w1 + at, v, s1);
  }
}

function update3(from: usize, to: usize, m: i32): void {
  const w0 = weights + blockAt(m);
  const w1 = weights + blockAt(m + 1);
  const w2 = weights + blockAt(m + 2);
  const s0 = stepAt(m);
  const s1 = stepAt(m + 1);
  const s2 = stepAt(m + 2);
  for (; from < to; from += 8) {
    const at = <usize>load<u32>(from);
    const v = v128.load32_splat(from, 4);
    addTo(w0 + at, v, s0);
    addTo(w1 + at, v, s1);
    addTo(w2 + at, v, s2);
  }
}

function update4(from: usize, to: usize, m: i32): void {
  const w0 = weights + blockAt(m);
  const w1 = weights + blockAt(m + 1);
  const w2 = weights + blockAt(m + 2);
  const w3 = weights + blockAt(m + 3);
  const s0 = stepAt(m);
  const s1 = stepAt(m + 1);
  const s2 = stepAt(m + 2);
  const s3 = stepAt(m + 3);
  for (; from < to; from += 8) {
    const at = <usize>load<u32>(from);
    const v = v128.load32_splat(from, 4);
    addTo(w0 + at, v, s0);
    addTo(w1 + at, v, s1);
    addTo(w2 + at, v, s2);
    addTo(w3 + at, v, s3);
  }
}

function update5(from: usize, to: usize, m: i32): void {
  const w0 = weights + blockAt(m);
  const w1 = weights + blockAt(m + 1);
  const w2 = weights + blockAt(m + 2);
  const w3 = weights + blockAt(m + 3);
  const w4 = weights + blockAt(m + 4);
  const s0 = stepAt(m);
  const s1 = stepAt(m + 1);
  const s2 = stepAt(m + 2);
  const s3 = stepAt(m + 3);
  const s4 = stepAt(m + 4);
  for (; from < to; from += 8) {
    const at = <usize>load<u32>(from);
    const v = v128.load32_splat(from, 4);
    addTo(w0 + at, v, s0);
    addTo(w1 + at, v, s1);
    addTo(w2 + at, v, s2);
    addTo(w3 + at, v, s3);
    addTo(w4 + at, v, s4);
  }
}

/** Many vectors, entry after entry, as memory is read fastest. */
function updateLong(from: usize, to: usize, n: i32): void {
  for (; from < to; from += 8) {
    const w = weights + load<u32>(from);
    const v = v128.load32_splat(from, 4);
    for (let m = 0; m < n; m++) addTo(w + blockAt(m), v, stepAt(m));
  }
}

/** Carries the steps of `n` vectors of labels to the weights of the row's features. */
function update(row: usize, n: i32): void {
  const from = rowFrom(row);
  const to = rowFrom(row + 1);
  if (n >= MANY_STEPS) {
    updateLong(from, to, n);
    return;
  }
  let m = 0;
  // Six are three and three: no sweep carries one vector alone where it need not.
  for (; n - m > 5; m += n - m == 6 ? 3 : 4) {
    if (n - m == 6) update3(from, to, m);
    else update4(from, to, m);
  }
  const left = n - m;
  if (left == 5) update5(from, to, m);
  else if (left == 4) update4(from, to, m);
  else if (left == 3) update3(from, to, m);
  else if (left == 2) update2(from, to, m);
  else if (left == 1) update1(from, to, m);
}

/** A row's part of the weights by its dual, c x (y - dual), into the bias and the steps; returns how many vectors it moves. */
function stepsOf(p: usize, c: f32, label: u32): i32 {
  for (let at: usize = 0; at < width; at += 16) v128.store(target + at, f32x4.neg(v128.load(p + at)));
  const own = target + (<usize>label << 2);
  store<f32>(own, load<f32>(own) + 1);
  let n = 0;
  for (let at: usize = 0; at < width; at += 16) {
    const step = f32x4.mul(v128.load(target + at), splat(c));
    if (!v128.any_true(f32x4.ne(step, splat(0)))) continue;
    v128.store(bias + at, f32x4.add(v128.load(bias + at), step));
    v128.store(steps + (<usize>n << 4), step);
    store<u32>(blocks + (<usize>n << 2), <u32>at);
    n++;
  }
  return n;
}

/** Adds to the weights what the duals of rows [0, rows) stand for: 0.13 ns a value and label. */
export function resume(rows: u32): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const c = load<f32>(cost + (row << 2));
    const n = stepsOf(dual + row * width, c, load<u32>(truth + (row << 2)));
    if (n > 0) update(row, n);
  }
}

let touched: u32 = 0;

/**
 * Loads a line of the cache after the other of the row's entries, for nothing: they come from memory while the row
 * before it is worked on.
 */
function touch(row: usize): void {
  const to = rowFrom(row + 1);
  let sum: u32 = 0;
  for (let at = rowFrom(row); at < to; at += 64) sum += load<u32>(at);
  touched = sum + load<u32>(dual + row * width);
}

/**
 * One pass of dual coordinate descent over `rows` rows in the order of the list at `order`: 0.55 to 1.2 ns a value and label
 * with 20 labels and more, 3 with two, which take the work of four. A row that has been solved before, and whose divergence is below `share` of the mean of the pass so far, by
 * cost, is left alone like one that has settled: it is the others that close the gap. One whose dual is still its label has
 * taught the weights nothing yet, however easy it looks.
 */
export function pass(order: usize, rows: u32, share: f64): void {
  lossSum = 0;
  primalSum = 0;
  gapSum = 0;
  let costs: f64 = 0;
  for (let i: u32 = 0; i < rows; i++) {
    const row = <usize>load<u32>(order + (<usize>i << 2));
    const c = load<f32>(cost + (row << 2));
    if (i + 1 < rows) {
      const next = <usize>load<u32>(order + (<usize>(i + 1) << 2));
      if (load<f32>(settled + (next << 3)) < 0) touch(next);
    }
    costs += c;
    const rest = settled + (row << 3);
    const last = load<f32>(rest);
    if (last >= 0) {
      store<f32>(rest, -1);
      lossSum += last;
      primalSum += <f64>c * last;
      gapSum += <f64>c * load<f32>(rest, 4);
      continue;
    }
    const p = dual + row * width;
    scoreRow(row);
    const l = look(row);
    const d = divergence(p, topScoreOf + logSumOf);
    lossSum += l;
    primalSum += <f64>c * l;
    gapSum += <f64>c * d;
    const fresh = load<f32>(p + (<usize>load<u32>(truth + (row << 2)) << 2)) == 1;
    const a = c * load<f32>(squares + (row << 2));
    if (d < SETTLED * min<f32>(1, USUAL / a) || (!fresh && <f64>d * costs < share * gapSum)) {
      store<f32>(rest, <f32>l);
      store<f32>(rest, d, 4);
      continue;
    }
    solveRow(p, a, topScoreOf + logSumOf);
    const n = takeOver(p, c, a, smallestStep(d));
    if (n > 0) update(row, n);
  }
}

let topScoreOf: f32 = 0;
let logSumOf: f32 = 0;

/** Notes the predicted label of the row in z; returns its loss. */
function look(row: usize): f64 {
  topScoreOf = topScore();
  logSumOf = logSum(topScoreOf);
  store<u32>(predicted + (row << 2), bestLabel(topScoreOf));
  const y = load<u32>(truth + (row << 2));
  return <f64>(topScoreOf - load<f32>(z + (<usize>y << 2)) + logSumOf);
}

/** Predictions and losses of rows [from, to), which are left as they are: 0.13 ns a value and label. */
export function evaluate(from: u32, to: u32): void {
  lossSum = 0;
  for (let row = <usize>from; row < <usize>to; row++) {
    scoreRow(row);
    lossSum += look(row);
  }
}

/** Scores of one row into z; the address of z. */
export function scores(row: u32): usize {
  scoreRow(row);
  return z;
}
