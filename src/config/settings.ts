// SPDX-License-Identifier: Apache-2.0
import {
  choice,
  either,
  emptyByDefault,
  flag,
  integer,
  list,
  number,
  optionalSection,
  partial,
  tableByPrefix,
  text,
  type Value,
  withDefault,
} from "./fields.ts";
import { NAME, PATH } from "./form.ts";

/** Seeds are 32-bit: so is the generator that they start. */
const SEED = { min: 0, max: 0xffff_ffff };
/** Counts of rows fit the 32-bit indexes of columns. */
const COUNT = { min: 1, max: 0x7fff_ffff };
/** Ranks of features are sorted together with their hashes in one exact number: 20 bits are left for them. */
const FEATURES = { min: 1, max: 1_000_000 };
/** Longer n-grams than this only ever occur once. */
const NGRAM_MOST = 16;

export const paths = optionalSection(
  "Where things are read and written. Relative paths are relative to the TOML file.",
  {
    prepared_dir: withDefault(
      text("Folder of the prepared datasets, one subfolder a version.", PATH),
      "prepared_data/modelpack",
    ),
    bootstrap_prepared_dir: withDefault(
      text(
        "Folder with `<family>_<split>.parquet` files of an earlier pipeline, merged as one more source.",
        PATH,
      ),
      "prepared_data",
    ),
    trained_models_dir: withDefault(
      text("Folder of the trained models, one subfolder a version.", PATH),
      "trained_models",
    ),
    datasets_cache_dir: withDefault(text("Folder where downloaded datasets are kept.", PATH), "datasets"),
    backfill_dir: withDefault(text("Folder of the ledger of LLM-written rows.", PATH), "datasets/backfill"),
  },
);

export const prepare = optionalSection("How datasets become splits.", {
  seed: withDefault(integer("Seed of every choice that prepare makes.", SEED), 42),
  train_ratio: withDefault(
    number("Share of train. The three ratios are normalized to sum 1.", { min: 0, max: 1e6 }),
    0.8,
  ),
  test_ratio: withDefault(
    number("Share of test, for tasks without official test rows.", { min: 0, max: 1e6 }),
    0.1,
  ),
  eval_ratio: withDefault(
    number("Share of eval, for tasks without official eval rows.", { min: 0, max: 1e6 }),
    0.1,
  ),
  max_rows_per_source: withDefault(integer("Rows taken from one dataset at most.", COUNT), 60_000),
  target_per_task_label: withDefault(
    integer("Rows wanted for each (task, label); what is missing is the deficit that backfill fills.", {
      ...COUNT,
      min: 0,
    }),
    10_000,
  ),
  max_per_task_label: withDefault(
    integer("Rows kept of each (task, label) at most; raised to the target where it is below.", COUNT),
    50_000,
  ),
  auto_download_missing: withDefault(flag("Download datasets that are not in the cache."), true),
  near_duplicate_threshold: withDefault(
    number("Texts whose Jaccard similarity over character 3-grams is at least this stay in one split.", {
      min: 0,
      max: 1,
      above: true,
    }),
    0.8,
  ),
  min_real_holdout: withDefault(
    integer("A (task, label) with fewer real rows than this also gets synthetic rows in test and eval.", {
      ...COUNT,
      min: 0,
    }),
    20,
  ),
  on_underfill: withDefault(
    choice("What to do when rows are still missing at the end: warn, or fail with exit code 3.", [
      "warn",
      "fail",
    ]),
    "warn",
  ),
});

