// SPDX-License-Identifier: Apache-2.0
import type { Path } from "./fields.ts";

/** The part of JSON Schema that our fields become. */
export interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minItems?: number;
  readonly anyOf?: readonly Node[];
  readonly items?: Node;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly patternProperties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | false;
}

/** Numbers at or above this are "as many as you like" to a reader. */
const UNBOUNDED = 0x7fff_ffff;

function child(node: Node, step: string | number): Node | undefined {
  for (const form of node.anyOf ?? []) {
    const found = child(form, step);
    if (found !== undefined) return found;
  }
  if (typeof step === "number") return node.items;
  const { properties = {}, patternProperties = {}, additionalProperties } = node;
  if (Object.hasOwn(properties, step)) return properties[step];
  for (const [pattern, form] of Object.entries(patternProperties)) {
    if (new RegExp(pattern).test(step)) return form;
  }
  return additionalProperties === false ? undefined : additionalProperties;
}

/** The schema of what stands at a path. */
export function nodeAt(root: Node, path: Path): Node | undefined {
  let node: Node | undefined = root;
  for (const step of path) {
    if (node === undefined) return undefined;
    node = child(node, step);
  }
  return node;
}

function bounds(node: Node): string {
  const { minimum, exclusiveMinimum, maximum } = node;
  const open = maximum === undefined || maximum >= UNBOUNDED;
  if (exclusiveMinimum !== undefined)
    return ` above ${exclusiveMinimum}${open ? "" : ` and at most ${maximum}`}`;
  if (minimum === undefined) return "";
  return open ? ` of at least ${minimum}` : ` from ${minimum} to ${maximum}`;
}

function text(node: Node): string {
  if (node.pattern === undefined) return "text that is not empty";
  return `text of the form ${node.pattern}`;
}

/** What may stand there, in words: "a whole number from 1 to 16", `"auto" or a number above 0`. */
export function expectation(node: Node): string {
  if (node.anyOf !== undefined) return node.anyOf.map(expectation).join(" or ");
  const words = node.enum ?? (node.const === undefined ? [] : [node.const]);
  if (words.length > 0)
    return `${words.length > 2 ? "one of " : ""}${list(words.map((word) => JSON.stringify(word)))}`;
  if (node.type === "integer") return `a whole number${bounds(node)}`;
  if (node.type === "number") return `a number${bounds(node)}`;
  if (node.type === "boolean") return "true or false";
  if (node.type === "string") return text(node);
  if (node.type === "array") return `a list${(node.minItems ?? 0) > 0 ? " that is not empty" : ""}`;
  return "a table";
}

function list(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}
