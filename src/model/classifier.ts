// SPDX-License-Identifier: Apache-2.0
import type { InputKind } from "../core/task.ts";
import type { Accumulator } from "./accumulator.ts";
import { type Analyze, type AnalyzerSettings, FeatureHashes, type Term } from "./analyzer.ts";
import type { Calibration, Calibrator } from "./calibration.ts";
import { type BlockStarts, type Head, LinearModel, type LinearWeights } from "./linear-model.ts";
import { moderate, topLabel } from "./softmax-calibrator.ts";
import { FeatureTable, type FeatureWeights, SparseVector, Vectorizer } from "./vectorizer.ts";

/** One task of a family as it is predicted with. */
export interface TaskModel extends Head {
  readonly name: string;
  /** Answer without a confident model; null where there is none. */
  readonly default: string | null;
  /** Confidence in [0, 1] under which the default answers; null where there is none. */
  readonly minConfidence: number | null;
  readonly calibration: Calibration;
  /**
   * Share of its n-grams, in (0, 1], that the task knows of nearly every text of its own; of a text with less known, the
   * probabilities are moved towards an even guess ({@link moderate}). Files of before there was one leave them alone.
   */
  readonly usualShare?: number | undefined;
}

/** Everything that a family predicts with, and nothing that it was trained with. */
export interface FamilyModel {
  readonly family: string;
  readonly input: InputKind;
  readonly analyzer: AnalyzerSettings;
  /** One hash a feature, ascending. */
  readonly hashes: Uint32Array;
  readonly featureWeights: FeatureWeights;
  readonly tasks: readonly TaskModel[];
  readonly weights: LinearWeights;
}

/** A family with what makes its look-ups quick. */
export interface OpenedFamily extends FamilyModel {
  /** What `directoryOf` makes of the hashes. */
  readonly directory: Uint32Array;
  /** What `blockStarts` makes of the masks. */
  readonly blocks: BlockStarts;
}

/** What one feature of the input, an n-gram most often, adds to the scores of two labels. */
export interface Contribution extends Pick<Term, "kind" | "text" | "in"> {
  /** The feature's hash, as in the model file: the same n-gram has the same in every pack. */
  readonly hash: number;
  /** Further n-grams of the input with this very hash, counted in here; hardly ever set. */
  readonly others?: readonly string[];
  /** To the label's raw score. */
  readonly label: number;
  /** To the runner-up's raw score. */
  readonly runnerUp: number;
}

/** A prediction taken apart: contributions and bias add up to the raw score, which 8-bit weights have to 32 bits. */
export interface Explanation {
  readonly label: string;
  /** The label that came second, or the one that was asked for; null for a task of one label. */
  readonly runnerUp: string | null;
  readonly confidence: number;
  readonly bias: { readonly label: number; readonly runnerUp: number };
  readonly score: { readonly label: number; readonly runnerUp: number };
  /** By falling difference between label and runner-up. */
  readonly contributions: readonly Contribution[];
}

/**
 * A family of tasks that share their features: text in, calibrated probabilities out. Synchronous and
 * without I/O; what it returns is reused by the next call.
 */
export class Classifier {
  readonly model: OpenedFamily;
  readonly #linear: LinearModel;
  readonly #vectorizer: Vectorizer;
  readonly #analyze: Analyze;
  readonly #calibrator: Calibrator;
  readonly #features = new FeatureHashes();
  readonly #vector = new SparseVector();
  readonly #scores: readonly Float64Array[];
  readonly #probabilities: readonly Float64Array[];
  /** Of the last text, the n-grams that each task knows. */
  readonly #known: number[] = [];

  /**
   * @param analyze reads what the family reads, by `model.analyzer`
   * @param calibrator knows the methods of its tasks
   * @param sums adds up its weights, for as many labels as a task has
   */
  constructor(model: OpenedFamily, analyze: Analyze, calibrator: Calibrator, sums: Accumulator) {
    this.model = model;
    this.#analyze = analyze;
    this.#calibrator = calibrator;
    this.#vectorizer = new Vectorizer(new FeatureTable(model.hashes, model.directory), model.featureWeights);
    this.#linear = new LinearModel(model.tasks, model.weights, model.blocks, sums);
    this.#scores = model.tasks.map((task) => new Float64Array(task.labels.length));
    this.#probabilities = model.tasks.map((task) => new Float64Array(task.labels.length));
  }

  /** Reads an input, for {@link scoreOf} each task that is to answer it. `b` is text_b of a pair, "" otherwise. */
  read(a: string, b: string): void {
    this.#analyze(a, b, this.#features);
    this.#vectorizer.vectorize(this.#features, this.#vector);
  }

