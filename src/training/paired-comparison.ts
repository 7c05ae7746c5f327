// SPDX-License-Identifier: Apache-2.0
import { log } from "../core/elementary.ts";
import { type Random, seededRandom } from "../core/random.ts";
import { binomialTail, wilson } from "./binomial.ts";
import { numbersOf } from "./row-selection.ts";

/** A 95 % interval; both ends are in it. */
export type Interval = readonly [low: number, high: number];

/** What one of two models says of rows. */
export interface Answers {
  /** Index of the predicted label of each row. */
  readonly label: Uint32Array;
  /** Probability that each row's right label has, in [0, 1]. */
  readonly chance: Float64Array;
}

/** Rows that two models answered. */
export interface PairedRows {
  /** Labels of both models together. */
  readonly labels: number;
  /** Index of the right label of each row. */
  readonly truth: Uint32Array;
  /** Number of each row's group: rows of one are no independent evidence. */
  readonly group: Uint32Array;
  readonly a: Answers;
  readonly b: Answers;
}

/** A figure of both, and how much B's is over A's. */
export interface Compared {
  readonly a: number;
  readonly b: number;
  readonly difference: Interval;
}

export interface PairedComparison {
  readonly rows: number;
  /** Rows that only A, and that only B, has right. */
  readonly onlyA: number;
  readonly onlyB: number;
  /** Of McNemar's exact test, two-sided: how often chance alone would part them so far. */
  readonly pValue: number;
  readonly accuracy: Compared;
  /** Over the labels that are right for some row. */
  readonly macroF1: Compared;
  /** In nats, probabilities not under 1e-15. */
  readonly logLoss: Compared;
}

const RESAMPLES = 1000;
const LEAST_PROBABILITY = 1e-15;

/**
 * Compares two models on the same rows. The intervals of the differences are percentiles of a bootstrap that draws whole
 * groups (Efron and Tibshirani, 1993; Field and Welsh, JRSS B 2007), with a fixed seed.
 */
export function comparePaired(rows: PairedRows): PairedComparison {
  const { truth, a, b } = rows;
  let [onlyA, onlyB] = [0, 0];
  truth.forEach((right, row) => {
    const [isA, isB] = [a.label[row] === right, b.label[row] === right];
    if (isA && !isB) onlyA++;
    if (isB && !isA) onlyB++;
  });
  const measured = { ...rows, a: measuredBy(a), b: measuredBy(b) };
  const whole = figuresOf(measured, numbersOf(truth.length));
  const drawn = bootstrap(measured);
  const compared = (name: keyof Figures): Compared => ({
    a: whole.a[name],
    b: whole.b[name],
    difference: middle95(drawn.map((one) => one.b[name] - one.a[name])),
  });
  return {
    rows: truth.length,
    onlyA,
    onlyB,
    pValue: mcnemar(onlyA, onlyB),
    accuracy: compared("accuracy"),
    macroF1: compared("macroF1"),
    logLoss: compared("logLoss"),
  };
}

/** McNemar's test, exact and two-sided (Psychometrika 12, 1947): both ways of differing are as likely. */
export function mcnemar(onlyA: number, onlyB: number): number {
  const all = onlyA + onlyB;
  return Math.min(1, 2 * binomialTail(Math.max(onlyA, onlyB), all, 0.5));
}

/** Hits among rows. */
export interface Hits {
  readonly hits: number;
  readonly rows: number;
}

/**
 * 95 % interval of b - a for shares of different rows, or of the same ones where nobody knows which: Newcombe's hybrid of
 * the score intervals (Statistics in Medicine 17, 1998, method 10). For answers that go together it is wider than need
 * be. Null without rows on a side.
 */
export function unpairedDifference(a: Hits, b: Hits): Interval | null {
  const [ofA, ofB] = [wilson(a.hits, a.rows), wilson(b.hits, b.rows)];
  if (ofA === null || ofB === null) return null;
  const [p, q] = [a.hits / a.rows, b.hits / b.rows];
  const length = (x: number, y: number) => Math.sqrt(x * x + y * y);
  return [q - p - length(q - ofB.low, ofA.high - p), q - p + length(ofB.high - q, p - ofA.low)];
}

interface Figures {
  readonly accuracy: number;
  readonly macroF1: number;
  readonly logLoss: number;
}

/** Predicted label and loss of each row. */
interface Measured {
  readonly label: Uint32Array;
  readonly loss: Float64Array;
}

type MeasuredRows = Omit<PairedRows, "a" | "b"> & { readonly a: Measured; readonly b: Measured };

/** The logarithm once a row, not once a draw. */
function measuredBy({ label, chance }: Answers): Measured {
  return { label, loss: chance.map((p) => -log(Math.max(p, LEAST_PROBABILITY))) };
}

/** Figures of both models on rows, which may come twice. */
function figuresOf(rows: MeasuredRows, drawn: Uint32Array): { readonly a: Figures; readonly b: Figures } {
  return { a: figures(rows, rows.a, drawn), b: figures(rows, rows.b, drawn) };
}

function figures({ labels, truth }: MeasuredRows, { label, loss }: Measured, drawn: Uint32Array): Figures {
  const counts = () => new Uint32Array(labels);
  const [support, predicted, right] = [counts(), counts(), counts()];
  let [lost, hits] = [0, 0];
  for (const row of drawn) {
    const [own, said] = [truth[row] as number, label[row] as number];
    support[own] = (support[own] as number) + 1;
    predicted[said] = (predicted[said] as number) + 1;
    lost += loss[row] as number;
    if (own !== said) continue;
    right[own] = (right[own] as number) + 1;
    hits++;
  }
  let [f1, seen] = [0, 0];
  for (let k = 0; k < labels; k++) {
    if (support[k] === 0) continue;
    seen++;
    f1 += (2 * (right[k] as number)) / ((support[k] as number) + (predicted[k] as number));
  }
  return { accuracy: hits / drawn.length, macroF1: f1 / seen, logLoss: lost / drawn.length };
}

function bootstrap(rows: MeasuredRows): { readonly a: Figures; readonly b: Figures }[] {
  const random = seededRandom(0, "bootstrap of a comparison");
  const groups = rowsByGroup(rows.group);
  return Array.from({ length: RESAMPLES }, () => figuresOf(rows, draw(groups, random)));
}

function rowsByGroup(group: Uint32Array): readonly (readonly number[])[] {
  const rows = new Map<number, number[]>();
  group.forEach((number, row) => {
    const own = rows.get(number);
    if (own === undefined) rows.set(number, [row]);
    else own.push(row);
  });
  return [...rows.values()];
}

/** As many groups as there are, each drawn from all of them. */
function draw(groups: readonly (readonly number[])[], random: Random): Uint32Array {
  const rows: number[] = [];
  for (let i = 0; i < groups.length; i++)
    for (const row of groups[random.below(groups.length)] ?? []) rows.push(row);
  return Uint32Array.from(rows);
}

/** The 2.5th and the 97.5th percentile. */
function middle95(values: readonly number[]): Interval {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] as number;
  return [at(0.025), at(0.975)];
}
