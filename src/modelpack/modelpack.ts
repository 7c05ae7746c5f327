// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import type { InputKind } from "../core/task.ts";
import type { Classifier, Explanation, TaskModel } from "../model/classifier.ts";

/** Why a default answered: the closed list. */
export type Reason = "no_model" | "low_confidence" | "empty_input" | "invalid_input" | "unknown_task";

/** A label of a task, and how probable it is for the text at hand. */
export interface LabelProbability<Label extends string = string> {
  readonly label: Label;
  /** Calibrated, in [0, 1]. */
  readonly probability: number;
}

/** The answer to one task. */
export interface Prediction<Label extends string = string> {
  readonly task: string;
  /** Null where there is neither a usable model nor a default. */
  readonly label: Label | null;
  /** Calibrated probability of the label, in [0, 1]; 0 where a default answers. */
  readonly confidence: number;
  readonly source: "model" | "default";
  /** Set where `source` is `default`. */
  readonly reason?: Reason;
  /** What the model would have said, where `reason` is `low_confidence`. */
  readonly model?: { readonly label: Label; readonly confidence: number };
  /** By falling probability; set where they were asked for and a model was asked. */
  readonly probabilities?: readonly LabelProbability<Label>[];
}

/** What an answer is to hold besides the label. */
export interface PredictOptions {
  /** Adds the probabilities of the labels. */
  readonly probabilities?: boolean;
  /** Keeps that many of them; all without it, or where it is no number of at least 0. */
  readonly top?: number;
}

/** Tasks of a pack as types, task name to label union; `modelpack types` writes one. */
export type TaskLabels = Readonly<Record<string, string>>;

/** A problem met while opening a pack. */
export interface LoadProblem {
  /** One of {@link ErrorCode}: `MODEL_MISSING`, `MODEL_CORRUPT`, `MODEL_TOO_NEW`, `MODEL_TOO_OLD` or `STORAGE`. */
  readonly code: string;
  readonly message: string;
  /** The file or URL. */
  readonly where: string | undefined;
}

/**
 * What a load gave: the families that are whole, and what is wrong with the others.
 *
 * @internal
 */
export interface Loaded {
  readonly version: string | null;
  readonly classifiers: readonly Classifier[];
  readonly problems: readonly LoadProblem[];
}

/** A task that a model serves. */
export interface TaskStatus {
  readonly task: string;
  readonly family: string;
  readonly input: InputKind;
  /** In the order of classes. */
  readonly labels: readonly string[];
  /** What answers without a confident model: the application's, else the pack's; null where neither gives one. */
  readonly default: string | null;
}

/** What an opened pack is made of, and what is wrong with it. */
export interface Status {
  /** Version of the models that serve; null where they have none. */
  readonly version: string | null;
  readonly families: readonly {
    readonly family: string;
    /** N-grams that the model knows. */
    readonly features: number;
    readonly tasks: readonly string[];
  }[];
  readonly tasks: readonly TaskStatus[];
  /** What went wrong at the last open or reload; empty when all is well. */
  readonly errors: readonly LoadProblem[];
}

/** How a pack is opened. */
export interface OpenOptions<Tasks extends TaskLabels = TaskLabels> {
  /** Answers where there is no model; they win over the pack's own. */
  readonly defaults?: { readonly [T in keyof Tasks]?: Tasks[T] };
  /** Throws for a missing or broken pack, instead of answering with defaults. */
  readonly strict?: boolean;
}

interface Entry {
  readonly classifier: Classifier;
  /** Position of the task in its family. */
  readonly index: number;
  readonly task: TaskModel;
}

/**
 * The one kind of problem that a load can meet, from whatever was thrown.
 *
 * @internal
 */
export function loadProblem(error: unknown, where: string): LoadProblem {
  if (error instanceof ModelpackError)
    return { code: error.code, message: error.message, where: error.where ?? where };
  return { code: "STORAGE", message: error instanceof Error ? error.message : String(error), where };
}

/**
 * An opened pack. Predicting is synchronous and never throws: where no model can answer, the default does,
 * with the reason.
 */
