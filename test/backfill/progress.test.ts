// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { LabelFill } from "../../src/backfill/label-fill.ts";
import { FillReporter } from "../../src/backfill/progress.ts";
import { type FillProgress, silentReporter } from "../../src/core/reporter.ts";
import { fillTaskOf } from "../support/memory-fill.ts";
import { slotResult } from "../support/slot-results.ts";

describe("the progress of a fill", () => {
  async function scene(prices: { input: number; output: number } | null) {
    const task = await fillTaskOf({ target: 20 });
    const labels = [new LabelFill(task, 0, 0, prices), new LabelFill(task, 1, 0, prices)];
    const told: [string | null, FillProgress, number][] = [];
    let now = 100;
    const reporter = {
      ...silentReporter,
      fill: (label: string | null, progress: FillProgress, every: number) =>
        void told.push([label, progress, every]),
    };
    const progress = new FillReporter(reporter, () => now, 15);
    const take = (label: LabelFill, rows: number, seconds: number) => {
      now += seconds;
      label.tally.count(slotResult({ items: Array.from({ length: 8 }, () => null) }));
      for (let i = 0; i < rows; i++)
        task.admission.admit({ text: `row ${now} ${i}`, textB: null, label: label.label, language: "" });
      label.tally.accepted += rows;
      progress.settled(label, labels);
    };
    return { labels, told, take };
  }

  it("is told of the label and of all, after each slot", async () => {
    const { labels, told, take } = await scene({ input: 1e4, output: 0 });
    const [food, travel] = labels as [LabelFill, LabelFill];
    take(food, 6, 3);
    take(travel, 2, 1);
    expect(told.map(([label, , every]) => [label, every])).toEqual([
      [null, 15],
      ['topic "food"', 15],
      [null, 15],
      ['topic "travel"', 15],
    ]);
    expect(told[1]?.[1]).toMatchObject({ done: 6, total: 20, received: 8, rowsPerSecond: 2, tokens: 110 });
    expect(told[0]?.[1]).toMatchObject({ done: 6, total: 40, received: 8, secondsLeft: 17 });
    expect(told[2]?.[1]).toEqual({
      done: 8,
      total: 40,
      received: 16,
      rowsPerSecond: 2,
      tokens: 220,
      dollars: 2,
      secondsLeft: 16,
    });
  });

  it("waits for no label that was given up, and tells no time before there is one", async () => {
    const { labels, told, take } = await scene(null);
    const [food, travel] = labels as [LabelFill, LabelFill];
    take(food, 0, 0);
    expect(told[1]?.[1]).toMatchObject({ rowsPerSecond: 0, secondsLeft: null, dollars: null });
    travel.tally.status = "exhausted";
    take(food, 5, 5);
    expect(told[3]?.[1]).toMatchObject({ done: 5, total: 20, secondsLeft: 15 });
  });
});
