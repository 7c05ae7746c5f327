// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { parseSplit, splitText } from "../../src/config/split.ts";
import { load, problems, TASK } from "./fixture.ts";

const MAP = '[[datasets.map]]\ntask = "mood"\ntext = "text"\nlabel = "good"\n';

function hub(split: string): string {
  return `${TASK}[[datasets]]\nname = "d"\ndataset_id = "o/d"\nsplit = ${JSON.stringify(split)}\n${MAP}`;
}

describe("a split and a part of its rows", () => {
  const rows = (from: number, to: number | null) => ({ from, to, unit: "rows" });
  const percent = (from: number, to: number | null) => ({ from, to, unit: "percent" });

  it.each([
    ["train", "train", null],
    ["train_r3", "train_r3", null],
    ["validation.clean", "validation.clean", null],
    ["train[:500]", "train", rows(0, 500)],
    ["train[0:500]", "train", rows(0, 500)],
    ["train[100:200]", "train", rows(100, 200)],
    ["train[100:]", "train", rows(100, null)],
    ["train[:]", "train", null],
    ["train[:10%]", "train", percent(0, 10)],
    ["train[10%:20%]", "train", percent(10, 20)],
    ["train[90%:]", "train", percent(90, null)],
  ])("%s", (text, name, slice) => {
    expect(parseSplit(text)).toEqual({ name, slice });
    const { config } = load(hub(text));
    expect(config.datasets[0]).toMatchObject({ split: name, slice });
    expect(parseSplit(splitText({ name, slice: slice as never }))).toEqual({ name, slice });
  });

  it.each([
    ["train+test", "names several splits", "make a dataset of each"],
    ["train[-5:]", "counts from the end", "count from the start, in rows or percent"],
    ["train[:-5%]", "counts from the end", "count from the start, in rows or percent"],
    ["train[5:10%]", "mixes rows and percent", "write both ends in rows, or both in percent"],
    ["train[5:5]", "holds no rows", "the first number is below the second, and percent go to 100"],
    ["train[:0]", "holds no rows", "the first number is below the second, and percent go to 100"],
    ["train[:101%]", "holds no rows", "the first number is below the second, and percent go to 100"],
    ["train[100%:]", "holds no rows", "the first number is below the second, and percent go to 100"],
    ["train[5]", "can't be read", "write train, train[:500], train[100:200] or train[10%:20%]"],
    ["[:5]", "can't be read", "write train, train[:500], train[100:200] or train[10%:20%]"],
    ["train[:5", "can't be read", "write train, train[:500], train[100:200] or train[10%:20%]"],
    ["train[:1shard]", "can't be read", "write train, train[:500], train[100:200] or train[10%:20%]"],
    ["train[:99999999999]", "can't be read", "write train, train[:500], train[100:200] or train[10%:20%]"],
  ])("%s is refused", (text, problem, hint) => {
    expect(problems(hub(text))).toEqual([`9:9 split ${JSON.stringify(text)} ${problem} | ${hint}`]);
  });
});
