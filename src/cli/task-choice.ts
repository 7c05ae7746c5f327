// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import type { Options } from "./context.ts";

/**
 * The task that `--task` names; where it is left out, the only one there is. `owner` is what has the tasks: "the pack".
 * Throws USAGE, which lists them, where that chooses none.
 */
export function chosenTask<T>(owner: string, tasks: ReadonlyMap<string, T>, { task: name }: Options): T {
  const names = [...tasks.keys()];
  const chosen = name ?? (names.length === 1 ? names[0] : undefined);
  if (chosen === undefined)
    throw new ModelpackError("USAGE", `${owner} has ${names.length} tasks, and --task is left out`, {
      hint: `name one with --task: ${names.join(", ")}`,
    });
  const found = tasks.get(String(chosen));
  if (found !== undefined) return found;
  throw new ModelpackError("USAGE", `${owner} has no task ${JSON.stringify(chosen)}`, {
    hint: `it has ${names.join(", ")}`,
  });
}
