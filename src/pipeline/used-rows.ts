// SPDX-License-Identifier: Apache-2.0
import { acceptedDigest } from "../backfill/accepted-rows.ts";
import type { AcceptedRow } from "../backfill/record.ts";
import type { LockedBackfill } from "./lock-entry.ts";

/** The accepted rows that a dataset may hold, as its digest and manifest have them. */
export interface UsedRows extends LockedBackfill {
  /** The models that wrote them, by the server's own names and in the order of these. */
  readonly models: readonly { readonly model: string; readonly rows: number }[];
}

/** The accepted rows of some tasks; null where there are none. */
export function usedRows(rows: readonly AcceptedRow[], tasks: ReadonlySet<string>): UsedRows | null {
  const digest = acceptedDigest(rows, tasks);
  if (digest.rows === 0) return null;
  const counts = new Map<string, number>();
  for (const { task, model } of rows) if (tasks.has(task)) counts.set(model, (counts.get(model) ?? 0) + 1);
  const models = [...counts].map(([model, count]) => ({ model, rows: count }));
  return { ...digest, models: models.sort((a, b) => (a.model < b.model ? -1 : 1)) };
}
