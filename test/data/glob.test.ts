// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { matchPath } from "../../src/data/glob.ts";

it.each([
  ["data/train-*", "data/train-00000-of-00001.parquet", true],
  ["data/train-*", "data/more/train-0.parquet", false],
  ["*.jsonl", "a.jsonl", true],
  ["*.jsonl", "data/a.jsonl", false],
  ["**/*.jsonl", "a.jsonl", true],
  ["**/*.jsonl", "a/b/c.jsonl", true],
  ["**", "a/b/c.jsonl", true],
  ["a/**", "a/b/c.jsonl", true],
  ["a/**", "b/c.jsonl", false],
  ["a/**/d/*.csv", "a/d/x.csv", true],
  ["a/**/d/*.csv", "a/b/c/d/x.csv", true],
  ["a/**/d/*.csv", "a/b/x.csv", false],
  ["x-[0-9].csv", "x-7.csv", true],
  ["x-[!0-9].csv", "x-7.csv", false],
  ["x-?.csv", "x-10.csv", false],
  ["", "", true],
  ["*", ".hidden", false],
])("the pattern %j and the path %j: %s", (pattern, path, expected) => {
  expect(matchPath(pattern, path)).toBe(expected);
});

it("takes time in proportion, whatever the pattern", () => {
  const started = performance.now();
  const path = `${"a/".repeat(200)}b`;
  for (let i = 0; i < 50; i++) expect(matchPath(`${"**/".repeat(200)}c`, path)).toBe(false);
  expect(performance.now() - started).toBeLessThan(5000);
});
