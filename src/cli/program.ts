// SPDX-License-Identifier: Apache-2.0
import { Command } from "commander";
import { producer } from "../pipeline/workspace.ts";
import { type Action, addConfigOptions, besideConfig, type Context, type Options } from "./context.ts";

/** How a run of the program went. */
export interface Invocation {
  readonly json: boolean;
  exit?: number;
}

interface CommandSpec {
  readonly name: string;
  /** Arguments, as commander writes them. */
  readonly args?: string;
  readonly description: string;
  /** Loaded when it is asked for: DuckDB and the rest take several times as long as a prediction. */
  readonly load: () => Promise<Action>;
  readonly options?: readonly (readonly [flag: string, doc: string, fallback?: string])[];
  readonly required?: readonly (readonly [flag: string, doc: string])[];
  readonly examples: readonly string[];
}

const PACK = ["--pack <folder>", "a folder of versions or one version, instead of the config's"] as const;

const COMMANDS: readonly CommandSpec[] = [
  {
    name: "check",
    description: "Check the config: every problem at once, with its place in the file.",
    load: async () => (await import("./commands/check.ts")).check,
    options: [["--print", "print the effective config, and where each value came from"]],
    examples: ["modelpack check", "modelpack check --print --set train.max_iter=10"],
  },
  {
    name: "prepare",
    description: "Read, map, clean, deduplicate, split and balance the datasets into one version.",
    load: async () => (await import("./commands/prepare.ts")).prepare,
    options: [
      ["--sample <rows>", "take that many rows of each source, for a quick run the whole way"],
      ["--force-full", "leave bootstrap files and earlier backfill on disk and out of the run"],
      ["--no-llm", "don't fill deficits with an LLM; they are reported"],
      ["--locked", "use just what datasets.lock.json says, byte for byte, or fail"],
      ["--update-lock [name]", "move a Hub dataset, or all of them, to the newest commit"],
      ["--dry-run", "resolve the sources and say what would be done"],
    ],
    examples: [
      "modelpack prepare",
      "modelpack prepare --target-per-task-label 500 --set prepare.seed=7",
      "modelpack prepare --sample 200",
      "modelpack prepare --locked",
      "modelpack prepare --update-lock banking77",
    ],
  },
  {
    name: "label",
    args: "<files...>",
    description: "Have the LLM label texts of yours: txt (a text a line), CSV, JSONL, Parquet, Arrow.",
    load: async () => (await import("./commands/label.ts")).label,
    required: [["--task <task>", "the task whose labels are chosen from"]],
    options: [
      ["--text <column>", "column of the text (default: text)"],
      ["--text-a <column>", "of a pair, column of the first text (default: text_a)"],
      ["--text-b <column>", "of a pair, column of the second text (default: text_b)"],
      ["--out <file>", "labelled rows, .jsonl (default: labelled/<task>.jsonl in the cache folder)"],
      ["--queue <file>", "rows for a person to look at, .csv (default: labelled/<task>.queue.csv there)"],
      ["--queue-size <rows>", "rows in the queue besides those in doubt (default: 100)"],
      ["--limit <texts>", "label that many texts at most, the first ones"],
    ],
    examples: [
      "modelpack label --task query_domain logs.txt",
      "modelpack label --task query_domain --text message --set synthetic_llm.verify=judge logs/*.csv",
      "modelpack label --task conflict_detection --text-a said --text-b says --limit 500 pairs.jsonl",
    ],
  },
  {
    name: "train",
    description: "Train and calibrate one model a family from the prepared dataset.",
    load: async () => (await import("./commands/train.ts")).train,
    examples: ["modelpack train", "modelpack train --families router --max-iter 10"],
  },
  {
    name: "evaluate",
    description: "Measure the newest pack on a split of the prepared dataset.",
    load: async () => (await import("./commands/evaluate.ts")).evaluate,
    options: [["--split <split>", "train, test or eval", "test"]],
    examples: ["modelpack evaluate", "modelpack evaluate --split eval --json"],
  },
  {
    name: "predict",
    args: "[texts...]",
    description: "Answer tasks for texts given as arguments or, a line each, on standard input.",
    load: async () => (await import("./commands/predict.ts")).predict,
    options: [
      ["--task <task>", "one task; without it, every task"],
      ["--pair", "two texts that are compared (on standard input, a tab between them)"],
      ["--top <n>", "show the n likeliest labels"],
      PACK,
    ],
    examples: [
      'modelpack predict "wire 200 euros to Anna"',
      'modelpack predict --task query_domain --top 3 "wire 200 euros to Anna"',
      'modelpack predict --pair --task conflict_detection "I moved to Oslo" "I live in Rome"',
      "cat texts.txt | modelpack predict --task query_domain --json",
    ],
  },
  {
    name: "explain",
    args: "<texts...>",
    description: "Take a prediction apart into its n-grams and what each adds.",
    load: async () => (await import("./commands/explain.ts")).explain,
    required: [["--task <task>", "the task"]],
    options: [["--top <n>", "show the n strongest"], PACK],
    examples: ['modelpack explain --task query_domain "wire 200 euros to Anna"'],
  },
  {
    name: "report",
    description:
      "Say where the report of the newest pack is, with its headline; --open shows it, --audit looks for wrong labels.",
    load: async () => (await import("./commands/report.ts")).report,
    options: [
      ["--open", "open it in the browser of this machine"],
      PACK,
      [
        "--audit",
        "list the rows of the pack's dataset that are most likely mislabelled, as a page and a CSV",
      ],
      ["--task <task>", "audit one task; without it, every task"],
      ["--top <rows>", "rows of a task on the audit's page (default: 100); the CSV has all"],
    ],
    examples: [
      "modelpack report",
      "modelpack report --open",
      "modelpack report --pack trained_models/0123456789ab --json",
      "modelpack report --audit --open",
      "modelpack report --audit --task query_domain --top 300",
    ],
  },
  {
    name: "diff",
    args: "<packs...>",
    description:
      "Compare two packs: figures, calibration, size, settings, and on texts the answers that flipped.",
    load: async () => (await import("./commands/diff.ts")).diff,
    options: [
      ["--task <task>", "one task; without it, all that both have"],
      ["--texts <file>", "texts that both answer: txt (a text a line), CSV, JSONL, Parquet, Arrow"],
      ["--text <column>", "column of the text (default: text)"],
      ["--text-a <column>", "of pairs, column of the first text (default: text_a)"],
      ["--text-b <column>", "of pairs, column of the second text (default: text_b)"],
      ["--top <n>", "flipped answers of a task to print (default: 20)"],
      ["--out <page.html>", "write a page too"],
    ],
    examples: [
      "modelpack diff 1a2b3c latest",
      "modelpack diff trained_models/1a2b3c4d5e6f ../deployed/pack --out diff.html",
      "modelpack diff 1a2b latest --task query_domain --texts logs.txt --top 50",
      "modelpack diff 1a2b latest --texts pairs.jsonl --text-a said --text-b says --json",
    ],
  },
  {
    name: "types",
    description: "Write task names, labels and defaults as TypeScript for the application.",
    load: async () => (await import("./commands/types.ts")).types,
    options: [["--out <file>", "write there instead of to standard output"]],
    examples: ["modelpack types --out src/modelpack-tasks.ts"],
  },
  {
    name: "status",
    description: "Show the versions on disk, and what each label has and misses.",
    load: async () => (await import("./commands/status.ts")).status,
    examples: ["modelpack status", "modelpack status --json"],
  },
];

