// SPDX-License-Identifier: Apache-2.0
import { snakeName } from "../core/snake-case.ts";

/** The same value with every member named as in files: `macroF1` is `macro_f1`. For objects whose names are ours alone. */
export function withSnakeNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSnakeNames);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [snakeName(name), withSnakeNames(member)]),
  );
}
