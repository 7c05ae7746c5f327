// SPDX-License-Identifier: Apache-2.0

import { countText } from "../core/amount.ts";
import { SPLITS, type Split } from "../core/example.ts";
import {
  type DatasetFacts,
  type DropFacts,
  hubIds,
  type LabelFacts,
  languageCodes,
  rowsByOrigin,
  rowsIn,
  type SourceFacts,
  type TaskFacts,
  taskRowsIn,
  totalOf,
} from "./dataset-facts.ts";
import { cardLicence } from "./licence.ts";
import { markdownTable, markdownText } from "./markdown.ts";
import { amountText, percentText } from "./number-text.ts";
import { type Yaml, yamlText } from "./yaml.ts";

/** What the Hub calls our splits. */
const HUB_SPLITS: Readonly<Record<Split, string>> = { train: "train", test: "test", eval: "validation" };

/** The splits that measure. */
const HELD_OUT = ["test", "eval"] as const;

const DROPS: Readonly<Record<string, string>> = {
  null_label: "without a label",
  unknown_label: "with a label that the task does not have",
  empty_text: "without a text",
  invalid_text: "with a text that no UTF-8 can hold",
  too_long: "over the limit of characters",
  exact_duplicate: "merged into a row with the same text and label, whose count grew",
  label_conflict: "with a text that has another label as often or more often",
  duplicate_of_official: "with a text that is in the official test or eval rows",
};

/**
 * `DATA_CARD.md` of a dataset version: the Hub's metadata, so that its viewer opens the Parquet files, and what a person
 * should know of the rows. It follows from the manifest alone.
 */
export function dataCard(facts: DatasetFacts): string {
  const parts = [
    `# Dataset ${facts.version}`,
    summary(facts),
    "## Files",
    files(facts),
    "## Sources",
    sources(facts),
    "## Rows",
    ...facts.tasks.flatMap((task) => taskRows(task, facts)),
    "## What was left out",
    leftOut(facts),
    "## How the splits were made",
    splitting(facts),
    ...madeRows(facts),
    "## Limits",
    limits(facts),
  ];
  return `---\n${yamlText(metadata(facts))}---\n\n${parts.join("\n\n")}\n`;
}

function metadata(facts: DatasetFacts): { readonly [key: string]: Yaml } {
  const rows = facts.tasks.reduce((sum, task) => sum + rowsOf(task), 0);
  const languages = languageCodes(facts.tasks);
  const ids = hubIds(facts.sources);
  const isMade = facts.tasks.some((task) => madeIn(task) > 0);
  return {
    pretty_name: `modelpack dataset ${facts.version}`,
    ...cardLicence(facts.sources.map(({ license }) => license)),
    ...(languages.length === 0 ? {} : { language: languages }),
    task_categories: ["text-classification"],
    size_categories: [sizeCategory(rows)],
    annotations_creators: isMade ? ["found", "machine-generated"] : ["found"],
    ...(ids.length === 0 ? {} : { source_datasets: ids }),
    tags: ["modelpack", "text-classification"],
    configs: familiesOf(facts).map((family) => ({
      config_name: family,
      data_files: SPLITS.filter((split) => familyRows(facts, family, split) > 0).map((split) => ({
        split: HUB_SPLITS[split],
        path: `${family}_${split}.parquet`,
      })),
    })),
  };
}

/** The Hub's size classes. */
function sizeCategory(rows: number): string {
  const steps = [
    [1_000, "n<1K"],
    [10_000, "1K<n<10K"],
    [100_000, "10K<n<100K"],
    [1_000_000, "100K<n<1M"],
    [10_000_000, "1M<n<10M"],
    [100_000_000, "10M<n<100M"],
  ] as const;
  return steps.find(([under]) => rows < under)?.[1] ?? "100M<n<1B";
}

function familiesOf({ tasks }: DatasetFacts): string[] {
  return [...new Set(tasks.map(({ family }) => family))];
}

function familyRows({ tasks }: DatasetFacts, family: string, split: Split): number {
  const own = tasks.filter((task) => task.family === family);
  return own.reduce((sum, task) => sum + totalOf(taskRowsIn(task, split)), 0);
}

function rowsOf(task: TaskFacts): number {
  return totalOf(rowsByOrigin(task));
}

