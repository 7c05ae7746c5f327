// SPDX-License-Identifier: Apache-2.0

// What a line of the ledger must be, as a table of its members. A million lines are read at a time, so the
// checks build nothing.

/** Whether a value is what a member may hold. */
export type Check = (value: unknown) => boolean;

/** A check for every member of a line. */
export type Form<T> = Readonly<Record<keyof T, Check>>;

/** Past any number that a run counts to; thousands of them still add up exactly. */
const MAX_COUNT = 1_000_000_000_000;
/** Half of a character: UTF-8 can't say it, so that two texts would have one digest. */
const UNPAIRED = /\p{Surrogate}/u;

/** Whether `value` is an object with the members of a form and no others, each as the form says. */
export function fits<T>(value: unknown, form: Form<T>): value is T {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const object = value as Readonly<Record<string, unknown>>;
  const checks: Readonly<Record<string, Check>> = form;
  let members = 0;
  for (const name in checks) {
    members++;
    if (checks[name]?.(object[name]) !== true) return false;
  }
  return Object.keys(object).length === members;
}

/** Exactly this value. */
export function is(expected: string): Check {
  return (value) => value === expected;
}

/** One of these. */
export function oneOf(expected: readonly string[]): Check {
  const known = new Set<unknown>(expected);
  return (value) => known.has(value);
}

/** A text of so many UTF-16 units, with no half of a character in it. */
export function text(min: number, max: number): Check {
  return (value) =>
    typeof value === "string" && value.length >= min && value.length <= max && !UNPAIRED.test(value);
}

/** So many hex digits, in lower case. */
export function hex(min: number, max: number): Check {
  const pattern = new RegExp(`^[0-9a-f]{${min},${max}}$`);
  return (value) => typeof value === "string" && pattern.test(value);
}

/** A whole number from `min`. */
export function aCount(min: number): Check {
  return (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= MAX_COUNT;
}

/** True or false. */
export function aBoolean(value: unknown): boolean {
  return typeof value === "boolean";
}

/** Null, or what the check lets pass. */
export function nullOr(check: Check): Check {
  return (value) => value === null || check(value);
}

/** A list of at most so many items. */
export function listOf(check: Check, max: number): Check {
  return (value) => Array.isArray(value) && value.length <= max && value.every(check);
}