export class Modelpack<Tasks extends TaskLabels = TaskLabels> {
  readonly #load: () => Promise<Loaded>;
  readonly #defaults: ReadonlyMap<string, string>;
  readonly #strict: boolean;
  /** The last reload, so that the next one starts after it. */
  #reloading: Promise<unknown> = Promise.resolve();
  #loaded: Loaded;
  #entries: ReadonlyMap<string, Entry>;
  #problems: readonly LoadProblem[];

  private constructor(load: () => Promise<Loaded>, loaded: Loaded, options: OpenOptions<Tasks>) {
    this.#load = load;
    const defaults = Object.entries<unknown>(options.defaults ?? {});
    this.#defaults = new Map(defaults.filter((entry): entry is [string, string] => isText(entry[1])));
    this.#strict = options.strict ?? false;
    this.#loaded = loaded;
    this.#entries = entriesOf(loaded);
    this.#problems = loaded.problems;
  }

  /**
   * Opens what `load` gives. Rejects only where `strict` is set and something is missing or broken.
   *
   * @internal the doors open packs
   */
  static async open<Tasks extends TaskLabels = TaskLabels>(
    load: () => Promise<Loaded>,
    options: OpenOptions<Tasks> = {},
  ): Promise<Modelpack<Tasks>> {
    const given = options ?? {}; // JavaScript callers pass null
    const loaded = await attempt(load);
    throwIfStrict(loaded.problems, given.strict ?? false);
    return new Modelpack<Tasks>(load, loaded, given);
  }

  /** Answers a single-text task. */
  predict<T extends keyof Tasks & string>(
    task: T,
    text: string,
    options?: PredictOptions,
  ): Prediction<Tasks[T]> {
    return this.#predict(task, text, null, options) as Prediction<Tasks[T]>;
  }

  /** Answers a task that compares two texts. */
  predictPair<T extends keyof Tasks & string>(
    task: T,
    textA: string,
    textB: string,
    options?: PredictOptions,
  ): Prediction<Tasks[T]> {
    return this.#predict(task, textA, textB ?? undefined, options) as Prediction<Tasks[T]>;
  }

  /** Answers a task for many inputs, in their order: texts, or [text_a, text_b] for a pair task. */
  predictBatch<T extends keyof Tasks & string>(
    task: T,
    inputs: readonly (string | readonly [string, string])[],
    options?: PredictOptions,
  ): Prediction<Tasks[T]>[] {
    return Array.from(Array.isArray(inputs) ? inputs : [], (input: unknown) => {
      const [a, b] = Array.isArray(input) ? [input[0], input[1]] : [input, null];
      return this.#predict(task, a, b, options) as Prediction<Tasks[T]>;
    });
  }

  /** Answers every task of a family in one pass over the text (both texts, for pairs), in their order. */
  predictFamily(family: string, text: string, textB: string | null = null): Prediction[] {
    const classifier = this.#loaded.classifiers.find((c) => c.model.family === family);
    if (classifier === undefined) return [];
    const { tasks, input } = classifier.model;
    const problem = inputProblem(input, text, textB);
    if (problem !== null) return tasks.map((task) => this.#default(task.name, problem));
    const all = classifier.probabilitiesOfAll(text, textB ?? "");
    return tasks.map((task, index) =>
      this.#answer({ classifier, index, task }, all[index] as Float64Array, undefined),
    );
  }

  /**
   * Takes a prediction apart into n-grams, against the label that came second, or the label `against`: with the bias
   * they add up to both scores. Null where no model can answer.
   */
  explain(
    task: keyof Tasks & string,
    text: string,
    textB: string | null = null,
    against: string | null = null,
  ): Explanation | null {
    const entry = this.#entries.get(task);
    if (entry === undefined || inputProblem(entry.classifier.model.input, text, textB) !== null) return null;
    const { classifier, index, task: model } = entry;
    return classifier.explain(index, text, textB ?? "", model.labels.indexOf(against as string));
  }

  /** What serves, and what went wrong at the last open or reload. */
  status(): Status {
    const models = this.#loaded.classifiers.map((classifier) => classifier.model);
    return {
      version: this.#loaded.version,
      families: models.map(({ family, hashes, tasks }) => ({
        family,
        features: hashes.length,
        tasks: tasks.map((task) => task.name),
      })),
      tasks: models.flatMap(({ family, input, tasks }) =>
        tasks.map((task) => ({
          task: task.name,
          family,
          input,
          labels: task.labels,
          default: this.#defaults.get(task.name) ?? task.default,
        })),
      ),
      errors: this.#problems,
    };
  }

  /**
   * Loads again from where the pack came. All or nothing: when anything is missing or broken, the models
   * that served go on serving, and `status().errors` says what is wrong. Resolves to whether it changed over.
   */
  reload(): Promise<boolean> {
    const done = this.#reloading.then(() => this.#reload());
    this.#reloading = done.catch(() => {});
    return done;
  }

  async #reload(): Promise<boolean> {
    const loaded = await attempt(this.#load);
    this.#problems = loaded.problems;
    throwIfStrict(loaded.problems, this.#strict);
    if (loaded.problems.length > 0) return false;
    this.#loaded = loaded;
    this.#entries = entriesOf(loaded);
    return true;
  }

  #predict(task: string, a: unknown, b: unknown, options: PredictOptions | undefined): Prediction {
    const entry = this.#entries.get(task);
    if (entry === undefined) return this.#default(task, this.#whyNone(task));
    const problem = inputProblem(entry.classifier.model.input, a, b);
    if (problem !== null) return this.#default(task, problem);
    const probabilities = entry.classifier.probabilities(entry.index, a as string, (b ?? "") as string);
    return this.#answer(entry, probabilities, options);
  }

  // Where a family could not be loaded, a task that nobody knows may have been one of its.
  #whyNone(task: string): Reason {
    return this.#defaults.has(task) || this.#loaded.problems.length > 0 ? "no_model" : "unknown_task";
  }

