// SPDX-License-Identifier: Apache-2.0
import { SPLITS } from "../core/example.ts";
import { balanceRows } from "./balancer.ts";
import { type DeduplicationSettings, deduplicate } from "./deduplicator.ts";
import { findNearDuplicates } from "./near-duplicates.ts";
import { idHash, purposeSeed } from "./row-hash.ts";
import { NO_SPLIT, type TaskRows } from "./rows.ts";
import { concatenateTexts, selectIds, selectRows } from "./selection.ts";

const TEST = SPLITS.indexOf("test");
const EVAL = SPLITS.indexOf("eval");

export interface OutOfScopeSettings extends DeduplicationSettings {
  readonly seed: number;
  /** Rows at most. */
  readonly max: number;
}

/** Out-of-scope rows of a task on their way into test and eval. */
export interface OutOfScopeSplit {
  /** By id, as {@link deduplicate} leaves them. */
  readonly rows: TaskRows;
  /** Index into SPLITS for each row, or NO_SPLIT. */
  readonly split: Uint8Array;
  readonly counts: OutOfScopeCounts;
}

export interface OutOfScopeCounts {
  readonly test: number;
  readonly eval: number;
  /** Merged into another row. */
  readonly exactDuplicates: number;
  /** Dropped because a row that a label fits is the same text, or nearly. */
  readonly nearInScope: number;
  /** Left out by the cap. */
  readonly cut: number;
}

/**
 * Deduplicates the texts that no label of a task fits, drops those that `inScope`, the task's deduplicated rows, has
 * (nearly) as well, and deals whole groups of near-duplicates to test and eval, half and half, by a hash of group and seed.
 */
export async function splitOutOfScope(
  collected: TaskRows,
  inScope: TaskRows,
  settings: OutOfScopeSettings,
): Promise<OutOfScopeSplit> {
  const unique = await deduplicate(collected, settings);
  const rows = await withoutNear(unique.rows, inScope, settings.nearDuplicateThreshold);
  const base = purposeSeed(settings.seed, "out of scope");
  const dealt = Uint8Array.from(rows.group, (group) =>
    idHash(rows.id, group, base) % 2 === 0 ? TEST : EVAL,
  );
  const { split } = balanceRows(rows, dealt, { seed: settings.seed, max: settings.max, target: 0 });
  const count = (code: number) => split.reduce((sum, of) => sum + (of === code ? 1 : 0), 0);
  return {
    rows,
    split,
    counts: {
      test: count(TEST),
      eval: count(EVAL),
      exactDuplicates: unique.report.exactDuplicates,
      nearInScope: unique.rows.length - rows.length,
      cut: count(NO_SPLIT),
    },
  };
}

/** The rows that are no near-duplicates of any of `inScope`. */
async function withoutNear(rows: TaskRows, inScope: TaskRows, threshold: number): Promise<TaskRows> {
  const { textB } = rows;
  const texts = {
    length: inScope.length + rows.length,
    text: concatenateTexts(inScope.text, rows.text),
    textB: textB === null || inScope.textB === null ? null : concatenateTexts(inScope.textB, textB),
  };
  const fixed = Uint8Array.from({ length: texts.length }, (_, i) => (i < inScope.length ? 1 : 0));
  const { across } = await findNearDuplicates(texts, fixed, threshold);
  const kept = Uint32Array.from(rows.group.keys()).filter((i) => across[inScope.length + i] === 0);
  // A group whose first row is gone is that of its next one.
  const first = new Map<number, number>();
  const group = kept.map((i, k) => {
    const of = rows.group[i] as number;
    if (!first.has(of)) first.set(of, k);
    return first.get(of) as number;
  });
  const count = kept.map((i) => rows.count[i] as number);
  return selectRows(rows, kept, { id: selectIds(rows.id, kept), count, group });
}
