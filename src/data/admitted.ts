// SPDX-License-Identifier: Apache-2.0
import { ORIGINS, SPLITS } from "../core/example.ts";
import { type TextColumn, textAt } from "../core/text-column.ts";
import type { SplitRows } from "./dataset.ts";
import { isOfficial } from "./merging.ts";
import { idHash, purposeSeed } from "./row-hash.ts";
import { compareIds, ID_BYTES, RowIdentity } from "./row-id.ts";
import { ROLES, type TaskRows } from "./rows.ts";
import { sortedByKey } from "./sorting.ts";
import { effectiveRatios, type Group, type SplitSettings, splitStratum } from "./splitter.ts";
import { UnionFind } from "./union-find.ts";

/** Rows that join those of a task, in their order. */
export interface Admitted {
  /** The texts of the base, and behind them those of the admitted rows. */
  readonly text: TextColumn;
  readonly textB: TextColumn | null;
  /** The columns of the admitted rows alone. */
  readonly label: Uint32Array;
  readonly language: Uint32Array;
  /** Those of the base first. */
  readonly languages: readonly string[];
  /** Admitted rows, counted from 0, and the row (of the base or behind it) that each shares a group with. */
  readonly tied: Uint32Array;
  readonly tiedTo: Uint32Array;
}

export interface MergeSettings extends SplitSettings {
  readonly minRealHoldout: number;
}

/** The source of admitted rows. A dataset of that name is told from it by the origin of its rows. */
export const BACKFILL_SOURCE = "backfill";

const SYNTHETIC = ORIGINS.indexOf("synthetic");
const REAL = ORIGINS.indexOf("real");
const TRAIN = SPLITS.indexOf("train");
const NONE = 0xffffffff;

/** Puts admitted rows behind those of the base, which stay as they are, in the splits that they go to. */
export function mergeAdmitted(base: SplitRows, admitted: Admitted, settings: MergeSettings): SplitRows {
  const loose = appendRows(base.rows, admitted);
  const rows = { ...loose, group: groupRows(loose, base.rows.length, admitted) };
  const split = new Uint8Array(rows.length).fill(TRAIN);
  split.set(base.split);
  const ratios = effectiveRatios(base.rows, settings.ratios);
  const few = labelsOfFewRealRows(base.rows, settings.minRealHoldout);
  for (const groups of strata(rows, base.rows.length, few, settings.seed)) {
    const splits = splitStratum(groups, ratios);
    const splitOf = new Map(groups.map(({ row }, k) => [row, splits[k] as number]));
    for (let i = base.rows.length; i < rows.length; i++)
      split[i] = splitOf.get(rows.group[i] as number) ?? (split[i] as number);
  }
  return { rows, split };
}

function appendRows(base: TaskRows, { text, textB, label, language, languages }: Admitted): TaskRows {
  const more = label.length;
  const length = base.length + more;
  const named = base.sources.indexOf(BACKFILL_SOURCE);
  const sources = named < 0 ? [...base.sources, BACKFILL_SOURCE] : base.sources;
  const source = named < 0 ? base.sources.length : named;
  const rows = {
    task: base.task,
    length,
    text,
    textB,
    label: extended(new Uint32Array(length), base.label, (k) => label[k] as number),
    source: extended(new Uint16Array(length), base.source, () => source),
    sources,
    role: extended(new Uint8Array(length), base.role, () => ROLES.indexOf("train")),
    origin: extended(new Uint8Array(length), base.origin, () => SYNTHETIC),
    language: extended(new Uint16Array(length), base.language, (k) => language[k] as number),
    languages,
    count: extended(new Uint32Array(length), base.count, () => 1),
    group: extended(new Uint32Array(length), base.group, (k) => base.length + k),
  };
  return { ...rows, id: appendIds(base, rows) };
}

function extended<T extends Uint8Array | Uint16Array | Uint32Array>(
  into: T,
  base: T,
  value: (k: number) => number,
): T {
  into.set(base);
  for (let i = base.length; i < into.length; i++) into[i] = value(i - base.length);
  return into;
}

function appendIds(base: TaskRows, { task, length, text, textB, label }: Omit<TaskRows, "id">): Uint8Array {
  const id = new Uint8Array(length * ID_BYTES);
  id.set(base.id);
  const identity = new RowIdentity(task.name);
  for (let i = base.length; i < length; i++) {
    const name = task.labels[label[i] as number]?.name ?? "";
    identity.write(id, i * ID_BYTES, textAt(text, i), textB === null ? null : textAt(textB, i), name);
  }
  return id;
}

/**
 * The group of each row: those of the base keep theirs. An admitted row, with those tied to it, has that of
 * the first row of the base among their ties, or else of the smallest id among them.
 */
function groupRows(rows: TaskRows, from: number, { tied, tiedTo }: Admitted): Uint32Array {
  const sets = new UnionFind(rows.length - from);
  for (const [k, row] of tiedTo.entries()) if (row >= from) sets.union(tied[k] as number, row - from);
  const anchor = new Uint32Array(sets.length).fill(NONE);
  for (const [k, row] of tiedTo.entries()) {
    if (row >= from) continue;
    const root = sets.find(tied[k] as number);
    anchor[root] = Math.min(anchor[root] as number, rows.group[row] as number);
  }
  for (let k = 0; k < sets.length; k++) {
    const root = sets.find(k);
    const held = anchor[root] as number;
    if (held === NONE || (held >= from && compareIds(rows.id, from + k, held) < 0)) anchor[root] = from + k;
  }
  const group = rows.group.slice();
  for (let k = 0; k < sets.length; k++) group[from + k] = anchor[sets.find(k)] as number;
  return group;
}

/** 1 for each label with fewer real rows, before the split and the cap and without official ones, than `least`. */
function labelsOfFewRealRows(base: TaskRows, least: number): Uint8Array {
  const real = new Uint32Array(base.task.labels.length);
  for (let i = 0; i < base.length; i++) {
    const label = base.label[i] as number;
    if (base.origin[i] === REAL && !isOfficial(base, i)) real[label] = (real[label] as number) + 1;
  }
  return Uint8Array.from(real, (rows) => (rows < least ? 1 : 0));
}

/**
 * Groups of admitted rows that may leave train, by the label of the group's row, each in the order of a hash
 * of id and seed: those behind the base, without a label that has its real rows.
 */
function strata(rows: TaskRows, from: number, few: Uint8Array, seed: number): readonly Group[][] {
  const size = new Uint32Array(rows.length);
  const fixed = new Uint8Array(rows.length);
  const keys = new Uint32Array(rows.length - from);
  const base = purposeSeed(seed, "split");
  for (let i = from; i < rows.length; i++) {
    const group = rows.group[i] as number;
    size[group] = (size[group] as number) + 1;
    if (few[rows.label[i] as number] === 0) fixed[group] = 1;
    keys[i - from] = idHash(rows.id, i, base);
  }
  const byLabel: Group[][] = rows.task.labels.map(() => []);
  for (const k of sortedByKey(keys)) {
    const i = from + k;
    if (rows.group[i] !== i || fixed[i] === 1) continue;
    byLabel[rows.label[i] as number]?.push({ row: i, rows: size[i] as number });
  }
  return byLabel;
}
