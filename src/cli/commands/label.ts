// SPDX-License-Identifier: Apache-2.0
import { dollarsText, tokensText } from "../../backfill/cost.ts";
import { amount } from "../../core/amount.ts";
import { ModelpackError } from "../../core/error.ts";
import type { TaskDefinition } from "../../core/task.ts";
import { type LabelResult, label as runLabel } from "../../pipeline/label.ts";
import { type Action, countOption, EXIT, notedConfigOf, type Options, table } from "../context.ts";
import { shownPath } from "../printable.ts";
import { chosenTask } from "../task-choice.ts";

/** Labelled rows in the queue for a person, where nothing is said. */
const QUEUE_SIZE = 100;

/** `modelpack label`: labels texts that exist with the LLM. */
export const label: Action = async (context, options, files) => {
  const loaded = notedConfigOf(context, options);
  const task = chosenTask("the config", new Map(loaded.config.tasks.map((one) => [one.name, one])), options);
  const result = await runLabel(loaded, context.reporter, {
    environment: context.environment,
    signal: context.signal,
    clock: context.clock,
    task,
    files,
    columns: columnsOf(options, task),
    out: textOption(options, "out", "--out"),
    queue: textOption(options, "queue", "--queue"),
    limit: countOption(options, "limit", "--limit"),
    queueSize: countOption(options, "queueSize", "--queue-size") ?? QUEUE_SIZE,
  });
  const exit = result.left > 0 || isMostlyUnanswered(result) ? EXIT.short : EXIT.done;
  return { text: linesOf(result, task.input === "pair").join("\n"), json: { ...result }, exit };
};

function columnsOf(options: Options, task: TaskDefinition): readonly string[] {
  const [text, a, b] = [
    textOption(options, "text", "--text"),
    textOption(options, "textA", "--text-a"),
    textOption(options, "textB", "--text-b"),
  ];
  const isPair = task.input === "pair";
  const [wrong, right] = isPair ? [text, "--text-a and --text-b name"] : [a ?? b, "--text names"];
  if (wrong !== null)
    throw new ModelpackError(
      "USAGE",
      `task ${JSON.stringify(task.name)} reads ${isPair ? "pairs" : "one text"}`,
      {
        hint: `${right} the column${isPair ? "s" : ""}`,
      },
    );
  return isPair ? [a ?? "text_a", b ?? "text_b"] : [text ?? "text"];
}

function textOption(options: Options, name: string, flag: string): string | null {
  const given = options[name];
  if (given === undefined) return null;
  if (given !== "") return String(given);
  throw new ModelpackError("USAGE", `${flag} takes a name, got ""`, { hint: "leave it out for the default" });
}

/** Whether the LLM said nothing of use about most texts: that is no labelling, though it ran to its end. */
function isMostlyUnanswered({ texts, doubts }: LabelResult): boolean {
  const unanswered = doubts.find(({ reason }) => reason === "no_answer")?.rows ?? 0;
  return unanswered > texts / 2;
}

function linesOf(result: LabelResult, isPair: boolean): string[] {
  const { labels, doubts, labelled, texts, queued, left } = result;
  const rows = [["label", "rows"], ...labels.map((one) => [JSON.stringify(one.label), String(one.rows)])];
  const doubt = doubts.map(({ reason, rows: count }) => `${count} ${reason}`).join(", ");
  const lines = [
    table(rows, [1]),
    "",
    `${labelled} of ${texts} texts labelled${doubt === "" ? "" : ` (in doubt: ${doubt})`}: ${shownPath(result.out)}`,
    `${queued} for a person to look at: ${shownPath(result.queue)}`,
    spentText(result),
  ];
  if (left > 0)
    lines.push(
      `${left} texts are left (exit code 3), since the budget of synthetic_llm is spent: run it again for more`,
    );
  if (isMostlyUnanswered(result))
    lines.push(
      "the LLM did not answer for most texts (exit code 3): try a larger model, or a smaller synthetic_llm.batch_size",
    );
  const columns = isPair ? 'text_a = "text_a", text_b = "text_b"' : 'text = "text"';
  lines.push(
    `to train on them: a [[datasets]] with kind = "local" and that path, and a map with ${columns}, label_column = "label", origin = "llm_labelled"`,
  );
  return lines;
}

function spentText({ requests, tokens, dollars }: LabelResult): string {
  if (requests === 0) return "nothing was asked: the ledger had every answer";
  const about = tokens.estimated ? "about " : "";
  const cost = dollars === null ? "" : `, ${about}${dollarsText(dollars)}`;
  return `${amount(requests, "request")}, ${about}${tokensText(tokens.prompt + tokens.completion)}${cost}`;
}
