// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { textAt } from "../../src/core/text-column.ts";
import type { Candidate } from "../../src/data/candidate.ts";
import { normalizeText } from "../../src/data/normalization.ts";
import {
  admitAll,
  candidate,
  describeSplit,
  madeUp,
  realRows,
  type SceneSettings,
  sceneOf,
  splitCounts,
  textIn,
  textOf,
} from "./admission-scene.ts";
import { gramsOf, jaccard, type RowSpec } from "./support.ts";

describe("a candidate is held against", () => {
  it.each(["test", "eval"] as const)(
    "official rows of %s: copies and near-copies are refused",
    async (role) => {
      const { admission } = await sceneOf([
        ...realRows(5),
        { text: textOf(0, "official"), role, label: "b" },
      ]);
      const text = textOf(0, "official");
      for (const copy of [text, text.toUpperCase(), `${text} x`])
        for (const label of [0, 1, 2])
          expect(admission.refuse(candidate(copy, label))).toBe("copy_of_heldout");
    },
  );

  it.each(["test", "eval"])("rows that were split off to %s: likewise", async (split) => {
    const scene = await sceneOf(realRows(20));
    const text = textIn(scene, split);
    for (const copy of [text, `  ${text}`.toUpperCase(), `${text} x`])
      for (const label of [0, 1])
        expect(scene.admission.refuse(candidate(copy, label))).toBe("copy_of_heldout");
  });

  it("rows of train: copies are refused, of any label, and near-copies are not", async () => {
    const scene = await sceneOf(realRows(20));
    const text = textIn(scene, "train");
    expect(scene.admission.refuse(candidate(text))).toBe("copy_of_row");
    expect(scene.admission.refuse(candidate(text.toUpperCase(), 1))).toBe("copy_of_row");
    expect(scene.admission.refuse(candidate(`${text} x`, 1))).toBeNull();
  });

  it("rows that the cap cut: copies are refused, and near-copies where the row's group is held out", async () => {
    const family = (i: number) => [textOf(i, "family"), `${textOf(i, "family")} x`];
    const specs = Array.from({ length: 12 }, (_, i) => family(i))
      .flat()
      .map((text) => ({ text }));
    const scene = await sceneOf(specs, { max: 12, target: 100 });
    const rows = describeSplit(scene.base);
    const cut = rows.filter(({ split }) => split === "none");
    expect(cut.length).toBe(12);
    const held = (group: string) =>
      rows.some((row) => row.group === group && (row.split === "test" || row.split === "eval"));
    const said = cut.map(({ text, group }) => {
      expect(scene.admission.refuse(candidate(text))).toBe(held(group) ? "copy_of_heldout" : "copy_of_row");
      const refusal = scene.admission.refuse(candidate(`${text} y`));
      expect(refusal).toBe(held(group) ? "copy_of_heldout" : null);
      return refusal;
    });
    expect(new Set(said)).toEqual(new Set([null, "copy_of_heldout"]));
  });

  it("rows that have joined: copies and near-copies are refused, of any label", async () => {
    const { admission } = await sceneOf(realRows(5));
    const text = textOf(0, "made up");
    expect(admission.refuse(candidate(text))).toBeNull();
    // To be asked about changes nothing.
    expect(admission.refuse(candidate(text))).toBeNull();
    admission.admit(candidate(text));
    for (const copy of [text, text.toUpperCase(), `${text} x`])
      for (const label of [0, 1]) expect(admission.refuse(candidate(copy, label))).toBe("copy_of_accepted");
  });

  it("rows of any origin: of llm_labelled ones, too", async () => {
    const { admission } = await sceneOf([{ text: textOf(1), origin: "llm_labelled" }]);
    expect(admission.refuse(candidate(textOf(1)))).toBe("copy_of_row");
  });
});

