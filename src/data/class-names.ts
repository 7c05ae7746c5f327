// SPDX-License-Identifier: Apache-2.0
import { type Column, type ColumnType, quoteName } from "./column.ts";
import { exactText } from "./engine.ts";

/** Column to the names of its classes, by their numbers. */
export type ClassNames = ReadonlyMap<string, readonly string[]>;

/**
 * `from` with the numbers of classes replaced by their names, in columns of numbers, of texts (which CSV has for
 * numbers, and which may hold the names already) and of lists of these. -1, and whatever else has no name, becomes NULL.
 */
export function withClassNames(from: string, columns: readonly Column[], labels: ClassNames): string {
  const items = columns.flatMap(({ name, type }) => {
    const names = labels.get(name);
    if (names === undefined) return [];
    const sql = nameOf(quoteName(name), type, `[${names.map(exactText).join(", ")}]::VARCHAR[]`);
    return sql === null ? [] : [`${sql} AS ${quoteName(name)}`];
  });
  return items.length === 0 ? from : `(SELECT * REPLACE (${items.join(", ")}) FROM ${from})`;
}

function nameOf(value: string, type: ColumnType, names: string): string | null {
  switch (type.kind) {
    case "list": {
      const item = nameOf("code", type.item, names);
      return item === null ? null : `list_transform(${value}, lambda code: ${item})`;
    }
    case "scalar":
      return byNumber(`TRY_CAST(${value} AS BIGINT)`, names);
    case "text":
      // A name first, as `datasets` does it: a class may be called 2.
      return `CASE WHEN list_contains(${names}, ${value}) THEN ${value} WHEN regexp_full_match(${value}, '[0-9]{1,9}') THEN ${byNumber(`CAST(${value} AS BIGINT)`, names)} END`;
    default:
      return null;
  }
}

// A negative place would count from the end.
function byNumber(code: string, names: string): string {
  return `CASE WHEN ${code} >= 0 THEN list_extract(${names}, ${code} + 1) END`;
}
