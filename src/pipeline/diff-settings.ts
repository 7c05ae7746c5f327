// SPDX-License-Identifier: Apache-2.0
import type { PackDiff } from "../report/diff-page.ts";

/** Names of things in a list, whose place says nothing. */
const NAMES = ["family", "task", "name"];

/**
 * Settings that differ between the configs of two manifests, by paths such as `tasks.colour.settings.alpha`, in the order of
 * their names. Lists of texts, such as labels, are one setting.
 */
export function differingSettings(a: unknown, b: unknown): PackDiff["settings"] {
  const [ofA, ofB] = [flat(a), flat(b)];
  return [...new Set([...ofA.keys(), ...ofB.keys()])]
    .filter((name) => ofA.get(name) !== ofB.get(name))
    .sort()
    .map((name) => ({ name, a: ofA.get(name) ?? null, b: ofB.get(name) ?? null }));
}

function flat(config: unknown): Map<string, string> {
  const settings = new Map<string, string>();
  const visit = (value: unknown, path: string) => {
    if (typeof value !== "object" || value === null) return void settings.set(path, textOf(value));
    if (!Array.isArray(value)) {
      for (const [key, inner] of Object.entries(value))
        if (!NAMES.includes(key) || path === "") visit(inner, path === "" ? key : `${path}.${key}`);
      return;
    }
    const named = value.map(nameOf);
    if (named.some((name) => name === null)) return void settings.set(path, JSON.stringify(value));
    settings.set(`${path} (order)`, named.join(", "));
    value.forEach((item, i) => {
      visit(item, `${path}.${named[i]}`);
    });
  };
  visit(config, "");
  return settings;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}

function nameOf(item: unknown): string | null {
  const found = NAMES.map((key) => (Object(item) as Record<string, unknown>)[key]);
  return found.find((name): name is string => typeof name === "string") ?? null;
}
