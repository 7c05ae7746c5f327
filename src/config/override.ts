// SPDX-License-Identifier: Apache-2.0
import { check, type Field } from "./fields.ts";
import { type Problem, pathName, show } from "./problem.ts";
import { SETTINGS, type SettingsSection } from "./schema.ts";
import { nearest } from "./suggest.ts";
import { isTable, parseTomlKey, parseTomlValue, type Table } from "./toml.ts";

/** Values from outside the TOML. Nothing is read from the process: the caller hands its environment in. */
export interface Overrides {
  /** By key: `{ "prepare.seed": 7 }`; undefined is not given. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** By key: what was typed for it, as in `{ "train.max_iter": "--max-iter" }`. An error names that instead of the key. */
  readonly flagNames?: Readonly<Record<string, string>>;
  /** As typed after --set: `section.key=value`. */
  readonly set?: readonly string[];
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Where a value of the effective config came from. */
export type Origin = "flag" | "environment" | "toml" | "default";

/** One value for one key, and how to say where it came from. */
export interface Override {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly kind: "flag" | "environment";
  readonly origin: string;
}

const PREFIX = "MODELPACK__";
const SECTIONS = Object.keys(SETTINGS) as SettingsSection[];

function fieldsOf(section: SettingsSection): Readonly<Record<string, Field>> {
  return SETTINGS[section].def.innerType.shape;
}

const KEYS = SECTIONS.flatMap((section) => Object.keys(fieldsOf(section)).map((key) => `${section}.${key}`));
const VARIABLES = new Map(KEYS.map((key) => [PREFIX + key.replace(".", "__").toUpperCase(), key]));

function fieldOf(section: string, key: string): Field | undefined {
  const found = SECTIONS.find((name) => name === section);
  if (found === undefined) return undefined;
  const fields = fieldsOf(found);
  return Object.hasOwn(fields, key) ? fields[key] : undefined;
}

/** Reads every override, the weakest first: environment, flags, --set in the order typed. */
export function readOverrides(given: Overrides): {
  readonly overrides: Override[];
  readonly problems: Problem[];
} {
  const names = new Map(Object.entries(given.flagNames ?? {}));
  const read = [
    ...Object.entries(given.environment ?? {}).map(([name, value]) => fromEnvironment(name, value)),
    ...Object.entries(given.flags ?? {}).map(([key, value]) =>
      fromFlag(key, value, names.get(key) ?? `flag ${key}`),
    ),
    ...(given.set ?? []).map(fromSet),
  ].filter((one) => one !== undefined);
  return {
    overrides: read.filter((one) => "path" in one),
    problems: read.filter((one) => "message" in one),
  };
}

function fromEnvironment(name: string, value: string | undefined): Override | Problem | undefined {
  // `MODELPACK__X= modelpack` and compose files with an unset `${X}` mean "not given".
  if (!name.startsWith(PREFIX) || value === undefined || value === "") return undefined;
  const origin = `environment ${name}`;
  const key = VARIABLES.get(name);
  if (key === undefined) {
    const near = nearest(name, [...VARIABLES.keys()]);
    const hint = near === undefined ? `names are ${PREFIX}<SECTION>__<KEY>` : `did you mean ${near}?`;
    return { message: `unknown environment variable ${name}`, hint, paths: [], origin };
  }
  const path = key.split(".");
  return { path, value: typedValue(path, value), kind: "environment", origin };
}

function fromFlag(name: string, value: unknown, origin: string): Override | Problem | undefined {
  if (value === undefined) return undefined;
  const path = parseTomlKey(name) ?? [name];
  return unknownTarget(path, name, origin) ?? { path, value, kind: "flag", origin };
}

function fromSet(typed: string): Override | Problem {
  const at = typed.indexOf("=");
  const name = typed.slice(0, at === -1 ? undefined : at).trim();
  const origin = `--set ${name}`;
  const path = parseTomlKey(name);
  if (at === -1 || path === undefined) {
    const hint = "write --set train.max_iter=10";
    return { message: `--set takes section.key=value, got ${show(typed)}`, hint, paths: [], origin };
  }
  const value = typed.slice(at + 1).trim();
  return unknownTarget(path, name, origin) ?? { path, value: typedValue(path, value), kind: "flag", origin };
}

function unknownTarget(path: readonly string[], name: string, origin: string): Problem | undefined {
  const [section = "", key = ""] = path;
  if (fieldOf(section, key) !== undefined) return undefined;
  if (section === "tasks" || section === "datasets") {
    const hint = "edit the TOML: tasks and datasets are what the versions are made of";
    return { message: `${section} can't be set from outside the TOML`, hint, paths: [], origin };
  }
  const same = KEYS.filter((known) => known.endsWith(`.${key || section}`));
  const inSection = KEYS.filter((known) => known.startsWith(`${section}.`));
  const near = nearest(`${section}.${key}`, inSection) ?? same[0] ?? nearest(`${section}.${key}`, KEYS);
  const hint = near === undefined ? "docs/config.md lists every key" : `did you mean ${near}?`;
  return { message: `unknown key ${name}`, hint, paths: [], origin };
}

// What was typed is a TOML value where the key takes that; else the text itself (`sigmoid`, a model named
// `7`); else, for a list, texts between commas.
function typedValue(path: readonly string[], typed: string): unknown {
  const value = parseTomlValue(typed);
  const field = path.length === 2 ? fieldOf(path[0] ?? "", path[1] ?? "") : undefined;
  if (field === undefined) return value === undefined ? typed : value;
  const texts = typed.split(",").map((part) => part.trim());
  const fitting = [value, typed, texts].find((form) => form !== undefined && check(field, form).success);
  return fitting ?? value ?? typed;
}

/** The raw config with overrides laid over it; what is no table in the TOML stays, for the schema to refuse. */
export function applyOverrides(raw: Table, overrides: readonly Override[]): Table {
  return overrides.reduce<Table>((table, { path, value }) => assign(table, path, value), raw);
}

function assign(table: Table, path: readonly string[], value: unknown): Table {
  const [key = "", ...rest] = path;
  const own = Object.hasOwn(table, key) ? table[key] : undefined;
  if (rest.length > 0 && own !== undefined && !isTable(own)) return table;
  const below = rest.length === 0 ? value : assign(isTable(own) ? own : {}, rest, value);
  // fromEntries defines properties, so that a key `__proto__` stays a key.
  return Object.fromEntries([...Object.entries(table).filter(([name]) => name !== key), [key, below]]);
}

/** `provider_env` and its like: variables named by the config itself, which win over the TOML. */
export function namedVariables(
  raw: Table,
  overrides: readonly Override[],
  environment: Overrides["environment"],
): Override[] {
  const section = isTable(raw.synthetic_llm) ? raw.synthetic_llm : {};
  return ["provider", "model", "base_url"].flatMap((key) => {
    const path = ["synthetic_llm", key];
    const given = overrides.some((override) => pathName(override.path) === pathName(path));
    const field = fieldOf("synthetic_llm", `${key}_env`);
    const checked = field === undefined ? undefined : check(field, section[`${key}_env`]);
    if (given || !checked?.success) return [];
    const name = String(checked.value);
    const value =
      environment === undefined || !Object.hasOwn(environment, name) ? undefined : environment[name];
    if (value === undefined || value === "") return [];
    return [{ path, value, kind: "environment", origin: `environment ${name}` } as const];
  });
}
