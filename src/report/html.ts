// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import { safeText } from "../core/printable.ts";

// Not exported, so nothing but the tag below makes markup: a string never passes for it.
const MARKUP = Symbol("markup");

/** Markup whose every interpolated text was escaped. Only {@link html} makes it. */
export interface Html {
  readonly [MARKUP]: string;
}

/** What a template takes: texts and numbers are escaped, markup stays, null is nothing, and of a list every item. */
export type Content = Html | string | number | null | readonly Content[];

/** Where a template has a hole. */
type Place = "text" | "attribute";

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as HTML, in an element or a quoted attribute. What a page would obey, such as marks of direction, is shown. */
function escapeText(text: string): string {
  return safeText(text).replace(/[&<>"']/g, (character) => ESCAPES[character] ?? "");
}

const placesOf = new WeakMap<TemplateStringsArray, readonly Place[]>();

/**
 * The tag of every template with markup, HTML or inline SVG: html`<td>${text}</td>`. Holes are in text or in
 * attributes in double quotes, and take texts of strangers; markup goes only into text. A template is whole: it
 * begins and ends outside a tag.
 *
 * @throws ModelpackError INTERNAL where a hole is in no safe place: an attribute without quotes, the name of a tag, a
 * script or style, an address (href="#${id}" apart)
 */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  let places = placesOf.get(strings);
  if (places === undefined) {
    places = findPlaces(strings);
    placesOf.set(strings, places);
  }
  let out = strings[0] as string;
  for (let i = 0; i < values.length; i++)
    out += render(values[i] as Content, places[i] as Place) + (strings[i + 1] as string);
  return { [MARKUP]: out };
}

/** The text of markup, to be written. */
export function markupOf(markup: Html): string {
  return markup[MARKUP];
}

function render(value: Content, place: Place): string {
  if (value === null) return "";
  if (typeof value === "string") return escapeText(value);
  if (typeof value === "number") return String(value);
  if (MARKUP in value) {
    if (place === "text") return value[MARKUP];
    throw unsafe("markup can't stand in an attribute");
  }
  let out = "";
  for (const item of value) out += render(item, place);
  return out;
}

/** Attributes that a browser loads, runs or styles by: strangers' text never goes there. */
const ACTIVE = /\s(?:href|src|srcset|srcdoc|action|formaction|style|on\w+)="(?!#)[^"]*$/i;

function findPlaces(strings: TemplateStringsArray): Place[] {
  const places: Place[] = [];
  let state: "text" | "tag" | "value" = "text";
  let before = "";
  strings.forEach((part, i) => {
    if (/<(?:script|style|[!?])/i.test(part)) throw unsafe("a template holds no script, style or comment");
    for (const character of part) {
      if (state === "text") state = character === "<" ? "tag" : "text";
      else if (character === '"') state = state === "tag" ? "value" : "tag";
      else if (state === "tag" && character === ">") state = "text";
    }
    before += part;
    if (i + 1 === strings.length) {
      if (state !== "text") throw unsafe(`a template ends inside a tag: ${before.slice(-60)}`);
      return;
    }
    if (state === "tag" || (state === "value" && ACTIVE.test(before)))
      throw unsafe(`a template has a hole where text can't be escaped: ${before.slice(-60)}`);
    places.push(state === "text" ? "text" : "attribute");
  });
  return places;
}

function unsafe(message: string): ModelpackError {
  return new ModelpackError("INTERNAL", message);
}