/** Rows that an LLM wrote or labelled. */
function madeIn(task: TaskFacts): number {
  const { llm_labelled, synthetic } = rowsByOrigin(task);
  return llm_labelled + synthetic;
}

function summary(facts: DatasetFacts): string {
  const rows = facts.tasks.reduce((sum, task) => sum + rowsOf(task), 0);
  const sample =
    facts.sample === null
      ? ""
      : ` It is a sample for a quick run: at most ${amountText(facts.sample, "row")} of each source were taken.`;
  return `${amountText(rows, "row")} for ${amountText(facts.tasks.length, "classification task")}, mapped, cleaned, deduplicated, split and balanced by modelpack ${markdownText(facts.producer.modelpack)} from ${amountText(facts.sources.length, "source")}. The same config and the same sources give the same bytes.${sample}`;
}

function files(facts: DatasetFacts): string {
  const rows = familiesOf(facts).flatMap((family) => {
    const own = facts.tasks.filter((task) => task.family === family);
    const outside = own.filter((task) => task.out_of_scope_rows !== undefined);
    const names = (tasks: readonly TaskFacts[]) => tasks.map(({ task }) => `\`${task}\``).join(", ");
    return [
      ...SPLITS.map((split) => [
        `\`${family}_${split}.parquet\``,
        names(own),
        countText(familyRows(facts, family, split)),
      ]),
      ...(outside.length === 0 ? [] : HELD_OUT).map((split) => [
        `\`${family}_${split}_out_of_scope.parquet\``,
        names(outside),
        countText(outside.reduce((sum, task) => sum + (task.out_of_scope_rows?.[split] ?? 0), 0)),
      ]),
    ];
  });
  const outside = facts.tasks.some((task) => task.out_of_scope_rows !== undefined)
    ? " Files of out-of-scope texts have the same columns and an empty `label`."
    : "";
  return `${markdownTable(["file", "tasks", "rows"], rows, [2])}

Columns: \`id\` (128 bits of sha256 over task, texts and label), \`task\`, \`label\`, \`text\` (or \`text_a\` and \`text_b\` of a pair), \`source\` (the dataset), \`origin\` (\`real\`; \`llm_labelled\`: a real text that an LLM labelled; \`synthetic\`: an LLM wrote it), \`language\` (empty where the source states none), \`count\` (source rows that this one stands for), \`group_id\` (near-duplicates share one), \`split\`.${outside} Digests of all files are in \`manifest.json\`.`;
}

function sources({ sources: list, bootstrap, skipped }: DatasetFacts): string {
  const rows = list.map((source) => [
    markdownText(source.dataset),
    placeOf(source),
    source.license === "" ? "not stated" : markdownText(source.license),
    countText(source.rows),
    countText(source.sampled),
    usesOf(source),
  ]);
  const head = ["dataset", "from", "licence", "rows", "taken", "used as"];
  const parts = [markdownTable(head, rows, [3, 4])];
  if (bootstrap.length > 0)
    parts.push(
      `Rows of an earlier pipeline: ${bootstrap.map(({ name, used }) => `${markdownText(name)} (${amountText(used, "row")})`).join(", ")}.`,
    );
  if (skipped.length > 0)
    parts.push(
      `Left out, since they could not be had and are not required: ${skipped.map(({ dataset }) => markdownText(dataset)).join(", ")}.`,
    );
  parts.push(
    "A row keeps the licence of its source. Check the licences before you pass the rows on: modelpack repeats what the config and the Hub say.",
  );
  return parts.join("\n\n");
}

/** Where a source is, and which bytes of it were read. */
function placeOf({ hub, files: read }: SourceFacts): string {
  if (hub === undefined)
    return `local, ${read.map(({ sha256 }) => `sha256 \`${sha256.slice(0, 12)}\``).join(", ")}`;
  const config = hub.config === "" ? "" : `${hub.config}, `;
  return `[${markdownText(hub.dataset_id)}](https://huggingface.co/datasets/${encodeURI(hub.dataset_id)}), ${markdownText(`${config}${hub.split}`)}, commit \`${hub.commit.slice(0, 12)}\``;
}

