// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import type { Path } from "../../src/config/fields.ts";
import { locate } from "../../src/config/position.ts";

const SOURCE = `top.x = 1
[train.overrides."family.x"]
alpha = 0.1
[[datasets]]
name = "a"
[[datasets.map]]
label_map = { "__proto__" = "p", '10' = "t" }
[[datasets.map]]
labels = [
  "one",
  { name = "two" },
]
long = """
x"""
`;

it.each<[Path, [number, number, number], [number, number, number]]>([
  [["top"], [1, 1, 3], [1, 1, 3]],
  [
    ["top", "x"],
    [1, 5, 1],
    [1, 9, 1],
  ],
  [["train"], [2, 2, 26], [2, 2, 26]],
  [
    ["train", "overrides", "family.x", "alpha"],
    [3, 1, 5],
    [3, 9, 3],
  ],
  [
    ["datasets", 0, "name"],
    [5, 1, 4],
    [5, 8, 3],
  ],
  [
    ["datasets", 0, "map", 0, "label_map", "__proto__"],
    [7, 15, 11],
    [7, 29, 3],
  ],
  [
    ["datasets", 0, "map", 0, "label_map", "10"],
    [7, 34, 4],
    [7, 41, 3],
  ],
  [
    ["datasets", 0, "map", 1],
    [8, 3, 12],
    [8, 3, 12],
  ],
  [
    ["datasets", 0, "map", 1, "labels", 0],
    [10, 3, 5],
    [10, 3, 5],
  ],
  [
    ["datasets", 0, "map", 1, "labels", 1, "name"],
    [11, 5, 4],
    [11, 12, 5],
  ],
  [
    ["datasets", 0, "map", 1, "long"],
    [13, 1, 4],
    [13, 8, 1],
  ],
])("%j", (path, key, value) => {
  const found = locate(SOURCE).at(path);
  expect(Object.values(found?.key ?? {})).toEqual(key);
  expect(Object.values(found?.value ?? {})).toEqual(value);
});

it("knows nothing of what is not there, and of what can't be read", () => {
  expect(locate(SOURCE).at(["datasets", 1])).toBeUndefined();
  expect(locate("a = [").at(["a"])).toBeUndefined();
  expect(locate(`a = "${"x".repeat(300_000)}"`).at(["b"])).toBeUndefined();
});
