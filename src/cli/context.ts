// SPDX-License-Identifier: Apache-2.0
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import { withEnvFile } from "../config/env-file.ts";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { ModelpackError } from "../core/error.ts";
import type { Reporter } from "../core/reporter.ts";
import type { Colours } from "./colour.ts";
import { cell, columnsOf } from "./printable.ts";

/** The config that a command takes where none is named. */
export const DEFAULT_CONFIG = "model_pipeline.toml";

/** What the process is done with: DESIGN's exit codes. */
export const EXIT = { done: 0, failed: 1, usage: 2, short: 3, interrupted: 130, terminated: 143 } as const;

/** An option as its command's help shows it. */
export interface OptionOutline {
  /** As commander writes it: `--name` or `-n, --name <value>`; what stands for the value says what can be one. */
  readonly flag: string;
  readonly doc: string;
  /** A list where the option may be repeated. */
  readonly fallback?: string | readonly string[] | undefined;
  /** Heading of the help that it stands under. */
  readonly group: string;
}

/** A command as its help, its documentation and the shell's completion show it. */
export interface CommandOutline {
  readonly name: string;
  /** Arguments, as commander writes them; "" for none. */
  readonly args: string;
  readonly description: string;
  readonly options: readonly OptionOutline[];
  readonly examples: readonly string[];
}

/** What a command gets of the world, so that a test can give it another. */
export interface Context {
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** The process's; for a command, with the `.env` beside its config laid under it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Seconds on a monotonic clock. */
  readonly clock: () => number;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** How results may be coloured. */
  readonly colours: Colours;
  /** All commands but hidden ones. */
  readonly commands: readonly CommandOutline[];
  /** Writes to standard output; whatever a terminal might obey is escaped, unless the caller did that (`isSafe`). */
  print(text: string, isSafe?: boolean): void;
  /** Copies a file of UTF-8 to standard output: byte for byte, but to a terminal escaped like all else. */
  printFile(path: string): Promise<void>;
}

/** What a command came to; `text` is for people, `json` for programs. */
export interface Outcome {
  readonly text: string;
  /** The text is safe for a terminal as it is, and coloured. */
  readonly isSafe?: boolean;
  readonly json: Readonly<Record<string, unknown>>;
  readonly exit?: number;
}

/** A command: its options and arguments, as commander parsed them. */
export type Action = (context: Context, options: Options, args: readonly string[]) => Promise<Outcome>;
export type Options = Readonly<Record<string, unknown>>;

interface ConfigFlag {
  readonly flag: string;
  readonly keys: readonly string[];
  readonly doc: string;
  /** What a flag without a value sets its keys to. */
  readonly value?: boolean;
}

/** The everyday keys that have a flag of their own, and what the flag's value may be. */
const FLAGS: readonly ConfigFlag[] = [
  {
    flag: "--target-per-task-label <rows>",
    keys: ["prepare.target_per_task_label"],
    doc: "rows wanted for each label",
  },
  {
    flag: "--max-per-task-label <rows>",
    keys: ["prepare.max_per_task_label"],
    doc: "rows kept of each label at most",
  },
  {
    flag: "--disable-download",
    keys: ["prepare.auto_download_missing"],
    doc: "use only files that are here",
    value: false,
  },
  {
    flag: "--llm-temperature <t>",
    keys: ["synthetic_llm.temperature"],
    doc: "sampling temperature of the backfill",
  },
  {
    flag: "--share-rows",
    keys: ["synthetic_llm.share_rows"],
    doc: "let prompts with rows of the datasets go to a server that is not on this machine",
    value: true,
  },
  { flag: "--max-iter <passes>", keys: ["train.max_iter"], doc: "passes over the rows at most" },
  { flag: "--max-features <n>", keys: ["train.max_features"], doc: "features of a family at most" },
  { flag: "--families <names>", keys: ["train.families"], doc: "families to train, separated by commas" },
  { flag: "--workers <n>", keys: ["train.workers"], doc: "threads; 0 is one for each core" },
  { flag: "--seed <n>", keys: ["prepare.seed", "train.seed"], doc: "seed of prepare and train" },
];

