// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../../core/error.ts";
import type { Contribution } from "../../runtime/node.ts";
import { type Action, countOption, table } from "../context.ts";
import { chosenTask, openPackOf } from "../pack.ts";
import { oneLine } from "../printable.ts";

/** Contributions shown without --top. */
const SHOWN = 20;

/** `modelpack explain`: the n-grams of a text, and what each adds to the label and to the runner-up. */
export const explain: Action = async (context, options, args) => {
  const pack = await openPackOf(context, options);
  const task = chosenTask(pack, String(options.task));
  const [text, textB] = args;
  const wanted = task.input === "pair" ? 2 : 1;
  if (text === undefined || args.length !== wanted)
    throw new ModelpackError(
      "USAGE",
      `task "${task.task}" reads ${wanted} ${wanted === 1 ? "text" : "texts"}, got ${args.length}`,
      {
        hint: "quote each text",
      },
    );
  const explanation = pack.explain(task.task, text, textB ?? null);
  if (explanation === null)
    throw new ModelpackError("USAGE", "there is nothing to explain: the text is empty", {
      hint: "give a text with words",
    });
  const { label, runnerUp, confidence, contributions, bias, score } = explanation;
  const sign = (value: number) => (value < 0 ? value.toFixed(3) : `+${value.toFixed(3)}`);
  const line = (name: string, kind: string, c: Pick<Contribution, "label" | "runnerUp">) => [
    name,
    kind,
    sign(c.label),
    sign(c.runnerUp),
    sign(c.label - c.runnerUp),
  ];
  const strongest = [...contributions].sort(
    (a, b) => Math.abs(b.label - b.runnerUp) - Math.abs(a.label - a.runnerUp),
  );
  const shown = strongest.slice(0, countOption(options, "top", "--top") ?? SHOWN);
  const rest = contributions.filter((c) => !shown.includes(c));
  const sum = (of: "label" | "runnerUp") => rest.reduce((total, c) => total + c[of], 0);
  const rows = [
    ["n-gram", "kind", label, runnerUp ?? "-", "difference"],
    ...shown.map((c) => line(JSON.stringify(c.text), c.kind, c)),
    ...(rest.length > 0
      ? [line(`${rest.length} others`, "", { label: sum("label"), runnerUp: sum("runnerUp") })]
      : []),
    line("bias", "", bias),
    line("score", "", score),
  ];
  return {
    text: `${task.task}: ${oneLine(label)} (${confidence.toFixed(3)})${runnerUp === null ? "" : `, then ${oneLine(runnerUp)}`}\n\n${table(rows, [2, 3, 4])}`,
    json: { task: task.task, ...explanation },
  };
};
