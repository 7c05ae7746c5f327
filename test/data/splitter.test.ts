// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SPLITS } from "../../src/core/example.ts";
import { textAt } from "../../src/core/text-column.ts";
import { deduplicate } from "../../src/data/deduplicator.ts";
import type { TaskRows } from "../../src/data/rows.ts";
import { effectiveRatios, type SplitRatios, splitRows } from "../../src/data/splitter.ts";
import { type RowSpec, rowsOf, taskOf } from "./support.ts";

const RATIOS = { train: 0.8, test: 0.1, eval: 0.1 };

// A threshold over 1 groups nothing: here groups come from group values alone.
async function grouped(specs: readonly RowSpec[]): Promise<TaskRows> {
  return (await deduplicate(rowsOf(specs), { nearDuplicateThreshold: 2 })).rows;
}

/** `groups` groups of `size` rows each. */
function groupsOfSize(size: number, groups: number, spec: Omit<RowSpec, "text"> = {}, name = "g"): RowSpec[] {
  return Array.from({ length: size * groups }, (_, i) => ({
    text: `${name} ${spec.label ?? "a"} ${size} row ${i}`,
    group: `${name} ${size} ${i % groups} ${spec.label ?? "a"}`,
    ...spec,
  }));
}

/** Rows in train, test and eval. */
function counts(split: Uint8Array, holds: (i: number) => boolean = () => true): number[] {
  return SPLITS.map((_, s) => split.reduce((sum, x, i) => sum + (x === s && holds(i) ? 1 : 0), 0));
}

async function split(specs: readonly RowSpec[], ratios: SplitRatios = RATIOS, seed = 42) {
  const rows = await grouped(specs);
  return { rows, split: splitRows(rows, { seed, ratios }) };
}

describe("a stratum", () => {
  it.each([
    [1, [1, 0, 0]],
    [2, [1, 1, 0]],
    [3, [1, 1, 1]],
    [4, [2, 1, 1]],
    [15, [11, 2, 2]],
    [100, [80, 10, 10]],
    [1000, [800, 100, 100]],
  ])("of %i single rows", async (rows, expected) => {
    expect(counts((await split(groupsOfSize(1, rows))).split)).toEqual(expected);
  });

  it.each([
    ["without a test ratio", { train: 0.9, test: 0, eval: 0.1 }, [90, 0, 10]],
    ["without an eval ratio", { train: 0.8, test: 0.2, eval: 0 }, [80, 20, 0]],
    ["with ratios that do not sum to 1", { train: 6, test: 2, eval: 2 }, [60, 20, 20]],
    ["with train alone", { train: 1, test: 0, eval: 0 }, [100, 0, 0]],
  ])("%s", async (_, ratios, expected) => {
    expect(counts((await split(groupsOfSize(1, 100), ratios)).split)).toEqual(expected);
  });

  it("leaves train a group, however small its ratio", async () => {
    expect(counts((await split(groupsOfSize(1, 4), { train: 0.1, test: 0.45, eval: 0.45 })).split)).toEqual([
      1, 2, 1,
    ]);
  });

  it("of two groups fills eval where test has no ratio", async () => {
    expect(counts((await split(groupsOfSize(1, 2), { train: 0.9, test: 0, eval: 0.1 })).split)).toEqual([
      1, 0, 1,
    ]);
  });

  it("keeps a group that overshoots its quota in train", async () => {
    for (let seed = 0; seed < 20; seed++) {
      const { rows, split: of } = await split(
        [...groupsOfSize(60, 1, {}, "giant"), ...groupsOfSize(1, 40)],
        RATIOS,
        seed,
      );
      expect(counts(of)).toEqual([80, 10, 10]);
      expect(counts(of, (i) => textAt(rows.text, i).startsWith("giant"))).toEqual([60, 0, 0]);
    }
  });

  it("of three groups, none of which fits, still fills all, with the smallest", async () => {
    for (let seed = 0; seed < 20; seed++) {
      const specs = [...groupsOfSize(30, 1), ...groupsOfSize(6, 1), ...groupsOfSize(5, 1)];
      const [train, test, evaluation] = counts((await split(specs, RATIOS, seed)).split);
      expect([train, [test, evaluation].sort()]).toEqual([30, [5, 6]]);
    }
  });

  it("is one for each label; a mixed group counts for its rarest", async () => {
    const specs: RowSpec[] = [
      ...groupsOfSize(1, 200, { label: "a" }),
      ...groupsOfSize(1, 50, { label: "b" }),
      { text: "mixed a", label: "a", group: "mixed" },
      { text: "mixed c", label: "c", group: "mixed" },
    ];
    for (let seed = 0; seed < 40; seed++) {
      const { rows, split: of } = await split(specs, RATIOS, seed);
      expect(counts(of, (i) => rows.label[i] === 1)).toEqual([40, 5, 5]);
      // The only group of label c: it goes to train, with its row of a.
      expect(counts(of, (i) => textAt(rows.text, i).startsWith("mixed"))).toEqual([2, 0, 0]);
    }
  });
});

