// SPDX-License-Identifier: Apache-2.0
import type { TaskDefinition } from "../core/task.ts";
import type { Shown } from "./pools.ts";

// Reads what a model wrote. Nothing of it is trusted: our own schema decides, whatever the server promised.

/** Why nothing of a whole reply can be used; another sample may do better. */
export type ReadFault =
  | "unclosed_thought" // thinking that never ends
  | "not_json" // prose, or JSON that is cut or torn
  | "wrong_shape" // JSON of another shape than was asked for, or a key twice
  | "no_canary" // the word of the prompt's beginning is not repeated
  | "no_items"; // an empty list

export type Read<T> =
  | { readonly value: T; readonly fault: null }
  | { readonly value: null; readonly fault: ReadFault };

/** An item of a reply that can't be a row has no texts. */
export type ReplyItem = Shown | null;

/** A label that a judge gives to the text of a number, from 1. */
export interface Judgement {
  readonly n: number;
  /** Null where no label fits. */
  readonly label: string | null;
  /** In [0, 1], by the model's own word; null where it gives none. */
  readonly confidence: number | null;
}

/** The rows of a reply, in its order: all of them, also those beyond what was asked for. */
export function readRows(
  text: string,
  { input }: TaskDefinition,
  canary: string,
): Read<readonly ReplyItem[]> {
  const keys = input === "pair" ? ["text_a", "text_b"] : ["text"];
  return readList(text, "rows", canary, (item) => {
    if (!hasJust(item, keys)) return null;
    const [a, b] = keys.map((key) => item[key]);
    if (typeof a !== "string") return null;
    if (keys.length === 1) return { text: a, textB: null };
    return typeof b === "string" ? { text: a, textB: b } : null;
  });
}

/** The labels of a judge's reply; those in no form that was asked for are null. */
export function readJudgements(text: string, canary: string): Read<readonly (Judgement | null)[]> {
  return readList(text, "labels", canary, (item) => {
    if (!isObject(item)) return null;
    const { n, label, confidence } = item;
    if (!Number.isSafeInteger(n) || (typeof label !== "string" && label !== null)) return null;
    const sure = typeof confidence === "number" && confidence >= 0 && confidence <= 1 ? confidence : null;
    return { n: n as number, label, confidence: sure };
  });
}

function readList<T>(
  text: string,
  key: string,
  canary: string,
  read: (item: unknown) => T,
): Read<readonly T[]> {
  const found = readObject(text);
  if (found.fault !== null) return found;
  const list = found.value[key];
  if (!Array.isArray(list)) return { value: null, fault: "wrong_shape" };
  if (found.value.canary !== canary) return { value: null, fault: "no_canary" };
  if (list.length === 0) return { value: null, fault: "no_items" };
  return { value: list.map(read), fault: null };
}

function readObject(text: string): Read<Readonly<Record<string, unknown>>> {
  const spoken = withoutThought(text);
  if (spoken === null) return { value: null, fault: "unclosed_thought" };
  const json = withoutFence(spoken);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { value: null, fault: "not_json" };
  }
  if (!isObject(value) || countMembers(value) !== countColons(json))
    return { value: null, fault: "wrong_shape" };
  return { value, fault: null };
}

const THOUGHT_START = "<think>";
const THOUGHT_END = "</think>";

/** Without one closed block of thinking at the start; null where it does not end. */
function withoutThought(text: string): string | null {
  const trimmed = text.trim();
  if (!trimmed.startsWith(THOUGHT_START))
    return trimmed.startsWith(THOUGHT_END) ? trimmed.slice(THOUGHT_END.length).trim() : trimmed;
  const end = trimmed.indexOf(THOUGHT_END);
  return end < 0 ? null : trimmed.slice(end + THOUGHT_END.length).trim();
}

/** Without one fence of Markdown around all of it. */
function withoutFence(text: string): string {
  if (!text.startsWith("```") || !text.endsWith("```")) return text;
  const start = text.indexOf("\n");
  return start < 0 || text.length < start + 4 ? text : text.slice(start + 1, -3).trim();
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hasJust(value: unknown, keys: readonly string[]): value is Readonly<Record<string, unknown>> {
  if (!isObject(value)) return false;
  const own = Object.keys(value);
  return own.length === keys.length && keys.every((key) => Object.hasOwn(value, key));
}

/** Members of a value's objects at any depth, without recursion: a stranger chose the depth. */
function countMembers(root: object): number {
  let count = 0;
  const open: unknown[] = [root];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== "object" || next === null) continue;
    const values: unknown[] = Array.isArray(next) ? next : Object.values(next);
    if (!Array.isArray(next)) count += values.length;
    for (const value of values) if (typeof value === "object" && value !== null) open.push(value);
  }
  return count;
}

/** Colons outside strings: as many as the text has members, so that one fewer in the value is a key twice. */
function countColons(json: string): number {
  let count = 0;
  let inside = false;
  for (let i = 0; i < json.length; i++) {
    const c = json.charCodeAt(i);
    if (inside && c === 0x5c) i++;
    else if (c === 0x22) inside = !inside;
    else if (c === 0x3a && !inside) count++;
  }
  return count;
}
