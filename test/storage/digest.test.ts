// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson, digestFile, prettyJson, sha256 } from "../../src/storage/digest.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("sha256", () => {
  it("gives the digests of FIPS 180-4", () => {
    expect(sha256("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });

  it("takes text as UTF-8", () => {
    expect(sha256("é")).toBe(sha256(Uint8Array.of(0xc3, 0xa9)));
  });
});

describe("digestFile", () => {
  it.each([0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_000_001])(
    "reads a file of %i bytes",
    async (bytes) => {
      const path = join(temporaryFolder(), "file");
      const data = Buffer.alloc(bytes, "modelpack");
      writeFileSync(path, data);
      expect(await digestFile(path)).toEqual({ sha256: sha256(data), bytes });
    },
  );

  it("says which file it can't read, and why", async () => {
    const folder = temporaryFolder();
    const missing = join(folder, "missing");
    await expect(digestFile(missing)).rejects.toMatchObject({
      code: "STORAGE",
      where: missing,
      message: `cannot read ${missing}: it is not there (ENOENT)`,
    });
    await expect(digestFile(folder)).rejects.toMatchObject({ code: "STORAGE", where: folder });
  });
});

describe("canonicalJson", () => {
  it.each<[string, unknown, string]>([
    ["keys by code unit, not by locale", { b: 1, a: 2, B: 3, é: 4, "": 5 }, '{"":5,"B":3,"a":2,"b":1,"é":4}'],
    [
      "astral keys before the last of the plane below",
      { "\uffff": 1, "\u{10000}": 2 },
      '{"\u{10000}":2,"\uffff":1}',
    ],
    ["keys like integers as text", { 10: 1, 9: 2, 1: 3 }, '{"1":3,"10":1,"9":2}'],
    [
      "a Map as an object",
      new Map<string, unknown>([
        ["10", 1],
        ["2", new Map()],
      ]),
      '{"10":1,"2":{}}',
    ],
    [
      "__proto__ as any other key",
      JSON.parse('{"__proto__": {"x": 1}, "constructor": 2}'),
      '{"__proto__":{"x":1},"constructor":2}',
    ],
    ["nested values", { a: [1, [null, true], { c: "d", b: [] }] }, '{"a":[1,[null,true],{"b":[],"c":"d"}]}'],
    ["an object without a prototype", Object.create(null), "{}"],
    ["numbers in their shortest form", [0.1, 1e21, 1e-7, -0, 5e-324], "[0.1,1e+21,1e-7,0,5e-324]"],
    ["half a surrogate as an escape", ["\ud800"], '["\\ud800"]'],
    ["text", 'a"\n', '"a\\"\\n"'],
  ])("writes %s", (_, value, json) => {
    expect(canonicalJson(value)).toBe(json);
  });

  it.each<[string, unknown, string, string]>([
    ["NaN", { a: [1, Number.NaN] }, "NaN", "$.a[1]"],
    ["Infinity", Number.POSITIVE_INFINITY, "Infinity", "$"],
    ["undefined", { a: undefined }, "undefined", "$.a"],
    ["a hole", new Array(1), "undefined", "$[0]"],
    ["a function", { f: () => 1 }, "function", "$.f"],
    ["a symbol", Symbol("s"), "symbol", "$"],
    ["a bigint", 1n, "bigint", "$"],
    ["a date", [new Date(0)], "an instance of Date", "$[0]"],
    ["bytes", new Uint8Array(2), "an instance of Uint8Array", "$"],
    ["a Set", new Set(), "an instance of Set", "$"],
    ["a key that is no text", new Map([[1, 2]]), "a key of type number", "$"],
  ])("refuses %s and says where it is", (_, value, what, where) => {
    const error = { code: "INTERNAL", message: `JSON has no form for ${what}`, where };
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining(error));
    expect(() => prettyJson(value)).toThrow(expect.objectContaining(error));
  });

  it("says the same as JSON, for any value", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        assert.deepStrictEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 500 },
    );
  });

  it("is the same for any order of keys, in an object or a Map", () => {
    const entries = fc.uniqueArray(fc.tuple(keys, fc.jsonValue()), { selector: ([key]) => key });
    fc.assert(
      fc.property(entries, fc.infiniteStream(fc.nat()), (pairs, order) => {
        const shuffled = pairs.map((pair) => ({ pair, rank: order.next().value }));
        shuffled.sort((a, b) => a.rank - b.rank);
        const map = new Map(shuffled.map(({ pair }) => pair));
        expect(canonicalJson(map)).toBe(canonicalJson(Object.fromEntries(pairs)));
      }),
    );
  });

  it("tells different values apart", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const same = JSON.stringify(sortKeys(a)) === JSON.stringify(sortKeys(b));
        expect(canonicalJson(a) === canonicalJson(b)).toBe(same);
      }),
    );
  });
});

const keys = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("__proto__", "constructor", "10", "2", "toString"),
);

/** Every object as a sorted list of its entries, which JSON.stringify writes without surprises. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return { list: value.map(sortKeys) };
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .map(([key, item]) => [key, sortKeys(item)])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
}

describe("prettyJson", () => {
  it("writes what JSON.stringify writes with two spaces, and a newline", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        expect(prettyJson(value)).toBe(`${JSON.stringify(value, null, 2)}\n`);
      }),
    );
  });

  it("keeps the order of a Map, integer-like keys too", () => {
    const map = new Map<string, unknown>([
      ["b", 1],
      ["10", new Map([["2", {}]])],
      ["__proto__", []],
    ]);
    expect(prettyJson(map)).toBe('{\n  "b": 1,\n  "10": {\n    "2": {}\n  },\n  "__proto__": []\n}\n');
  });
});
