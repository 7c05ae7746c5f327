// SPDX-License-Identifier: Apache-2.0
import type { CommandOutline, OptionOutline } from "./context.ts";

/** What could stand for the word at hand: values with what they mean, or names that the shell itself completes. */
export interface Completion {
  readonly kind: "values" | "files" | "folders";
  readonly values: readonly Candidate[];
}

export interface Candidate {
  readonly value: string;
  readonly doc: string;
}

/** Values that a config or a pack has, asked for only where one of them can stand. */
export interface KnownNames {
  tasks(): readonly string[];
  families(): readonly string[];
  /** Of a task, or of the only one where none is named. */
  labels(task: string | undefined): readonly string[];
}

/** The words of a line, up to the one that is completed. */
export interface Line {
  readonly command: CommandOutline | null;
  /** Values that options have on the line, by the option's first name: `--task` to `intent`. */
  readonly given: ReadonlyMap<string, string>;
  /** The option whose value the last word is; null where it is none. */
  readonly option: OptionOutline | null;
  /** What of the last word is completed, and what stands before it in the same word (`--task=`). */
  readonly part: string;
  readonly before: string;
  /** Whether options may stand here: not behind `--`. */
  readonly isOpen: boolean;
}

/** Takes the words behind `modelpack` apart; the last is the one at the cursor, "" where none is begun. */
export function readLine(typed: readonly string[], commands: readonly CommandOutline[]): Line {
  const words = joinedWords(typed);
  const last = words.at(-1) ?? "";
  const given = new Map<string, string>();
  let command: CommandOutline | null = null;
  let option: OptionOutline | null = null;
  let isOpen = true;
  for (const word of words.slice(0, -1)) {
    if (option !== null) {
      given.set(longName(option), word);
      option = null;
    } else if (word === "--") isOpen = false;
    else if (isOpen && word.startsWith("-")) {
      const [name = "", value] = splitOption(word);
      const found = command?.options.find((one) => namesOf(one).includes(name));
      if (found === undefined || !takesValue(found)) continue;
      if (value === undefined) option = found;
      else given.set(longName(found), value);
    } else command ??= commands.find(({ name }) => name === word) ?? null;
  }
  const [name = "", value] = splitOption(last);
  if (option === null && isOpen && value !== undefined) {
    const found = command?.options.find((one) => namesOf(one).includes(name) && takesValue(one)) ?? null;
    // bash takes the two sides of = for words of their own.
    const before = typed.includes("=") ? "" : `${name}=`;
    if (found !== null) return { command, given, option: found, part: value, before, isOpen };
  }
  return { command, given, option, part: last, before: "", isOpen };
}

/** The words with those that bash splits at `=` put together again. */
function joinedWords(words: readonly string[]): readonly string[] {
  const joined: string[] = [];
  words.forEach((word, i) => {
    const isJoint = word === "=" && i > 0;
    const followsJoint = words[i - 1] === "=" && i > 1;
    if (isJoint || followsJoint) joined.push(`${joined.pop() ?? ""}${word}`);
    else joined.push(word);
  });
  return joined;
}

function splitOption(word: string): readonly [string, string | undefined] {
  const at = word.startsWith("--") ? word.indexOf("=") : -1;
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

/** The names of an option: `-c` and `--config`. */
export function namesOf({ flag }: OptionOutline): readonly string[] {
  return flag
    .replace(/[<[].*$/, "")
    .split(/[ ,]+/)
    .filter((name) => name !== "");
}

function longName(option: OptionOutline): string {
  return namesOf(option).at(-1) ?? "";
}

function takesValue({ flag }: OptionOutline): boolean {
  return flag.includes("<");
}

/** What stands for an option's value or an argument: `file` of `--out <file>` and of `<file...>`. */
function placeholderOf(written: string): string {
  return /[<[]([^\]>.]+)/.exec(written)?.[1] ?? "";
}

/** What can stand for the last word of a line. */
export function complete(line: Line, commands: readonly CommandOutline[], names: KnownNames): Completion {
  const { command, option, part, isOpen } = line;
  if (option !== null) return valuesFor(placeholderOf(option.flag), line, names);
  if (isOpen && part.startsWith("-")) return matching(line, optionCandidates(line));
  if (command !== null) return valuesFor(placeholderOf(command.args), line, names);
  return matching(
    line,
    commands.map(({ name, description }) => ({ value: name, doc: description })),
  );
}

const FILES = ["file", "files", "path", "page", "sources"];
const FOLDERS = ["folder", "packs"];
/** Values that are the same for everybody. */
const FIXED: Readonly<Record<string, readonly string[]>> = {
  split: ["train", "test", "eval"],
  shell: ["bash", "zsh", "fish"],
};

function valuesFor(placeholder: string, line: Line, names: KnownNames): Completion {
  if (FILES.includes(placeholder)) return { kind: "files", values: [] };
  if (FOLDERS.includes(placeholder)) return { kind: "folders", values: [] };
  const plain = (values: readonly string[]) =>
    matching(
      line,
      values.map((value) => ({ value, doc: "" })),
    );
  if (placeholder === "task") return plain(names.tasks());
  if (placeholder === "label") return plain(names.labels(line.given.get("--task")));
  if (placeholder === "names") return families(line, names.families());
  return plain(FIXED[placeholder] ?? []);
}

/** Families are separated by commas: those behind the last one are completed. */
function families(line: Line, all: readonly string[]): Completion {
  const at = line.part.lastIndexOf(",") + 1;
  const chosen = line.part.slice(0, at);
  const left = all.filter((family) => !chosen.split(",").includes(family));
  return matching(
    line,
    left.map((family) => ({ value: chosen + family, doc: "" })),
  );
}

function optionCandidates({ command, given }: Line): Candidate[] {
  const options = command?.options ?? [];
  const left = options.filter((one) => typeof one.fallback === "object" || !given.has(longName(one)));
  return [
    ...left.map((one) => ({ value: longName(one), doc: one.doc })),
    { value: "--help", doc: "show what there is" },
    ...(command === null ? [{ value: "--version", doc: "show the version" }] : []),
  ];
}

function matching({ part, before }: Line, candidates: readonly Candidate[]): Completion {
  const values = candidates
    .filter(({ value }) => value.startsWith(part))
    .map(({ value, doc }) => ({ value: before + value, doc }));
  return { kind: "values", values };
}
