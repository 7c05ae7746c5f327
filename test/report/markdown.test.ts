// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { codeBlock, markdownTable, markdownText } from "../../src/report/markdown.ts";

describe("markdownText", () => {
  it.each([
    ["plain words, cc-by-4.0 (v1)!", "plain words, cc-by-4.0 (v1)!"],
    ["a|b", "a\\|b"],
    ["<script>alert(1)</script>", "&lt;script\\>alert(1)&lt;/script\\>"],
    ["[x](javascript:alert(1))", "\\[x\\](javascript:alert(1))"],
    ["![x](http://a.b)", "!\\[x\\](http\\://a.b)"],
    ["www.a.b https://a.b @me", "www\\.a.b https\\://a.b \\@me"],
    ["`code` *b* _i_ ~s~ $m$", "\\`code\\` \\*b\\* \\_i\\_ \\~s\\~ \\$m\\$"],
    ["# heading", "\\# heading"],
    ["- item", "\\- item"],
    ["12. item", "12\\. item"],
    ["&lt;", "&amp;lt;"],
    ["two\nlines\u202e", "two\\\\nlines\\\\u202e"],
  ])("shows %j as it is", (text, markdown) => {
    expect(markdownText(text)).toBe(markdown);
  });
});

it("makes a table with numbers to the right", () => {
  expect(markdownTable(["a", "b"], [["x", "1"]], [1])).toBe("| a | b |\n| --- | ---: |\n| x | 1 |");
});

it("fences code by more backticks than it holds", () => {
  expect(codeBlock("js", "a ``` b")).toBe("````js\na ``` b\n````");
});
