// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { textAt } from "../../src/core/text-column.ts";
import { applyFilter } from "../../src/training/filter-outcome.ts";
import { splitTask } from "../../src/training/origin-split.ts";
import type { Judgement } from "../../src/training/plausibility.ts";
import type { SyntheticFilter } from "../../src/training/task-settings.ts";
import { type ExampleRow, separableRows } from "../support/examples.ts";
import { filterTask } from "../support/filter-tasks.ts";

/** 240 real rows, every fourth of 320 rows being synthetic; of label 2 there is only a synthetic one. */
const ROWS: readonly ExampleRow[] = separableRows(2, 160, 1).map((row, i) =>
  i % 4 === 3 ? { ...row, origin: "synthetic", ...(i === 7 ? { label: 2 } : {}) } : row,
);

const split = (syntheticFilter: SyntheticFilter) => splitTask(filterTask(ROWS, 3, { syntheticFilter }));

/** Finds these of the synthetic rows implausible, the first of them the least plausible. */
function judgement(wrong: readonly number[], expected: number): Judgement {
  const { label } = split("drop").synthetic;
  return {
    threshold: Float64Array.of(0.5, 0.75, Number.POSITIVE_INFINITY),
    likelier: label.map((k, i) => (wrong.includes(i) ? 1 - k : k)),
    confidence: Float64Array.from(label, (_, i) => (wrong.includes(i) ? wrong.indexOf(i) / 100 : 1)),
    expected,
  };
}

const WRONG = [40, 5, 77, 20, 21, 22, 30];

describe("applyFilter", () => {
  it("drops the rows that are mostly wrong, and tells which", () => {
    const of = split("drop");
    const { task, outcome } = applyFilter(of, judgement(WRONG, 3));
    const { train } = of.task;
    const left = new Set(WRONG.map((i) => of.at[i] as number));
    const kept = [...train.label.keys()].filter((row) => !left.has(row));
    expect(task.train.rows).toBe(313);
    expect(kept.map((row) => textAt(train.text, row))).toEqual(
      kept.map((_, i) => textAt(task.train.text, i)),
    );
    expect(task.trust).toBeNull();
    expect(outcome).toEqual({
      task: "t",
      method: "drop",
      realRows: 240,
      syntheticRows: 80,
      implausible: 7,
      expected: 3,
      weight: 0,
      idle: null,
      labels: [
        { label: 1, realRows: 80, syntheticRows: 79, threshold: 0.75, implausible: 7 },
        { label: 2, realRows: 0, syntheticRows: 1, threshold: null, implausible: 0 },
      ],
      examples: WRONG.slice(0, 5).map((i) => ({ row: of.at[i], likelier: 0 })),
    });
  });

  it("lets the rows count for the chance that they are right", () => {
    const of = split("weight");
    const { task, outcome } = applyFilter(of, judgement(WRONG, 1));
    expect(task.train).toBe(of.task.train);
    expect(outcome).toMatchObject({ method: "weight", weight: 0.25, implausible: 7, idle: null });
    const less = [...(task.trust ?? []).entries()].filter(([, trust]) => trust !== 1);
    expect(task.trust?.length).toBe(320);
    expect(less).toEqual([...WRONG].sort((a, b) => a - b).map((i) => [of.at[i], 0.25]));
  });

  it.each<{
    readonly method: "drop" | "weight";
    readonly expected: number;
    readonly weight: number;
    readonly idle: string | null;
  }>([
    { method: "drop", expected: 3, weight: 0, idle: null },
    {
      method: "drop",
      expected: 3.1,
      weight: 1,
      idle: "over half as many would be implausible if every row were right",
    },
    { method: "weight", expected: 3.1, weight: 4.1 / 8, idle: null },
    { method: "weight", expected: 0, weight: 1 / 8, idle: null },
    {
      method: "weight",
      expected: 7.1,
      weight: 1,
      idle: "as many would be implausible if every row were right",
    },
  ])("with $method and $expected expected of 7, an implausible row counts for $weight", (given) => {
    const of = split(given.method);
    const { task, outcome } = applyFilter(of, judgement(WRONG, given.expected));
    expect([outcome.weight, outcome.idle]).toEqual([given.weight, given.idle]);
    expect(task === of.task).toBe(given.idle !== null);
  });

  it.each(["drop", "weight"] as const)("%s leaves a task as it is where every row is plausible", (method) => {
    const of = split(method);
    const { task, outcome } = applyFilter(of, judgement([], 2));
    expect(task).toBe(of.task);
    expect(outcome).toMatchObject({ implausible: 0, weight: 1, idle: "no synthetic row is implausible" });
  });

  it("leaves a task as it is where nothing could be judged, and says why", () => {
    const of = splitTask(filterTask(ROWS.slice(0, 40), 3));
    const { task, outcome } = applyFilter(of, null);
    expect(task).toBe(of.task);
    expect(outcome).toMatchObject({
      realRows: 30,
      syntheticRows: 10,
      implausible: 0,
      expected: 0,
      weight: 1,
      idle: "200 real train rows are needed to judge by, and there are 30",
      examples: [],
    });
    expect(outcome.labels.every(({ threshold }) => threshold === null)).toBe(true);
  });
});
