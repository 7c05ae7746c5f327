// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { SPLITS } from "../../src/core/example.ts";
import { textAt } from "../../src/core/text-column.ts";
import { readExamples, type SplitRows, writeFamily } from "../../src/data/dataset.ts";
import { inspectFamily } from "../../src/data/split-counts.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { type RowSpec, rowsOf, taskOf } from "./support.ts";

/** A task whose rows, in the order of their ids, go to the splits in turn. */
function dealt(name: string, specs: readonly RowSpec[], labels = ["a", "b", "c"]): SplitRows {
  const rows = rowsOf(specs, taskOf(labels, "text", name));
  return { rows, split: Uint8Array.from({ length: rows.length }, (_, i) => i % SPLITS.length) };
}

const HOSTILE = `'); DROP TABLE rows; -- <script>`;

describe("inspectFamily", () => {
  it("counts rows by label, source and origin, whatever their names are", async () => {
    const folder = temporaryFolder();
    const specs: RowSpec[] = [
      { text: "one", label: "a", source: "x" },
      { text: "two", label: "a", source: "x" },
      { text: "three", label: "b", source: HOSTILE, origin: "synthetic" },
    ];
    const task = dealt("first", specs);
    await writeFamily(folder, "family", [{ ...task, split: new Uint8Array(3) }]);
    const { counts, sources } = await inspectFamily(folder, "family", {});
    const of = { split: "train", task: "first" };
    expect(counts).toEqual([
      { ...of, label: "a", source: "x", origin: "real", rows: 2 },
      { ...of, label: "b", source: HOSTILE, origin: "synthetic", rows: 1 },
    ]);
    expect(sources).toEqual({ train: [], test: [], eval: [] });
  });

  it("finds the sources of rows by their numbers among the task's own", async () => {
    const folder = temporaryFolder();
    // Every text names its source, so that what is read tells whether the source is right.
    const specs = (prefix: string) =>
      Array.from({ length: 30 }, (_, i) => ({ text: `${prefix} ${i} from s${i % 4}`, source: `s${i % 4}` }));
    const tasks = [dealt("first", specs("red")), dealt("second", specs("blue"))];
    await writeFamily(folder, "family", tasks);
    const definitions = tasks.map(({ rows }) => rows.task);
    const places = ["first", "second"].flatMap((task) => [9, 0, 4].map((row) => ({ task, row })));
    const { sources } = await inspectFamily(folder, "family", { test: places, eval: [] });
    const examples = await readExamples(folder, "family", "test", definitions);
    const said = places.map(({ task, row }) => {
      const own = examples.get(task);
      return own === undefined ? "" : textAt(own.text, row).split(" from ")[1];
    });
    expect(new Set(said).size).toBeGreaterThan(1);
    expect(sources.test).toEqual(said);
  });
});
