// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { expect, it } from "vitest";
import { KeyBuckets } from "../../src/data/key-buckets.ts";

/** What KeyBuckets finds, a list a bucket. */
function bucketsOf(found: KeyBuckets, keys: Uint32Array): number[][] {
  const { count, starts, rows } = found.find(keys);
  return Array.from({ length: count }, (_, k) => [...rows.subarray(starts[k], starts[k + 1])]);
}

/** The same by a map. */
function expectedOf(keys: Uint32Array): number[][] {
  const rows = new Map<number, number[]>();
  keys.forEach((key, row) => {
    const members = rows.get(key) ?? [];
    members.push(row);
    rows.set(key, members);
  });
  const shared = [...rows].filter(([, members]) => members.length > 1);
  return shared.sort(([a], [b]) => a - b).map(([, members]) => members);
}

it("finds the rows of each key that several have, by keys and rows, column after column", () => {
  const key = fc.oneof(
    fc.nat(20),
    fc.integer({ min: 0, max: 0xffffffff }),
    fc.constantFrom(0x7fffffff, 0x80000000),
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 400 }), fc.infiniteStream(key), (length, stream) => {
      const found = new KeyBuckets(length);
      for (let column = 0; column < 2; column++) {
        const keys = Uint32Array.from({ length }, () => stream.next().value as number);
        expect(bucketsOf(found, keys)).toEqual(expectedOf(keys));
      }
    }),
  );
});

it("finds those of many parts, and of one key that most rows have", () => {
  const length = 30_000;
  const found = new KeyBuckets(length);
  const scattered = Uint32Array.from({ length }, (_, i) => Math.imul(i % 11_000, 0x9e3779b1));
  const same = Uint32Array.from({ length }, (_, i) => (i % 3 === 0 ? Math.imul(i, 0x9e3779b1) : 0xfffffff0));
  for (const keys of [scattered, same]) expect(bucketsOf(found, keys)).toEqual(expectedOf(keys));
});
