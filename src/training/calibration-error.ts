// SPDX-License-Identifier: Apache-2.0
import { log } from "../core/elementary.ts";
import { type Random, seededRandom } from "../core/random.ts";

/** How sure a model was of its answer for each row, in [0, 1], and whether the answer was right (1) or not (0). */
export interface Answers {
  readonly confidence: Float64Array;
  readonly right: Uint8Array;
}

const BINS = 10;
const DRAWS = 1000;
const SEED = 42;
/** From this variance on, the number of right answers in a bin is drawn as a normal number. */
const NORMAL_VARIANCE = 25;
/** Most outcomes below that variance: the rarer of right and wrong has a mean of at most 50 then, and 12 deviations. */
const MOST_OUTCOMES = 110;

/** Where a bin of confidence ends: (0, 0.1], ..., (0.9, 1]. */
const EDGES = Float64Array.from({ length: BINS }, (_, bin) => (bin + 1) / BINS);

function binOf(confidence: number): number {
  let bin = 0;
  while (bin < BINS - 1 && confidence > (EDGES[bin] as number)) bin += 1;
  return bin;
}

/** The confidences of each bin, in their order. */
function byBin(confidence: Float64Array): Float64Array[] {
  const bin = new Uint8Array(confidence.length);
  const sizes = new Uint32Array(BINS);
  for (let row = 0; row < bin.length; row++) {
    const own = binOf(confidence[row] as number);
    bin[row] = own;
    sizes[own] = (sizes[own] as number) + 1;
  }
  return Array.from(sizes, (size, own) => {
    const inside = new Float64Array(size);
    let n = 0;
    for (let row = 0; row < bin.length; row++) if (bin[row] === own) inside[n++] = confidence[row] as number;
    return inside;
  });
}

/**
 * Expected calibration error (Naeini et al., AAAI 2015, in the top-label form of Guo et al., ICML 2017): the mean over
 * the rows of the gap between their bin's accuracy and its mean confidence, in ten equal bins. Null without rows.
 */
export function calibrationError({ confidence, right }: Answers): number | null {
  const gap = new Float64Array(BINS); // right answers less confidence
  confidence.forEach((c, row) => {
    const bin = binOf(c);
    gap[bin] = (gap[bin] as number) + (right[row] as number) - c;
  });
  let sum = 0;
  for (const g of gap) sum += Math.abs(g);
  return confidence.length === 0 ? null : sum / confidence.length;
}

/** The answers of one bin of confidence. */
export interface ReliabilityBin {
  readonly rows: number;
  /** Mean confidence, in [0, 1]. */
  readonly confidence: number;
  /** Share of right answers, in [0, 1]. */
  readonly accuracy: number;
  /** Right answers. */
  readonly right: number;
}

/** The bins that {@link calibrationError} sums over, those with rows, by rising confidence. */
export function reliabilityBins({ confidence, right }: Answers): ReliabilityBin[] {
  const sums = Array.from({ length: BINS }, () => ({ rows: 0, confidence: 0, right: 0 }));
  confidence.forEach((c, row) => {
    const bin = sums[binOf(c)];
    if (bin === undefined) return;
    bin.rows += 1;
    bin.confidence += c;
    bin.right += right[row] as number;
  });
  return sums
    .filter(({ rows }) => rows > 0)
    .map((bin) => ({ ...bin, confidence: bin.confidence / bin.rows, accuracy: bin.right / bin.rows }));
}

/**
 * The calibration error that a perfectly calibrated model with these confidences stays under 95 times in 100, in
 * [0, 1], by consistency resampling (Bröcker and Smith, "Increasing the reliability of reliability diagrams", Weather
 * and Forecasting 22, 2007; here with the confidences as they are, not resampled): 1,000 times each row is right with
 * its confidence as the chance. Only the number of right answers of a bin counts, so this number is drawn: from its
 * exact distribution, or from the normal one of the same variance where that is large. Null without rows.
 */
export function calibrationErrorBand(confidence: Float64Array): number | null {
  if (confidence.length === 0) return null;
  const random = seededRandom(SEED, "consistency resampling");
  const draws = new Float64Array(DRAWS);
  for (const inside of byBin(confidence)) {
    if (inside.length === 0) continue;
    const gap = gapSampler(inside, random);
    for (let i = 0; i < DRAWS; i++) draws[i] = (draws[i] as number) + Math.abs(gap());
  }
  return (draws.sort()[Math.ceil(0.95 * DRAWS) - 1] as number) / confidence.length;
}

/** Draws right answers less confidence of the rows of one bin, were each right with its confidence as the chance. */
function gapSampler(confidence: Float64Array, random: Random): () => number {
  let sum = 0;
  let variance = 0;
  for (const c of confidence) {
    sum += c;
    variance += c * (1 - c);
  }
  if (variance >= NORMAL_VARIANCE) {
    const deviation = Math.sqrt(variance);
    return () => deviation * normal(random);
  }
  // Of the rarer of right and wrong, so that few outcomes have a chance.
  const wrong = sum > confidence.length / 2;
  const chance = distribution(wrong ? confidence.map((c) => 1 - c) : confidence);
  const mean = wrong ? confidence.length - sum : sum;
  return () => {
    let left = uniform(random);
    let outcome = 0;
    for (; outcome < chance.length - 1; outcome++) {
      left -= chance[outcome] as number;
      if (left < 0) break;
    }
    return outcome - mean;
  };
}

/** Chance of 0, 1, 2, ... successes of independent trials (the Poisson binomial distribution), one trial at a time. */
function distribution(trials: Float64Array): Float64Array {
  const chance = new Float64Array(Math.min(trials.length, MOST_OUTCOMES) + 1);
  chance[0] = 1;
  for (const p of trials) {
    for (let n = chance.length - 1; n > 0; n--)
      chance[n] = (chance[n] as number) * (1 - p) + (chance[n - 1] as number) * p;
    chance[0] = (chance[0] as number) * (1 - p);
  }
  return chance;
}

/** In (0, 1). */
function uniform(random: Random): number {
  return (random.below(0x1_0000_0000) + 0.5) / 0x1_0000_0000;
}

/** A standard normal number by Marsaglia's polar method: it needs no function that differs between engines. */
function normal(random: Random): number {
  for (;;) {
    const u = 2 * uniform(random) - 1;
    const v = 2 * uniform(random) - 1;
    const s = u * u + v * v;
    if (s < 1) return u * Math.sqrt((-2 * log(s)) / s);
  }
}
