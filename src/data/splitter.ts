// SPDX-License-Identifier: Apache-2.0
import { ORIGINS, SPLITS } from "../core/example.ts";
import { idHash, purposeSeed } from "./row-hash.ts";
import { ROLES, type TaskRows } from "./rows.ts";
import { sortedByKey } from "./sorting.ts";

export interface SplitRatios {
  readonly train: number;
  readonly test: number;
  readonly eval: number;
}

export interface SplitSettings {
  readonly seed: number;
  readonly ratios: SplitRatios;
}

const TRAIN = SPLITS.indexOf("train");
const TEST = SPLITS.indexOf("test");
const EVAL = SPLITS.indexOf("eval");
const REAL = ORIGINS.indexOf("real");
const TRAIN_ROLE = ROLES.indexOf("train");
const SPLIT_OF_ROLE = ROLES.map((role) => (role === "test" ? TEST : role === "eval" ? EVAL : TRAIN));

/** A group of rows that stays together. */
export interface Group {
  /** Its place among the rows: the row of the smallest id. */
  readonly row: number;
  readonly rows: number;
}

/**
 * The ratios that a task's own rows are split by: a split that the sources bring an official one for takes
 * no other rows, and its share stays in train.
 */
export function effectiveRatios(rows: TaskRows, { train, test, eval: evaluation }: SplitRatios): SplitRatios {
  const officialTest = rows.role.includes(ROLES.indexOf("test"));
  const officialEval = rows.role.includes(ROLES.indexOf("eval"));
  const sum = train + test + evaluation;
  const share = sum > 0 ? 1 / sum : 0;
  return {
    train: (train + (officialTest ? test : 0) + (officialEval ? evaluation : 0)) * share,
    test: officialTest ? 0 : test * share,
    eval: officialEval ? 0 : evaluation * share,
  };
}

/** Label of the stratum of each group, by the group's row: the rarest label in it, the first of equals. */
function rarestLabels(rows: TaskRows): Uint32Array {
  const frequency = new Uint32Array(rows.task.labels.length);
  for (let i = 0; i < rows.length; i++) {
    const label = rows.label[i] as number;
    if (rows.role[i] === TRAIN_ROLE) frequency[label] = (frequency[label] as number) + 1;
  }
  const rarest = Uint32Array.from(rows.label);
  for (let i = 0; i < rows.length; i++) {
    const group = rows.group[i] as number;
    const held = rarest[group] as number;
    const label = rows.label[i] as number;
    const difference = (frequency[label] as number) - (frequency[held] as number);
    if (difference < 0 || (difference === 0 && label < held)) rarest[group] = label;
  }
  return rarest;
}

/** Groups that may leave train, by stratum, each in the order of a hash of group id and seed. */
function strata(rows: TaskRows, seed: number): readonly Group[][] {
  const size = new Uint32Array(rows.length);
  const fixed = new Uint8Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const group = rows.group[i] as number;
    size[group] = (size[group] as number) + 1;
    // One made-up or LLM-labelled row keeps its whole group in train: the row must go there, and no row of
    // test may be a near-duplicate of it.
    if (rows.role[i] !== TRAIN_ROLE || rows.origin[i] !== REAL) fixed[group] = 1;
  }
  const rarest = rarestLabels(rows);
  const keys = new Uint32Array(rows.length);
  const base = purposeSeed(seed, "split");
  for (let i = 0; i < rows.length; i++) keys[i] = rows.group[i] === i ? idHash(rows.id, i, base) : 0;
  const byLabel: Group[][] = rows.task.labels.map(() => []);
  for (const i of sortedByKey(keys)) {
    if (rows.group[i] !== i || fixed[i] === 1) continue;
    byLabel[rarest[i] as number]?.push({ row: i, rows: size[i] as number });
  }
  return byLabel;
}

/** Rows that a held-out split gets of a stratum: its share, but at least one where the ratio is not zero. */
function quota(rows: number, ratio: number): number {
  return ratio > 0 ? Math.max(1, Math.round(rows * ratio)) : 0;
}

class Holdout {
  readonly split: number;
  readonly quota: number;
  filled = 0;

