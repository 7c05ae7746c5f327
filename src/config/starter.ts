// SPDX-License-Identifier: Apache-2.0
import { amount, countText } from "../core/amount.ts";
import { shortened } from "../core/printable.ts";
import type { Delimiter } from "./form.ts";
import { tomlString } from "./toml.ts";

// Writes the first config of a project: `modelpack init` fills it in. What a stranger wrote (labels, names of
// columns and files) stands in strings or in comments, and can end neither.

/** A `[[datasets.map]]` of the first config. */
export interface StarterMap {
  readonly role: "train" | "test" | "eval";
  /** One column, or the two of a pair. */
  readonly texts: readonly string[];
  readonly label: string;
  /** The mapping as SQL, where columns can't say it; then texts, label and language are in it. */
  readonly sql: string | null;
  readonly where: string | null;
  readonly language: string | null;
  /** Proposed in a comment. */
  readonly group: string | null;
}

export interface StarterDataset {
  readonly name: string;
  /** Local files, relative to the config; or what the Hub knows it by. */
  readonly from:
    | { readonly paths: readonly string[] }
    | { readonly datasetId: string; readonly config: string; readonly split: string };
  /** Between the columns of CSV files; null where their names say it. */
  readonly delimiter: Delimiter | null;
  /** Empty where it is not known. */
  readonly license: string;
  readonly rows: number;
  readonly maps: readonly StarterMap[];
}

export interface StarterLabel {
  readonly name: string;
  /** Rows of all splits. */
  readonly rows: number;
}

export interface Starter {
  readonly task: string;
  readonly input: "text" | "pair";
  readonly description: string;
  /** At least two. */
  readonly labels: readonly StarterLabel[];
  readonly datasets: readonly StarterDataset[];
}

/** With fewer rows than this, a tenth is too few to measure and to calibrate on. */
const FEW_ROWS = 2000;
/** Defaults of `[prepare]` that would leave rows out without a word. */
const ROWS_PER_SOURCE = 60_000;
const ROWS_PER_LABEL = 50_000;
/** Where the comment of a line begins. */
const COMMENT_COLUMN = 32;
/** Characters of a stranger's words in a comment. */
const MAX_COMMENT = 80;
/** Labels that say "none of these", the usual default. */
const REST = /^(other|others|none|general|misc|unknown|neutral|no_?label|oos|out_of_scope|na|n\/a)$/i;

/** The TOML of a first config. The same input gives the same bytes. */
export function starterToml(starter: Starter): string {
  return [
    head(starter),
    prepareSection(starter),
    llmSection(),
    taskSection(starter),
    ...starter.datasets.map((dataset) => datasetSection(dataset, starter)),
  ].join("\n");
}

/** A stranger's words as part of a comment: one line, shortened. */
function quoted(text: string): string {
  return tomlString(shortened(text, MAX_COMMENT));
}

function line(code: string, comment: string): string {
  return `${code.padEnd(COMMENT_COLUMN - 2)}  # ${comment}`;
}

function counted(rows: number): string {
  return amount(rows, "row", "rows", countText);
}

function head({ datasets }: Starter): string {
  const from = datasets.map(({ from: place, rows }) => {
    const what =
      "paths" in place
        ? place.paths.map(quoted).slice(0, 3).join(", ")
        : `${quoted(place.datasetId)}, ${quoted(place.split)}`;
    const more = "paths" in place && place.paths.length > 3 ? ` and ${place.paths.length - 3} more` : "";
    return `#   ${what}${more}: ${counted(rows)}`;
  });
  return `#:schema ./node_modules/modelpack/model_pipeline.schema.json

# Written by \`modelpack init\`, for
${from.join("\n")}
#
# It runs as it stands: modelpack check, then prepare, train, and predict. Change what you like:
# \`modelpack check\` shows every slip with its line. A key that is left out has a default; docs/config.md has all.
`;
}

