// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import type { PipelineConfig } from "../../config/schema.ts";
import type { InputKind } from "../../core/task.ts";
import { REPORT_FILE } from "../../pipeline/pack-report.ts";
import { train as runTrain } from "../../pipeline/train.ts";
import { type Action, notedConfigOf } from "../context.ts";
import { predictCommand } from "../next-step.ts";
import { shownPath } from "../printable.ts";
import { abstentionTable, metricsTable } from "../tables.ts";

/** `modelpack train`: the prepared dataset to a calibrated pack. */
export const train: Action = async (context, options) => {
  const loaded = notedConfigOf(context, options);
  const result = await runTrain(loaded, context.reporter, { signal: context.signal, clock: context.clock });
  const { version, folder, unchanged } = result;
  const next = `next: ${predictCommand(context, inputOf(loaded.config), options)}, or openModelpack() from modelpack/runtime/node`;
  const report = `report: ${shownPath(join(folder, ...REPORT_FILE.split("/")))}`;
  const made = [`pack ${version} in ${shownPath(folder)}`, report, next];
  const metrics = result.families.map(({ test }) => test.metrics);
  const tables = [metricsTable(metrics), abstentionTable(metrics)].filter((text) => text !== "");
  const measured = unchanged ? [] : tables.flatMap((text) => [text, ""]);
  return {
    text: [...measured, ...made].join("\n"),
    json: {
      version,
      folder,
      unchanged,
      families: result.families.map(({ family, test, eval: held }) => ({
        family,
        test: test.metrics,
        eval: held.metrics,
      })),
    },
  };
};

/** What most people try first: one text, unless every task compares two. */
function inputOf({ tasks }: PipelineConfig): InputKind {
  return tasks.every(({ input }) => input === "pair") ? "pair" : "text";
}
