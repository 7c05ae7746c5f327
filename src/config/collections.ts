// SPDX-License-Identifier: Apache-2.0
import {
  choice,
  either,
  flag,
  freeText,
  integer,
  list,
  number,
  optional,
  section,
  table,
  text,
  withDefault,
} from "./fields.ts";
import { ADDRESS, DELIMITERS, HUB_NAME, LANGUAGE, NAME, PATH } from "./form.ts";

const label = either(
  "One answer: its name, or a table of name and description.",
  text("Name of the label; any text but the empty one."),
  section("A label with its guidance.", {
    name: text("Name of the label; any text but the empty one."),
    description: withDefault(freeText("One line of guidance, for people and for prompts."), ""),
  }),
);

export const task = section("A closed question and its answers.", {
  name: text("Name of the task; unique.", NAME),
  family: text("The family that it is trained in: tasks of a family share features and a model file.", NAME),
  input: withDefault(
    choice("What the task reads: one text, or two that are compared. The same for a whole family.", [
      "text",
      "pair",
    ]),
    "text",
  ),
  objective: withDefault(choice("What the task learns.", ["classification"]), "classification"),
  description: withDefault(freeText("One line that says what is asked, for people and for prompts."), ""),
  default: optional(text("The label that the runtime answers without a model, or when unsure.")),
  target_precision: optional(
    number("Fits the confidence below which the default is answered, so that the rest is right this often.", {
      min: 0,
      max: 1,
      above: true,
    }),
  ),
  target_out_of_scope_recall: optional(
    number(
      "Fits the confidence below which the default is answered, so that it answers this share of the out-of-scope texts.",
      { min: 0, max: 1, above: true },
    ),
  ),
  min_confidence: optional(
    number("Sets by hand the confidence below which the default is answered.", { min: 0, max: 1 }),
  ),
  labels: list("The answers; their order is the order of classes everywhere.", label, 1),
});

const ROLES = ["train", "test", "eval", "seed", "out_of_scope"] as const;

export const map = section("How rows of a dataset become examples of a task.", {
  role: withDefault(
    choice(
      "train: rows to split. test, eval: the source's official split, kept whole. seed: texts for prompts only. out_of_scope: texts that no label fits.",
      ROLES,
    ),
    "train",
  ),
  task: optional(text("The task that the rows belong to.")),
  text: optional(text("Column (or nested path such as `a.b`) with the text of a single-text task.")),
  text_a: optional(text("Column with the first text of a pair.")),
  text_b: optional(text("Column with the second text of a pair.")),
  label: optional(text("The label of every row: a constant.")),
  label_column: optional(text("Column with each row's label.")),
  label_map: optional(
    table(
      "Where names differ: value of the label column to label of the task.",
      text("A label of the task."),
    ),
  ),
  where: optional(text("SQL condition that a row must meet.")),
  sql: optional(
    text(
      "A mapping that columns can't say: one SELECT over the view `source` with columns text (or text_a, text_b), label, and language and group where wanted.",
    ),
  ),
  language: optional(text("Language code of every row: a constant.", LANGUAGE)),
  language_column: optional(text("Column with each row's language code.")),
  origin: withDefault(
    choice(
      "Who labelled the rows: the source itself (real), or an LLM (llm_labelled). Rows that an LLM labelled go to train only and are counted apart; a map of them has the role train.",
      ["real", "llm_labelled"],
    ),
    "real",
  ),
  group_column: optional(text("Rows with the same value here (a conversation, a user) stay in one split.")),
});

const path = text("A path or glob, relative to the TOML file.", PATH);

export const dataset = section("A source of rows.", {
  name: text("Name of the dataset; unique."),
  kind: withDefault(
    choice("Where it is: on the Hugging Face Hub, or in local files.", ["huggingface", "local"]),
    "huggingface",
  ),
  dataset_id: optional(text("The Hub's name of it, `owner/name`.", HUB_NAME)),
  link: optional(text("Its page on the Hub.", ADDRESS)),
  config: withDefault(freeText("The Hub's configuration of it; empty is the default one."), ""),
  split: withDefault(
    text("The Hub's split; `train[:500]`, `train[100:200]` and `train[10%:20%]` take a part of its rows."),
    "train",
  ),
  revision: withDefault(text("Branch, tag or commit on the Hub."), "main"),
  path: optional(either("Local files: a path, a glob, or a list of them.", path, list("Several.", path, 1))),
  delimiter: optional(
    choice(
      "What separates the columns of CSV files. Left out, a tab where their names end in .tsv, else a comma.",
      DELIMITERS,
    ),
  ),
  max_rows: optional(
    integer("Rows taken at most, where that is below prepare.max_rows_per_source.", {
      min: 1,
      max: 0x7fff_ffff,
    }),
  ),
  sample: withDefault(
    choice("Which rows: a sample by hash, or the first ones and only the files that they need.", [
      "hash",
      "head",
    ]),
    "hash",
  ),
  enabled: withDefault(flag("false leaves it out."), true),
  required: withDefault(flag("false lets prepare go on without it, with a warning."), true),
  license: withDefault(freeText("Its licence, for the model card."), ""),
  map: withDefault(list("What is taken from it.", map), []),
});
