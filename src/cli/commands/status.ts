// SPDX-License-Identifier: Apache-2.0

import { amount } from "../../core/amount.ts";
import { bytesText } from "../../core/byte-count.ts";
import { type LedgerStatus, readLedgerStatus } from "../../pipeline/accepted.ts";
import { type HubDatasetStatus, readHubStatus } from "../../pipeline/hub-status.ts";
import { readStatus, type VersionStatus } from "../../pipeline/status.ts";
import { type Action, configOf, table } from "../context.ts";
import { oneLine } from "../printable.ts";
import { datasetTable } from "../tables.ts";

/** `modelpack status`: versions on disk, and what the current dataset has and misses. */
export const status: Action = async (context, options) => {
  const loaded = configOf(context, options);
  const found = await readStatus(loaded.config);
  const hub = await readHubStatus(loaded);
  const backfill = await readLedgerStatus(loaded);
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
  if (hub.length > 0) lines.push("datasets of the Hub, by datasets.lock.json:", hubTable(hub));
  if (backfill !== null) lines.push("rows of an LLM:", `  ${ledgerLine(backfill)}`);
  if (found.dataset !== null) lines.push("", datasetTable(found.dataset, Number.POSITIVE_INFINITY));
  return {
    text: lines.join("\n"),
    json: {
      datasets: found.datasets,
      packs: found.packs,
      hub,
      backfill,
      pointers: found.pointers,
      tasks: found.dataset?.tasks ?? [],
    },
  };
};

function ledgerLine({ ledger, accepted, locked }: LedgerStatus): string {
  const isSame = accepted?.sha256 === locked?.sha256;
  const other = `the lock has ${locked?.rows ?? "none"}${accepted?.rows === locked?.rows ? " others" : ""}`;
  const pinned = isSame ? "as locked" : `${other}: restore accepted.jsonl, or run \`modelpack prepare\``;
  return `${accepted?.rows ?? "none"} accepted in ${oneLine(ledger)}, ${pinned}`;
}

function hubTable(hub: readonly HubDatasetStatus[]): string {
  return table(
    hub.map(({ dataset, datasetId, split, locked }) => [
      `  ${dataset}`,
      `${datasetId}, ${split}`,
      locked === null
        ? "not locked yet: `modelpack prepare` asks the Hub"
        : `at ${locked.commit.slice(0, 12)}`,
      locked === null ? "" : `${amount(locked.files, "file")}, ${bytesText(locked.bytes)}`,
      locked === null || locked.missing === 0 ? "" : `${locked.missing} to download`,
    ]),
  );
}
