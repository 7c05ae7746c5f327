// SPDX-License-Identifier: Apache-2.0
import { SPLITS } from "../../src/core/example.ts";
import { seededRandom } from "../../src/core/random.ts";
import { Admission, type AdmissionSettings } from "../../src/data/admission.ts";
import { balanceRows } from "../../src/data/balancer.ts";
import type { Candidate, Refusal } from "../../src/data/candidate.ts";
import type { SplitRows } from "../../src/data/dataset.ts";
import { deduplicate } from "../../src/data/deduplicator.ts";
import { splitRows } from "../../src/data/splitter.ts";
import { describeRow, type RowSpec, rowsOf } from "./support.ts";

export interface SceneSettings {
  readonly seed?: number;
  readonly target?: number;
  readonly max?: number;
  readonly minRealHoldout?: number;
  readonly ratios?: AdmissionSettings["ratios"];
}

export interface Scene {
  readonly base: SplitRows;
  readonly admission: Admission;
}

/** The rows of a task as prepare has them before the backfill, open to made-up rows. */
export async function sceneOf(specs: readonly RowSpec[], settings: SceneSettings = {}): Promise<Scene> {
  const { seed = 42, target = 1000, max = 5000, minRealHoldout = 0 } = settings;
  const { ratios = { train: 0.8, test: 0.1, eval: 0.1 } } = settings;
  const nearDuplicateThreshold = 0.8;
  const { rows, report } = await deduplicate(rowsOf(specs), { nearDuplicateThreshold });
  const split = balanceRows(rows, splitRows(rows, { seed, ratios }), { seed, max, target }).split;
  const base = { rows, split };
  const { pairGrouping } = report;
  const admission = await Admission.open(base, {
    seed,
    ratios,
    target,
    minRealHoldout,
    nearDuplicateThreshold,
    pairGrouping,
  });
  return { base, admission };
}

/** A text of words that no other number has: near to no other one. */
export function textOf(number: number, stream = "text"): string {
  const random = seededRandom(number, stream);
  const letter = () => String.fromCharCode(97 + random.below(26));
  const word = () => Array.from({ length: 4 + random.below(5) }, letter).join("");
  return Array.from({ length: 8 }, word).join(" ");
}

/** `count` real rows of a label, none near another. */
export function realRows(count: number, label = "a", more: Partial<RowSpec> = {}): RowSpec[] {
  return Array.from({ length: count }, (_, i) => ({ text: textOf(i, `real ${label}`), label, ...more }));
}

export function candidate(text: string, label = 0, more: Partial<Candidate> = {}): Candidate {
  return { text, textB: null, label, language: "", ...more };
}

/** `count` candidates of a label, none near another. */
export function madeUp(count: number, label = 0): Candidate[] {
  return Array.from({ length: count }, (_, i) => candidate(textOf(i, `made up ${label}`), label));
}

/** Admits what is not refused; what was said of each. */
export function admitAll(admission: Admission, candidates: readonly Candidate[]): (Refusal | null)[] {
  return candidates.map((one) => {
    const refusal = admission.refuse(one);
    if (refusal === null) admission.admit(one);
    return refusal;
  });
}

/** All that is known of each row, and its split. */
export function describeSplit({ rows, split }: SplitRows) {
  return Array.from({ length: rows.length }, (_, i) => ({
    ...describeRow(rows, i),
    split: SPLITS[split[i] as number] ?? "none",
  }));
}

/** Rows in train, test and eval that `holds` says yes to. */
export function splitCounts(
  { rows, split }: SplitRows,
  holds: (row: { readonly label: number; readonly made: boolean }) => boolean,
): number[] {
  return SPLITS.map((_, s) =>
    split.reduce((sum, of, i) => {
      const row = { label: rows.label[i] as number, made: rows.origin[i] === 2 };
      return sum + (of === s && holds(row) ? 1 : 0);
    }, 0),
  );
}

/** Text of a row of the base that is in this split, of the label where one is given. */
export function textIn({ base }: Scene, split: string, label?: string): string {
  const found = describeSplit(base).find((row) => row.split === split && (label ?? row.label) === row.label);
  if (found === undefined) throw new Error(`no row in ${split}`);
  return found.text;
}
