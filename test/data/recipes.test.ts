// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { CHECKOUT } from "../support/pipeline-run.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { writeParquet } from "./parquet.ts";
import { mapOf, read } from "./reading.ts";

/** The SELECTs of docs/datasets.md, in their order. */
const docs = readFileSync(join(CHECKOUT, "docs", "datasets.md"), "utf8");
const selects = [...docs.matchAll(/^\|.*\| `(SELECT [^`]+)` \|$/gm)].map(([, sql]) => sql ?? "");

const ROWS = `
SELECT [{content: 'be kind', role: 'system'}, {content: 'hello', role: 'user'}, {content: 'hi', role: 'assistant'},
        {content: 'and now', role: 'user'}] AS messages,
       'why' AS query,
       {is_selected: [0, 1, 1], passage_text: ['p0', 'p1', 'p2']} AS passages,
       'one' AS text, ['joy'] AS labels
UNION ALL
SELECT [{content: 'only', role: 'user'}], 'how', {is_selected: [0], passage_text: ['p3']}, 'two', ['joy', 'fear']`;

it("docs/datasets.md's recipes for nested columns give what they say", async () => {
  const folder = temporaryFolder();
  await writeParquet(join(folder, "rows.parquet"), ROWS);
  const maps = selects.map((sql) => mapOf({ role: "seed", sql }));
  const { rows } = await read(folder, "rows.parquet", maps);
  const texts = rows.map((of) => of.map(({ text, textB, label }) => [text, textB, label].join("|")));
  expect(texts).toEqual([
    ["be kind||", "only||"],
    ["hello||", "only||"],
    ["hello||", "and now||", "only||"],
    ["be kind|hi|"],
    ["why|p1|"],
    ["one||joy"],
  ]);
});
