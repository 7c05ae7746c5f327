// SPDX-License-Identifier: Apache-2.0

/** A value of a card's metadata. Keys are ours: letters, digits, `-` and `_`; values may be strangers'. */
export type Yaml = string | number | boolean | null | readonly Yaml[] | { readonly [key: string]: Yaml };

/**
 * What YAML 1.1 readers fold, refuse or take for a mark where it stands in a quoted text: control characters, line
 * separators, marks of direction, byte order marks, halves of surrogate pairs and non-characters.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]|\p{Surrogate}/gu;

/** A text as a YAML scalar in double quotes, on one line: what a reader of YAML 1.1 or 1.2 gives back is the text. */
function quoted(text: string): string {
  const escaped = text
    .replace(/[\\"]/g, "\\$&")
    .replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `"${escaped}"`;
}

/** YAML in block style, lists and maps indented by two spaces; it ends with a line feed. */
export function yamlText(value: { readonly [key: string]: Yaml }): string {
  return mapLines(value)
    .map((line) => `${line}\n`)
    .join("");
}

function mapLines(map: { readonly [key: string]: Yaml }): string[] {
  return Object.entries(map).flatMap(([key, value]) => {
    const lines = linesOf(value);
    return isBlock(value) ? [`${key}:`, ...lines.map((line) => `  ${line}`)] : [`${key}: ${lines[0] ?? ""}`];
  });
}

/** Whether a value takes lines of its own. */
function isBlock(value: Yaml): value is readonly Yaml[] | { readonly [key: string]: Yaml } {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

function linesOf(value: Yaml): string[] {
  if (typeof value === "string") return [quoted(value)];
  if (typeof value !== "object" || value === null) return [String(value)];
  if (!isBlock(value)) return [Array.isArray(value) ? "[]" : "{}"];
  if (!isList(value)) return mapLines(value);
  return value.flatMap((item) => {
    const [first = "", ...more] = linesOf(item);
    return [`- ${first}`, ...more.map((line) => `  ${line}`)];
  });
}

function isList(value: object): value is readonly Yaml[] {
  return Array.isArray(value);
}
