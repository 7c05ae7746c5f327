// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { expect } from "vitest";

/** The cases of `test/golden/sklearn/<name>.json`. */
export function golden<T>(name: string): T[] {
  return JSON.parse(readFileSync(new URL(`../golden/sklearn/${name}.json`, import.meta.url), "utf8")) as T[];
}

/** As many values as expected, each within `slack`. */
export function expectClose(actual: Iterable<number>, expected: readonly number[], slack: number): void {
  const values = [...actual];
  expect(values.length).toBe(expected.length);
  for (const [i, value] of values.entries()) {
    expect(Math.abs(value - (expected[i] as number)), `item ${i}: ${value}`).toBeLessThanOrEqual(slack);
  }
}