describe("official rows", () => {
  it("stay where their source put them, and no other row joins them", async () => {
    const { rows, split: of } = await split([
      ...groupsOfSize(1, 100),
      ...groupsOfSize(1, 7, { role: "test" }, "t"),
    ]);
    expect(counts(of, (i) => rows.role[i] !== 0)).toEqual([0, 7, 0]);
    expect(counts(of, (i) => rows.role[i] === 0)).toEqual([90, 0, 10]);
  });

  it("of eval likewise", async () => {
    const { rows, split: of } = await split([
      ...groupsOfSize(1, 100),
      ...groupsOfSize(1, 7, { role: "eval" }, "e"),
    ]);
    expect(counts(of, (i) => rows.role[i] !== 0)).toEqual([0, 0, 7]);
    expect(counts(of, (i) => rows.role[i] === 0)).toEqual([90, 10, 0]);
  });

  it("of both leave the rest to train", async () => {
    const rows = await grouped([
      ...groupsOfSize(1, 10, { role: "eval" }, "e"),
      ...groupsOfSize(1, 10, { role: "test" }, "t"),
    ]);
    expect(effectiveRatios(rows, RATIOS)).toEqual({ train: 1, test: 0, eval: 0 });
  });
});

describe("rows that are not real", () => {
  it("go to train, with their groups", async () => {
    const specs = [
      ...groupsOfSize(1, 100),
      ...groupsOfSize(1, 50, { origin: "synthetic" }, "s"),
      ...groupsOfSize(1, 50, { origin: "llm_labelled" }, "l"),
      { text: "a real row beside a made-up one", group: "s 1 0 a" },
    ];
    const { rows, split: of } = await split(specs);
    expect(counts(of, (i) => rows.origin[i] !== 0)).toEqual([100, 0, 0]);
    // The quotas are those of the 100 real rows that are free.
    expect(counts(of, (i) => rows.origin[i] === 0)).toEqual([81, 10, 10]);
    for (let i = 0; i < rows.length; i++) expect(of[i]).toBe(of[rows.group[i] as number]);
  });
});

describe("the seed", () => {
  it("decides, and nothing else", async () => {
    const specs = groupsOfSize(1, 500);
    const [one, again, other] = await Promise.all([
      split(specs),
      split([...specs].reverse()),
      split(specs, RATIOS, 43),
    ]);
    expect(again.split).toEqual(one.split);
    expect(other.split).not.toEqual(one.split);
    expect(counts(other.split)).toEqual(counts(one.split));
  });

  it("moves few rows when rows are added", async () => {
    const before = await split(groupsOfSize(1, 1000));
    const after = await split([...groupsOfSize(1, 1000), ...groupsOfSize(1, 20, {}, "new")]);
    const place = new Map(Array.from(before.split, (s, i) => [textAt(before.rows.text, i), s]));
    const moved = Array.from(after.split, (s, i) => {
      const was = place.get(textAt(after.rows.text, i));
      return was !== undefined && was !== s ? 1 : 0;
    }).reduce((a: number, b) => a + b, 0);
    expect(moved).toBeLessThan(40);
  });
});

it("splits any rows by whole groups, fills all splits where three groups may, and keeps quotas", async () => {
  const spec: fc.Arbitrary<RowSpec> = fc.record({
    text: fc.string({ minLength: 1 }),
    label: fc.constantFrom("a", "b", "c"),
    group: fc.nat(30).map((n) => `g${n}`),
  });
  const ratio = fc.constantFrom(0, 0.1, 0.25);
  await fc.assert(
    fc.asyncProperty(
      fc.array(spec, { maxLength: 80 }),
      ratio,
      ratio,
      fc.nat(),
      async (specs, test, evaluation, seed) => {
        const ratios = { train: 1 - test - evaluation, test, eval: evaluation };
        const { rows, split: of } = await split(specs, ratios, seed);
        for (let i = 0; i < rows.length; i++) expect(of[i]).toBe(of[rows.group[i] as number]);
        const [train = 0, inTest = 0, inEval = 0] = counts(of);
        if (test === 0) expect(inTest).toBe(0);
        if (evaluation === 0) expect(inEval).toBe(0);
        const groups = new Set(rows.group).size;
        if (groups > 0) expect(train).toBeGreaterThan(0);
        // Three labels at most: with seven groups one stratum holds three of them.
        if (groups >= 7 && test > 0) expect(inTest).toBeGreaterThan(0);
        if (groups >= 7 && evaluation > 0) expect(inEval).toBeGreaterThan(0);
      },
    ),
    { numRuns: 300 },
  );
});

it("of single rows keeps each label's quota to the row", async () => {
  const labels = Array.from({ length: 6 }, (_, k) => `label ${k}`);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(60), { minLength: 6, maxLength: 6 }), fc.nat(), async (sizes, seed) => {
      const specs = labels.flatMap((label, k) => groupsOfSize(1, sizes[k] as number, { label }));
      const rows = (await deduplicate(rowsOf(specs, taskOf(labels)), { nearDuplicateThreshold: 2 })).rows;
      const of = splitRows(rows, { seed, ratios: { train: 0.5, test: 0.3, eval: 0.2 } });
      for (const [k, size] of sizes.entries()) {
        const [, test, evaluation] = counts(of, (i) => rows.label[i] === k);
        const quota = (ratio: number, groups: number) =>
          size < groups ? 0 : Math.max(1, Math.round(size * ratio));
        if (size >= 5) expect([test, evaluation]).toEqual([quota(0.3, 2), quota(0.2, 3)]);
      }
    }),
    { numRuns: 50 },
  );
});