function prepareSection({ datasets, labels }: Starter): string {
  const maps = datasets.flatMap(({ maps: all }) => all);
  const train = datasets.filter((dataset) => dataset.maps.some(({ role }) => role === "train"));
  const rows = train.reduce((sum, dataset) => sum + dataset.rows, 0);
  const [most, isFew] = [Math.max(...datasets.map((dataset) => dataset.rows)), rows < FEW_ROWS];
  const held = isFew ? "0.2" : "0.1";
  const why = isFew ? `; a fifth, as a tenth of ${counted(rows)} measures little` : "";
  const has = (role: string) => maps.some((map) => map.role === role);
  const given = (role: string) => (has(role) ? "; not used: the rows name theirs" : "");
  const lines = [
    "[prepare]",
    line("seed = 42", "same file, same rows, same seed: same bytes"),
    line(`train_ratio = ${isFew ? "0.6" : "0.8"}`, "what the model learns from"),
    line(
      `test_ratio = ${held}`,
      `never seen by training: the figures to believe${has("test") ? given("test") : why}`,
    ),
    line(`eval_ratio = ${held}`, `chooses the strength of L2 and fits the calibration${given("eval")}`),
    line(
      "target_per_task_label = 0",
      "rows wanted for each label; 0: as many as there are. See [synthetic_llm]",
    ),
    line("near_duplicate_threshold = 0.8", "texts at least this similar stay in one split"),
  ];
  if (most > ROWS_PER_SOURCE)
    lines.push(line(`max_rows_per_source = ${most}`, "all of them; lower it for a quick run"));
  const label = Math.max(...labels.map((one) => one.rows));
  if (label > ROWS_PER_LABEL)
    lines.push(line(`max_per_task_label = ${label}`, "all of them, of the label that has most"));
  return `${lines.join("\n")}\n`;
}

function llmSection(): string {
  return `# Too few rows of a label? Set target_per_task_label to 200, say, take the # from the next three lines, and
# \`modelpack prepare\` has an LLM on this machine write what lacks (docs/backfill.md; \`--dry-run\` tells what it will take).
# [synthetic_llm]
# provider = "ollama"
# model = "llama3.1:8b"
`;
}

function taskSection({ task, input, description, labels }: Starter): string {
  const most = labels.reduce((a, b) => (b.rows > a.rows ? b : a), labels[0] ?? { name: "", rows: 0 });
  const fallback = labels.find(({ name }) => REST.test(name)) ?? most;
  const lines = [
    "[[tasks]]",
    line(`name = ${tomlString(task)}`, "what `predict` is asked for"),
    line(`family = ${tomlString(task)}`, "tasks of one family share a model file"),
    line(`input = "${input}"`, input === "pair" ? "two texts that are compared" : "one text"),
    line(`description = ${tomlString(description)}`, "for people, and for prompts to an LLM"),
    `# default = ${tomlString(fallback.name)}  # the answer without a model, or when unsure`,
    "# target_precision = 0.95  # answer the default where less sure than makes this share of the rest right",
    "labels = [  # their order is the order of classes everywhere; { name = …, description = … } helps an LLM",
    ...labels.map(({ name, rows }) => line(`  ${tomlString(name)},`, counted(rows))),
    "]",
  ];
  return `${lines.join("\n")}\n`;
}

function datasetSection({ name, from, delimiter, license, maps }: StarterDataset, { task }: Starter): string {
  const lines = ["[[datasets]]", `name = ${tomlString(name)}`];
  if ("paths" in from) {
    const [path = "", ...more] = from.paths.map(tomlString);
    lines.push('kind = "local"');
    lines.push(
      line(
        more.length === 0 ? `path = ${path}` : `path = [${[path, ...more].join(", ")}]`,
        "relative to this file; a glob does as well",
      ),
    );
  } else {
    lines.push(`dataset_id = ${tomlString(from.datasetId)}`);
    lines.push(`config = ${tomlString(from.config)}`, `split = ${tomlString(from.split)}`);
  }
  if (delimiter !== null) lines.push(line(`delimiter = ${tomlString(delimiter)}`, "between its columns"));
  lines.push(
    line(
      `license = ${tomlString(license)}`,
      license === "" ? "of the rows; for the model card" : "as its card says",
    ),
  );
  return `${[...lines, ...maps.flatMap((map) => mapLines(map, task))].join("\n")}\n`;
}

const ROLE_COMMENTS: Readonly<Record<StarterMap["role"], string>> = {
  train: "split by the ratios above",
  test: "kept whole as the test rows",
  eval: "kept whole as the eval rows",
};

function mapLines({ role, texts, label, sql, where, language, group }: StarterMap, task: string): string[] {
  const lines = [
    "[[datasets.map]]",
    line(`role = "${role}"`, ROLE_COMMENTS[role]),
    `task = ${tomlString(task)}`,
  ];
  if (sql !== null) lines.push(`sql = ${tomlString(sql)}`);
  else {
    const [first = "", second] = texts.map(tomlString);
    lines.push(...(second === undefined ? [`text = ${first}`] : [`text_a = ${first}`, `text_b = ${second}`]));
    lines.push(`label_column = ${tomlString(label)}`);
    if (language !== null)
      lines.push(line(`language_column = ${tomlString(language)}`, "counted in the manifest"));
  }
  if (where !== null) lines.push(`where = ${tomlString(where)}`);
  if (group !== null)
    lines.push(
      `# group_column = ${tomlString(group)}  # takes care that rows of one value stay in one split`,
    );
  return lines;
}