describe("the target", () => {
  it("is that of the label, less the rows of all splits, and no official or cut ones", async () => {
    const specs = [
      ...realRows(20, "a"),
      ...realRows(3, "b", { origin: "llm_labelled" }),
      ...realRows(4, "c", { role: "eval" }),
    ];
    const { admission } = await sceneOf(specs, { target: 25, max: 25 });
    expect([0, 1, 2].map((label) => admission.remaining(label))).toEqual([5, 22, 25]);
    const capped = await sceneOf(specs, { target: 15, max: 10 });
    expect([0, 1, 2].map((label) => capped.admission.remaining(label))).toEqual([5, 12, 15]);
  });

  it("is kept to the row, and what is beyond it is not needed, whatever it is", async () => {
    const scene = await sceneOf(realRows(20), { target: 23 });
    expect(admitAll(scene.admission, madeUp(6))).toEqual([null, null, null, ...Array(3).fill("not_needed")]);
    expect(scene.admission.remaining(0)).toBe(0);
    expect(scene.admission.refuse(candidate(textIn(scene, "test")))).toBe("not_needed");
    // Another label still needs all of its own.
    expect(scene.admission.refuse(candidate(textOf(0, "b"), 1))).toBeNull();
    expect(splitCounts(scene.admission.finish(), ({ label }) => label === 0)).toEqual([19, 2, 2]);
  });

  it("that real rows have passed lets nothing in", async () => {
    const { admission } = await sceneOf(realRows(20), { target: 10 });
    expect(admission.remaining(0)).toBe(0);
    expect(admitAll(admission, madeUp(1))).toEqual(["not_needed"]);
  });
});

describe("what has joined", () => {
  it("stands behind the base, with all that a row has", async () => {
    const specs = realRows(6, "a", { language: "en" });
    const { base, admission } = await sceneOf(specs);
    admitAll(admission, [
      candidate("Ein neuer Text", 2, { language: "de" }),
      candidate("un autre", 1),
      candidate("one more in English", 0, { language: "en" }),
    ]);
    const rows = describeSplit(admission.finish());
    expect(rows.slice(0, 6)).toEqual(describeSplit(base));
    const made = { textB: null, source: "backfill", role: "train", origin: 2, count: 1, split: "train" };
    expect(rows.slice(6).map(({ id: _, group: __, ...row }) => row)).toEqual([
      { ...made, text: "Ein neuer Text", label: "c", language: "de" },
      { ...made, text: "un autre", label: "b", language: "" },
      { ...made, text: "one more in English", label: "a", language: "en" },
    ]);
    for (const { id, group } of rows.slice(6)) expect(group).toBe(id);
  });

  it("has the id that a real row of its text and label would have", async () => {
    const { admission } = await sceneOf(realRows(1));
    admitAll(admission, [candidate("a text", 1)]);
    const [, made] = describeSplit(admission.finish());
    const { base } = await sceneOf([{ text: "a text", label: "b" }]);
    expect(made?.id).toBe(describeSplit(base)[0]?.id);
  });

  it("joins the group of a row of train that it is near to, and leaves the row's own as it is", async () => {
    const scene = await sceneOf(realRows(20), { minRealHoldout: 100 });
    const near = describeSplit(scene.base).filter(({ split }) => split === "train");
    admitAll(
      scene.admission,
      near.map(({ text }) => candidate(`${text} x`)),
    );
    const rows = describeSplit(scene.admission.finish());
    expect(rows.slice(0, 20)).toEqual(describeSplit(scene.base));
    expect(rows.slice(20).map(({ group, split }) => [group, split])).toEqual(
      near.map(({ group }) => [group, "train"]),
    );
  });

  it("keeps the name of a dataset that is called as the backfill is", async () => {
    const { admission } = await sceneOf(realRows(2, "a", { source: "backfill" }));
    admitAll(admission, madeUp(1));
    const { rows } = admission.finish();
    expect(rows.sources).toEqual(["backfill"]);
    expect([...rows.origin]).toEqual([0, 0, 2]);
  });
});

