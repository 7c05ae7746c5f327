// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { expect, it } from "vitest";
import { sortedBy, sortedByKey } from "../../src/data/sorting.ts";

const keys = fc.oneof(
  fc.uint32Array(),
  fc.uint32Array({ max: 3 }),
  fc
    .array(fc.constantFrom(0, 1, 2047, 2048, 0x3fffff, 0x400000, 0x7fffffff, 0x80000000, 0xffffffff))
    .map((a) => Uint32Array.from(a)),
);

it("orders positions by key, and equal keys by position", () => {
  fc.assert(
    fc.property(keys, (values) => {
      const expected = [...values.keys()].sort(
        (i, j) => (values[i] as number) - (values[j] as number) || i - j,
      );
      expect([...sortedByKey(values)]).toEqual(expected);
    }),
  );
});

it("orders equal keys by the comparison", () => {
  fc.assert(
    fc.property(keys, (values) => {
      const expected = [...values.keys()].sort(
        (i, j) => (values[i] as number) - (values[j] as number) || j - i,
      );
      expect([...sortedBy(values, (i, j) => j - i)]).toEqual(expected);
    }),
  );
});
