// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LabelFill } from "../../src/backfill/label-fill.ts";
import { taskOf } from "../support/backfill.ts";
import { budgetWith, fillTaskOf } from "../support/memory-fill.ts";
import { type SlotScene, slotResult } from "../support/slot-results.ts";

const NEVER = new Promise<never>(() => undefined);
let texts = 0;

/** A label that lacks so many rows. */
async function lacking(target: number, batchSize = 4) {
  const task = await fillTaskOf({ task: taskOf(["bus_stop", "b"]), target, wording: { batchSize } });
  const label = new LabelFill(task, 0, 7, null);
  const accept = (count: number) => {
    for (let i = 0; i < count; i++)
      task.admission.admit({ text: `row ${texts++}`, textB: null, label: 0, language: "" });
  };
  /** Settles the next slot with so many of its rows accepted. */
  const settle = (accepted: number, scene: SlotScene = {}) => {
    accept(accepted);
    label.settle(accepted, slotResult({ items: [null], rows: label.exactRows(), ...scene }));
  };
  return { label, settle };
}

describe("a label on its way", () => {
  it("knows what it lacks, and is filled where that is nothing", async () => {
    const { label } = await lacking(9);
    expect([label.name, label.deficit, label.remaining, label.firstSlot]).toEqual(["bus_stop", 9, 9, 7]);
    expect(label.nameWords).toEqual(["bus", "stop"]);
    const none = (await lacking(0)).label;
    expect([none.deficit, none.tally.status, none.isOpen(budgetWith())]).toEqual([0, "filled", false]);
  });

  it.each([
    // lacking rows, rows of a request at most, rows asked for
    [1, 4, 2],
    [2, 4, 3],
    [3, 4, 4],
    [9, 4, 4],
    [9, 24, 12],
    [20, 24, 24],
    [1, 1, 1],
  ])("that lacks %i rows asks for no more than %i: %i", async (target, batch, rows) => {
    expect((await lacking(target, batch)).label.exactRows()).toBe(rows);
  });

  it("counts what is asked and what is settled", async () => {
    const { label, settle } = await lacking(9);
    expect([label.asked, label.isAsked, label.next()]).toEqual([0, false, undefined]);
    const [first, second] = [Promise.resolve(slotResult()), NEVER];
    label.ask(first);
    label.ask(second);
    expect([label.asked, label.taken, label.isAsked, label.next()]).toEqual([2, 0, true, first]);
    settle(3);
    expect([label.asked, label.taken, label.next(), label.remaining]).toEqual([2, 1, second, 6]);
  });

  it("is certain of a slot that is full whatever the ones before it bring", async () => {
    const { label } = await lacking(12);
    const certain = () => label.isCertain(budgetWith());
    const told = [certain()];
    for (let i = 0; i < 3; i++) {
      label.ask(NEVER);
      told.push(certain());
    }
    expect(told).toEqual([true, true, true, false]);
    expect((await lacking(2)).label.isCertain(budgetWith())).toBe(false); // 3 rows are no full slot
    expect((await lacking(12)).label.isCertain(budgetWith({ maxSlotsPerLabel: 0 }))).toBe(false);
  });

  it("is certain of no slot that turns out smaller, and of none beyond its most", () => {
    return fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 12 }),
        fc.infiniteStream(fc.nat(9)),
        async (target, batch, maxSlotsPerLabel, brought) => {
          const budget = budgetWith({ maxSlotsPerLabel });
          const { label, settle } = await lacking(target, batch);
          const bring = brought[Symbol.iterator]();
          while (label.isOpen(budget)) {
            while (label.isCertain(budget)) label.ask(NEVER);
            if (label.isAsked) expect(label.exactRows()).toBe(batch);
            else label.ask(NEVER);
            settle(Math.min(bring.next().value as number, label.exactRows(), label.remaining));
          }
          expect(label.asked).toBeLessThanOrEqual(maxSlotsPerLabel);
          if (label.tally.status === "filled") expect(label.isAsked).toBe(false);
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each<[string, SlotScene & { readonly accepted: number }, number, string]>([
    ["brings nothing in three slots", { accepted: 0 }, 3, "exhausted"],
    ["is refused in all items of six", { accepted: 0, items: ["refusal", "refusal"] }, 6, "unusable"],
    ["has no reply in six", { accepted: 0, givenUp: true, items: [] }, 6, "unusable"],
    ["is refused in part of three", { accepted: 0, items: ["refusal", "looped"] }, 3, "exhausted"],
    ["reaches its most", { accepted: 1 }, 8, "attempts"],
    ["is filled", { accepted: 3 }, 7, "filled"],
  ])("that %s is given up", async (_, { accepted, ...scene }, slots, status) => {
    const { label, settle } = await lacking(20);
    const budget = budgetWith({ maxSlotsPerLabel: 8 });
    while (label.isOpen(budget)) settle(Math.min(accepted, label.remaining), scene);
    expect([label.taken, label.tally.status]).toEqual([slots, status]);
  });

  it("has dried up under a twentieth of the latest rows, not of all", async () => {
    const { label, settle } = await lacking(200, 20);
    for (const accepted of [20, 20, 3, 0, 0]) settle(accepted);
    expect(label.tally.status).toBe("open"); // 3 of 60
    settle(2);
    expect(label.tally.status).toBe("exhausted"); // 2 of 60
  });

  it("goes on after a slot that could be used", async () => {
    const { label, settle } = await lacking(200);
    const none = { items: [], givenUp: true };
    for (const scene of [none, none, none, none, none, {}, none, none, none, none, none])
      settle(scene === none ? 0 : 1, scene);
    expect(label.tally.status).toBe("open");
  });
});
