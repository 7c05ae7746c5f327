// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../../core/error.ts";
import { SPLITS } from "../../core/example.ts";
import { evaluate as runEvaluate } from "../../pipeline/evaluate.ts";
import { type Action, configOf } from "../context.ts";
import { abstentionTable, metricsTable } from "../tables.ts";

/** `modelpack evaluate`: the newest pack on a split of the prepared dataset. */
export const evaluate: Action = async (context, options) => {
  const split = SPLITS.find((name) => name === options.split);
  if (split === undefined)
    throw new ModelpackError(
      "USAGE",
      `--split takes train, test or eval, got ${JSON.stringify(options.split)}`,
    );
  const loaded = configOf(context, options);
  const result = await runEvaluate(loaded, split, context.reporter, { signal: context.signal });
  const metrics = result.families.map((family) => family.metrics);
  const note =
    split === "test" ? [] : [`\nmind: ${split} rows helped to make this pack; quote the test split`];
  const tables = [metricsTable(metrics), abstentionTable(metrics)].filter((text) => text !== "");
  return {
    text: [
      ...tables.flatMap((text) => [text, ""]),
      `pack ${result.version} on the ${split} split of dataset ${result.dataset}`,
      ...note,
    ].join("\n"),
    json: { version: result.version, dataset: result.dataset, split, families: metrics },
  };
};
