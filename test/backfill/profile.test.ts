// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { profileOf, saysName, sidesOf } from "../../src/backfill/profile.ts";
import { poolsOf, type SplitRow, taskOf } from "../support/backfill.ts";

const LABELS = ["bus_stop", "refund"];
const profile = (rows: readonly SplitRow[], labels = LABELS) => {
  const task = taskOf(labels);
  return profileOf(task, poolsOf(task, rows));
};
/** So many rows of a label, the first ones with a text of their own. */
const rowsOf = (label: string, count: number, ...texts: string[]): SplitRow[] =>
  Array.from({ length: count }, (_, i) => ({ text: texts[i] ?? `plain words, number ${i}`, label }));

describe("the length of rows", () => {
  it.each([
    ["no row", [], 2000],
    ["short ones", rowsOf("refund", 3), 300],
    ["a long one", rowsOf("refund", 3, "x".repeat(400)), 800],
  ])("may be twice that of the longest: %s", (_, rows, most) => {
    expect(profile(rows).mostLength).toBe(most);
  });
});

describe("what looks odd", () => {
  const odd = { placeholders: "dear [Name]", refusals: "As an AI model, I won't", listMarks: "1. do this" };
  const found = (rows: readonly SplitRow[]) => {
    const { placeholders, refusals, listMarks } = profile(rows);
    return { placeholders, refusals, listMarks };
  };

  it.each(Object.entries(odd))(
    "is normal where two rows, and a hundredth of some label's, have it: %s",
    (name, text) => {
      const none = { placeholders: false, refusals: false, listMarks: false };
      const others = rowsOf("bus_stop", 900);
      expect(found([...others, ...rowsOf("refund", 10, text, text)])).toEqual({ ...none, [name]: true });
      expect(found([...others, ...rowsOf("refund", 10, text)])).toEqual(none);
      expect(found([...others, ...rowsOf("refund", 250, text, text)])).toEqual(none);
      expect(found([...others, ...rowsOf("refund", 250, text, text, text)])).toEqual({
        ...none,
        [name]: true,
      });
    },
  );
});

describe("scripts", () => {
  it("are those with a fiftieth of the letters, where there are letters enough", () => {
    const latin = "abcdefghij".repeat(30);
    const scripts = (...texts: string[]) => [...profile(rowsOf("refund", texts.length, ...texts)).scripts];
    expect(scripts("abc", "привет")).toEqual([]);
    expect(scripts(latin, "привет")).toEqual(["latin"]);
    expect(scripts(latin, "привет".repeat(2))).toEqual(["latin", "cyrillic"]);
  });
});

describe("a label's name", () => {
  const use = (rows: readonly SplitRow[], labels = LABELS) => profile(rows, labels).names;

  it("is its words, and said in a share of its own rows", () => {
    const [stop, refund] = use([
      ...rowsOf("bus_stop", 4, "where is the Bus-Stop?", "a bus stops here", "a refund please", "BUS_STOP 7"),
      ...rowsOf("refund", 1, "at the bus stop"),
    ]);
    expect(stop).toEqual({ words: ["bus", "stop"], rows: 4, share: 0.5, tells: false });
    expect(refund).toEqual({ words: ["refund"], rows: 1, share: 0, tells: false });
  });

  it.each<[string, readonly SplitRow[], boolean, boolean]>([
    ["no row", [], true, false],
    ["99 rows without it", [...rowsOf("bus_stop", 99), ...rowsOf("refund", 99)], true, false],
    ["100 rows without it", [...rowsOf("bus_stop", 100), ...rowsOf("refund", 100)], true, true],
    [
      "one of 400 with it",
      [...rowsOf("bus_stop", 400, "a bus stop"), ...rowsOf("refund", 400, "my refund")],
      false,
      false,
    ],
    [
      "one of 500 with it",
      [...rowsOf("bus_stop", 500, "a bus stop"), ...rowsOf("refund", 500, "my refund")],
      true,
      true,
    ],
  ])("gives a row away by what real rows say: %s", (_, rows, two, one) => {
    expect(use(rows).map(({ tells }) => tells)).toEqual([two, one]);
  });

  it("that is a number, a letter or no word at all never does", () => {
    const labels = ["1", "B", "4 U", "!?", "not 1"];
    const rows = labels.flatMap((label) => rowsOf(label, 100));
    expect(use(rows, labels).map(({ tells }) => tells)).toEqual([false, false, false, false, true]);
  });

  it.each([
    ["is it a bus stop?", true],
    ["Bus_Stop", true],
    ["bus, stop", true],
    ["a bus at the stop", false],
    ["omnibus stop", false],
    ["bus stops", false],
  ])("is said in %j: %s", (text, says) => {
    expect(saysName({ text, textB: null }, ["bus", "stop"])).toBe(says);
    expect(saysName({ text: "no", textB: text }, ["bus", "stop"])).toBe(says);
    expect(saysName({ text, textB: null }, [])).toBe(false);
  });
});

it("a row has one text, or two", () => {
  expect(sidesOf({ text: "a", textB: null })).toEqual(["a"]);
  expect(sidesOf({ text: "a", textB: "" })).toEqual(["a", ""]);
});
