// SPDX-License-Identifier: Apache-2.0
import { planPrepare } from "../../pipeline/plan.ts";
import { prepare as runPrepare } from "../../pipeline/prepare.ts";
import { readDatasetManifest } from "../../pipeline/prepared-dataset.ts";
import { type Action, countOption, EXIT, notedConfigOf } from "../context.ts";
import { fillTable } from "../fill-table.ts";
import { nextCommand } from "../next-step.ts";
import { shownPath } from "../printable.ts";
import { datasetTable } from "../tables.ts";

/** `modelpack prepare`: datasets to a split, balanced dataset version. */
export const prepare: Action = async (context, options) => {
  const loaded = notedConfigOf(context, options);
  const asked = {
    sample: countOption(options, "sample", "--sample"),
    forceFull: options.forceFull === true,
    locked: options.locked === true,
    backfill: options.llm !== false && options.locked !== true,
    updateLock: typeof options.updateLock === "string" ? options.updateLock : options.updateLock === true,
    environment: context.environment,
    signal: context.signal,
    clock: context.clock,
  };
  if (options.dryRun === true) {
    const plan = await planPrepare(loaded, context.reporter, asked);
    const text = plan.fill === null ? "" : fillTable(plan.fill);
    return { text, json: { ...plan, dry_run: true } };
  }
  const result = await runPrepare(loaded, context.reporter, asked);
  const manifest = await readDatasetManifest(result.folder);
  const short = result.deficit > 0;
  const lines = [datasetTable(manifest), "", `dataset ${result.version} in ${shownPath(result.folder)}`];
  if (short)
    lines.push(
      `${result.deficit} rows are missing to prepare.target_per_task_label; add rows for these labels, or have an LLM write them (docs/backfill.md)`,
    );
  const fails = short && loaded.config.prepare.on_underfill === "fail";
  if (fails) lines.push('exit code 3, since prepare.on_underfill = "fail": the dataset itself is whole');
  lines.push(`next: ${nextCommand(context, "train", options)}`);
  return {
    text: lines.join("\n"),
    json: { ...result, tasks: manifest.tasks },
    exit: fails ? EXIT.short : EXIT.done,
  };
};
