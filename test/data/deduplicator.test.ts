// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ORIGINS } from "../../src/core/example.ts";
import { textAt } from "../../src/core/text-column.ts";
import { deduplicate } from "../../src/data/deduplicator.ts";
import { normalizeText } from "../../src/data/normalization.ts";
import type { TaskRows } from "../../src/data/rows.ts";
import { itShared, sharedData } from "../support/shared.ts";
import { describeRows, gramsOf, groupsOf, type RowSpec, rowsOf, taskOf } from "./support.ts";

const SETTINGS = { nearDuplicateThreshold: 0.8 };

async function run(specs: readonly RowSpec[]) {
  const result = await deduplicate(rowsOf(specs), SETTINGS);
  const drops = result.drops.map(({ reason, rows }) => [reason, rows]);
  return { ...result, described: describeRows(result.rows), drops };
}

describe("exact duplicates", () => {
  it("become one row with their count, whatever case, accents, forms and white space", async () => {
    const { described, drops, report } = await run([
      { text: "Café  au lait" },
      { text: "cafe au lait" },
      { text: "CAFE\u0301 AU LAIT" },
      { text: "ｃａｆé au lait" },
      { text: "something else entirely" },
    ]);
    expect(described.map(({ count }) => count).sort()).toEqual([1, 4]);
    expect(drops).toEqual([["exact_duplicate", 3]]);
    expect(report.exactDuplicates).toBe(3);
  });

  it("are represented by the smallest id", async () => {
    const specs = ["A b c", "a B c", "a b C", "A B C"].map((text) => ({ text }));
    const ids = describeRows(rowsOf(specs)).map(({ id }) => id);
    const { described } = await run(specs);
    expect(described.map(({ id }) => id)).toEqual([ids.sort()[0]]);
  });

  it("of pairs need both texts, in order", async () => {
    const { described } = await run([
      { text: "one thing", textB: "another matter" },
      { text: "ONE thing", textB: "another MATTER" },
      { text: "another matter", textB: "one thing" },
      { text: "one thinganother", textB: "matter" },
    ]);
    expect(described.map(({ count }) => count).sort()).toEqual([1, 1, 2]);
  });

  it("of a made-up and a real row are real", async () => {
    const { described } = await run([
      { text: "hello there", origin: "synthetic" },
      { text: "Hello there", origin: "real" },
      { text: "HELLO there", origin: "llm_labelled" },
    ]);
    expect(described).toMatchObject([{ text: "Hello there", origin: ORIGINS.indexOf("real"), count: 3 }]);
  });
});

describe("label conflicts", () => {
  it("go by the majority of rows", async () => {
    const { described, drops } = await run([
      { text: "same text", label: "b" },
      { text: "Same text", label: "b" },
      { text: "same text", label: "a" },
    ]);
    expect(described).toMatchObject([{ label: "b", count: 2 }]);
    expect(drops).toEqual([
      ["exact_duplicate", 1],
      ["label_conflict", 1],
    ]);
  });

  it("drop the text on a tie", async () => {
    const { described, drops, report } = await run([
      { text: "same text", label: "a" },
      { text: "SAME text", label: "b" },
      { text: "kept", label: "a" },
    ]);
    expect(described.map(({ text }) => text)).toEqual(["kept"]);
    expect(drops).toEqual([["label_conflict", 2]]);
    expect(report.labelConflicts).toBe(2);
  });

  it("are no tie when three labels share a text and one leads", async () => {
    const { described } = await run(["a", "b", "c", "c"].map((label) => ({ text: "same text", label })));
    expect(described).toMatchObject([{ label: "c", count: 2 }]);
  });

  it("are settled by real rows, where there are any", async () => {
    const { described } = await run([
      { text: "same text", label: "a" },
      { text: "same text", label: "b", origin: "synthetic" },
      { text: "Same text", label: "b", origin: "synthetic" },
    ]);
    expect(described).toMatchObject([{ label: "a", count: 1 }]);
  });
});

