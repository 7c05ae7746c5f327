// SPDX-License-Identifier: Apache-2.0
import { afterAll, describe, expect, it } from "vitest";
import { writeFamilyFile } from "../../src/modelpack/family-file.ts";
import { trainFamily } from "../../src/training/family-trainer.ts";
import { WorkerPool } from "../../src/training/pool.ts";
import { filterSynthetic } from "../../src/training/synthetic-filter.ts";
import { type ExampleRow, examples, separableRows } from "../support/examples.ts";
import { filterProblem, filterTask } from "../support/filter-tasks.ts";

const pools = [1, 2, 3].map((size) => new WorkerPool(size));
const pool = pools[1] as WorkerPool;

afterAll(async () => {
  await Promise.all(pools.map((one) => one.close()));
});

const REAL = separableRows(3, 80, 1, 0.1);
/** 90 synthetic rows, a third of them with the label after theirs, and 10 of a label that has no real rows. */
const MADE: readonly ExampleRow[] = [
  ...separableRows(3, 30, 2).map((row, i) => ({
    ...row,
    label: isWrong(i) ? (row.label + 1) % 3 : row.label,
    origin: "synthetic" as const,
  })),
  ...Array.from({ length: 10 }, (_, i) => ({
    text: `topic0 about0 new ${i}`,
    label: 3,
    origin: "synthetic" as const,
  })),
];

function isWrong(i: number): boolean {
  return Math.floor(i / 3) % 3 === 0;
}

const wrongRows = MADE.slice(0, 90).flatMap((_, i) => (isWrong(i) ? [REAL.length + i] : []));
const judged = filterTask([...REAL, ...MADE], 4);

describe("filterSynthetic", () => {
  it("drops the mislabelled rows, and none of the others", async () => {
    const { tasks, outcomes } = await filterSynthetic(filterProblem([judged]), pool);
    const kept = [...REAL, ...MADE].filter((_, row) => !wrongRows.includes(row));
    expect(tasks).toEqual([
      { ...judged, train: { ...examples(kept), text: tasks[0]?.train.text, group: tasks[0]?.train.group } },
    ]);
    expect(tasks[0]?.train.group).toEqual(
      Uint32Array.from(judged.train.group.filter((row) => !wrongRows.includes(row))),
    );
    expect(outcomes).toMatchObject([
      {
        task: "t",
        method: "drop",
        realRows: 240,
        syntheticRows: 100,
        implausible: 30,
        weight: 0,
        idle: null,
      },
    ]);
    expect(outcomes[0]?.labels).toMatchObject([
      { label: 0, realRows: 80, syntheticRows: 30, implausible: 10 },
      { label: 1, realRows: 80, syntheticRows: 30, implausible: 10 },
      { label: 2, realRows: 80, syntheticRows: 30, implausible: 10 },
      { label: 3, realRows: 0, syntheticRows: 10, implausible: 0, threshold: null },
    ]);
    for (const { row, likelier } of outcomes[0]?.examples ?? []) {
      expect(wrongRows).toContain(row);
      expect((likelier + 1) % 3).toBe(judged.train.label[row]);
    }
    expect(outcomes[0]?.examples.length).toBe(5);
  });

  it("lets the mislabelled rows count for little, and the others as before", async () => {
    const task = { ...judged, syntheticFilter: "weight" as const };
    const { tasks, outcomes } = await filterSynthetic(filterProblem([task]), pool);
    const { trust, train } = tasks[0] ?? {};
    expect(train).toBe(judged.train);
    const weight = outcomes[0]?.weight as number;
    expect(weight).toBeCloseTo(((outcomes[0]?.expected ?? 0) + 1) / 31, 12);
    expect(weight).toBeLessThan(0.5);
    expect([...(trust ?? [])]).toEqual(
      [...REAL, ...MADE].map((_, row) => (wrongRows.includes(row) ? weight : 1)),
    );
  });

  it("judges by the real rows alone: what other rows are and say changes nothing", async () => {
    const outcomeWith = async (more: readonly ExampleRow[], eval_: readonly ExampleRow[] | null) => {
      const task = {
        ...filterTask([...REAL, ...MADE, ...more], 4),
        eval: eval_ === null ? null : examples(eval_),
      };
      return (await filterSynthetic(filterProblem([task]), pool)).outcomes;
    };
    const plain = await outcomeWith([], null);
    const labelled = separableRows(3, 40, 9).map((row) => ({
      ...row,
      label: (row.label + 1) % 3,
      origin: "llm_labelled" as const,
    }));
    expect(await outcomeWith(labelled, labelled)).toEqual(plain);
  });

  it("keeps rows that an LLM labelled, however implausible", async () => {
    const rows: ExampleRow[] = [
      ...REAL,
      ...MADE,
      { text: "topic0 about0", label: 2, origin: "llm_labelled" },
    ];
    const { tasks } = await filterSynthetic(filterProblem([filterTask(rows, 4)]), pool);
    expect(tasks[0]?.train.rows).toBe(rows.length - 30);
    expect(tasks[0]?.train.origin.includes(1)).toBe(true);
  });

  it("leaves tasks that do not ask for it as they are, whatever else the family does", async () => {
    const not = filterTask([...REAL, ...MADE], 4, { name: "not", syntheticFilter: "none" });
    const few = filterTask([...REAL.slice(0, 60), ...MADE], 4, { name: "few" });
    const { tasks, outcomes } = await filterSynthetic(filterProblem([not, few, judged]), pool);
    expect(tasks.slice(0, 2)).toEqual([not, few]);
    expect(tasks[0]).toBe(not);
    expect(outcomes.map(({ task, idle }) => [task, idle])).toEqual([
      ["few", "200 real train rows are needed to judge by, and there are 60"],
      ["t", null],
    ]);
    const alone = await filterSynthetic(filterProblem([judged]), pool);
    expect(outcomes[1]).toEqual(alone.outcomes[0]);
    expect(await filterSynthetic(filterProblem([not]), pool)).toEqual({ tasks: [not], outcomes: [] });
  });

  it("takes a fixed alpha as it is", async () => {
    const fixed = async (alpha: number | "auto") => {
      const task = { ...judged, settings: { ...judged.settings, alpha } };
      return (await filterSynthetic(filterProblem([task]), pool)).outcomes[0]?.labels[0]?.threshold;
    };
    expect(await fixed(1 / (4 * REAL.length))).toBe(await fixed("auto"));
    expect(await fixed(1)).toBeLessThan((await fixed("auto")) as number);
  });

  it("judges pairs", async () => {
    const pairs = [...REAL, ...MADE].map((row) => ({ ...row, text: "the same", b: row.text }));
    const { tasks, outcomes } = await filterSynthetic(filterProblem([filterTask(pairs, 4)]), pool);
    // Each row is a group of its own, with the row's number.
    const kept = new Set(tasks[0]?.train.group);
    const dropped = pairs.flatMap((_, row) => (kept.has(row) ? [] : [row]));
    expect(dropped.length).toBe(outcomes[0]?.implausible);
    expect(dropped.length).toBeGreaterThan(20);
    expect(dropped.filter((row) => !wrongRows.includes(row))).toEqual([]);
  });

  it.each(["drop", "weight"] as const)("%s gives the same bytes with 1, 2 and 3 threads", async (method) => {
    const held = examples(separableRows(3, 10, 4));
    const other = filterTask([...REAL, ...MADE], 4, { name: "other", syntheticFilter: "none", eval: held });
    const problem = filterProblem([other, { ...judged, syntheticFilter: method, eval: held }]);
    const runs = await Promise.all(
      pools.map(async (of) => {
        const { tasks, outcomes } = await filterSynthetic(problem, of);
        const { model } = await trainFamily({ ...problem, tasks }, of, () => {});
        return { outcomes, bytes: writeFamilyFile(model) };
      }),
    );
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
    const { model } = await trainFamily(problem, pool, () => {});
    expect(writeFamilyFile(model)).not.toEqual(runs[0]?.bytes);
  });
});

