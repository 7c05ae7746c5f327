// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../../core/error.ts";
import { label as runLabel } from "../../pipeline/label.ts";
import { type Action, countOption, notedConfigOf, table } from "../context.ts";
import { shownPath } from "../printable.ts";

/** Kept rows in the queue for a person, where nothing is said. */
const QUEUE_SIZE = 100;

/** `modelpack label`: labels texts that exist with the LLM. */
export const label: Action = async (context, options, files) => {
  const loaded = notedConfigOf(context, options);
  const pair = loaded.config.tasks.find(({ name }) => name === options.task)?.input === "pair";
  const result = await runLabel(loaded, context.reporter, {
    environment: context.environment,
    signal: context.signal,
    clock: context.clock,
    task: String(options.task),
    files,
    columns: pair
      ? [nameOf(options.textA, "text_a"), nameOf(options.textB, "text_b")]
      : [nameOf(options.text, "text")],
    out: options.out === undefined ? null : fileOf(options.out, "--out"),
    queue: options.queue === undefined ? null : fileOf(options.queue, "--queue"),
    limit: countOption(options, "limit", "--limit"),
    queueSize: countOption(options, "queueSize", "--queue-size") ?? QUEUE_SIZE,
  });
  const rows = [
    ["label", "rows"],
    ...result.labels.map((one) => [JSON.stringify(one.label), String(one.rows)]),
  ];
  const doubts = result.doubts.map(({ reason, rows: count }) => `${count} ${reason}`).join(", ");
  const lines = [
    table(rows, [1]),
    "",
    `${result.labelled} of ${result.texts} texts labelled${doubts === "" ? "" : ` (in doubt: ${doubts})`}: ${shownPath(result.out)}`,
    `for a person to look at: ${shownPath(result.queue)}`,
  ];
  if (result.left > 0)
    lines.push(
      `${result.left} texts are left, since synthetic_llm.max_requests is reached: raise it, and run again`,
    );
  lines.push(
    `to train on them, add a [[datasets]] with kind = "local" and this path, and a map with origin = "llm_labelled"`,
  );
  return { text: lines.join("\n"), json: { ...result } };
};

function nameOf(given: unknown, fallback: string): string {
  return given === undefined ? fallback : String(given);
}

function fileOf(given: unknown, flag: string): string {
  const path = String(given);
  if (path !== "" && !path.endsWith("/")) return path;
  throw new ModelpackError("USAGE", `${flag} takes a file, got ${JSON.stringify(path)}`, {
    hint: `for example ${flag} labelled.jsonl`,
  });
}
