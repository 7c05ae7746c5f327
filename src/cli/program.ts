// SPDX-License-Identifier: Apache-2.0
import { Command, Option } from "commander";
import { producer } from "../pipeline/workspace.ts";
import {
  type Action,
  besideConfig,
  type CommandOutline,
  type ConfigReach,
  type Context,
  collect,
  type OptionOutline,
  type Options,
  sharedOptions,
} from "./context.ts";
import { resultLine } from "./json-output.ts";

/** How a run of the program went. */
export interface Invocation {
  readonly json: boolean;
  /** Name of the command; null where there is none of that name. */
  readonly command: string | null;
  exit?: number;
}

interface CommandSpec {
  readonly name: string;
  /** Arguments, as commander writes them. */
  readonly args?: string;
  readonly description: string;
  /** Loaded when it is asked for: DuckDB and the rest take several times as long as a prediction. */
  readonly load: () => Promise<Action>;
  /**
   * An option whose fallback is a list may be repeated. What stands for the value (`<file>`, `<task>`) tells the
   * shell's completion what can stand there: completion.ts has the list.
   */
  readonly options?: readonly (readonly [flag: string, doc: string, fallback?: string | readonly string[]])[];
  /** Which flags of the config it has; all of them where nothing is said. */
  readonly config?: ConfigReach;
  /** For scripts of ours, not for people. */
  readonly isHidden?: boolean;
  readonly examples: readonly string[];
}

const PACK = ["--pack <folder>", "a folder of versions or one version, instead of the config's"] as const;

const COMMANDS: readonly CommandSpec[] = [
  {
    name: "init",
    args: "[sources...]",
    description:
      "Look at rows of yours (CSV, TSV, JSONL, JSON, Parquet, Arrow files, or a dataset of the Hub) and write a config for them.",
    load: async () => (await import("./commands/init.ts")).init,
    config: "written",
    options: [
      ["--label <column>", "column of the label, instead of the one that looks like it"],
      ["--text <column>", "column of the text, likewise"],
      ["--text-a <column>", "of a pair, column of the first text"],
      ["--text-b <column>", "of a pair, column of the second text"],
      ["--task <name>", "name of the question, instead of one made of the label column or the file"],
      ["--min-rows <rows>", "leave out labels with fewer rows"],
      ["--hub-config <name>", "the Hub's configuration of the dataset"],
      ["-y, --yes", "ask nothing, take what is proposed"],
      ["--force", "write over a config that is there"],
      ["--dry-run", "print the config instead of writing it"],
    ],
    examples: [
      "modelpack init rows.csv",
      "modelpack init train.parquet test.parquet --label intent",
      "modelpack init 'chats/*.jsonl' --text message --label team --min-rows 20",
      "modelpack init PolyAI/banking77 --dry-run",
    ],
  },
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
    options: [
      ["--task <task>", "the task whose labels are chosen from (default: the only one of the config)"],
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
    description:
      "Answer tasks for texts: arguments, lines of standard input, or rows of files, which are written with the answers.",
    load: async () => (await import("./commands/predict.ts")).predict,
    config: "file",
    options: [
      ["--task <task>", "one task; without it, every task"],
      ["--pair", "two texts that are compared (on standard input, a tab between them)"],
      ["--top <n>", "show the n likeliest labels"],
      PACK,
      [
        "--file <path>",
        "rows to predict: .txt, .csv, .tsv, .jsonl, .json, .parquet or .arrow; repeatable, or a pattern in quotes",
        [],
      ],
      ["--text <column>", "column of the text (default: text)"],
      ["--text-a <column>", "of a pair, column of the first text (default: text_a)"],
      ["--text-b <column>", "of a pair, column of the second text (default: text_b)"],
      [
        "--out <file>",
        "where the rows go, in the format that the name says; of .txt, another .txt is a label a line (default: standard output, as they came)",
      ],
      ["--force", "replace the file of --out"],
      ["--prefix <text>", "what the names of the new columns begin with"],
    ],
    examples: [
      'modelpack predict "wire 200 euros to Anna"',
      'modelpack predict --task query_domain --top 3 "wire 200 euros to Anna"',
      'modelpack predict --pair --task conflict_detection "I moved to Oslo" "I live in Rome"',
      "cat texts.txt | modelpack predict --task query_domain --json",
      "modelpack predict --file reviews.csv --text review --out predicted.parquet",
      "modelpack predict --task query_domain --file texts.txt --out labels.txt",
      "modelpack predict --task conflict_detection --file pairs.jsonl --text-a said --text-b says > predicted.jsonl",
    ],
  },
  {
    name: "explain",
    args: "<texts...>",
    description: "Take a prediction apart into its n-grams and what each adds.",
    load: async () => (await import("./commands/explain.ts")).explain,
    config: "file",
    options: [
      ["--task <task>", "the task (default: the only one of the pack)"],
      ["--against <label>", "compare with that label instead of the second likeliest"],
      ["--top <n>", "show the n strongest (default: 20)"],
      PACK,
    ],
    examples: [
      'modelpack explain --task query_domain "wire 200 euros to Anna"',
      'modelpack explain --task query_domain --against travel "a flight for 200 euros"',
      'modelpack explain --task conflict_detection "I moved to Oslo" "I live in Rome"',
    ],
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
    config: "file",
    options: [["--out <file>", "write there instead of to standard output"]],
    examples: ["modelpack types --out src/modelpack-tasks.ts"],
  },
  {
    name: "status",
    description: "Show the versions on disk, and what each label has and misses.",
    load: async () => (await import("./commands/status.ts")).status,
    config: "file",
    examples: ["modelpack status", "modelpack status --json"],
  },
  {
    name: "completion",
    args: "<shell>",
    description: "Print what lets bash, zsh or fish complete commands, options, tasks and files.",
    load: async () => (await import("./commands/completion.ts")).completion,
    config: "none",
    examples: [
      'eval "$(modelpack completion bash)"         # in ~/.bashrc',
      'eval "$(modelpack completion zsh)"          # in ~/.zshrc, below compinit',
      "modelpack completion fish | source           # in ~/.config/fish/config.fish",
    ],
  },
  {
    name: "complete",
    args: "[words...]",
    description: "What could stand for the last of the words; the shells' scripts ask this.",
    load: async () => (await import("./commands/complete.ts")).complete,
    config: "none",
    isHidden: true,
    examples: ["modelpack complete -- predict --ta"],
  },
];

