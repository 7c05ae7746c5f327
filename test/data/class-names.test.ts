// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readSource } from "../../src/data/mapping.ts";
import { resolveLocalSource } from "../../src/data/source.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { writeParquet } from "./parquet.ts";
import { mapOf, textAndLabel } from "./reading.ts";

const NAMES = ["no", "__proto__", "0"];
const labels = new Map([
  ["label", NAMES],
  ["tags", NAMES],
  ["missing", ["x"]],
]);

async function labelsOf(folder: string, name: string, map = textAndLabel): Promise<(string | null)[]> {
  const source = await resolveLocalSource({ name: "ds", path: name }, folder);
  const found: (string | null)[] = [];
  await readSource(
    { ...source, classLabels: labels },
    [map],
    { maxRows: null, sample: "hash" },
    (_map, rows) => found.push(...rows.map((row) => row.label)),
  );
  return found;
}

it.each([
  ["csv", "text,label\na,1\nb,-1\nc,7\nd,no\ne,0\nf,x\ng,-2\nh,1.0\n"],
  [
    "jsonl",
    '{"text":"a","label":"1"}\n{"text":"b","label":"-1"}\n{"text":"c","label":"7"}\n{"text":"d","label":"no"}\n' +
      '{"text":"e","label":"0"}\n{"text":"f","label":"x"}\n{"text":"g","label":"-2"}\n{"text":"h","label":"1.0"}\n',
  ],
])("names of classes meet the texts of %s: a name as it is, then a number", async (format, content) => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, `a.${format}`), content);
  expect(await labelsOf(folder, `a.${format}`)).toEqual([
    "__proto__",
    null,
    null,
    "no",
    // The class called 0, not the first one.
    "0",
    null,
    null,
    null,
  ]);
});

it("names of classes meet numbers, and lists of them", async () => {
  const folder = temporaryFolder();
  const rows = [
    [0, [0, 2]],
    [2, []],
    [-1, [-1]],
    [-2, [9]],
    [null, null],
  ].map(([label, tags]) => JSON.stringify({ text: "t", label, tags }));
  writeFileSync(join(folder, "a.jsonl"), rows.join("\n"));
  await writeParquet(join(folder, "a.parquet"), `SELECT * FROM '${join(folder, "a.jsonl")}'`);
  const tags = mapOf({ sql: "SELECT text, array_to_string(tags, '|') AS label FROM source" });
  for (const name of ["a.jsonl", "a.parquet"]) {
    expect([name, await labelsOf(folder, name)]).toEqual([name, ["no", "0", null, null, null]]);
    expect([name, await labelsOf(folder, name, tags)]).toEqual([name, ["no|0", "", null, null, null]]);
  }
});

it("prefers the names that the Parquet file itself has", async () => {
  const folder = temporaryFolder();
  const features = { label: { names: ["own", "second"], _type: "ClassLabel" } };
  await writeParquet(join(folder, "a.parquet"), "SELECT 'a' AS text, 0 AS label", {
    huggingface: JSON.stringify({ info: { features } }),
  });
  expect(await labelsOf(folder, "a.parquet")).toEqual(["own"]);
});
