// SPDX-License-Identifier: Apache-2.0

import { countText } from "../core/amount.ts";
import { wilson } from "../training/binomial.ts";
import { type DatasetFacts, hubIds, languageCodes } from "./dataset-facts.ts";
import { cardLicence } from "./licence.ts";
import { codeBlock, markdownTable, markdownText } from "./markdown.ts";
import { abstaining } from "./model-abstention.ts";
import { biases } from "./model-limits.ts";
import { modelResults } from "./model-results.ts";
import { amountText, figureText, NONE } from "./number-text.ts";
import type { FamilyReport, PackReport, TaskReport } from "./pack-report.ts";
import { type Yaml, yamlText } from "./yaml.ts";

/** Labels of a task that the card names at most. */
const MOST_LABELS = 20;

/**
 * `MODEL_CARD.md` of a pack in the format of the Hub: metadata with results that the Hub reads, and for people what the
 * models are for, what they learnt from, how well they do and where not. It holds names, labels and figures, no text of a
 * dataset, and follows from the pack and the dataset's manifest alone.
 */
export function modelCard(pack: PackReport, dataset: DatasetFacts): string {
  const parts = [
    `# Text classifiers, version ${pack.version}`,
    summary(pack),
    markdownTable(
      ["task", "question", "labels"],
      tasksOf(pack).map(({ task, description, labels }) => [
        `\`${task}\``,
        markdownText(description),
        labelList(labels),
      ]),
    ),
    "## Intended use",
    INTENDED,
    "## How to use",
    usage(pack),
    "## Training data",
    trainingData(dataset),
    "## Evaluation",
    ...evaluation(pack),
    "## Calibration",
    ...calibration(pack),
    ...abstaining(tasksOf(pack)),
    "## Limits and biases",
    biases(pack, dataset),
    "## How it was made",
    making(pack, dataset),
  ];
  return `---\n${yamlText(metadata(pack, dataset))}---\n\n${parts.join("\n\n")}\n`;
}

function metadata(pack: PackReport, dataset: DatasetFacts): { readonly [key: string]: Yaml } {
  const languages = languageCodes(dataset.tasks);
  const ids = hubIds(dataset.sources);
  const results = modelResults(pack, dataset);
  return {
    ...cardLicence(dataset.sources.map(({ license }) => license)),
    ...(languages.length === 0 ? {} : { language: languages }),
    library_name: "modelpack",
    pipeline_tag: "text-classification",
    tags: ["modelpack", "text-classification", "calibrated", "on-device"],
    ...(ids.length === 0 ? {} : { datasets: ids }),
    metrics: ["accuracy", "f1"],
    ...(results.length === 0 ? {} : { "model-index": [{ name: `modelpack-${pack.version}`, results }] }),
  };
}

function tasksOf({ families }: PackReport): TaskReport[] {
  return families.flatMap(({ tasks }) => [...tasks]);
}

function labelList(labels: readonly string[]): string {
  const named = labels.slice(0, MOST_LABELS).map(markdownText).join(", ");
  const left = labels.length - MOST_LABELS;
  return left > 0 ? `${named} and ${countText(left)} more` : named;
}

function summary({ families, producer }: PackReport): string {
  const parts = families.map(
    ({ family, input, tasks, features, file }) =>
      `\`${family}\` reads ${input === "pair" ? "two texts" : "one text"} and answers ${amountText(tasks.length, "task")} (${countText(features)} n-gram features, ${countText(file.bytes)} bytes)`,
  );
  return `Compact text classifiers for closed questions: ${parts.join("; ")}. Each answer comes in microseconds, offline, with a calibrated probability. They are linear models over hashed n-grams of words and characters, trained by modelpack ${producer}.`;
}

const INTENDED = `Closed questions that an application asks of short texts on a hot path: routing, intents, guards, labels of a memory. Use the confidence: let a low one fall back to the default or to a larger model.

Not intended: decisions about people without a person's look; texts of another kind, domain or language than the training data; questions that need facts or reasoning beyond the words of the text.`;

function usage(pack: PackReport): string {
  const family = pack.families[0];
  const task = JSON.stringify(family?.tasks[0]?.task ?? "");
  const call =
    family?.input === "pair"
      ? `pack.predictPair(${task}, "the first text", "the second text")`
      : `pack.predict(${task}, "your text here")`;
  const code = `import { openModelpack } from "modelpack/runtime/node";

const pack = await openModelpack("."); // the folder of this card
console.log(${call});`;
  return `${codeBlock("js", code)}

In a browser or a worker, \`loadModelpack\` of \`modelpack/runtime\` takes the URL of \`manifest.json\`. A deployment needs \`manifest.json\` and the \`.safetensors\` files.`;
}

