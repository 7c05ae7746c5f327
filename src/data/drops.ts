// SPDX-License-Identifier: Apache-2.0
import { hashString } from "../core/running-hash.ts";

/** Why a row is left out of the prepared data. */
export type DropReason =
  | "null_label" // the label is NULL
  | "unknown_label" // the task has no such label
  | "empty_text" // NULL, or nothing is left of it
  | "invalid_text" // an unpaired surrogate: no UTF-8 can hold it
  | "too_long" // over the limit of characters
  | "exact_duplicate" // merged into a row of the same text and label, whose count grew
  | "label_conflict" // the same text has another label more often, or as often
  | "duplicate_of_official"; // the same text is in the task's official test or eval

export interface DropCount {
  readonly reason: DropReason;
  readonly rows: number;
  /** At most {@link MAX_EXAMPLES}; the same ones whatever the order of the rows. */
  readonly examples: readonly string[];
}

/** In the order of {@link DROP_REASONS}; reasons without rows are left out. */
export type DropCounts = readonly DropCount[];

const DROP_REASONS: readonly DropReason[] = [
  "null_label",
  "unknown_label",
  "empty_text",
  "invalid_text",
  "too_long",
  "exact_duplicate",
  "label_conflict",
  "duplicate_of_official",
];

/** Enough to recognize a mistake in a mapping, few enough to read in a manifest. */
const MAX_EXAMPLES = 3;
/** UTF-16 units of an example: a line or two on a terminal. */
const MAX_EXAMPLE_LENGTH = 120;

interface Sample {
  readonly hash: number;
  readonly key: string;
  text: string;
  textHash: number;
}

/** Cuts between characters and writes no unpaired surrogate. */
function cut(text: string): string {
  return text
    .slice(0, MAX_EXAMPLE_LENGTH)
    .replace(/\p{Surrogate}/gu, text.length > MAX_EXAMPLE_LENGTH ? "" : "\ufffd");
}

function before(hashA: number, a: string, hashB: number, b: string): boolean {
  return hashA < hashB || (hashA === hashB && a < b);
}

/** Counts dropped rows and keeps, of each reason, the examples whose key has the smallest hash. */
export class DropCounter {
  readonly #rows = new Map<DropReason, number>();
  readonly #samples = new Map<DropReason, Sample[]>();

  /** `key` is what makes an example worth a line of its own: the text, or the label that is unknown. */
  add(reason: DropReason, text: string, key = text): void {
    this.#rows.set(reason, (this.#rows.get(reason) ?? 0) + 1);
    const samples = this.#samples.get(reason) ?? [];
    this.#samples.set(reason, samples);
    // Hashing only the head keeps a hostile cell of many megabytes cheap; ties go by the whole key.
    const hash = hashString(key.slice(0, 1000));
    const last = samples[MAX_EXAMPLES - 1];
    if (last !== undefined && before(last.hash, last.key, hash, key)) return;
    const same = samples.find((sample) => sample.key === key);
    const textHash = hashString(text.slice(0, 1000));
    if (same === undefined) {
      samples.push({ hash, key, text, textHash });
      samples.sort((a, b) => (before(a.hash, a.key, b.hash, b.key) ? -1 : 1));
      samples.length = Math.min(samples.length, MAX_EXAMPLES);
    } else if (before(textHash, text, same.textHash, same.text)) {
      same.text = text;
      same.textHash = textHash;
    }
  }

  counts(): DropCounts {
    return DROP_REASONS.filter((reason) => this.#rows.has(reason)).map((reason) => ({
      reason,
      rows: this.#rows.get(reason) ?? 0,
      examples: (this.#samples.get(reason) ?? []).map((sample) =>
        sample.key === sample.text ? cut(sample.text) : cut(`${cut(sample.key)}: ${sample.text}`),
      ),
    }));
  }
}
