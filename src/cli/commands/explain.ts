// SPDX-License-Identifier: Apache-2.0

import { amount } from "../../core/amount.ts";
import { ModelpackError } from "../../core/error.ts";
import { occurrencesOf } from "../../model/occurrences.ts";
import type { Contribution, Explanation, TaskStatus } from "../../runtime/node.ts";
import { type Colours, painted, STRENGTHS } from "../colour.ts";
import { colouredText, largestShare, sharesOf } from "../coloured-text.ts";
import { type Action, countOption, table } from "../context.ts";
import { openPackOf, packTask } from "../pack.ts";
import { oneLine } from "../printable.ts";

/** Contributions shown without --top. */
const SHOWN = 20;

/** `modelpack explain`: the n-grams of a text, and what each adds to the label and to the runner-up. */
export const explain: Action = async (context, options, args) => {
  const pack = await openPackOf(context, options);
  const task = packTask(pack, options);
  const [text, textB] = textsOf(task, args);
  const against = options.against === undefined ? null : chosenLabel(task, String(options.against));
  const explanation = pack.explain(task.task, text, textB, against);
  if (explanation === null)
    throw new ModelpackError("USAGE", "there is nothing to explain: the text is empty", {
      hint: "give a text with words",
    });
  if (explanation.label === against) throw againstItself(explanation);
  const prediction =
    textB === null ? pack.predict(task.task, text) : pack.predictPair(task.task, text, textB);
  const top = countOption(options, "top", "--top") ?? SHOWN;
  const sections = [
    headline(explanation, task.task, prediction.reason === "low_confidence" ? prediction.label : null),
    textSection(explanation, text, textB, context.colours),
    contributionTable(explanation, textB !== null, top),
  ];
  return {
    text: sections.join("\n\n"),
    isSafe: true,
    json: { task: task.task, source: prediction.source, ...explanation },
  };
};

function textsOf(task: TaskStatus, args: readonly string[]): readonly [string, string | null] {
  const [text, textB] = args;
  const wanted = task.input === "pair" ? 2 : 1;
  if (text !== undefined && args.length === wanted) return [text, textB ?? null];
  throw new ModelpackError(
    "USAGE",
    `task "${task.task}" reads ${amount(wanted, "text")}, got ${args.length}`,
    {
      hint: "quote each text",
    },
  );
}

function chosenLabel(task: TaskStatus, label: string): string {
  if (task.labels.includes(label)) return label;
  const names = task.labels.map((name) => JSON.stringify(name)).join(", ");
  throw new ModelpackError("USAGE", `task "${task.task}" has no label ${JSON.stringify(label)}`, {
    where: "--against",
    hint: `its labels are ${names}`,
  });
}

function againstItself({ label, runnerUp }: Explanation): ModelpackError {
  return new ModelpackError("USAGE", `${JSON.stringify(label)} is the predicted label itself`, {
    where: "--against",
    hint:
      runnerUp === null
        ? "the task has no other label: leave --against out"
        : `name another label, or leave --against out: it is then the second likeliest, ${JSON.stringify(runnerUp)}`,
  });
}

function headline(
  { label, runnerUp, confidence }: Explanation,
  task: string,
  defaultAnswer: string | null,
): string {
  const against = runnerUp === null ? "" : `, against ${oneLine(runnerUp)}`;
  const line = `${task}: ${oneLine(label)} (${confidence.toFixed(3)})${against}`;
  if (defaultAnswer === null) return line;
  return `${line}\nthat is too little confidence: predict answers the default, ${oneLine(defaultAnswer)}`;
}

/** The text or the two of a pair, coloured or marked, and below them what that means. */
function textSection(
  { contributions, label, runnerUp }: Explanation,
  text: string,
  textB: string | null,
  colours: Colours,
): string {
  if (contributions.length === 0)
    return "  the model knows no n-gram of it: what is left is the bias, and the confidence is that of a guess";
  const occurrences = occurrencesOf(contributions, text, textB);
  const shares = (side: "text" | "a" | "b", of: string) => sharesOf(of, side, contributions, occurrences);
  const sides =
    textB === null
      ? [{ name: null, text, shares: shares("text", text) }]
      : [
          { name: "A", text, shares: shares("a", text) },
          { name: "B", text: textB, shares: shares("b", textB) },
        ];
  const most = largestShare(...sides.map((side) => side.shares));
  const lines = sides.map((side) => {
    const body = colouredText(side.text, side.shares, most, colours);
    return side.name === null ? body : `${side.name}:${body.slice(1)}`;
  });
  return [...lines, "", legend(oneLine(label), runnerUp === null ? null : oneLine(runnerUp), colours)].join(
    "\n",
  );
}

function legend(label: string, runnerUp: string | null, colours: Colours): string {
  const against = runnerUp ?? "it";
  if (colours === "none") return `  marked are the strongest words: {+for ${label}+}, [-for ${against}-]`;
  const scale = (sign: number) =>
    Array.from({ length: STRENGTHS }, (_, i) => painted(" ", sign * (i + 1), colours)).join("");
  return `  ${scale(1)} for ${label}   ${scale(-1)} for ${against}`;
}

type Sides = Pick<Contribution, "label" | "runnerUp">;

function contributionTable(
  { label, runnerUp, contributions, bias, score }: Explanation,
  isPair: boolean,
  top: number,
): string {
  const strongest = [...contributions].sort(
    (a, b) => Math.abs(b.label - b.runnerUp) - Math.abs(a.label - a.runnerUp),
  );
  const shown = strongest.slice(0, top);
  const rest = strongest.slice(top);
  const sum = (of: keyof Sides) => rest.reduce((total, one) => total + one[of], 0);
  const others: Sides = { label: sum("label"), runnerUp: sum("runnerUp") };
  const owners = (owner: string) => (isPair ? [owner] : []);
  const rows = [
    ["n-gram", ...owners("in"), "kind", label, runnerUp ?? "-", "difference"],
    ...shown.map((one) => [nameOf(one), ...owners(one.in), one.kind, ...figures(one)]),
    ...(rest.length > 0 ? [[`${rest.length} others`, ...owners(""), "", ...figures(others)]] : []),
    ["bias", ...owners(""), "", ...figures(bias)],
    ["score", ...owners(""), "", ...figures(score)],
  ];
  const first = isPair ? 3 : 2;
  return table(rows, [first, first + 1, first + 2]);
}

function nameOf({ text, others = [] }: Contribution): string {
  return [text, ...others].map((name) => JSON.stringify(name)).join(" and ");
}

function figures({ label, runnerUp }: Sides): string[] {
  return [label, runnerUp, label - runnerUp].map((value) =>
    value < 0 ? value.toFixed(3) : `+${value.toFixed(3)}`,
  );
}
