// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { type Content, type Html, html, markupOf } from "./html.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";

/** A part of a page that its contents list. */
export interface Section {
  /** Unique on the page: letters, digits, `-` and `_`. */
  readonly id: string;
  readonly title: string;
  readonly body: Content;
  /** Parts of their own, one level deep. */
  readonly parts?: readonly Section[];
}

export interface Page {
  readonly title: string;
  /** What the page is about, in a sentence or two. */
  readonly lead: Content;
  readonly sections: readonly Section[];
}

/**
 * One self-contained document: style and script inside, nothing loaded, light and dark, for wide and narrow screens and
 * for paper. Its policy lets run and style nothing but what is here, by digest, and forbids every request: a text that
 * got past the escapes would still do nothing. Same page, same bytes.
 */
export function renderPage({ title, lead, sections }: Page): string {
  const policy = `default-src 'none'; style-src '${digest(STYLE)}'; script-src '${digest(SCRIPT)}'; base-uri 'none'; form-action 'none'`;
  const head = html`<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
`;
  const body = html`<a class="skip" href="#content">Skip to the content</a>
<nav aria-label="Contents"><ul>${sections.map(entry)}</ul></nav>
<main id="content">
<header><h1>${title}</h1><p class="lead">${lead}</p></header>
${sections.map(section)}</main>
`;
  return `<!doctype html>
<html lang="en">
<head>
${markupOf(head)}<style>${STYLE}</style>
</head>
<body>
${markupOf(body)}<script>${SCRIPT}</script>
</body>
</html>
`;
}

/** As a Content-Security-Policy names a script or style by its bytes. */
function digest(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

function entry({ id, title, parts = [] }: Section): Html {
  const inner = parts.length === 0 ? null : html`<ul>${parts.map(entry)}</ul>`;
  return html`<li><a href="#${id}">${title}</a>${inner}</li>
`;
}

function section({ id, title, body, parts = [] }: Section): Html {
  const inner = parts.map(
    (part) => html`<section id="${part.id}" class="part"><h3>${part.title}</h3>
${part.body}</section>
`,
  );
  return html`<section id="${id}"><h2>${title}</h2>
${body}${inner}</section>
`;
}
