// SPDX-License-Identifier: Apache-2.0
import type { PackDiff } from "../report/diff-page.ts";

type Values = Readonly<Record<string, unknown>>;

/** `config` of a pack's manifest. */
export interface PackConfig {
  readonly families: readonly { readonly family: string; readonly settings: Values }[];
  readonly tasks: readonly { readonly task: string; readonly settings: Values }[];
  readonly definitions: readonly (Values & { readonly name: string; readonly family: string })[];
}

/** What of a task's definition decides its model and its answers; its labels are compared apart. */
const DEFINED = [
  "family",
  "input",
  "default",
  "target_precision",
  "target_out_of_scope_recall",
  "min_confidence",
];

type Difference = PackDiff["settings"][number];

/**
 * Settings in which two packs differ, of the families and tasks that both have: `train.<key>` where it is the same for
 * every family, else `family.<name>.<key>`; `task.<name>.<key>` where a task has another value than its family.
 */
export function differingSettings(a: PackConfig, b: PackConfig): Difference[] {
  const families = a.families.flatMap(({ family, settings }) => {
    const other = b.families.find((one) => one.family === family);
    return other === undefined ? [] : [{ family, differences: differing(settings, other.settings) }];
  });
  const tasks = a.definitions.flatMap((definition) => {
    const other = b.definitions.find(({ name }) => name === definition.name);
    if (other === undefined) return [];
    const found = [
      ...differing(ownSettings(a, definition), ownSettings(b, other)),
      ...differing(picked(definition), picked(other)),
    ];
    return found.map(({ name, ...values }) => ({ name: `task.${definition.name}.${name}`, ...values }));
  });
  return [...ofFamilies(families), ...tasks];
}

interface FamilyDifferences {
  readonly family: string;
  readonly differences: readonly Difference[];
}

/** A difference that all families have alike is one of `[train]`. */
function ofFamilies(families: readonly FamilyDifferences[]): Difference[] {
  const isShared = (one: Difference) =>
    families.every(({ differences }) =>
      differences.some(({ name, a, b }) => name === one.name && a === one.a && b === one.b),
    );
  const shared = (families[0]?.differences ?? []).filter(isShared);
  const others = families.flatMap(({ family, differences }) =>
    differences
      .filter((one) => !isShared(one))
      .map(({ name, ...values }) => ({ name: `family.${family}.${name}`, ...values })),
  );
  return [...shared.map(({ name, ...values }) => ({ name: `train.${name}`, ...values })), ...others];
}

/** The settings in which a task is other than its family. */
function ownSettings(
  { families, tasks }: PackConfig,
  { name, family }: { name: string; family: string },
): Values {
  const shared = families.find((one) => one.family === family)?.settings ?? {};
  const own = tasks.find(({ task }) => task === name)?.settings ?? {};
  return Object.fromEntries(
    Object.entries(own).filter(([key, value]) => textOf(value) !== textOf(shared[key])),
  );
}

function picked(definition: Values): Values {
  return Object.fromEntries(DEFINED.map((key) => [key, definition[key] ?? null]));
}

function differing(a: Values, b: Values): Difference[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((name) => {
    const [ofA, ofB] = [textOf(a[name]), textOf(b[name])];
    return ofA === ofB ? [] : [{ name, a: ofA, b: ofB }];
  });
}

/** Null where there is no value. */
function textOf(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}
