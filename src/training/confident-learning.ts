// SPDX-License-Identifier: Apache-2.0
import { calibrate } from "../model/calibrator.ts";
import { LEAST_ROWS_OF_LABEL } from "./plausibility.ts";
import { fitTemperature } from "./temperature.ts";

/** Rows with their labels and what a model says of them that has not seen these labels. */
export interface ScoredRows {
  readonly labels: number;
  /** Raw, rows x labels. */
  readonly scores: Float32Array;
  /** Index of each row's label. */
  readonly label: Uint32Array;
}

/** What confident learning says of a task's labels. */
export interface LabelQuality {
  /** Mean probability of each label in its own rows; Infinity where these are too few. */
  readonly threshold: Float64Array;
  /** Rows with label i (row) that count as label j (column): labels x labels. Not every row counts. */
  readonly confidentJoint: Uint32Array;
  /** Rows with another right label than theirs, estimated from the joint; between 0 and the number of rows. */
  readonly estimatedWrong: number;
  /** Rows whose label is likely wrong, the likeliest first. */
  readonly suspects: readonly Suspect[];
}

/** A row whose label is likely wrong. */
export interface Suspect {
  readonly row: number;
  /** The label that the model finds likelier. */
  readonly suggested: number;
  /** Probability of the row's label and of the suggested one, in [0, 1]. */
  readonly confidence: number;
  readonly suggestedConfidence: number;
}

/**
 * Confident learning (Northcutt, Jiang and Chuang, "Confident learning: estimating uncertainty in dataset labels", JAIR
 * 2021). A row counts for label j where p(j) is at least the mean p(j) of the rows that have label j; for the most
 * probable such label, if there are several. That gives the confident joint of given and right labels. Scaled so that each
 * given label has all its rows (the paper's calibration), what is off its diagonal estimates the wrong labels. A
 * suspect counts off the diagonal and has its own label less probable than the one it counts for; suspects are ranked
 * by the normalized margin p(own) - p(suggested). Probabilities have one temperature, fitted on these rows.
 *
 * A label with fewer than {@link LEAST_ROWS_OF_LABEL} rows has no threshold: nothing counts for it, and none of its
 * rows is suspect.
 */
export function confidentLearning(rows: ScoredRows): LabelQuality {
  const { labels, label } = rows;
  const eachRow = chances(rows);
  const seen = new Uint32Array(labels);
  const threshold = thresholds(labels, seen, eachRow);
  const confidentJoint = new Uint32Array(labels * labels);
  const suspects: Suspect[] = [];
  eachRow((chance, given, row) => {
    if (threshold[given] === Number.POSITIVE_INFINITY) return;
    const counted = confidentLabel(chance, threshold);
    if (counted < 0) return;
    const at = given * labels + counted;
    confidentJoint[at] = (confidentJoint[at] as number) + 1;
    const [confidence, suggestedConfidence] = [chance[given] as number, chance[counted] as number];
    if (suggestedConfidence > confidence)
      suspects.push({ row, suggested: counted, confidence, suggestedConfidence });
  });
  suspects.sort((a, b) => margin(a) - margin(b) || a.row - b.row);
  const estimatedWrong = offDiagonal(confidentJoint, seen, labels);
  return { threshold, confidentJoint, estimatedWrong: Math.min(estimatedWrong, label.length), suspects };
}

type Visit = (chance: Float64Array, label: number, row: number) => void;

/** Calls `visit` with the probabilities of each row, in memory that the next call uses again. */
function chances({ labels, scores, label }: ScoredRows): (visit: Visit) => void {
  const temperature = fitTemperature(scores, label, null);
  const chance = new Float64Array(labels);
  return (visit) =>
    label.forEach((given, row) => {
      const own = scores.subarray(row * labels, (row + 1) * labels);
      calibrate({ method: "temperature", temperature }, own, chance);
      visit(chance, given, row);
    });
}

/** Mean probability of each label in its rows, which are counted into `seen`. */
function thresholds(labels: number, seen: Uint32Array, eachRow: (visit: Visit) => void): Float64Array {
  const sums = new Float64Array(labels);
  eachRow((chance, given) => {
    seen[given] = (seen[given] as number) + 1;
    sums[given] = (sums[given] as number) + (chance[given] as number);
  });
  return sums.map((sum, k) => {
    const rows = seen[k] as number;
    return rows < LEAST_ROWS_OF_LABEL ? Number.POSITIVE_INFINITY : sum / rows;
  });
}

/** The most probable label of those that reach their threshold, the first of equals; -1 for none. */
function confidentLabel(chance: Float64Array, threshold: Float64Array): number {
  let best = -1;
  for (let k = 0; k < chance.length; k++) {
    const p = chance[k] as number;
    if (p >= (threshold[k] as number) && (best < 0 || p > (chance[best] as number))) best = k;
  }
  return best;
}

function margin({ confidence, suggestedConfidence }: Suspect): number {
  return confidence - suggestedConfidence;
}

/** Rows off the diagonal once each given label's row of the joint is scaled to the rows that have the label. */
function offDiagonal(joint: Uint32Array, seen: Uint32Array, labels: number): number {
  let wrong = 0;
  for (let given = 0; given < labels; given++) {
    const counts = joint.subarray(given * labels, (given + 1) * labels);
    const all = counts.reduce((sum, n) => sum + n, 0);
    if (all > 0) wrong += ((all - (counts[given] as number)) / all) * (seen[given] as number);
  }
  return wrong;
}
