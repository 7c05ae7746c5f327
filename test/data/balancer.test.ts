// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SPLITS } from "../../src/core/example.ts";
import { apportion, balanceRows } from "../../src/data/balancer.ts";
import { deduplicate } from "../../src/data/deduplicator.ts";
import { NO_SPLIT, type TaskRows } from "../../src/data/rows.ts";
import { splitRows } from "../../src/data/splitter.ts";
import { type RowSpec, rowsOf } from "./support.ts";

const SPLIT = { seed: 42, ratios: { train: 0.8, test: 0.1, eval: 0.1 } };

function many(count: number, spec: Omit<RowSpec, "text"> = {}, name = "row"): RowSpec[] {
  return Array.from({ length: count }, (_, i) => ({ text: `${name} ${spec.label ?? "a"} ${i}`, ...spec }));
}

async function splitOf(specs: readonly RowSpec[]): Promise<{ rows: TaskRows; split: Uint8Array }> {
  const { rows } = await deduplicate(rowsOf(specs), { nearDuplicateThreshold: 2 });
  return { rows, split: splitRows(rows, SPLIT) };
}

const none = { real: 0, llm_labelled: 0, synthetic: 0 };

describe("apportion", () => {
  it.each([
    [10, [80, 10, 10], [8, 1, 1]],
    [7, [80, 10, 10], [5, 1, 1]],
    [1, [1, 1, 1], [1, 0, 0]],
    [2, [1, 1, 1], [1, 1, 0]],
    [0, [5, 5, 5], [0, 0, 0]],
    [5, [0, 0, 0], [0, 0, 0]],
    [10, [998, 1, 1], [10, 0, 0]],
  ])("%i over %j", (total, parts, shares) => {
    expect(apportion(total, parts)).toEqual(shares);
  });

  it("sums to the total, and is within one of the exact share", () => {
    const parts = fc.array(fc.nat(1_500_000), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(parts, fc.double({ min: 0, max: 1, noNaN: true }), (sizes, share) => {
        const sum = sizes.reduce((a, b) => a + b, 0);
        const total = Math.floor(sum * share);
        const shares = apportion(total, sizes);
        expect(shares.reduce((a, b) => a + b, 0)).toBe(total);
        for (const [k, size] of sizes.entries()) {
          expect(Math.abs((shares[k] as number) - (sum === 0 ? 0 : (total * size) / sum))).toBeLessThan(1);
          expect(shares[k]).toBeLessThanOrEqual(size);
        }
      }),
    );
  });
});

describe("balanceRows", () => {
  it("cuts a label to the cap, in proportion over the splits", async () => {
    const { rows, split } = await splitOf([...many(200), ...many(30, { label: "b" })]);
    const { labels, split: after } = balanceRows(rows, split, { seed: 1, max: 50, target: 40 });
    expect(labels).toEqual([
      {
        label: "a",
        train: { ...none, real: 40 },
        test: { ...none, real: 5 },
        eval: { ...none, real: 5 },
        official: { test: 0, eval: 0 },
        cut: 150,
        deficit: 0,
      },
      {
        label: "b",
        train: { ...none, real: 24 },
        test: { ...none, real: 3 },
        eval: { ...none, real: 3 },
        official: { test: 0, eval: 0 },
        cut: 0,
        deficit: 10,
      },
      {
        label: "c",
        train: none,
        test: none,
        eval: none,
        official: { test: 0, eval: 0 },
        cut: 0,
        deficit: 40,
      },
    ]);
    expect(after.filter((s) => s === NO_SPLIT).length).toBe(150);
  });

  it("neither cuts official rows nor counts them", async () => {
    const { rows, split } = await splitOf([
      ...many(20),
      ...many(100, { role: "test" }, "test"),
      ...many(50, { role: "eval" }, "eval"),
    ]);
    const { labels } = balanceRows(rows, split, { seed: 1, max: 5, target: 12 });
    expect(labels[0]).toMatchObject({
      train: { real: 5 },
      test: none,
      eval: none,
      official: { test: 100, eval: 50 },
      cut: 15,
      deficit: 7,
    });
  });

  it("counts rows by origin", async () => {
    const { rows, split } = await splitOf([
      ...many(100),
      ...many(9, { origin: "synthetic" }, "s"),
      ...many(4, { origin: "llm_labelled" }, "l"),
    ]);
    const [a] = balanceRows(rows, split, { seed: 1, max: 1000, target: 0 }).labels;
    expect(a?.train).toEqual({ real: 80, llm_labelled: 4, synthetic: 9 });
    expect([a?.test, a?.eval]).toEqual([
      { ...none, real: 10 },
      { ...none, real: 10 },
    ]);
  });

  it("chooses by the seed, and keeps what a smaller cap keeps", async () => {
    const { rows, split } = await splitOf(many(300));
    const kept = (seed: number, max: number) =>
      new Set(
        Array.from(balanceRows(rows, split, { seed, max, target: 0 }).split, (s, i) =>
          s === NO_SPLIT ? -1 : i,
        ),
      );
    expect(kept(1, 100)).toEqual(kept(1, 100));
    expect(kept(2, 100)).not.toEqual(kept(1, 100));
    expect([...kept(1, 50)].every((i) => kept(1, 100).has(i))).toBe(true);
  });

  it("moves no row, and keeps the cap, whatever the rows", async () => {
    const spec: fc.Arbitrary<RowSpec> = fc.record({
      text: fc.string({ minLength: 1 }),
      label: fc.constantFrom("a", "b", "c"),
      role: fc.constantFrom("train", "train", "train", "test"),
      origin: fc.constantFrom("real", "real", "synthetic"),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(spec, { maxLength: 80 }),
        fc.nat(20),
        fc.nat(20),
        async (specs, max, target) => {
          const { rows, split } = await splitOf(specs);
          const before = split.slice();
          const { split: after, labels } = balanceRows(rows, split, { seed: 7, max, target });
          expect(split).toEqual(before);
          for (const [k, { deficit, cut }] of labels.entries()) {
            const of = [...after.keys()].filter((i) => rows.label[i] === k && rows.role[i] === 0);
            const kept = of.filter((i) => after[i] !== NO_SPLIT);
            expect(kept.length).toBe(Math.min(of.length, max));
            expect([deficit, cut]).toEqual([Math.max(0, target - kept.length), of.length - kept.length]);
          }
          for (const [i, s] of after.entries()) {
            if (rows.role[i] !== 0) expect(SPLITS[s]).toBe("test");
            if (s !== NO_SPLIT) expect(s).toBe(split[i]);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
