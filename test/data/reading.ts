// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DatasetMap } from "../../src/config/schema.ts";
import { ModelpackError } from "../../src/core/error.ts";
import { type MapResult, type ReadOptions, readSource } from "../../src/data/mapping.ts";
import type { MappedRow } from "../../src/data/rows.ts";
import { type LocalDataset, resolveLocalSource } from "../../src/data/source.ts";

/** A map with the config's defaults. */
export function mapOf(map: Partial<DatasetMap>): DatasetMap {
  return { role: "train", origin: "real", ...map };
}

export const textAndLabel = mapOf({ task: "t", text: "text", label_column: "label" });

export interface Reading extends MapResult {
  /** Rows of each map. */
  readonly rows: readonly (readonly MappedRow[])[];
  /** Sizes of the batches, in order. */
  readonly batches: readonly number[];
}

/** Resolves and reads what `path` names in `folder`. */
export async function read(
  folder: string,
  path: string | readonly string[],
  maps: readonly DatasetMap[] = [textAndLabel],
  { delimiter, ...options }: Partial<ReadOptions> & Pick<LocalDataset, "delimiter"> = {},
): Promise<Reading> {
  const source = await resolveLocalSource({ name: "ds", path, delimiter }, folder);
  const rows = new Map<DatasetMap, MappedRow[]>(maps.map((map) => [map, []]));
  const batches: number[] = [];
  const result = await readSource(
    source,
    maps,
    { maxRows: null, sample: "hash", ...options },
    (map, batch) => {
      rows.get(map)?.push(...batch);
      batches.push(batch.length);
    },
  );
  return { ...result, rows: maps.map((map) => rows.get(map) ?? []), batches };
}

/** Writes `content` to `name` in `folder` and reads it: pairs of text and label. */
export async function readPairs(
  folder: string,
  name: string,
  content: string | Uint8Array,
  dataset: Pick<LocalDataset, "delimiter"> = {},
): Promise<readonly (readonly [string | null, string | null])[]> {
  writeFileSync(join(folder, name), content);
  const { rows } = await read(folder, name, [textAndLabel], dataset);
  return (rows[0] ?? []).map((row) => [row.text, row.label] as const);
}

/** The error that `action` ends with. */
export async function refusalOf(action: Promise<unknown>): Promise<ModelpackError> {
  const outcome = await action.then(
    () => new Error("nothing was refused"),
    (error: unknown) => error,
  );
  if (outcome instanceof ModelpackError) return outcome;
  throw outcome;
}
