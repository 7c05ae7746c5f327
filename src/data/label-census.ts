// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import { type Column, textPath } from "./column.ts";
import { withEngine } from "./engine.ts";
import { placeOf, unreadable } from "./refusal.ts";
import { scanSource } from "./scan.ts";
import type { Source } from "./source.ts";
import type { ColumnProfile } from "./survey.ts";

/** A column by its path, with the SQL that a survey found for it. */
type Place = Pick<ColumnProfile, "path" | "sql">;

/** What rows of a source are counted by. */
export interface CensusColumns {
  /** The text, or the two of a pair. */
  readonly texts: readonly Place[];
  readonly label: Place;
  /** Names the split of each row, or null. */
  readonly split: Place | null;
}

/** All rows with one label and one value of the split column. */
export interface LabelCount {
  /** As `prepare` reads it; null where a row has none. */
  readonly label: string | null;
  readonly split: string | null;
  readonly rows: number;
  /** Of these, rows whose texts are there: the others are dropped. */
  readonly usable: number;
  /** A text of one such row, the least; of a pair, its first. */
  readonly example: string | null;
}

/** Characters of an example. */
const EXAMPLE = 200;

/**
 * Counts all rows of a source by label, the most frequent first, and stops at `most` labels and splits: a
 * column of a million names is no label, and need not be listed to be seen as such.
 *
 * Throws COLUMN_MISSING where the files lack one of the columns, SOURCE_UNREADABLE where they are not as their
 * names say.
 */
export function countLabels(
  source: Source,
  { texts, label, split }: CensusColumns,
  most: number,
  signal?: AbortSignal,
): Promise<readonly LabelCount[]> {
  return withEngine(async (engine) => {
    const scan = await scanSource(engine, source);
    for (const { path } of [...texts, label, ...(split === null ? [] : [split])])
      checkThere(source, scan.columns, path);
    const [text = "NULL"] = texts.map(({ sql }) => sql);
    const isUsable = texts.map(({ sql: one }) => `trim(${one}, E' \\t\\r\\n') <> ''`).join(" AND ");
    const rows = `SELECT ${label.sql} AS l, ${split?.sql ?? "NULL::VARCHAR"} AS s, ${text} AS t, coalesce(${isUsable}, false) AS u FROM ${scan.from}`;
    const groups =
      "SELECT encode(l), encode(s), CAST(count(*) AS INTEGER), CAST(count(*) FILTER (u) AS INTEGER), " +
      `encode(left(min(t) FILTER (u), ${EXAMPLE})) FROM (${rows}) GROUP BY l, s ORDER BY count(*) DESC, l, s LIMIT ${most}`;
    const counts: LabelCount[] = [];
    try {
      for await (const batch of engine.stream(groups)) {
        const [labels, splits, examples] = [batch.texts(0), batch.texts(1), batch.texts(4)];
        const [all, usable] = [batch.integers(2), batch.integers(3)];
        for (let i = 0; i < batch.rows; i++)
          counts.push({
            label: labels[i] ?? null,
            split: splits[i] ?? null,
            rows: all[i] ?? 0,
            usable: usable[i] ?? 0,
            example: examples[i] ?? null,
          });
      }
    } catch (error) {
      throw unreadable(source, undefined, error);
    }
    return counts;
  }, signal);
}

/** The files of another role may have other columns than those that were looked at. */
function checkThere(source: Source, columns: readonly Column[], path: string): void {
  const found = textPath(columns, path);
  if ("sql" in found || found.problem !== "missing") return;
  const there = found.among.slice(0, 20).map((name) => JSON.stringify(name));
  throw new ModelpackError(
    "COLUMN_MISSING",
    `there is no column ${JSON.stringify(path)}; there are ${there.join(", ")}`,
    {
      where: placeOf(source),
      hint: "all files need the columns of the first: name only those that have them",
    },
  );
}
