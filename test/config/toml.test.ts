// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import {
  isTooLarge,
  MAX_VALUES,
  parseToml,
  parseTomlKey,
  parseTomlValue,
  tomlKey,
  tomlString,
} from "../../src/config/toml.ts";

it.each([
  ["train.max_iter", ["train", "max_iter"]],
  ['train.overrides."family.x".alpha', ["train", "overrides", "family.x", "alpha"]],
  [" a . '__proto__' ", ["a", "__proto__"]],
  ["", undefined],
  ["a.", undefined],
  ["a b", undefined],
  ["a\nb", undefined],
  ["a=1", undefined],
])("parseTomlKey %j", (typed, steps) => {
  expect(parseTomlKey(typed)).toEqual(steps);
});

it.each([
  ["1", 1],
  ["1e-5", 1e-5],
  ["true", true],
  ['["a", 2]', ["a", 2]],
  ["9223372036854775807", 9223372036854775807n],
  ["sigmoid", undefined],
  ["1 2", undefined],
  ["", undefined],
  ["1\nb = 2", undefined],
])("parseTomlValue %j", (typed, value) => {
  expect(parseTomlValue(typed)).toEqual(value);
});

it("writes any text so that it reads back", () => {
  for (let code = 0; code < 0x180; code++) {
    const text = `a${String.fromCharCode(code)}b`;
    expect(parseTomlValue(tomlString(text))).toBe(text);
    expect(parseTomlKey(`"" . ${tomlKey(text)}`.replaceAll("=", "\\u003d"))).toEqual(["", text]);
  }
});

it("counts keys and elements at any depth", () => {
  const of = (count: number) => parseToml(`a = [${"1,".repeat(count)}]`).table ?? {};
  expect(isTooLarge(of(MAX_VALUES - 1))).toBe(false);
  expect(isTooLarge(of(MAX_VALUES))).toBe(true);
});