describe("official rows", () => {
  it("stay, repeats and conflicts and all, each with an id of its own", async () => {
    const { described, drops } = await run([
      { text: "same", role: "test" },
      { text: "same", role: "test" },
      { text: "same", role: "test" },
      { text: "same", role: "eval" },
      { text: "Same", role: "test", label: "b" },
    ]);
    expect(described.length).toBe(5);
    expect(new Set(described.map(({ id }) => id)).size).toBe(5);
    expect(described.every(({ count }) => count === 1)).toBe(true);
    expect(drops).toEqual([]);
  });

  it("push their exact duplicates out of the other rows, whatever the label", async () => {
    const { described, drops, report } = await run([
      { text: "The official text", role: "test" },
      { text: "the official TEXT" },
      { text: "the official text", label: "b" },
      { text: "an unrelated row" },
    ]);
    expect(described.map(({ text }) => text).sort()).toEqual(["The official text", "an unrelated row"]);
    expect(drops).toEqual([["duplicate_of_official", 2]]);
    expect(report.duplicatesOfOfficial).toBe(2);
  });

  it("are counted where near, and tie no other rows together", async () => {
    const base = "please tell me how to change the address of my account today";
    const { rows, report } = await run([
      { text: base, role: "test" },
      // Each is near the official row, and not near the other.
      { text: `xyzwv 98765 ${base}` },
      { text: `${base} qrstu 43210` },
      { text: "something else entirely" },
    ]);
    expect(report).toMatchObject({
      officialNearDuplicatesInTrain: 2,
      officialRowsNearTrain: 1,
      nearDuplicateRows: 0,
      groups: 3,
    });
    expect(groupsOf(rows).every((group) => group.length === 1)).toBe(true);
  });

  it("with one group value as other rows are no tie", async () => {
    const { rows } = await run([
      { text: "first of them", group: "x" },
      { text: "an official one", group: "x", role: "test" },
      { text: "another matter", group: "x" },
    ]);
    expect(groupsOf(rows)).toEqual([["an official one"], ["another matter", "first of them"]]);
  });
});

describe("groups", () => {
  it("hold near-duplicates, by chains of them", async () => {
    const base = "how can i order a new card for my account please";
    const { rows, report } = await run([
      { text: base },
      { text: `${base}?` },
      { text: `${base}? thanks` },
      { text: "what is the exchange rate" },
    ]);
    expect(groupsOf(rows).map((group) => group.length)).toEqual([3, 1]);
    expect(report).toMatchObject({ nearDuplicateRows: 3, groups: 2, largestGroup: 3 });
  });

  it("take the exact threshold in: 4 common grams of 5", async () => {
    // "abcdef" has the grams abc bcd cde def; "abcdefg" one more.
    expect(groupsOf((await run([{ text: "abcdef" }, { text: "abcdefg" }])).rows)).toEqual([
      ["abcdef", "abcdefg"],
    ]);
    expect(groupsOf((await run([{ text: "abcde" }, { text: "abcdef" }])).rows).length).toBe(2);
  });

  it("have the smallest id as group id", async () => {
    const { described } = await run(
      ["x", "y", "z", "w"].map((text) => ({ text: `${text} of all`, group: "g" })),
    );
    const ids = described.map(({ id }) => id);
    expect(ids).toEqual([...ids].sort());
    expect(described.map(({ group }) => group)).toEqual(Array(4).fill(ids[0]));
  });

  it("hold what shares a group value, through a merged row too", async () => {
    const { rows } = await run([
      { text: "one alpha", group: "g1" },
      { text: "shared line", group: "g1" },
      { text: "Shared line", group: "g2" },
      { text: "two beta", group: "g2" },
      { text: "three gamma", group: "g3" },
    ]);
    expect(groupsOf(rows).map((group) => group.length)).toEqual([3, 1]);
  });
});

