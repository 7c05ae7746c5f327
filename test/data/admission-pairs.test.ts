// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { Candidate } from "../../src/data/candidate.ts";
import { admitAll, candidate, describeSplit, type Scene, sceneOf, textOf } from "./admission-scene.ts";
import type { RowSpec } from "./support.ts";

function pairs(count: number, label = "a"): RowSpec[] {
  return Array.from({ length: count }, (_, i) => ({
    text: textOf(i, `left ${label}`),
    textB: textOf(i, `right ${label}`),
    label,
  }));
}

const made = (a: string, b: string, label = 0): Candidate => candidate(a, label, { textB: b });
const fresh = (i: number) => textOf(i, "fresh");

function rowIn({ base }: Scene, split: string) {
  const row = describeSplit(base).find((one) => one.split === split);
  if (row === undefined) throw new Error(`no row in ${split}`);
  return { ...row, textB: row.textB ?? "" };
}

describe("pairs", () => {
  it("are copies by both texts, each on its side", async () => {
    const scene = await sceneOf(pairs(30));
    const { text, textB } = rowIn(scene, "train");
    expect(scene.admission.refuse(made(text.toUpperCase(), textB))).toBe("copy_of_row");
    const held = rowIn(scene, "eval");
    expect(scene.admission.refuse(made(held.text, `${held.textB} x`))).toBe("copy_of_heldout");
    admitAll(scene.admission, [made(fresh(0), fresh(1))]);
    expect(scene.admission.refuse(made(fresh(0), `${fresh(1)} x`))).toBe("copy_of_accepted");
  });

  it("that share a text with a row of test or eval, on either side, are refused", async () => {
    const scene = await sceneOf(pairs(30));
    for (const split of ["test", "eval"]) {
      const { text, textB } = rowIn(scene, split);
      for (const shared of [text, textB, text.toUpperCase()]) {
        expect(scene.admission.refuse(made(shared, fresh(0)))).toBe("copy_of_heldout");
        expect(scene.admission.refuse(made(fresh(0), shared))).toBe("copy_of_heldout");
      }
    }
  });

  it("that share a text with a row of train join its group, in train", async () => {
    const scene = await sceneOf(pairs(30), { minRealHoldout: 100 });
    const { text, textB, group } = rowIn(scene, "train");
    expect(admitAll(scene.admission, [made(textB, fresh(0)), made(fresh(1), text)])).toEqual([null, null]);
    const rows = describeSplit(scene.admission.finish());
    expect(rows.slice(0, 30)).toEqual(describeSplit(scene.base));
    expect(rows.slice(30).map((row) => [row.group, row.split])).toEqual([
      [group, "train"],
      [group, "train"],
    ]);
  });

  it("that share a text with one another stay together, by the smallest id, also through train", async () => {
    const scene = await sceneOf(pairs(30), { minRealHoldout: 100 });
    const { text, group } = rowIn(scene, "train");
    const chain = [0, 1, 2, 3, 4].map((i) => made(fresh(i), fresh(i + 1)));
    const tied = [made(fresh(10), fresh(11)), made(fresh(11), fresh(12)), made(fresh(12), text)];
    admitAll(scene.admission, [...chain, ...tied]);
    const rows = describeSplit(scene.admission.finish()).slice(30);
    const ids = rows.slice(0, 5).map(({ id }) => id);
    expect(rows.slice(0, 5).map((row) => row.group)).toEqual(Array(5).fill(ids.sort()[0]));
    expect(new Set(rows.slice(0, 5).map(({ split }) => split)).size).toBe(1);
    expect(rows.slice(5).map((row) => [row.group, row.split])).toEqual(Array(3).fill([group, "train"]));
  });

  it("that tie two groups of train leave both as they are, and join the first", async () => {
    const scene = await sceneOf(pairs(30));
    const [one, two] = describeSplit(scene.base).filter(({ split }) => split === "train");
    const [first, second] = [one?.text ?? "", two?.text ?? ""];
    admitAll(scene.admission, [made(second, first), made(first, second)]);
    const rows = describeSplit(scene.admission.finish());
    expect(rows.slice(0, 30)).toEqual(describeSplit(scene.base));
    expect(rows.slice(30).map(({ group }) => group)).toEqual([one?.group, one?.group]);
  });

  it("of a group with a label that has its real rows stay in train, all of them", async () => {
    const specs = [...pairs(30, "a"), ...pairs(2, "b")];
    for (let seed = 0; seed < 10; seed++) {
      const { admission } = await sceneOf(specs, {
        minRealHoldout: 20,
        seed,
        ratios: { train: 0.4, test: 0.3, eval: 0.3 },
      });
      // Rows of b alone fill test and eval; those that a row of a is tied to do not.
      const mixed = [0, 1, 2, 3, 4, 5].flatMap((i) => [
        made(fresh(3 * i), fresh(3 * i + 1), 1),
        made(fresh(3 * i + 1), fresh(3 * i + 2), 0),
      ]);
      const alone = [0, 1, 2, 3].map((i) => made(textOf(i, "alone"), textOf(i, "alone too"), 1));
      admitAll(admission, [...mixed, ...alone]);
      const rows = describeSplit(admission.finish()).slice(32);
      expect(rows.slice(0, 12).map(({ split }) => split)).toEqual(Array(12).fill("train"));
      expect(
        rows
          .slice(12)
          .map(({ split }) => split)
          .sort(),
      ).toEqual(["eval", "test", "train", "train"]);
    }
  });

  it("are tied by text_a alone where the task's own rows are", async () => {
    const popular = textOf(0, "popular");
    const specs = pairs(60).map((row, i) => (i % 2 === 0 ? { ...row, textB: popular } : row));
    const scene = await sceneOf(specs);
    const held = rowIn(scene, "test");
    const { text, group } = rowIn(scene, "train");
    expect(
      admitAll(scene.admission, [
        made(fresh(0), popular),
        made(fresh(1), held.text),
        made(held.text, fresh(2)),
        made(text, fresh(3)),
      ]),
    ).toEqual([null, null, "copy_of_heldout", null]);
    const rows = describeSplit(scene.admission.finish()).slice(60);
    expect(rows.map((row) => row.group === row.id)).toEqual([true, true, false]);
    expect(rows[2]?.group).toBe(group);
  });

  it("may share a text with an official row, as real ones may", async () => {
    const official: RowSpec = { text: textOf(0, "o"), textB: textOf(1, "o"), role: "test" };
    const { admission } = await sceneOf([...pairs(30), official]);
    expect(admission.refuse(made(textOf(0, "o"), fresh(0)))).toBeNull();
    expect(admission.refuse(made(textOf(0, "o"), textOf(1, "o")))).toBe("copy_of_heldout");
  });
});
