// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mix32 } from "../../src/core/hash.ts";
import { hashString, step32 } from "../../src/core/running-hash.ts";

interface Golden {
  readonly mix32: readonly (readonly [number, number])[];
  readonly step32: readonly (readonly [number, number, number])[];
  readonly hashString: readonly (readonly [string, number, number])[];
}
// Computed once; a change of any of them changes every model file and every split.
const golden = JSON.parse(readFileSync(new URL("../golden/hash.json", import.meta.url), "utf8")) as Golden;

describe("the golden vectors", () => {
  it.each(golden.mix32)("mix32(%d) is %d", (x, expected) => {
    expect(mix32(x)).toBe(expected);
  });

  it.each(golden.step32)("step32(%d, %d) is %d", (state, word, expected) => {
    expect(step32(state, word)).toBe(expected);
  });

  it.each(golden.hashString)("hashString(%j, %d) is %d", (text, seed, expected) => {
    expect(hashString(text, seed)).toBe(expected);
  });
});

describe("mix32 and step32", () => {
  it("mix32 is a bijection: it can be undone", () => {
    // The inverses of the two multipliers modulo 2^32, and of the shifts.
    const undo = (h: number): number => {
      let x = h;
      x ^= x >>> 16;
      x = Math.imul(x, 0x7ed1b41d);
      x ^= (x >>> 13) ^ (x >>> 26);
      x = Math.imul(x, 0xa5cb9243);
      return (x ^ (x >>> 16)) >>> 0;
    };
    fc.assert(fc.property(fc.nat(0xffffffff), (x) => undo(mix32(x)) === x));
  });

  it("step32 never maps two words, or two states, to one", () => {
    const u32 = fc.nat(0xffffffff);
    fc.assert(
      fc.property(u32, u32, u32, (a, b, other) => {
        fc.pre(a !== b);
        expect(step32(other, a)).not.toBe(step32(other, b));
        expect(step32(a, other)).not.toBe(step32(b, other));
      }),
    );
  });
});

describe("hashString", () => {
  it("reads code units, not bytes or characters", () => {
    expect(hashString("é")).not.toBe(hashString("e\u0301"));
    expect(hashString("\ud83d\ude00")).not.toBe(hashString("\ude00\ud83d"));
    expect(hashString("\ud800")).not.toBe(hashString("\ufffd"));
  });

  it("is an unsigned 32-bit integer that the seed changes", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer(), (text, seed) => {
        const hash = hashString(text, seed);
        expect(hash).toBe(hash >>> 0);
        expect(hashString(text, seed + 1)).not.toBe(hash);
      }),
    );
  });

  it("spreads short keys: no more collisions than chance has", () => {
    const hashes = new Set<number>();
    for (let i = 0; i < 100_000; i++) hashes.add(hashString(`id-${i}`));
    expect(hashes.size).toBeGreaterThan(99_990);
  });
});