describe("pairs that share a text", () => {
  const filler = (count: number): RowSpec[] =>
    Array.from({ length: count }, (_, i) => ({
      text: `left ${i * 7919} x${i}`,
      textB: `right ${i * 104729} y${i}`,
    }));

  it("share a group, on either side and across", async () => {
    const { rows, report } = await run([
      { text: "alpha one", textB: "beta two" },
      { text: "ALPHA one", textB: "gamma three" },
      { text: "delta four", textB: "Gamma three" },
      { text: "beta two", textB: "epsilon five" },
      ...filler(100),
    ]);
    expect(report.pairGrouping).toBe("both");
    const group = groupsOf(rows).find((texts) => texts.includes("alpha one"));
    expect(group).toEqual(["ALPHA one", "alpha one", "beta two", "delta four"]);
  });

  it("with an official pair are no tie", async () => {
    const { rows } = await run([
      { text: "alpha one", textB: "beta two" },
      { text: "alpha one", textB: "gamma three", role: "test" },
      { text: "delta four", textB: "gamma three" },
      { text: "epsilon five", textB: "gamma three", role: "test" },
      ...filler(100),
    ]);
    expect(groupsOf(rows).filter((group) => group.length > 1)).toEqual([["alpha one", "epsilon five"]]);
  });

  it("go by text_a alone where either side ties over 5 % together", async () => {
    const popular = Array.from({ length: 20 }, (_, i) => ({
      text: `hub ${i * 31337} z${i}`,
      textB: "a popular text",
    }));
    const { rows, report } = await run([
      ...popular,
      { text: "one premise", textB: "first hypothesis" },
      { text: "one premise", textB: "second hypothesis of it" },
      { text: "unlike that", textB: "first hypothesis" },
      ...filler(300),
    ]);
    expect(report.pairGrouping).toBe("text_a");
    expect(groupsOf(rows).filter((group) => group.length > 1)).toEqual([["one premise", "one premise"]]);
  });

  it("means nothing for single texts", async () => {
    expect((await run([{ text: "a text" }])).report.pairGrouping).toBe(null);
  });
});

const vocabulary = ["card", "Card", "lost", "my", "pin", "new", "please", "thé", "the", "a"];
const spec: fc.Arbitrary<RowSpec> = fc.record(
  {
    text: fc
      .array(fc.constantFrom(...vocabulary), { minLength: 1, maxLength: 6 })
      .map((words) => words.join(" ")),
    label: fc.constantFrom("a", "b", "c"),
    role: fc.constantFrom("train", "train", "train", "test", "eval"),
    source: fc.constantFrom("s1", "s2"),
    origin: fc.constantFrom(...ORIGINS, "real"),
    language: fc.constantFrom("", "en", "de"),
    group: fc.constantFrom("g1", "g2", "g3"),
  },
  { requiredKeys: ["text", "label", "role"] },
);
const specs = fc.oneof(
  fc.array(spec, { maxLength: 60 }),
  fc.array(
    fc.tuple(spec, spec).map(([row, { text: textB }]) => ({ ...row, textB })),
    { minLength: 1, maxLength: 60 },
  ),
);

function shuffled<T>(items: readonly T[], keys: readonly number[]): T[] {
  return items
    .map((item, i) => ({ item, key: keys[i % keys.length] as number, i }))
    .sort((a, b) => a.key - b.key || b.i - a.i)
    .map(({ item }) => item);
}

function columnsOf(rows: TaskRows) {
  const { text, textB, ...rest } = rows;
  return {
    ...rest,
    texts: Array.from({ length: rows.length }, (_, i) => [textAt(text, i), textB && textAt(textB, i)]),
  };
}

