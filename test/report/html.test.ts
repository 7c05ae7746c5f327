// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Content, html, markupOf } from "../../src/report/html.ts";

const text = (content: Content) => markupOf(html`<p title="${content}">${content}</p>`);

describe("html", () => {
  it("escapes texts, in an element and in an attribute", () => {
    expect(text(`<script>"'&`)).toBe(
      `<p title="&lt;script&gt;&quot;&#39;&amp;">&lt;script&gt;&quot;&#39;&amp;</p>`,
    );
    expect(text(`"><img src=x onerror=alert(1)>`)).not.toContain("<img");
  });

  it("shows what a page would obey", () => {
    expect(text("a\u202eb\u0000c\u2066")).toContain(">a\\u202eb\\u0000c\\u2066<");
  });

  it("takes numbers, nothing, lists and markup", () => {
    const row = (cell: Content) => html`<td>${cell}</td>`;
    expect(markupOf(html`<tr>${[row(1.5), row(null), row(["<", html`<b>${">"}</b>`])]}</tr>`)).toBe(
      "<tr><td>1.5</td><td></td><td>&lt;<b>&gt;</b></td></tr>",
    );
  });

  it("takes no object for markup that its tag did not make", () => {
    const forged = JSON.parse('{"markup":"<b>"}') as Content;
    expect(() => text(forged)).toThrow();
  });

  it("leaves no special character of any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (any) => {
        const inside = markupOf(html`<p>${any}</p>`).slice(3, -4);
        expect(inside).not.toMatch(/[<>"']|&(?!(?:amp|lt|gt|quot|#39);)/);
      }),
    );
  });

  const value = "x";
  it.each([
    ["an attribute without quotes", () => html`<p title=${value}></p>`],
    ["the name of a tag", () => html`<${value}>`],
    ["the name of an attribute", () => html`<p ${value}></p>`],
    ["an address", () => html`<a href="${value}">x</a>`],
    ["the rest of an address", () => html`<img src="https://${value}">`],
    ["a handler", () => html`<p onclick="${value}"></p>`],
    ["a style", () => html`<p style="color: ${value}"></p>`],
    ["a script", () => html`<script>${value}</script>`],
    ["a style sheet", () => html`<STYLE>${value}</STYLE>`],
    ["a comment", () => html`<!-- ${value} -->`],
    ["a template that ends in a tag", () => html`<p title="${value}"`],
    ["markup in an attribute", () => html`<p title="${html`<b>x</b>`}"></p>`],
  ])("refuses %s", (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: "INTERNAL" }));
  });

  it("takes the name of a place on the page", () => {
    expect(markupOf(html`<a href="#${"task-a"}">x</a>`)).toBe('<a href="#task-a">x</a>');
  });
});
