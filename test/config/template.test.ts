// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placeholdersOf, renderTemplate, templateProblems } from "../../src/config/template.ts";
import { expectLinear } from "../support/timing.ts";

describe("renderTemplate", () => {
  it.each<[string, Record<string, string>, string]>([
    ["", {}, ""],
    ["plain\ntext", {}, "plain\ntext"],
    ["Label: {label}\n", { label: '"a"' }, 'Label: "a"\n'],
    ["{a}{b}{a}", { a: "1", b: "2" }, "121"],
    ['{{"label": {label}}}', { label: "x" }, '{"label": x}'],
    ["{{label}}", { label: "x" }, "{label}"],
    ["{{{label}}}", { label: "x" }, "{x}"],
    ["{{{{}}}}", {}, "{{}}"],
    ["{__proto__} {constructor}", { ["__proto__"]: "1", constructor: "2" } as never, "1 2"],
  ])("%j with %j is %j", (template, values, expected) => {
    expect(renderTemplate(template, values)).toBe(expected);
  });

  it("does not look again at what it put in", () => {
    const values = { a: "{b} {{ $& $1 {a}", b: "never" };
    expect(renderTemplate("<{a}>", values)).toBe("<{b} {{ $& $1 {a}>");
  });

  it("refuses to leave a place empty, which only a bug could", () => {
    expect(() => renderTemplate("{constructor}", {})).toThrow(
      new RangeError("no value for {constructor} of a template"),
    );
    expect(() => renderTemplate("{a}", { b: "" })).toThrow("no value for {a}");
  });

  it("gives any text back whose braces are doubled", () => {
    const text = fc.string({ unit: fc.constantFrom("{", "}", "a", "\n", "$", "é") });
    const twice = (plain: string) => plain.replace(/[{}]/g, "$&$&");
    fc.assert(
      fc.property(text, text, text, (before, value, after) => {
        const rendered = renderTemplate(`${twice(before)}\n{x}\n${twice(after)}`, { x: value });
        expect(rendered).toBe(`${before}\n${value}\n${after}`);
      }),
    );
  });

  it.each(["{", "}", "{{", "{a", "{label}", "{a b ", "\n{"])("takes linear time over %j", (unit) => {
    expectLinear((template) => templateProblems(template, ["label"]), unit);
  });
});

describe("placeholdersOf", () => {
  it("names them in their order, braces apart", () => {
    expect(placeholdersOf("{b} {{c}} {a}\n{b} }{")).toEqual(["b", "a", "b"]);
  });
});

describe("templateProblems", () => {
  it.each<[string, string, string, number]>([
    ["{a}\n{b}\n\n{c}", "unknown", "b", 2],
    ["{", "brace", "{", 1],
    ["a\n}", "brace", "}", 2],
    ["{}", "unknown", "", 1],
    ["{ a }", "unknown", " a ", 1],
    ['\n{"x": 1}', "unknown", '"x": 1', 2],
    ["{a\n}", "brace", "{", 1],
    [`{${"a".repeat(81)}`, "brace", "{", 1],
  ])("%j: %s %j in line %i", (template, kind, found, line) => {
    expect(templateProblems(template, ["a", "c"])[0]).toEqual({ kind, found, line });
  });

  it("finds nothing wrong with what is known, however often", () => {
    expect(templateProblems("{a}{a} {{b}} {{{a}}}", ["a"])).toEqual([]);
  });

  it("finds every one", () => {
    expect(templateProblems("{x}\n{a\n}", ["a"])).toEqual([
      { kind: "unknown", found: "x", line: 1 },
      { kind: "brace", found: "{", line: 2 },
      { kind: "brace", found: "}", line: 3 },
    ]);
  });
});
