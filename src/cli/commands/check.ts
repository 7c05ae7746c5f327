// SPDX-License-Identifier: Apache-2.0
import { renderConfig } from "../../config/print.ts";
import { type Action, notedConfigOf } from "../context.ts";

/** `modelpack check`: the config and everything that it refers to inside itself. */
export const check: Action = async (context, options) => {
  const loaded = notedConfigOf(context, options);
  const { config } = loaded;
  const families = new Set(config.tasks.map((task) => task.family));
  const counts = [
    counted(config.tasks.length, "task", "tasks"),
    counted(families.size, "family", "families"),
    counted(config.datasets.length, "dataset", "datasets"),
  ];
  const effective = renderConfig(loaded);
  return {
    text: options.print === true ? effective : `${String(options.config)} is valid: ${counts.join(", ")}`,
    json: { config: effective, notes: loaded.notes, origins: Object.fromEntries(loaded.origins) },
  };
};

function counted(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}