/** The commands that people use. */
export function commandOutlines(): readonly CommandOutline[] {
  return COMMANDS.filter(({ isHidden }) => isHidden !== true).map((spec) => ({
    name: spec.name,
    args: spec.args ?? "",
    description: spec.description,
    options: optionsOf(spec),
    examples: spec.examples,
  }));
}

function optionsOf({ options = [], config = "all" }: CommandSpec): readonly OptionOutline[] {
  const group = "Options:";
  return [
    ...options.map(([flag, doc, fallback]) => ({ flag, doc, fallback, group })),
    ...sharedOptions(config),
  ];
}

/** The command line. `beforeOutput` runs before a result is printed. */
export function buildProgram(context: Context, invocation: Invocation, beforeOutput: () => void): Command {
  const program = new Command("modelpack")
    .description("One TOML file in, compact calibrated text classifiers out.")
    .version(producer().modelpack)
    .exitOverride()
    .showHelpAfterError("(modelpack --help lists the commands, modelpack <command> --help its options)")
    .addHelpText(
      "after",
      `
Examples:
  modelpack check
  modelpack prepare && modelpack train
  modelpack predict "wire 200 euros to Anna"
  modelpack predict --file reviews.csv --text review --out predicted.csv

Results go to standard output, all else to standard error. Exit codes: 0 done, 1 failed, 2 wrong usage or
config, 3 done but short of what was asked, 130 and 143 stopped.`,
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
  const name = spec.args === undefined ? spec.name : `${spec.name} ${spec.args}`;
  const command = program.command(name, { hidden: spec.isHidden === true });
  command.description(spec.description).exitOverride();
  for (const option of optionsOf(spec)) addOption(command, option);
  command.addHelpText("after", `\nExamples:\n${spec.examples.map((line) => `  ${line}`).join("\n")}`);
  command.action(async (...parsed: unknown[]) => {
    const [given, options] = spec.args === undefined ? [[], parsed[0]] : [parsed[0], parsed[1]];
    const args = Array.isArray(given) ? (given as string[]) : [String(given)];
    const action = await spec.load();
    const outcome = await action(besideConfig(context, options as Options), options as Options, args);
    beforeOutput();
    if (invocation.json) context.print(resultLine(spec.name, outcome.json));
    else if (outcome.text !== "") context.print(`${outcome.text}\n`, outcome.isSafe);
    invocation.exit = outcome.exit ?? 0;
  });
}

function addOption(command: Command, { flag, doc, fallback, group }: OptionOutline): void {
  const option = new Option(flag, doc).helpGroup(group);
  if (typeof fallback === "object") option.argParser(collect);
  else if (fallback !== undefined) option.default(fallback);
  command.addOption(option);
}
