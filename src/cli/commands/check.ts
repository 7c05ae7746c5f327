// SPDX-License-Identifier: Apache-2.0
import { renderConfig } from "../../config/print.ts";
import { type Action, notedConfigOf } from "../context.ts";

/** `modelpack check`: the config and everything that it refers to inside itself. */
export const check: Action = async (context, options) => {
  const loaded = notedConfigOf(context, options);
  const { config } = loaded;
  const families = new Set(config.tasks.map((task) => task.family));
  const counts = `${config.tasks.length} tasks in ${families.size} families, ${config.datasets.length} datasets`;
  const printed =
    options.print === true ? renderConfig(loaded) : `${String(options.config)} is valid: ${counts}`;
  return {
    text: printed,
    json: { config: printed, notes: loaded.notes, origins: Object.fromEntries(loaded.origins) },
  };
};
