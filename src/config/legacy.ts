// SPDX-License-Identifier: Apache-2.0
import { show } from "./problem.ts";
import { isTable, type Table } from "./toml.ts";

// The TOML of the Python pipeline that modelpack replaces. Its keys that have no meaning here are taken out
// before the schema looks, and each is told once, with what replaces it (docs/migration.md).

interface RetiredKey {
  /** Its section; `datasets` is each [[datasets]]. */
  readonly section: "prepare" | "train" | "synthetic_llm" | "datasets";
  readonly key: string;
  readonly instead: string;
}

const NO_PYTHON =
  'no Python is needed; required = false lets prepare go on without a dataset, and kind = "local" needs no network';

const LOGGING = "log_stats_every_seconds is how often a line of progress comes; run.json has the counts";
const TOKENS = "models of spans have no counterpart: tasks are classifications of whole texts";

const RETIRED_KEYS: readonly RetiredKey[] = [
  { section: "prepare", key: "require_datasets_package", instead: NO_PYTHON },
  {
    section: "prepare",
    key: "samples_per_task_label",
    instead: "set target_per_task_label, max_per_task_label and max_rows_per_source, each by itself",
  },
  { section: "prepare", key: "token", instead: TOKENS },
  { section: "train", key: "token", instead: TOKENS },
  { section: "synthetic_llm", key: "log_zero_progress_every", instead: LOGGING },
  { section: "synthetic_llm", key: "parse_failure_log_every", instead: LOGGING },
  { section: "synthetic_llm", key: "log_request_failures", instead: LOGGING },
  {
    section: "datasets",
    key: "target",
    instead:
      'the task of a [[datasets.map]] says what a dataset feeds; for target = "seed", write role = "seed" there',
  },
  {
    section: "datasets",
    key: "usage_role",
    instead:
      "the role of a [[datasets.map]] says what its rows are for: train, test, eval, seed or out_of_scope",
  },
  { section: "datasets", key: "require_datasets_package", instead: NO_PYTHON },
];

/** Keys that may be left out, where the Python pipeline took an empty text for that. */
const EMPTY_IS_UNSET: readonly (readonly [section: string, keys: readonly string[]])[] = [
  ["synthetic_llm", ["model", "base_url"]],
  ["datasets", ["dataset_id", "link"]],
];

const PATHS =
  "paths: relative ones start at the folder of this file; the Python pipeline started at the root of its repository";

export interface Legacy {
  /** The config without the retired keys. */
  readonly raw: Table;
  /** Whether it is a TOML of the Python pipeline: it had a retired key. */
  readonly isLegacy: boolean;
  /** A line for each retired key, and for what else means something else now. */
  readonly notes: readonly string[];
}

/** Takes out what only the Python pipeline reads. */
export function readLegacy(raw: Table): Legacy {
  const notes: string[] = [];
  let rest = raw;
  for (const { section, key, instead } of RETIRED_KEYS) {
    const found = tablesOf(rest, section).filter((table) => Object.hasOwn(table, key));
    if (found.length === 0) continue;
    rest = without(rest, section, (name) => name === key);
    const owners = section === "datasets" ? ` of ${namesOf(found)}` : "";
    notes.push(`${section}.${key}${owners} has no meaning here: ${instead}`);
  }
  for (const [section, keys] of EMPTY_IS_UNSET)
    rest = without(rest, section, (name, value) => value === "" && keys.includes(name));
  const isLegacy = notes.length > 0;
  if (isLegacy && isTable(rest.paths)) notes.push(PATHS);
  return { raw: rest, isLegacy, notes };
}

function tablesOf(raw: Table, section: string): readonly Table[] {
  return [raw[section]].flat().filter(isTable);
}

/** More names than this are counted instead. */
const MAX_NAMES = 3;

function namesOf(tables: readonly Table[]): string {
  const names = tables.slice(0, MAX_NAMES).map(({ name }) => show(name));
  const more = tables.length > MAX_NAMES ? ` and ${tables.length - MAX_NAMES} more` : "";
  return `${names.join(", ")}${more}`;
}

/** The same with some keys of a section left out; the table is copied only where there is one. */
function without(raw: Table, section: string, drop: (key: string, value: unknown) => boolean): Table {
  const clean = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(clean);
    if (!isTable(part) || !Object.entries(part).some(([key, value]) => drop(key, value))) return part;
    return Object.fromEntries(Object.entries(part).filter(([key, value]) => !drop(key, value)));
  };
  if (!Object.hasOwn(raw, section)) return raw;
  return { ...raw, [section]: clean(raw[section]) };
}