/** By key: the flag that sets it. */
const FLAG_NAMES = Object.fromEntries(
  FLAGS.flatMap(({ flag, keys }) => keys.map((key) => [key, flag.replace(/ .*$/, "")])),
);

/** How much of the config the flags of a command reach: all of it, which file it is, where it is written, or nothing. */
export type ConfigReach = "all" | "file" | "written" | "none";

/** `--config`, `--set` and the everyday flags, as far as a command has them, then what every command has. */
export function sharedOptions(reach: ConfigReach): readonly OptionOutline[] {
  const shared = (group: string, flag: string, doc: string, fallback?: OptionOutline["fallback"]) => ({
    flag,
    doc,
    fallback,
    group,
  });
  const file = reach === "written" ? "the TOML to write" : "the pipeline's TOML";
  const config = reach === "none" ? [] : [shared("Config:", "-c, --config <file>", file, DEFAULT_CONFIG)];
  if (reach === "all" || reach === "file")
    config.push(shared("Config:", "--set <section.key=value>", "override one key; repeatable", []));
  const everyday = reach === "all" ? FLAGS.map(({ flag, doc }) => shared("Config:", flag, doc)) : [];
  return [
    ...config,
    ...everyday,
    shared("Output:", "--json", "print one JSON object instead of text"),
    shared("Output:", "--no-color", "no colours; so does NO_COLOR=1 in the environment"),
  ];
}

/** The values of an option that may be repeated. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/**
 * The context with the `.env` beside the config that the options name laid under its environment. It is read
 * when the environment is first asked for: a command that needs no config needs no `.env`.
 */
export function besideConfig(context: Context, options: Options): Context {
  let environment: Context["environment"] | null = null;
  return {
    ...context,
    get environment() {
      environment ??= withEnvFile(dirname(String(options.config)), context.environment);
      return environment;
    },
  };
}

/** Loads the config that the options name. */
export function configOf(context: Context, options: Options): LoadedConfig {
  return loadConfig(String(options.config), {
    flags: flagValues(options),
    flagNames: FLAG_NAMES,
    set: (options.set ?? []) as readonly string[],
    environment: context.environment,
  });
}

/** The same for a command that acts on all of it: what was changed on the way goes to the reporter. */
export function notedConfigOf(context: Context, options: Options): LoadedConfig {
  const loaded = configOf(context, options);
  for (const note of loaded.notes) context.reporter.note(`note: ${note}`);
  return loaded;
}

function flagValues(options: Options): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { flag, keys, value } of FLAGS) {
    const name = flag.replace(/^--| .*$/g, "").replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    const given = options[name];
    if (given === undefined) continue;
    for (const key of keys) values[key] = value ?? flagValue(name, given);
  }
  return values;
}

function flagValue(name: string, given: unknown): unknown {
  if (name === "families")
    return String(given)
      .split(",")
      .map((family) => family.trim());
  const number = Number(given);
  return Number.isNaN(number) || String(given).trim() === "" ? given : number;
}

/** A whole number over 0 of an option, or null where it is not given. */
export function countOption(options: Options, name: string, flag: string): number | null {
  const given = options[name];
  if (given === undefined) return null;
  const number = Number(given);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new ModelpackError("USAGE", `${flag} takes a whole number over 0, got ${JSON.stringify(given)}`, {
    hint: `for example ${flag} 100`,
  });
}

/** Lines of a table, columns padded to their widest cell; the columns `right` are aligned to the right. */
export function table(cells: readonly (readonly string[])[], right: readonly number[] = []): string {
  const rows = cells.map((row) => row.map(cell));
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((text, i) => {
      widths[i] = Math.max(widths[i] ?? 0, columnsOf(text));
    });
  return rows
    .map((row) =>
      row
        .map((text, i) => {
          const space = " ".repeat((widths[i] ?? 0) - columnsOf(text));
          return right.includes(i) ? space + text : text + space;
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