  #answer(
    { classifier, index, task }: Entry,
    probabilities: Float64Array,
    options: PredictOptions | undefined,
  ): Prediction {
    const best = classifier.best(index);
    const label = task.labels[best] as string;
    const confidence = probabilities[best] as number;
    const answer: Prediction =
      task.minConfidence !== null && confidence < task.minConfidence
        ? { ...this.#default(task.name, "low_confidence"), model: { label, confidence } }
        : { task: task.name, label, confidence, source: "model" };
    if (options?.probabilities !== true) return answer;
    return { ...answer, probabilities: list(task.labels, probabilities, best, options.top) };
  }

  #default(task: string, reason: Reason): Prediction {
    const label = this.#defaults.get(task) ?? this.#entries.get(task)?.task.default ?? null;
    return { task, label, confidence: 0, source: "default", reason };
  }
}

/** What `load` gives; what it throws becomes a problem. */
async function attempt(load: () => Promise<Loaded>): Promise<Loaded> {
  try {
    return await load();
  } catch (error) {
    return { version: null, classifiers: [], problems: [loadProblem(error, "the pack")] };
  }
}

/** @internal */
export function isText(value: unknown): value is string {
  return typeof value === "string";
}

function entriesOf(loaded: Loaded): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const classifier of loaded.classifiers)
    classifier.model.tasks.forEach((task, index) => {
      entries.set(task.name, { classifier, index, task });
    });
  return entries;
}

function throwIfStrict(problems: readonly LoadProblem[], strict: boolean): void {
  const [first] = problems;
  if (!strict || first === undefined) return;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
  throw new ModelpackError(first.code as ModelpackError["code"], first.message + more, {
    where: first.where,
    hint: "train a version, or open it without strict, to answer with defaults",
  });
}

const NOT_BLANK = /\S/;

/** What keeps an input from a model; null where it can be read. `b` is null for a single text. */
function inputProblem(input: InputKind, a: unknown, b: unknown): Reason | null {
  if (!isText(a)) return "invalid_input";
  if (input === "pair" ? !isText(b) : b !== null) return "invalid_input";
  return NOT_BLANK.test(a) && (!isText(b) || NOT_BLANK.test(b)) ? null : "empty_input";
}

function list(
  labels: readonly string[],
  probabilities: Float64Array,
  best: number,
  top: unknown,
): LabelProbability[] {
  const all = labels.map((label, k) => ({ label, probability: probabilities[k] as number }));
  // The answer first among equals; array sort is stable, so that the others stay in the order of the labels.
  const answer = all[best];
  all.sort((x, y) => y.probability - x.probability || Number(y === answer) - Number(x === answer));
  return typeof top === "number" && top >= 0 ? all.slice(0, top) : all;
}