const trainShape = {
  seed: withDefault(integer("Seed of every choice that train makes.", SEED), 42),
  max_features: withDefault(integer("Features kept for a family at most.", FEATURES), 250_000),
  min_df: withDefault(integer("Features that occur in fewer train texts than this are dropped.", COUNT), 2),
  ngram_min: withDefault(integer("Shortest word n-gram, in words.", { min: 1, max: NGRAM_MOST }), 1),
  ngram_max: withDefault(
    integer("Longest word n-gram, in words; 0 switches word n-grams off.", { min: 0, max: NGRAM_MOST }),
    2,
  ),
  char_ngram_min: withDefault(
    integer("Shortest character n-gram inside a word, in characters.", { min: 1, max: NGRAM_MOST }),
    3,
  ),
  char_ngram_max: withDefault(
    integer(
      "Longest character n-gram inside a word, in characters, and 4 at most of pairs; 0 switches them off.",
      {
        min: 0,
        max: NGRAM_MOST,
      },
    ),
    5,
  ),
  max_iter: withDefault(
    integer(
      "Passes of the fit on train at most; the short fits that choose alpha, and up to 10 passes when the eval rows join, are not among them.",
      { min: 1, max: 100_000 },
    ),
    25,
  ),
  alpha: withDefault(
    either(
      "Strength of L2: the objective is mean loss + alpha/2 |w|^2. `auto` lets eval choose from a short list.",
      choice("Chosen by eval.", ["auto"]),
      number("A fixed strength.", { min: 0, max: 1000, above: true }),
    ),
    "auto",
  ),
  class_weight: withDefault(
    either(
      "Weight of a class: the same for all, balanced (inverse to its rows), or balanced to a power such as 0.25.",
      choice("A named weighting.", ["none", "balanced"]),
      number("The power: 0 is none, 1 is balanced.", { min: 0, max: 1 }),
    ),
    0.5,
  ),
  synthetic_filter: withDefault(
    choice(
      "What becomes of synthetic train rows that a model of the real ones finds implausible: drop leaves them out, weight lets them count for less.",
      ["none", "drop", "weight"],
    ),
    "none",
  ),
  predict_batch_size: withDefault(
    integer("Distinct inputs scored at a time when measuring, at most; over 2,048 it is 2,048.", COUNT),
    8192,
  ),
  early_stopping: withDefault(flag("Stop a task when eval no longer improves."), true),
  early_stopping_patience: withDefault(
    integer("Passes without improvement before a task stops.", { min: 1, max: 100_000 }),
    3,
  ),
  early_stopping_metric: withDefault(
    choice("The eval metric that must improve, and by which alpha is chosen.", [
      "macro_f1",
      "accuracy",
      "log_loss",
    ]),
    "macro_f1",
  ),
  early_stopping_min_delta: withDefault(
    number("Smallest gain that counts as an improvement.", { min: 0, max: 1 }),
    0.001,
  ),
  calibration_method: withDefault(
    choice("How scores become probabilities.", ["temperature", "isotonic", "sigmoid", "none"]),
    "temperature",
  ),
  calibration_split: withDefault(
    choice(
      "The split that fits the calibration; where it has fewer than 1,000 rows of a task, train rows scored by cross-fitting join them.",
      ["eval"],
    ),
    "eval",
  ),
  quantization: withDefault(
    choice("How weights are stored: 8-bit integers, or 32-bit floats.", ["int8", "none"]),
    "int8",
  ),
  workers: withDefault(
    integer("Threads; 0 is one for each core. Never changes a result.", { min: 0, max: 1024 }),
    0,
  ),
};

/** What a task may set for itself; the rest belongs to its family, or to the run. */
export const TASK_KEYS = [
  "alpha",
  "max_iter",
  "class_weight",
  "synthetic_filter",
  "calibration_method",
  "calibration_split",
] as const;
/** What a family may set: all but the size of the pool of threads, which is the run's. */
const FAMILY_KEYS = Object.keys(trainShape).filter((key) => key !== "workers") as readonly Exclude<
  keyof typeof trainShape,
  "workers"
>[];

export const train = optionalSection("How models are fitted.", {
  ...trainShape,
  families: withDefault(list("Families to train; empty is all.", text("Name of a family.", NAME)), []),
  overrides: emptyByDefault(
    tableByPrefix(
      'Other values for one family ("family.<name>") or one task ("task.<name>"); the task\'s win.',
      {
        "family.": partial("Settings of one family.", trainShape, FAMILY_KEYS),
        "task.": partial("Settings of one task.", trainShape, TASK_KEYS),
      },
    ),
  ),
});

/** The keys of [train] that say how one model is fitted. */
export type TrainShape = { readonly [K in keyof typeof trainShape]: Value<(typeof trainShape)[K]> };
