// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { yamlText } from "../../src/report/yaml.ts";

const HOSTILE = [
  "yes",
  "null",
  "~",
  "012",
  "- a",
  "a: b",
  "#x",
  "'",
  '"',
  "\\",
  "---",
  "...",
  "\n---\nlicense: mit",
  "!!js/function",
  "*a",
  "&a",
  "{}",
  "[x",
  "\u0000\u001b[31m",
  "\u0085\u2028\u2029",
  "\u202eevil",
  "\ufeff",
  "\ufffe",
  "😀",
  "",
];

describe("yamlText", () => {
  it("nests lists and maps as block style has it", () => {
    const value = { a: "x", list: ["y", { b: 1, c: [true, null] }], empty: [], none: {} };
    expect(yamlText(value)).toBe(
      'a: "x"\nlist:\n  - "y"\n  - b: 1\n    c:\n      - true\n      - null\nempty: []\nnone: {}\n',
    );
  });

  it.each(["1.1", "1.2"] as const)("gives hostile texts back to a reader of YAML %s", (version) => {
    expect(parse(yamlText({ texts: HOSTILE }), { version })).toEqual({ texts: HOSTILE });
  });

  it("keeps every text on one line of printable characters", () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
    for (const line of yamlText({ texts: HOSTILE }).split("\n"))
      expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e\ufeff]/);
  });

  it("is read back as it was, whatever it holds", () => {
    const text = fc.string({ unit: "grapheme" });
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        text,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(fc.stringMatching(/^[a-z][a-z_-]{0,5}[a-z]$/), tie("value"), { maxKeys: 3 }),
      ),
    }));
    fc.assert(
      fc.property(value, (inner) => {
        expect(parse(yamlText({ value: inner as string }))).toEqual({ value: inner });
      }),
      { numRuns: 300 },
    );
  });
});