  /** Raw scores of task `t`, one a label, for what was last read. */
  scoreOf(t: number): Float64Array {
    const scores = this.#scores[t] as Float64Array;
    this.#known[t] = this.#linear.score(this.#vector, t, scores);
    return scores;
  }

  /** Share of the n-grams of the last text that task `t` knows, in [0, 1], once its scores were asked for. */
  knownShare(t: number): number {
    const { length, unknown } = this.#vector;
    return (this.#known[t] as number) / (length + unknown || 1);
  }

  /** Raw scores of task `t`, one a label. `b` is text_b of a pair, "" otherwise. */
  scores(t: number, a: string, b: string): Float64Array {
    this.read(a, b);
    return this.scoreOf(t);
  }

  /** Calibrated probabilities of task `t`, one a label: 10 us for a text of banking77, 77 labels, between predictions of others. */
  probabilities(t: number, a: string, b: string): Float64Array {
    return this.#calibrate(t, this.scores(t, a, b));
  }

  /** Calibrated probabilities of every task, in the order of `model.tasks`, in one pass over the text. */
  probabilitiesOfAll(a: string, b: string): readonly Float64Array[] {
    this.read(a, b);
    for (let t = 0; t < this.#scores.length; t++) this.#calibrate(t, this.scoreOf(t));
    return this.#probabilities;
  }

  /** Label of task `t` with the highest probability of the last call; ties go by the raw score. */
  best(t: number): number {
    return topLabel(this.#probabilities[t] as Float64Array, this.#scores[t] as Float64Array);
  }

  #calibrate(t: number, scores: Float64Array): Float64Array {
    const out = this.#probabilities[t] as Float64Array;
    const { calibration, usualShare } = this.model.tasks[t] as TaskModel;
    this.#calibrator.calibrate(calibration, scores, out);
    if (usualShare !== undefined) moderate(out, this.knownShare(t), usualShare);
    return out;
  }

  /**
   * Takes the prediction of task `t` for an input apart, against the label at `against`, or where that is -1 or the
   * prediction itself, the one that came second.
   */
  explain(t: number, a: string, b: string, against = -1): Explanation {
    const task = this.model.tasks[t] as TaskModel;
    const probabilities = this.probabilities(t, a, b);
    const scores = this.#scores[t] as Float64Array;
    const label = this.best(t);
    const others = probabilities.map((p, k) => (k === label ? -1 : p));
    const second =
      against >= 0 && against !== label ? against : others.length > 1 ? topLabel(others, scores) : -1;
    this.#analyze(a, b, this.#features, true);
    const contributions = this.#contributions(t, label, second);
    return {
      label: task.labels[label] as string,
      runnerUp: second < 0 ? null : (task.labels[second] as string),
      confidence: probabilities[label] as number,
      bias: { label: task.bias[label] as number, runnerUp: task.bias[second] ?? 0 },
      score: { label: scores[label] as number, runnerUp: scores[second] ?? 0 },
      contributions,
    };
  }

  // One for each feature of the vector that the score is made of, so that nothing is left out and nothing counts twice.
  #contributions(t: number, label: number, second: number): Contribution[] {
    const { hashes } = this.#vectorizer.table;
    const terms = termsByHash(this.#features);
    const found: Contribution[] = [];
    for (let i = 0; i < this.#vector.length; i++) {
      const id = this.#vector.ids[i] as number;
      const block = this.#linear.block(id, t);
      if (block < 0) continue;
      const hash = hashes[id] as number;
      const value = this.#vector.values[i] as number;
      const share = (k: number) => (k < 0 ? 0 : value * this.#linear.weight(t, block, k));
      const [term, ...others] = terms.get(hash) as [Term, ...Term[]];
      found.push({
        kind: term.kind,
        text: term.text,
        in: term.in,
        hash,
        label: share(label),
        runnerUp: share(second),
        ...(others.length > 0 ? { others: others.map((other) => other.text) } : {}),
      });
    }
    return found.sort((x, y) => y.label - y.runnerUp - (x.label - x.runnerUp));
  }
}

/** What each hash of an input stands for: one n-gram, or more where two have one hash. White space is no difference. */
function termsByHash({ hashes, terms }: FeatureHashes): ReadonlyMap<number, readonly Term[]> {
  const byHash = new Map<number, Term[]>();
  const nameOf = ({ kind, text }: Term) => `${kind} ${text.replace(/\s+/g, " ")}`;
  terms?.forEach((term, i) => {
    const known = byHash.get(hashes[i] as number);
    if (known === undefined) byHash.set(hashes[i] as number, [term]);
    else if (!known.some((other) => nameOf(other) === nameOf(term))) known.push(term);
  });
  return byHash;
}