function trainingData({ version, sources, config }: DatasetFacts): string {
  const rows = sources.map((source) => {
    const { hub } = source;
    const from =
      hub === undefined
        ? "local files"
        : `[${markdownText(hub.dataset_id)}](https://huggingface.co/datasets/${encodeURI(hub.dataset_id)}) ${markdownText(hub.split)}, commit \`${hub.commit.slice(0, 12)}\``;
    const tasks = [...new Set(source.maps.flatMap(({ task }) => (task === null ? [] : [`\`${task}\``])))];
    return [
      markdownText(source.dataset),
      from,
      source.license === "" ? "not stated" : markdownText(source.license),
      countText(source.sampled),
      tasks.join(", "),
    ];
  });
  return `${markdownTable(["dataset", "from", "licence", "rows taken", "tasks"], rows, [3])}

Prepared as dataset \`${version}\` (seed ${config.prepare.seed}); its \`DATA_CARD.md\` says how rows were mapped, deduplicated and split. Whether a licence of the data binds the models is for you to judge.`;
}

function evaluation(pack: PackReport): string[] {
  const rows = tasksOf(pack).flatMap(({ task, measured }) => {
    if (measured === null) return [[`\`${task}\``, "not measured", ...Array<string>(5).fill(NONE)]];
    const { metrics, split } = measured;
    const parts = [
      ["real", metrics.real],
      ["labelled by an LLM", metrics.llm_labelled],
      ["synthetic", metrics.synthetic],
    ] as const;
    return parts.flatMap(([origin, part]) =>
      part === null
        ? []
        : [
            [
              `\`${task}\``,
              split === "test" ? origin : `${origin}, ${split} (cross-fitted)`,
              countText(part.rows),
              accuracyText(part.accuracy, part.rows),
              figureText(part.macro_f1),
              figureText(part.log_loss),
              figureText(part.ece),
            ],
          ],
    );
  });
  const head = ["task", "test rows", "number", "accuracy (95 % interval)", "macro F1", "log loss", "ECE"];
  return [
    markdownTable(head, rows, [2, 3, 4, 5, 6]),
    "Rows of the sources and rows that an LLM made are measured apart; the headline is that of the real ones. The intervals are Wilson's and hold for rows like these. Macro F1 is over the labels that have test rows. `report/report.html` has the confusion matrices, curves and mistakes.",
  ];
}

function accuracyText(accuracy: number | null, rows: number): string {
  const interval = accuracy === null ? null : wilson(Math.round(accuracy * rows), rows);
  if (interval === null) return figureText(accuracy);
  return `${figureText(accuracy)} (${figureText(interval.low)} to ${figureText(interval.high)})`;
}

function calibration(pack: PackReport): string[] {
  const rows = tasksOf(pack).map(({ task, calibration: method, measured, minConfidence, ...rest }) => [
    `\`${task}\``,
    markdownText(method),
    figureText(measured?.metrics.ece_uncalibrated),
    figureText(measured?.metrics.ece),
    figureText(measured?.metrics.ece_band_95),
    figureText(minConfidence),
    rest.default === null ? NONE : markdownText(rest.default),
  ]);
  const head = ["task", "method", "ECE before", "ECE after", "95 % band", "min. confidence", "default"];
  return [
    markdownTable(head, rows, [2, 3, 4, 5]),
    "ECE is the expected calibration error of the most probable label (10 bins); the band is what a perfectly calibrated model would stay under 95 times in 100 on as many rows. Under the minimum confidence the default answers.",
  ];
}

function making({ version, producer, families, files }: PackReport, dataset: DatasetFacts): string {
  const settings = families.map((family) => settingsText(family));
  const models = files.filter(({ name }) => families.some(({ file }) => file.name === name));
  return `Version \`${version}\`, dataset \`${dataset.version}\`, modelpack ${producer}. The same config, data and version of modelpack give the same bytes.

${settings.join("\n\n")}

${markdownTable(
  ["file", "bytes", "sha256"],
  models.map(({ name, bytes, sha256 }) => [`\`${name}\``, countText(bytes), `\`${sha256}\``]),
  [1],
)}`;
}

function settingsText({ family, settings, tasks }: FamilyReport): string {
  const show = (list: FamilyReport["settings"]) =>
    list.map(([name, value]) => `${markdownText(name)} ${markdownText(value)}`).join(", ");
  const own = tasks
    .filter((task) => task.settings.length > 0)
    .map((task) => ` \`${task.task}\`: ${show(task.settings)}.`);
  const alphas = tasks.map(({ task, alpha }) => `\`${task}\` ${alpha.toPrecision(3)}`).join(", ");
  return `\`${family}\`: ${show(settings)}.${own.join("")} L2 (alpha) of the fits: ${alphas}.`;
}
