// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { expect, it } from "vitest";
import { KeyTable } from "../../src/data/key-table.ts";

it("finds the first owner of each key, as a Map does, through every growth", () => {
  const word = fc.oneof(fc.nat(3), fc.constant(0xffffffff), fc.nat(4096));
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word), { maxLength: 5000, size: "max" }), (pairs) => {
      const table = new KeyTable();
      const map = new Map<string, number>();
      for (const [owner, [high, low]] of pairs.entries()) {
        const key = `${high} ${low}`;
        if (!map.has(key)) map.set(key, owner);
        expect(table.find(high, low)).toBe(map.get(key) === owner ? null : map.get(key));
        expect(table.claim(high, low, owner)).toBe(map.get(key));
      }
    }),
    { numRuns: 20 },
  );
});