/** The command line. `beforeOutput` runs before a result is printed. */
export function buildProgram(context: Context, invocation: Invocation, beforeOutput: () => void): Command {
  const program = new Command("modelpack")
    .description("One TOML file in, compact calibrated text classifiers out.")
    .version(producer().modelpack)
    .exitOverride()
    .showHelpAfterError("(modelpack --help lists the commands, modelpack <command> --help its options)")
    .addHelpText(
      "after",
      '\nExamples:\n  modelpack prepare && modelpack train\n  modelpack predict "wire 200 euros to Anna"',
    );
  for (const spec of COMMANDS) addCommand(program, spec, context, invocation, beforeOutput);
  return program;
}

function addCommand(
  program: Command,
  spec: CommandSpec,
  context: Context,
  invocation: Invocation,
  beforeOutput: () => void,
): void {
  const command = program.command(spec.args === undefined ? spec.name : `${spec.name} ${spec.args}`);
  command.description(spec.description).exitOverride();
  for (const [flag, doc] of spec.required ?? []) command.requiredOption(flag, doc);
  for (const [flag, doc, fallback] of spec.options ?? []) command.option(flag, doc, fallback);
  addConfigOptions(command);
  command.addHelpText("after", `\nExamples:\n${spec.examples.map((line) => `  ${line}`).join("\n")}`);
  command.action(async (...parsed: unknown[]) => {
    const [args, options] = spec.args === undefined ? [[], parsed[0]] : [parsed[0], parsed[1]];
    const action = await spec.load();
    const given = besideConfig(context, options as Options);
    const outcome = await action(given, options as Options, args as string[]);
    beforeOutput();
    if (invocation.json)
      context.print(`${JSON.stringify({ ok: true, command: spec.name, ...outcome.json }, mapsAsObjects)}\n`);
    else if (outcome.text !== "") context.print(`${outcome.text}\n`);
    invocation.exit = outcome.exit ?? 0;
  });
}

// Maps are keyed by task names, which are checked: none of them reorders or shadows anything.
function mapsAsObjects(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}