  constructor(split: number, quota: number) {
    this.split = split;
    this.quota = quota;
  }

  fits(group: Group): boolean {
    return this.filled + group.rows <= this.quota;
  }
}

/** The splits that a stratum of so many groups fills beside train: one group goes to train, two to two. */
function holdouts(groups: readonly Group[], ratios: SplitRatios): Holdout[] {
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  return [new Holdout(TEST, quota(rows, ratios.test)), new Holdout(EVAL, quota(rows, ratios.eval))]
    .filter((holdout) => holdout.quota > 0)
    .slice(0, Math.max(0, groups.length - 1));
}

/** A stratum's groups in the order of their hash, and the split of each. */
class Stratum {
  readonly splits: Uint8Array;
  readonly #groups: readonly Group[];
  /** Groups that may still leave train: all but one, unless train's ratio is zero. */
  #spare: number;

  constructor(groups: readonly Group[], ratios: SplitRatios) {
    this.#groups = groups;
    this.#spare = groups.length - (ratios.train > 0 ? 1 : 0);
    this.splits = new Uint8Array(groups.length).fill(TRAIN);
  }

  /** Gives a holdout at most so many more groups that fit: test from the start of the order, eval from its end. */
  fill(holdout: Holdout, most: number): void {
    const n = this.#groups.length;
    let left = most;
    for (let k = 0; k < n && Math.min(left, this.#spare) > 0 && holdout.filled < holdout.quota; k++) {
      const at = holdout.split === TEST ? k : n - 1 - k;
      const group = this.#groups[at] as Group;
      if (this.splits[at] !== TRAIN || !holdout.fits(group)) continue;
      this.#move(at, holdout);
      left--;
    }
  }

  /** Gives a holdout that nothing fitted the smallest group of train. */
  fillAnyhow(holdout: Holdout): void {
    let smallest = -1;
    for (let k = 0; k < this.#groups.length; k++) {
      if (this.splits[k] !== TRAIN) continue;
      if (smallest < 0 || this.#sizeOf(k) < this.#sizeOf(smallest)) smallest = k;
    }
    if (smallest >= 0) this.#move(smallest, holdout);
  }

  #sizeOf(at: number): number {
    return (this.#groups[at] as Group).rows;
  }

  #move(at: number, holdout: Holdout): void {
    holdout.filled += this.#sizeOf(at);
    this.splits[at] = holdout.split;
    this.#spare--;
  }
}

/**
 * Fills the quotas of one stratum: the split of each of its groups, which come in the order of their hash. A group that has no room in a quota stays in train. Each holdout takes
 * one group before either is filled, so that test leaves one that fits eval; and they fill from opposite
 * ends of the order, so that rows that are added later move only those at the borders.
 */
export function splitStratum(groups: readonly Group[], ratios: SplitRatios): Uint8Array {
  const stratum = new Stratum(groups, ratios);
  const open = holdouts(groups, ratios);
  for (const holdout of open) stratum.fill(holdout, 1);
  for (const holdout of open) if (holdout.filled === 0) stratum.fillAnyhow(holdout);
  for (const holdout of open) stratum.fill(holdout, groups.length);
  return stratum.splits;
}

/**
 * Splits the rows of one task: whole groups, stratified by label. A function of the rows, the seed and the
 * ratios alone: nothing is remembered. Official rows are where their source put them; rows that an LLM
 * labelled or made go to train, with their groups. `rows` are those of the deduplicator. The result holds
 * an index into SPLITS for each row.
 */
export function splitRows(rows: TaskRows, settings: SplitSettings): Uint8Array {
  const ratios = effectiveRatios(rows, settings.ratios);
  const splitOfGroup = new Uint8Array(rows.length).fill(TRAIN);
  for (const groups of strata(rows, settings.seed)) {
    const splits = splitStratum(groups, ratios);
    for (const [k, { row }] of groups.entries()) splitOfGroup[row] = splits[k] as number;
  }
  const split = new Uint8Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const official = rows.role[i] !== TRAIN_ROLE;
    split[i] =
      (official ? SPLIT_OF_ROLE[rows.role[i] as number] : splitOfGroup[rows.group[i] as number]) ?? TRAIN;
  }
  return split;
}
