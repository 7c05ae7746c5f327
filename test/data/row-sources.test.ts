// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { textAt } from "../../src/core/text-column.ts";
import { readExamples, writeFamily } from "../../src/data/dataset.ts";
import { readRowSources } from "../../src/data/row-sources.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { dealt } from "./support.ts";

describe("readRowSources", () => {
  it("finds the sources of rows by their numbers among the task's own", async () => {
    const folder = temporaryFolder();
    // Every text names its source, so that what is read tells whether the source is right.
    const specs = (prefix: string) =>
      Array.from({ length: 30 }, (_, i) => ({ text: `${prefix} ${i} from s${i % 4}`, source: `s${i % 4}` }));
    const tasks = [dealt("first", specs("red")), dealt("second", specs("blue"))];
    await writeFamily(folder, "family", tasks);
    const definitions = tasks.map(({ rows }) => rows.task);
    const places = ["first", "second"].flatMap((task) => [9, 0, 4].map((row) => ({ task, row })));
    const found = await readRowSources(folder, "family", "test", places);
    const examples = await readExamples(folder, "family", "test", definitions);
    const said = places.map(({ task, row }) => {
      const own = examples.get(task);
      return own === undefined ? "" : textAt(own.text, row).split(" from ")[1];
    });
    expect(new Set(said).size).toBeGreaterThan(1);
    expect(found.map(({ source }) => source)).toEqual(said);
    expect(new Set(found.map(({ id }) => id)).size).toBe(places.length);
    expect(found.every(({ id }) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
    expect(await readRowSources(folder, "family", "eval", [])).toEqual([]);
  });
});
