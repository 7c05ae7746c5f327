// SPDX-License-Identifier: Apache-2.0

import type { LoadedConfig } from "../../config/load.ts";
import { renderConfig } from "../../config/print.ts";
import { usedDatasets } from "../../config/schema.ts";
import { amount } from "../../core/amount.ts";
import { EMPTY_LOCK, LOCK_FILE, lockedAs, readLock } from "../../pipeline/dataset-lock.ts";
import { lockKey } from "../../pipeline/hub-request.ts";
import { type Action, notedConfigOf } from "../context.ts";

/** `modelpack check`: the config and everything that it refers to inside itself. */
export const check: Action = async (context, options) => {
  const loaded = notedConfigOf(context, options);
  const { config } = loaded;
  const families = new Set(config.tasks.map((task) => task.family));
  const counts = [
    amount(config.tasks.length, "task"),
    amount(families.size, "family", "families"),
    amount(config.datasets.length, "dataset") + (await ofTheHub(loaded)),
  ];
  const effective = renderConfig(loaded);
  return {
    text: options.print === true ? effective : `${String(options.config)} is valid: ${counts.join(", ")}`,
    json: { config: effective, notes: loaded.notes, origins: Object.fromEntries(loaded.origins) },
  };
};

/** How many datasets are of the Hub, and of them not in the lock, which is checked by being read. */
async function ofTheHub({ config, folder }: LoadedConfig): Promise<string> {
  const lock = (await readLock(folder)) ?? EMPTY_LOCK;
  const hub = usedDatasets(config).filter(({ kind }) => kind === "huggingface");
  const free = hub.filter((dataset) => lockedAs(lock, lockKey(dataset)) === undefined);
  if (hub.length === 0) return "";
  const unlocked = free.length === 0 ? "" : `, ${free.length} not in ${LOCK_FILE} yet`;
  return ` (${hub.length} of the Hub${unlocked})`;
}