describe("test and eval", () => {
  it.each([
    [1, [1, 0, 0]],
    [2, [1, 1, 0]],
    [3, [1, 1, 1]],
    [10, [8, 1, 1]],
    [100, [80, 10, 10]],
  ])("of a label without a real row get their shares of %i made-up ones", async (made, expected) => {
    const { admission } = await sceneOf(realRows(30), { minRealHoldout: 20 });
    admitAll(admission, madeUp(made, 1));
    expect(splitCounts(admission.finish(), (row) => row.made)).toEqual(expected);
  });

  it.each([
    [19, [16, 2, 2]],
    [20, [20, 0, 0]],
  ])("of a label with %i real rows of 20 get %j", async (real, expected) => {
    const { admission } = await sceneOf(realRows(real), { minRealHoldout: 20 });
    admitAll(admission, madeUp(20));
    expect(splitCounts(admission.finish(), (row) => row.made)).toEqual(expected);
  });

  it("count real rows before the cap, and no official or llm_labelled ones", async () => {
    const made = async (specs: readonly RowSpec[], settings: SceneSettings) => {
      const { admission } = await sceneOf(specs, { minRealHoldout: 20, target: 40, ...settings });
      admitAll(admission, madeUp(20));
      return splitCounts(admission.finish(), (row) => row.made);
    };
    expect(await made(realRows(25), { max: 10 })).toEqual([20, 0, 0]);
    expect(await made(realRows(25, "a", { origin: "llm_labelled" }), { target: 50 })).toEqual([16, 2, 2]);
    expect(await made(realRows(25, "a", { role: "test" }), {})).toEqual([18, 0, 2]);
    expect(await made(realRows(25, "a", { role: "eval" }), {})).toEqual([18, 2, 0]);
  });

  it("take no row near to one of train", async () => {
    const scene = await sceneOf(realRows(10), { minRealHoldout: 20 });
    const near = describeSplit(scene.base)
      .filter(({ split }) => split === "train")
      .map(({ text }) => candidate(`${text} x`));
    admitAll(scene.admission, [...near, ...madeUp(10)]);
    const merged = scene.admission.finish();
    expect(near.length).toBe(8);
    expect(splitCounts(merged, (row) => row.made)).toEqual([16, 1, 1]);
    for (const { text, split } of describeSplit(merged))
      if (text.endsWith(" x")) expect([text, split]).toEqual([text, "train"]);
  });

  it("get other rows with another seed, and the same ones in any order of the candidates", async () => {
    const held = async (seed: number, candidates: readonly Candidate[]) => {
      const { admission } = await sceneOf(realRows(1), { minRealHoldout: 20, seed });
      admitAll(admission, candidates);
      return describeSplit(admission.finish())
        .filter(({ split }) => split !== "train")
        .map(({ text, split }) => `${split} ${text}`)
        .sort();
    };
    const candidates = madeUp(50);
    const one = await held(1, candidates);
    expect(one.length).toBe(10);
    expect(await held(1, [...candidates].reverse())).toEqual(one);
    expect(await held(2, candidates)).not.toEqual(one);
  });
});

const SPEC = fc.record({
  text: fc.nat(30),
  edit: fc.constantFrom("", " x", " y y"),
  label: fc.constantFrom("a", "b", "c"),
  role: fc.constantFrom("train", "train", "train", "test", "eval"),
  origin: fc.constantFrom("real", "real", "llm_labelled"),
} as const);

const CANDIDATE = fc.record({
  text: fc.nat(50),
  edit: fc.constantFrom("", " x", " z z", " q q q"),
  label: fc.nat(2),
});

describe("whatever comes", () => {
  it("no row of the base changes, no copy is in, groups are whole and the target is kept", async () => {
    const property = fc.asyncProperty(
      fc.array(SPEC, { maxLength: 50 }),
      fc.array(CANDIDATE, { maxLength: 60 }),
      fc.record({ minRealHoldout: fc.constantFrom(0, 8, 100), target: fc.nat(20), seed: fc.nat(5) }),
      async (specs, wanted, settings) => {
        const { base, admission } = await sceneOf(
          specs.map(({ text, edit, ...spec }) => ({ ...spec, text: textOf(text) + edit })),
          settings,
        );
        const candidates = wanted.map(({ text, edit, label }) => candidate(textOf(text) + edit, label));
        const refusals = admitAll(admission, candidates);
        const merged = admission.finish();
        const rows = describeSplit(merged);
        const n = base.rows.length;
        expect(rows.slice(0, n)).toEqual(describeSplit(base));
        expect(rows.slice(n).map(({ text }) => text)).toEqual(
          candidates.filter((_, i) => refusals[i] === null).map(({ text }) => text),
        );
        const grams = rows.map(({ text }) => gramsOf(normalizeText(text)));
        const train = (i: number) => rows[i]?.split === "train";
        for (let i = n; i < rows.length; i++) {
          for (let j = 0; j < i; j++) {
            const near = jaccard(grams[i] as Set<string>, grams[j] as Set<string>) >= 0.8;
            // Near only to a row of train (or a cut one, but the cap is high here), and then in train itself.
            if (near) expect([j < n, train(i), train(j)]).toEqual([true, true, true]);
            expect(textAt(merged.rows.text, i)).not.toBe(textAt(merged.rows.text, j));
            if (rows[i]?.group === rows[j]?.group) expect(rows[i]?.split).toBe(rows[j]?.split);
          }
        }
        for (const [label, name] of ["a", "b", "c"].entries()) {
          const has = rows.filter((row) => row.role === "train" && row.label === name).length;
          const made = rows.slice(n).filter((row) => row.label === name).length;
          if (made > 0) expect(has).toBeLessThanOrEqual(settings.target);
          expect(admission.remaining(label)).toBe(Math.max(0, settings.target - has));
        }
      },
    );
    await fc.assert(property, { numRuns: 40 });
  });
});
