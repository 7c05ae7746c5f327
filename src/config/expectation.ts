// SPDX-License-Identifier: Apache-2.0
import type { Path } from "./fields.ts";
import { formInWords } from "./form.ts";

/** The part of JSON Schema that our fields become. */
export interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minItems?: number;
  readonly anyOf?: readonly Node[];
  readonly items?: Node;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly propertyNames?: Node;
  readonly patternProperties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | false;
}

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

function bounds({ minimum, exclusiveMinimum, maximum }: Node): string {
  if (exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum} and at most ${maximum}`;
  return minimum === undefined ? "" : ` from ${minimum} to ${maximum}`;
}

/** Text of a field, or the keys of a table. */
export function textForm(node: Node): string {
  if (node.pattern !== undefined) return formInWords(node.pattern);
  return (node.minLength ?? 0) > 0 ? "text that is not empty" : "text";
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
  if (node.type === "string") return textForm(node);
  if (node.type === "array") return `a list${(node.minItems ?? 0) > 0 ? " that is not empty" : ""}`;
  return "a table";
}

function list(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}