describe("any rows", () => {
  it("in any order give the same rows, drops and report", async () => {
    await fc.assert(
      fc.asyncProperty(specs, fc.array(fc.nat(), { minLength: 1, maxLength: 60 }), async (list, keys) => {
        const a = await deduplicate(rowsOf(list), SETTINGS);
        const b = await deduplicate(rowsOf(shuffled(list, keys)), SETTINGS);
        expect(columnsOf(b.rows)).toEqual(columnsOf(a.rows));
        expect(b.drops).toEqual(a.drops);
        expect(b.report).toEqual(a.report);
      }),
      { numRuns: 300 },
    );
  });

  it("deduplicated twice are as they were", async () => {
    await fc.assert(
      fc.asyncProperty(specs, async (list) => {
        const once = await deduplicate(rowsOf(list), SETTINGS);
        const twice = await deduplicate(once.rows, SETTINGS);
        expect(columnsOf(twice.rows)).toEqual(columnsOf(once.rows));
        expect(twice.drops).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it("are all kept or counted; official ones are all kept; texts are unique among the others", async () => {
    await fc.assert(
      fc.asyncProperty(specs, async (list) => {
        const input = rowsOf(list);
        const { rows, drops } = await deduplicate(input, SETTINGS);
        const described = describeRows(rows);
        expect(rows.length + drops.reduce((sum, drop) => sum + drop.rows, 0)).toBe(input.length);
        const official = ({ role }: { role?: unknown }) => role !== "train";
        expect(described.filter(official).length).toBe(describeRows(input).filter(official).length);
        const merged = drops.find(({ reason }) => reason === "exact_duplicate")?.rows ?? 0;
        expect(described.reduce((sum, row) => sum + (row.count ?? 0), 0)).toBe(rows.length + merged);
        const key = (row: { text: string; textB: string | null }) =>
          JSON.stringify([normalizeText(row.text), row.textB && normalizeText(row.textB)]);
        const texts = described.filter((row) => !official(row)).map(key);
        expect(new Set(texts).size).toBe(texts.length);
        const officialTexts = new Set(described.filter(official).map(key));
        expect(texts.some((text) => officialTexts.has(text))).toBe(false);
        const ids = described.map(({ id }) => id);
        expect(ids).toEqual([...new Set(ids)].sort());
      }),
      { numRuns: 200 },
    );
  });

  it("may be none", async () => {
    const { rows, drops, report } = await deduplicate(rowsOf([], taskOf(["a"])), SETTINGS);
    expect([rows.length, drops, report.groups]).toEqual([0, [], 0]);
  });
});

/** All pairs of texts with a Jaccard of 3-grams of at least the threshold: every pair is looked at. */
function similarPairs(texts: readonly string[], threshold: number): [number, number][] {
  const numbers = new Map<string, number>();
  const sets = texts.map((text) =>
    Uint32Array.from(gramsOf(text), (gram) => {
      const number = numbers.get(gram) ?? numbers.size;
      numbers.set(gram, number);
      return number;
    }),
  );
  const owner = new Int32Array(numbers.size).fill(-1);
  const pairs: [number, number][] = [];
  for (const [i, a] of sets.entries()) {
    for (const gram of a) owner[gram] = i;
    for (let j = 0; j < i; j++) {
      const b = sets[j] as Uint32Array;
      if (a.length < threshold * b.length || b.length < threshold * a.length) continue;
      let common = 0;
      for (let k = 0; k < b.length; k++) if (owner[b[k] as number] === i) common++;
      if (common / (a.length + b.length - common) >= threshold) pairs.push([j, i]);
    }
  }
  return pairs;
}

describe("banking77", () => {
  itShared(
    "has no pair of Jaccard 0.8 in two groups, by brute force, and official near-duplicates as counted",
    { timeout: 300_000 },
    async () => {
      const specs = (["train", "test"] as const).flatMap((role) =>
        sharedData("banking77", role).map(({ text = "", label }) => ({ text, label, role })),
      );
      const task = taskOf([...new Set(specs.map(({ label }) => label))].sort());
      const { rows, report, drops } = await deduplicate(rowsOf(specs, task), SETTINGS);
      expect(drops.map(({ reason, rows }) => [reason, rows])).toEqual([
        ["exact_duplicate", 4],
        ["duplicate_of_official", 7],
      ]);
      const texts = describeRows(rows).map(({ text }) => normalizeText(text));
      const apart: string[][] = [];
      const near = { official: new Set<number>(), other: new Set<number>() };
      const kind = (i: number) => (rows.role[i] === 0 ? near.other : near.official);
      for (const [i, j] of similarPairs(texts, 0.8)) {
        if (kind(i) !== kind(j)) {
          kind(i).add(i);
          kind(j).add(j);
        } else if (rows.group[i] !== rows.group[j]) apart.push([texts[i] as string, texts[j] as string]);
      }
      expect(apart).toEqual([]);
      expect(near.official.size).toBe(report.officialRowsNearTrain);
      expect(near.other.size).toBe(report.officialNearDuplicatesInTrain);
      expect(report.officialRowsNearTrain).toBe(236);
    },
  );
});
