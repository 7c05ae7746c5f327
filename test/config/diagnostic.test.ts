// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { type Diagnostic, renderDiagnostics } from "../../src/config/diagnostic.ts";
import { diagnose, TASK } from "./fixture.ts";

const BASE: Diagnostic = {
  severity: "error",
  message: "m",
  line: 1,
  column: 1,
  length: 1,
  hint: null,
  origin: null,
};

function render(line: string, diagnostic: Partial<Diagnostic> = {}): string {
  return renderDiagnostics([{ ...BASE, ...diagnostic }], "c.toml", line);
}

it("renders DESIGN.md's example as it stands there", () => {
  const lines = Array.from({ length: 47 }, () => "");
  const source = [...lines, "ngram_max = 1"].join("\n");
  const message = "train.ngram_max must be at least train.ngram_min (2), got 1";
  const hint = "raise ngram_max or lower ngram_min";
  const diagnostic = { ...BASE, message, hint, line: 48, column: 13 };
  expect(renderDiagnostics([diagnostic], "model_pipeline.toml", source)).toBe(
    `error: train.ngram_max must be at least train.ngram_min (2), got 1
  --> model_pipeline.toml:48:13
   |
48 | ngram_max = 1
   |             ^
   = hint: raise ngram_max or lower ngram_min`,
  );
});

it("says where a value from outside came from", () => {
  expect(render("x", { origin: "--set train.max_iter", line: null, column: null, hint: "h" })).toBe(
    "error: m\n  --> --set train.max_iter\n   = hint: h",
  );
  expect(render("x", { line: null, column: null })).toBe("error: m\n  --> c.toml");
});

it.each([
  ["a = 'x'", 5, 3, "a = 'x'", "    ^^^"],
  ["\ta = 1", 6, 1, "\ta = 1", "\t    ^"],
  ["a = 'x'", 5, 99, "a = 'x'", "    ^^^"],
  ["a", 9, 1, "a", " ^"],
  ["'\u65e5\u672c' = 1", 8, 1, "'\u65e5\u672c' = 1", "         ^"],
  ["'e\u0301' = 1", 8, 1, "'e\u0301' = 1", "      ^"],
  ["a\u001b[31m = \u202e1", 10, 1, "a\ufffd[31m = \ufffd1", "         ^"],
])("puts the carets under %j", (line, column, length, text, carets) => {
  expect(render(line, { column, length }).split("\n").slice(3)).toEqual([`1 | ${text}`, `  | ${carets}`]);
});

it("shows a long line around the caret", () => {
  const line = `a = "${"x".repeat(1000)}" # ${"y".repeat(1000)}`;
  const [shown = "", carets = ""] = render(line, { column: 1008, length: 1 }).split("\n").slice(3);
  expect(shown.length).toBeLessThan(170);
  expect(shown.startsWith("1 | …")).toBe(true);
  expect(shown.endsWith("…")).toBe(true);
  expect(shown[carets.indexOf("^")]).toBe("#");
});

it("orders by line and column, and counts what is left", () => {
  const diagnostics = [
    { ...BASE, message: "c", line: 2 },
    { ...BASE, message: "b", column: 2 },
    { ...BASE, message: "a" },
    { ...BASE, message: "z", line: null, column: null },
  ];
  const text = renderDiagnostics(diagnostics, "c.toml", "xx\nyy", 7);
  expect(text.match(/error: ./g)).toEqual(["error: z", "error: a", "error: b", "error: c"]);
  expect(text.endsWith("\n\nand 7 more")).toBe(true);
});

it("never shows a secret", () => {
  const key = "sk-abcdefghijklmnopqrstuvwx";
  const toml = `[synthetic_llm]
api_key = "${key}"
model = "${key}"
password = "hunter2"
base_url = "https://user:hunter2@host/v1"
${TASK}`;
  const { text, diagnostics } = diagnose(toml, {
    set: [`synthetic_llm.kee=${key}`, `train.max_iter=${key}`],
  });
  expect(text).not.toContain(key);
  expect(text).not.toContain("hunter2");
  expect(text).toContain(`api_key = ${"*".repeat(key.length + 2)}`);
  expect(diagnostics.map(({ message }) => message)).toEqual([
    "unknown key synthetic_llm.kee",
    "synthetic_llm.api_key holds what looks like an API key or a password",
    "synthetic_llm.model holds what looks like an API key or a password",
    "synthetic_llm.base_url holds what looks like an API key or a password",
    `train.max_iter must be a whole number from 1 to 100000, got "${"*".repeat(key.length)}"`,
    "unknown key synthetic_llm.api_key",
    "unknown key synthetic_llm.password",
  ]);
  expect(text).toContain("did you mean api_key_env?");
});
