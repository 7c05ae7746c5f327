// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { html } from "../../src/report/html.ts";
import { renderPage } from "../../src/report/page.ts";

describe("renderPage", () => {
  const page = renderPage({
    title: "A <title>",
    lead: "What & why.",
    sections: [
      { id: "one", title: "One", body: html`<p>x</p>`, parts: [{ id: "two", title: "Two <b>", body: null }] },
    ],
  });

  it("escapes its texts and lists its sections", () => {
    expect(page).toContain("<title>A &lt;title&gt;</title>");
    expect(page).toContain('<a href="#one">One</a><ul><li><a href="#two">Two &lt;b&gt;</a></li>');
    expect(page).toContain('<section id="two" class="part"><h3>Two &lt;b&gt;</h3>');
  });

  it("allows its own style and script by their digests, and nothing else", () => {
    const inside = (tag: string) => page.match(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`))?.[1] ?? "";
    const digest = (tag: string) => createHash("sha256").update(inside(tag)).digest("base64");
    const policy = page.match(/Content-Security-Policy" content="([^"]+)"/)?.[1]?.replaceAll("&#39;", "'");
    expect(policy).toBe(
      `default-src 'none'; style-src 'sha256-${digest("style")}'; script-src 'sha256-${digest("script")}'; base-uri 'none'; form-action 'none'`,
    );
  });

  it("names no address that a browser would ask", () => {
    expect(page.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:|url\(|@import/);
  });
});
