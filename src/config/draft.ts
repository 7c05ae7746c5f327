// SPDX-License-Identifier: Apache-2.0
import { dataset, map, task } from "./collections.ts";
import { check, type Field, type Path, type Value } from "./fields.ts";
import { type DatasetMap, SETTINGS, type TaskInput } from "./schema.ts";
import { isTable, type Table } from "./toml.ts";

// A config with a mistyped key still has references worth checking, so that all problems come at once:
// a draft is what can be read of it, each part with its place.

/** Wrong keys of one part that are left out; each costs a copy of its table. */
const MAX_REPAIRS = 100;

/** A part that parsed; `whole` is false where keys of it were wrong and are left out. */
export interface Part<T> {
  readonly path: Path;
  readonly value: T;
  readonly whole: boolean;
}

export interface DraftDataset extends Part<Omit<Value<typeof dataset>, "map">> {
  readonly maps: readonly Part<DatasetMap>[];
}

export interface Draft {
  /** It is a TOML of the Python pipeline, which had its tasks and mappings in its code. */
  readonly isLegacy: boolean;
  readonly settings: { readonly [K in keyof typeof SETTINGS]: Value<(typeof SETTINGS)[K]> };
  readonly tasks: readonly Part<TaskInput>[];
  /** Names of tasks that could not be read: references to them are not reported as well. */
  readonly brokenTasks: ReadonlySet<string>;
  readonly datasets: readonly DraftDataset[];
}

/** Reads what can be read of a config. */
export function readDraft(raw: Table, isLegacy = false): Draft {
  const elements = tablesAt(raw.tasks, ["tasks"]).map(([path, value]) => ({
    value,
    part: readPart(task, value, path),
  }));
  const broken = elements.filter(({ part }) => part === undefined).map(({ value }) => value.name);
  return {
    isLegacy,
    settings: {
      paths: readSection(SETTINGS.paths, raw.paths),
      prepare: readSection(SETTINGS.prepare, raw.prepare),
      train: readSection(SETTINGS.train, raw.train),
      synthetic_llm: readSection(SETTINGS.synthetic_llm, raw.synthetic_llm),
      multilingual: readSection(SETTINGS.multilingual, raw.multilingual),
    },
    tasks: elements.flatMap(({ part }) => part ?? []),
    brokenTasks: new Set(broken.filter((name) => typeof name === "string")),
    datasets: tablesAt(raw.datasets, ["datasets"]).flatMap(([path, value]) => readDataset(path, value) ?? []),
  };
}

function readSection<T>(field: Field<T>, raw: unknown): T {
  const part = readPart(field, raw, []) ?? readPart(field, {}, []);
  if (part === undefined) throw new RangeError("a section without defaults");
  return part.value;
}

function readDataset(path: Path, raw: Table): DraftDataset | undefined {
  const part = readPart(dataset, without(raw, ["map"]), path);
  const maps = tablesAt(raw.map, [...path, "map"]).flatMap(([at, value]) => readPart(map, value, at) ?? []);
  return part === undefined ? undefined : { ...part, maps };
}

function tablesAt(value: unknown, path: Path): (readonly [Path, Table])[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((element, i) => (isTable(element) ? [[[...path, i], element] as const] : []));
}

function readPart<T>(field: Field<T>, raw: unknown, path: Path): Part<T> | undefined {
  const first = check(field, raw);
  if (first.success) return { path, value: first.value, whole: true };
  const wrong = first.issues.flatMap((issue) =>
    issue.unknownKeys.length > 0 ? issue.unknownKeys.map((key) => [...issue.path, key]) : [issue.path],
  );
  if (wrong.length > MAX_REPAIRS) return undefined;
  const rest = wrong.reduce<unknown>((value, at) => without(value, at), raw);
  const second = check(field, rest);
  return second.success ? { path, value: second.value, whole: false } : undefined;
}

// An element of a list takes the whole list with it: the others would move.
function without(value: unknown, path: Path): unknown {
  const [key, ...rest] = path;
  if (Array.isArray(value)) return value.map((element, i) => (i === key ? without(element, rest) : element));
  if (!isTable(value) || key === undefined || !Object.hasOwn(value, key)) return value;
  const inner = value[key];
  const others = Object.entries(value).filter(([name]) => name !== key);
  const nested = isTable(inner) || (Array.isArray(inner) && rest.length > 1);
  if (rest.length === 0 || !nested) return Object.fromEntries(others);
  return Object.fromEntries([...others, [key, without(inner, rest)]]);
}
