// SPDX-License-Identifier: Apache-2.0
import type { Place } from "../storage/journal.ts";
import type { Usage } from "./completion.ts";
import type { Purpose, RequestRecord } from "./record.ts";

/** What is kept in memory of a request; its reply stays in the file. */
interface Entry {
  readonly place: Place;
  readonly asked: Asked;
}

type Asked = Pick<RequestRecord, "purpose" | "task" | "label" | "fill" | "slot" | "usage">;

/** What a fill's requests come to. */
export interface FillUsage {
  readonly requests: Readonly<Record<Purpose, number>>;
  /** Of the requests whose server counts tokens. */
  readonly usage: Usage;
}

const NO_USAGE: FillUsage = {
  requests: { write: 0, judge: 0, label: 0 },
  usage: { promptTokens: 0, completionTokens: 0 },
};

interface Tally {
  readonly usage: Map<number, FillUsage>;
  /** Largest slot by (task, label, purpose), then by fill. */
  readonly slots: Map<string, Map<number, number>>;
}

/** Where each request's record is, and what the requests of each fill come to. */
export class RequestIndex {
  readonly #entries = new Map<string, Entry>();
  #lastFill = 0;
  #tally: Tally | null = null;

  /** The largest fill that asked; 0 where none did. */
  get lastFill(): number {
    return this.#lastFill;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  place(key: string): Place | undefined {
    return this.#entries.get(key)?.place;
  }

  /**
   * Adds a request. Where ledgers were joined by hand a key may have two records: the one with the smaller
   * checksum counts, so that the order of lines decides nothing.
   */
  add(record: RequestRecord, place: Place): void {
    const { key, purpose, task, label, fill, slot, usage } = record;
    const present = this.#entries.get(key);
    if (present !== undefined && present.place.sum <= place.sum) return;
    const asked = { purpose, task, label, fill, slot, usage };
    this.#entries.set(key, { place, asked });
    this.#lastFill = Math.max(this.#lastFill, fill);
    if (present !== undefined) this.#tally = null;
    else if (this.#tally !== null) count(asked, this.#tally);
  }

  /** The largest slot over the fills before `beforeFill`; -1 where there is none. */
  lastSlot(task: string, label: string | null, purpose: Purpose, beforeFill: number): number {
    let last = -1;
    for (const [fill, slot] of this.#counted().slots.get(slotsKey({ task, label, purpose })) ?? []) {
      if (fill < beforeFill) last = Math.max(last, slot);
    }
    return last;
  }

  usageOf(fill: number): FillUsage {
    return this.#counted().usage.get(fill) ?? NO_USAGE;
  }

  /** Counted when it is first asked for, and kept up to date from then on. */
  #counted(): Tally {
    if (this.#tally !== null) return this.#tally;
    const tally: Tally = { usage: new Map(), slots: new Map() };
    for (const { asked } of this.#entries.values()) count(asked, tally);
    this.#tally = tally;
    return tally;
  }
}

function count(asked: Asked, tally: Tally): void {
  const { fill, slot, purpose, usage } = asked;
  const before = tally.usage.get(fill) ?? NO_USAGE;
  tally.usage.set(fill, {
    requests: { ...before.requests, [purpose]: before.requests[purpose] + 1 },
    usage: {
      promptTokens: before.usage.promptTokens + (usage?.promptTokens ?? 0),
      completionTokens: before.usage.completionTokens + (usage?.completionTokens ?? 0),
    },
  });
  const key = slotsKey(asked);
  const slots = tally.slots.get(key) ?? new Map<number, number>();
  tally.slots.set(key, slots);
  slots.set(fill, Math.max(slots.get(fill) ?? -1, slot));
}

function slotsKey({ purpose, task, label }: Pick<Asked, "purpose" | "task" | "label">): string {
  return JSON.stringify([purpose, task, label]);
}
