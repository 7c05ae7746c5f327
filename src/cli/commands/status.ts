// SPDX-License-Identifier: Apache-2.0
import { readStatus, type VersionStatus } from "../../pipeline/status.ts";
import { type Action, configOf } from "../context.ts";
import { datasetTable } from "../tables.ts";

/** `modelpack status`: versions on disk, and what the current dataset has and misses. */
export const status: Action = async (context, options) => {
  const { config } = configOf(context, options);
  const found = await readStatus(config);
  const state = (version: VersionStatus) =>
    `  ${version.version}${version.current ? " (current)" : ""}${version.problem === null ? "" : `  DAMAGED: ${version.problem}`}`;
  const lines = ["datasets:", ...found.datasets.map(state)];
  if (found.datasets.length === 0) lines.push("  none; run `modelpack prepare`");
  if (found.pointers.datasets !== null)
    lines.push(`  DAMAGED: ${found.pointers.datasets}; run \`modelpack prepare\``);
  lines.push(
    "packs:",
    ...found.packs.map(
      (pack) => `${state(pack)}${pack.dataset === null ? "" : `  of dataset ${pack.dataset}`}`,
    ),
  );
  if (found.packs.length === 0) lines.push("  none; run `modelpack train`");
  if (found.pointers.packs !== null)
    lines.push(`  DAMAGED: ${found.pointers.packs}; run \`modelpack train\``);
  if (found.dataset !== null) lines.push("", datasetTable(found.dataset, Number.POSITIVE_INFINITY));
  return {
    text: lines.join("\n"),
    json: {
      datasets: found.datasets,
      packs: found.packs,
      pointers: found.pointers,
      tasks: found.dataset?.tasks ?? [],
    },
  };
};
