// SPDX-License-Identifier: Apache-2.0
import { addAbortSignal } from "node:stream";
import { amount } from "../../core/amount.ts";
import { ModelpackError } from "../../core/error.ts";
import { checkpoint } from "../../pipeline/workspace.ts";
import type { Modelpack, Prediction, TaskStatus } from "../../runtime/node.ts";
import { type Action, type Context, countOption, type Options } from "../context.ts";
import { openPackOf, packTask } from "../pack.ts";
import { asksForPairs, FILE_OPTIONS, predictRows } from "../predict-files.ts";
import { oneLine } from "../printable.ts";

/** `modelpack predict`: texts from the arguments, from files or, a line each, from standard input. */
export const predict: Action = async (context, options, args) => {
  const files = (options.file ?? []) as readonly string[];
  checkSources(files, args, options);
  const pack = await openPackOf(context, options);
  const isPair = asksForPairs(options);
  const tasks = options.task === undefined ? pack.status().tasks : [packTask(pack, options)];
  const usable = tasks.filter((task) => (task.input === "pair") === isPair);
  if (usable.length === 0) throw wrongInput(tasks, isPair, files.length > 0);
  if (files.length > 0) return predictRows(context, options, pack, usable);
  const inputs = args.length > 0 ? argumentInputs(args, options) : await lineInputs(context, options);
  const top = countOption(options, "top", "--top");
  const predictions = inputs.map((input) => ({
    input,
    predictions: usable.map((task) => answer(pack, task, input, top)),
  }));
  const rows = predictions.flatMap(({ input, predictions: all }) => [
    ...(predictions.length > 1 || usable.length > 1
      ? [oneLine(input.filter((text) => text !== null).join(" | "))]
      : []),
    ...all.map(row),
  ]);
  return {
    text: rows.join("\n"),
    json: {
      predictions: predictions.map(({ input: [a, b], predictions: p }) => ({
        ...inputFields(a, b),
        predictions: p,
      })),
    },
  };
};

/** Texts come from one place, and each option is for where it means something. */
function checkSources(files: readonly string[], args: readonly string[], options: Options): void {
  if (files.length > 0 && args.length > 0)
    throw new ModelpackError(
      "USAGE",
      `texts come from files or from arguments, got --file and ${amount(args.length, "text")}`,
      {
        hint: "put a pattern in quotes, so that the shell leaves it alone: --file 'logs/*.csv'; or repeat --file",
      },
    );
  if (files.length > 0 && options.json === true && options.out === undefined)
    throw new ModelpackError("USAGE", "with --json, the rows of --file need a file to go to", {
      hint: "name it: --out predicted.jsonl",
    });
  if (files.length > 0) return;
  for (const [name, flag] of Object.entries(FILE_OPTIONS))
    if (options[name] !== undefined)
      throw new ModelpackError("USAGE", `${flag} goes with --file`, {
        hint: "modelpack predict --file reviews.csv --text review --out predicted.csv",
      });
}

type Input = readonly [string, string | null];

function answer(pack: Modelpack, task: TaskStatus, [a, b]: Input, top: number | null): Prediction {
  const options = top === null ? {} : { probabilities: true, top };
  return b === null ? pack.predict(task.task, a, options) : pack.predictPair(task.task, a, b, options);
}

function inputFields(a: string, b: string | null): Record<string, string> {
  return b === null ? { text: a } : { text_a: a, text_b: b };
}

function row(prediction: Prediction): string {
  const { task, label, confidence, source, reason, probabilities } = prediction;
  const why = source === "default" ? `default (${reason ?? ""})` : confidence.toFixed(3);
  const others = (probabilities ?? [])
    .map((p) => `${oneLine(p.label)} ${p.probability.toFixed(3)}`)
    .join(", ");
  const answer = label === null ? "(no answer)" : oneLine(label);
  return ["", `${task}:`, answer, why, ...(others === "" ? [] : [others])].join("  ");
}

function argumentInputs(args: readonly string[], options: Options): Input[] {
  if (options.pair !== true) return args.map((text) => [text, null]);
  const [a, b] = args;
  if (args.length === 2 && a !== undefined && b !== undefined) return [[a, b]];
  throw new ModelpackError("USAGE", `--pair takes two texts, got ${args.length}`, {
    hint: 'modelpack predict --pair --task conflict_detection "I am vegan" "I had a steak"',
  });
}

async function lineInputs(context: Context, options: Options): Promise<Input[]> {
  if (context.stdin.isTTY === true)
    throw new ModelpackError("USAGE", "there is no text to predict", {
      hint: 'give it as an argument: modelpack predict "wire 200 euros to Anna"; or pipe lines in',
    });
  const lines = await readLines(context);
  if (lines.length === 0) context.reporter.note("standard input was empty: there was nothing to predict");
  return lines.map((line, i) => {
    if (options.pair !== true) return [line, null];
    const at = line.indexOf("\t");
    if (at >= 0) return [line.slice(0, at), line.slice(at + 1)];
    throw new ModelpackError("USAGE", `line ${i + 1} has no tab between its two texts`, {
      hint: "with --pair, each line is text_a, a tab, text_b",
    });
  });
}

/** Lines as `wc -l` counts them: node:readline would also end one at U+2028, in the middle of a text. */
async function readLines({ stdin, signal }: Context): Promise<string[]> {
  const lines: string[] = [];
  let rest = "";
  addAbortSignal(signal, stdin).setEncoding("utf8");
  try {
    for await (const chunk of stdin) {
      const [first = "", ...more] = (chunk as string).split("\n");
      rest += first;
      for (const next of more) {
        lines.push(rest);
        rest = next;
      }
    }
  } catch (error) {
    checkpoint(signal);
    throw error;
  }
  if (rest !== "") lines.push(rest);
  return lines.map((line, i) => (i === 0 ? line.replace(/^\ufeff/, "") : line).replace(/\r$/, ""));
}

function wrongInput(tasks: readonly TaskStatus[], pair: boolean, hasFiles: boolean): ModelpackError {
  if (tasks.length === 0)
    return new ModelpackError("MODEL_MISSING", "the pack has no task", { hint: "run `modelpack train`" });
  if (pair)
    return new ModelpackError(
      "USAGE",
      hasFiles
        ? "two columns are for tasks that compare two texts; this task reads one"
        : "--pair is for tasks that compare two texts; this pack's tasks read one",
      { hint: hasFiles ? "name the column with --text" : "leave --pair out" },
    );
  return new ModelpackError("USAGE", `task "${tasks[0]?.task}" compares two texts`, {
    hint: hasFiles ? "name the two columns with --text-a and --text-b" : "add --pair and give both",
  });
}
