// SPDX-License-Identifier: Apache-2.0
import { type Field, fieldsOf } from "./fields.ts";
import type { Origin, Override } from "./override.ts";
import { pathName } from "./problem.ts";
import { SETTINGS } from "./schema.ts";
import { isTable, type Table, valueAt } from "./toml.ts";

/** Where each setting of a config came from; `raw` is the config with its overrides, before defaults. */
export function traceOrigins(raw: Table, overrides: readonly Override[]): Map<string, Origin> {
  const origins = new Map<string, Origin>();
  for (const [section, { def }] of Object.entries(SETTINGS)) {
    for (const [key, field] of Object.entries(def.innerType.shape))
      for (const path of settingPaths([section, key], field)) origins.set(pathName(path), origin(raw, path));
  }
  for (const path of writtenKeys(raw, ["synthetic_llm", "axes"])) origins.set(pathName(path), "toml");
  for (const path of writtenOverrides(raw)) origins.set(pathName(path), "toml");
  for (const key of ["tasks", "datasets"]) origins.set(key, origin(raw, [key]));
  for (const { path, kind } of overrides) {
    origins.set(pathName(path), kind);
    // A table that was given whole brought what stands in it.
    for (const below of writtenKeys(raw, path))
      if (origins.has(pathName(below))) origins.set(pathName(below), kind);
  }
  return origins;
}

// A section inside a section counts by its keys.
function settingPaths(path: readonly string[], field: Field): readonly (readonly string[])[] {
  const inner = fieldsOf(field);
  return inner === undefined ? [path] : [path, ...Object.keys(inner).map((key) => [...path, key])];
}

function origin(raw: Table, path: readonly string[]): Origin {
  return valueAt(raw, path) === undefined ? "default" : "toml";
}

function writtenKeys(raw: Table, path: readonly string[]): string[][] {
  const table = valueAt(raw, path);
  return isTable(table) ? Object.keys(table).map((key) => [...path, key]) : [];
}

function writtenOverrides(raw: Table): string[][] {
  return writtenKeys(raw, ["train", "overrides"]).flatMap((path) => writtenKeys(raw, path));
}