function usesOf({ maps }: SourceFacts): string {
  return maps
    .map(({ task, role, rows, dropped }) => {
      const lost = dropped === 0 ? "" : `, ${countText(dropped)} dropped`;
      return `${markdownText(role)} of ${task === null ? "prompts" : `\`${task}\``}: ${countText(rows)}${lost}`;
    })
    .join("; ");
}

function taskRows(task: TaskFacts, { config }: DatasetFacts): string[] {
  const definition = config.tasks.find(({ name }) => name === task.task);
  const isMade = madeIn(task) > 0;
  const hasOfficial = SPLITS.some((split) => isOfficial(task.labels, split));
  const head = [
    "label",
    ...SPLITS,
    ...(isMade ? ["of an LLM"] : []),
    ...(hasOfficial ? ["official"] : []),
    "over the cap",
    "lacking",
  ];
  const rows = task.labels.map((label) => {
    const made = SPLITS.map((split) => label[split]).reduce(
      (sum, { llm_labelled, synthetic }) => sum + llm_labelled + synthetic,
      0,
    );
    return [
      markdownText(label.label),
      ...SPLITS.map((split) => countText(totalOf(rowsIn(label, split)))),
      ...(isMade ? [countText(made)] : []),
      ...(hasOfficial ? [countText(label.official.test + label.official.eval)] : []),
      countText(label.cut),
      countText(label.deficit),
    ];
  });
  const outside = task.out_of_scope_rows;
  if (outside !== undefined)
    rows.push([
      "*out of scope*",
      ...SPLITS.map((split) => countText(split === "train" ? 0 : outside[split])),
      ...(isMade ? ["0"] : []),
      ...(hasOfficial ? ["0"] : []),
      countText(outside.cut),
      "",
    ]);
  const description = definition?.description ?? "";
  const numbers = head.map((_, i) => i).slice(1);
  return [
    `### ${task.task}`,
    ...(description === "" ? [] : [markdownText(description)]),
    markdownTable(head, rows, numbers),
    ...(outside === undefined
      ? []
      : [
          `${amountText(outside.test + outside.eval, "text")} of no label (out of scope), in files of their own: half are dealt to test and half to eval, by hash, and none to train. Those of test measure how many such texts a threshold of confidence holds back, and by those of eval \`target_out_of_scope_recall\` sets it.`,
        ]),
  ];
}

/** Whether a split is the one that sources bring. */
function isOfficial(labels: readonly LabelFacts[], split: Split): boolean {
  return split !== "train" && labels.some(({ official }) => official[split] > 0);
}

function leftOut({ tasks }: DatasetFacts): string {
  const rows = tasks.flatMap((task) =>
    [...task.drops.map(dropText), ...leftOutOfScope(task)].map(([count, why]) => [
      `\`${task.task}\``,
      countText(count),
      why,
    ]),
  );
  return rows.length === 0
    ? "No row was dropped or merged."
    : markdownTable(["task", "rows", "why"], rows, [1]);
}

type Dropped = readonly [rows: number, why: string];

function dropText({ reason, rows }: DropFacts): Dropped {
  return [rows, DROPS[reason] ?? markdownText(reason)];
}

/** Texts that no label fits, and that are in no split. */
function leftOutOfScope({ out_of_scope_rows: outside }: TaskFacts): Dropped[] {
  if (outside === undefined) return [];
  const all: Dropped[] = [
    ...outside.drops.map(dropText),
    [outside.exact_duplicates, "merged into another such text"],
    [outside.near_in_scope, "the same as or nearly the text of a row with a label"],
    [outside.cut, "over the cap"],
  ];
  return all.filter(([rows]) => rows > 0).map(([rows, why]) => [rows, `out of scope: ${why}`]);
}

