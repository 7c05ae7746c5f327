// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { textAt } from "../../src/core/text-column.ts";
import { LEAST_REAL_ROWS, splitTask } from "../../src/training/origin-split.ts";
import { LEAST_ROWS_OF_LABEL } from "../../src/training/plausibility.ts";
import type { ExampleRow } from "../support/examples.ts";
import { filterTask } from "../support/filter-tasks.ts";

const real = (n: number, label: number): ExampleRow[] =>
  Array.from({ length: n }, (_, i) => ({ text: `real ${label} ${i}`, label }));
const synthetic = (n: number, label: number): ExampleRow[] =>
  Array.from({ length: n }, (_, i) => ({ text: `made ${label} ${i}`, label, origin: "synthetic" }));
const HALF = LEAST_REAL_ROWS / 2;

describe("splitTask", () => {
  it("parts the rows by where they come from, and leaves those that an LLM labelled out of both", () => {
    const split = splitTask(
      filterTask(
        [
          { text: "a", label: 1, origin: "synthetic" },
          { text: "b", label: 0 },
          { text: "c", label: 1, origin: "llm_labelled" },
          { text: "d", label: 1, origin: "synthetic" },
          { text: "e", label: 2 },
        ],
        3,
      ),
    );
    expect([...split.at]).toEqual([0, 3]);
    expect([textAt(split.synthetic.text, 0), textAt(split.synthetic.text, 1)]).toEqual(["a", "d"]);
    expect([textAt(split.real.text, 0), textAt(split.real.text, 1)]).toEqual(["b", "e"]);
    expect([...split.realOf]).toEqual([1, 0, 1]);
    expect([...split.syntheticOf]).toEqual([0, 2, 0]);
  });

  it.each<{ readonly name: string; readonly rows: readonly ExampleRow[]; readonly idle: string | null }>([
    { name: "enough of both", rows: [...real(HALF, 0), ...real(HALF, 1), ...synthetic(1, 0)], idle: null },
    {
      name: "no synthetic rows",
      rows: [...real(HALF, 0), ...real(HALF, 1)],
      idle: "there are no synthetic train rows",
    },
    {
      name: "too few real rows",
      rows: [...real(HALF, 0), ...real(HALF - 1, 1), ...synthetic(9, 0)],
      idle: "200 real train rows are needed to judge by, and there are 199",
    },
    {
      name: "one label",
      rows: [...real(2 * HALF, 0), ...real(LEAST_ROWS_OF_LABEL - 1, 1), ...synthetic(9, 0)],
      idle: "two labels with 10 real train rows each are needed to judge by",
    },
    {
      name: "synthetic rows of new labels only",
      rows: [...real(HALF, 0), ...real(HALF, 1), ...real(LEAST_ROWS_OF_LABEL - 1, 2), ...synthetic(9, 2)],
      idle: "no label with synthetic rows has 10 real train rows to judge by",
    },
  ])("says whether the rows can be judged: $name", ({ rows, idle }) => {
    expect(splitTask(filterTask(rows, 3)).idle).toBe(idle);
  });

  it("does not judge by rows that are copies of each other", () => {
    const task = filterTask([...real(HALF, 0), ...real(HALF, 1), ...synthetic(1, 0)], 2);
    const train = { ...task.train, group: task.train.group.map((_, row) => row % 4) };
    expect(splitTask({ ...task, train }).idle).toBe("nearly all real train rows are copies of each other");
  });
});