describe("trainFamily", () => {
  it("fits and calibrates rows as far as they are trusted", async () => {
    const held = examples(separableRows(3, 20, 4));
    const train = (trust: ((row: number) => number) | null) => {
      const weights = trust === null ? null : Float64Array.from(judged.train.label, (_, row) => trust(row));
      const task = { ...judged, eval: held, trust: weights };
      return trainFamily(filterProblem([task]), pool, () => {});
    };
    const [all, none, less] = await Promise.all([
      train(null),
      train(() => 1),
      train((row) => (wrongRows.includes(row) ? 0.05 : 1)),
    ]);
    expect(none).toEqual(all);
    const loss = ({ histories }: typeof all) => histories[0]?.epochs.at(-1)?.eval?.loss ?? 0;
    expect(loss(less)).toBeLessThan(loss(all));
    expect(less.model.tasks[0]?.calibration).not.toEqual(all.model.tasks[0]?.calibration);
  });

  it("cross-fits by the same trust: half of it for all is a doubled cost", async () => {
    const rows = separableRows(3, 200, 6, 0.3);
    const alpha = 1 / (4 * rows.length);
    const temperature = async (trust: number, evalCount: number, strength: number) => {
      const held = examples(separableRows(3, 10, 4, 0.3).map((row) => ({ ...row, count: evalCount })));
      const half = Float64Array.from(rows, () => trust);
      const plain = filterTask(rows, 3, { syntheticFilter: "none", eval: held, trust: half });
      const task = { ...plain, settings: { ...plain.settings, alpha: strength } };
      const { model } = await trainFamily(filterProblem([task]), pool, () => {});
      const { calibration } = model.tasks[0] ?? {};
      return calibration?.method === "temperature" ? calibration.temperature : Number.NaN;
    };
    // What is left of a difference is the calibration's prior, which is worth as many rows as ever.
    const whole = await temperature(1, 2, alpha);
    expect(Math.abs((await temperature(0.5, 1, alpha)) / whole - 1)).toBeLessThan(0.01);
    expect(Math.abs((await temperature(1, 2, alpha / 2)) / whole - 1)).toBeGreaterThan(0.05);
  });
});