function splitting({ config: { prepare }, tasks }: DatasetFacts): string {
  const near = tasks.filter(({ deduplication }) => deduplication.official_rows_near_train > 0);
  const rows = tasks.map(({ task, labels, split_ratios, deduplication: d }) => [
    `\`${task}\``,
    ...SPLITS.map((split) => (isOfficial(labels, split) ? "official" : percentText(split_ratios[split]))),
    countText(d.groups),
    countText(d.near_duplicate_rows),
    countText(d.largest_group),
  ]);
  const withOfficial = tasks.some(({ labels }) => SPLITS.some((split) => isOfficial(labels, split)))
    ? " Where a source brings official test or eval rows, these are all of that split: they are never moved, merged or dropped, no other row of the task joins them, and the split's share of the other rows stays in train."
    : "";
  const lines = [
    `Near-duplicates (Jaccard similarity of character 3-grams of at least ${prepare.near_duplicate_threshold}), rows of one conversation or user where the config names such a column, and pairs that share a text form a group, and a group is in one split. Groups are dealt to train, test and eval by hash, label by label, in the shares below (seed ${prepare.seed}).${withOfficial}`,
    `Each label has at most ${amountText(prepare.max_per_task_label, "row")}, chosen by hash, official ones apart; the aim is ${countText(prepare.target_per_task_label)}.`,
    markdownTable(
      ["task", ...SPLITS, "groups", "near-duplicate rows", "largest group"],
      rows,
      [1, 2, 3, 4, 5, 6],
    ),
    ...near.map(
      ({ task, deduplication: d }) =>
        `\`${task}\`: ${amountText(d.official_rows_near_train, "official row")} ${d.official_rows_near_train === 1 ? "has" : "have"} a near-duplicate in another split and stay as published.`,
    ),
    ...tasks
      .filter(({ deduplication }) => deduplication.pair_grouping === "text_a")
      .map(
        ({ task }) =>
          `\`${task}\`: only pairs with the same first text are grouped; grouping by both texts would tie too many rows together.`,
      ),
  ];
  return lines.join("\n\n");
}

function madeRows({ tasks, backfill, config }: DatasetFacts): string[] {
  const rows = tasks
    .filter((task) => madeIn(task) > 0)
    .map((task) => {
      const { synthetic, llm_labelled } = rowsByOrigin(task);
      const aside = Object.entries(task.backfill?.stepped_aside ?? {}).filter(([, count]) => count > 0);
      return [
        `\`${task.task}\``,
        countText(synthetic),
        countText(llm_labelled),
        aside
          .map(([reason, count]) => `${countText(count)} ${markdownText(reason.replaceAll("_", " "))}`)
          .join(", "),
      ];
    });
  if (rows.length === 0) return [];
  const models = (backfill?.models ?? []).map(
    ({ model, rows: count }) => `${markdownText(model)} (${countText(count)})`,
  );
  const of = models.length === 0 ? "" : ` Accepted rows by model: ${models.join(", ")}.`;
  const digest = backfill === undefined ? "" : ` sha256 of the accepted rows: \`${backfill.sha256}\`.`;
  return [
    "## Rows of an LLM",
    `Synthetic rows are in train; a label with fewer than ${config.prepare.min_real_holdout} real rows also has some in test and validation, where metrics count them apart. Each was asked for with real train rows as examples, and taken after checks of form, repetition and closeness to held-out rows.${of}${digest} The ledger of the backfill has the prompt of each.`,
    markdownTable(
      ["task", "synthetic", "labelled by an LLM", "accepted, and left out this time"],
      rows,
      [1, 2],
    ),
  ];
}

function limits(facts: DatasetFacts): string {
  const few = facts.tasks.flatMap(({ task, labels }) => {
    const without = labels.filter((label) => totalOf(rowsIn(label, "train")) === 0).length;
    return without === 0
      ? []
      : [`- \`${task}\`: ${amountText(without, "label")} of ${labels.length} without a train row.`];
  });
  const made = facts.tasks.flatMap((task) => {
    const train = taskRowsIn(task, "train");
    const share = totalOf(train) === 0 ? 0 : (train.synthetic + train.llm_labelled) / totalOf(train);
    return share === 0
      ? []
      : [`- \`${task.task}\`: an LLM wrote or labelled ${(share * 100).toFixed(1)} % of the train rows.`];
  });
  const codes = languageCodes(facts.tasks);
  const language =
    codes.length === 0
      ? "- No source states the language of its rows."
      : `- Languages that rows state: ${codes.join(", ")}.`;
  return [
    "- Labels are those of the sources, with their mistakes; `modelpack report --audit` lists the rows most likely mislabelled.",
    "- Texts may hold personal data, insults and whatever else the sources hold.",
    "- Balancing changes how often each label occurs: the shares here are not those of real use.",
    language,
    ...few,
    ...made,
  ].join("\n");
}
