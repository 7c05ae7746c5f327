// SPDX-License-Identifier: Apache-2.0
import type { BatchRecord, FillRecord } from "./record.ts";

/** Fills and batches, each begun and then ended, in whatever order their records come. */
export class FillLog {
  readonly #fills = new Map<number, FillRecord>();
  readonly #batches = new Map<string, BatchRecord>();

  /** All fills by number. */
  get fills(): readonly FillRecord[] {
    return [...this.#fills.values()].sort((a, b) => a.fill - b.fill);
  }

  /** Batches that have not ended, by name. */
  get openBatches(): readonly BatchRecord[] {
    const open = [...this.#batches.values()].filter(({ ended }) => !ended);
    return open.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The fill with the largest number. */
  get newest(): FillRecord | undefined {
    return this.fills.at(-1);
  }

  fill(fill: number): FillRecord | undefined {
    return this.#fills.get(fill);
  }

  addFill(record: FillRecord): void {
    const present = this.#fills.get(record.fill);
    this.#fills.set(record.fill, present === undefined ? record : later(present, record, contextOf));
  }

  addBatch(record: BatchRecord): void {
    const present = this.#batches.get(record.name);
    this.#batches.set(record.name, present === undefined ? record : joined(present, record));
  }
}

const contextOf = ({ context }: FillRecord): string => context;

/** What has ended stays so. Of two accounts that differ (joined ledgers) the smaller counts, in any order. */
function later<T extends { readonly ended: boolean }>(a: T, b: T, by: (record: T) => string): T {
  if (a.ended !== b.ended) return a.ended ? a : b;
  return by(a) <= by(b) ? a : b;
}

/** All that is known of a batch, whichever of its records comes first: an id is known once and for all. */
function joined(a: BatchRecord, b: BatchRecord): BatchRecord {
  const ids = [a.batch, b.batch].filter((id) => id !== null).sort();
  const [batch = null] = ids;
  return { name: a.name, batch, keys: more(a.keys, b.keys), ended: a.ended || b.ended };
}

function more(a: readonly string[], b: readonly string[]): readonly string[] {
  if (a.length !== b.length) return a.length > b.length ? a : b;
  return a.join() <= b.join() ? a : b;
}
