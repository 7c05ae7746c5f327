// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { encodeAccepted } from "./ledger-line.ts";
import type { AcceptedRow } from "./record.ts";

/** Accepted rows, one for each (task, label, texts), in an order that does not depend on how they came. */
export class AcceptedRows {
  /** By group, then by text: the keys are the rows' own texts, and none is made for a row. */
  readonly #groups = new Map<string, Map<string, AcceptedRow>>();
  #sorted: readonly AcceptedRow[] | null = null;
  #lastFill = 0;
  #previous: AcceptedRow | null = null;
  #previousGroup = new Map<string, AcceptedRow>();

  /** All rows by fill and order; the same list until a row is added. */
  get list(): readonly AcceptedRow[] {
    this.#sorted ??= [...this.#groups.values()].flatMap((rows) => [...rows.values()]).sort(compareRows);
    return this.#sorted;
  }

  /** The largest fill of a row; 0 where there is no row. */
  get lastFill(): number {
    return this.#lastFill;
  }

  /** Whether a row with the same task, label and texts is there. */
  has(row: AcceptedRow): boolean {
    return this.#groups.get(groupOf(row))?.has(textOf(row)) ?? false;
  }

  /** Adds a row, or leaves it out where one like it comes before it in the order. */
  add(row: AcceptedRow): void {
    const group = this.#groupFor(row);
    this.#lastFill = Math.max(this.#lastFill, row.fill);
    const present = group.get(textOf(row));
    if (present !== undefined && compareRows(present, row) <= 0) return;
    this.#previous = shareTexts(row, this.#previous);
    this.#previousGroup = group;
    group.set(textOf(row), this.#previous);
    this.#sorted = null;
  }

  #groupFor(row: AcceptedRow): Map<string, AcceptedRow> {
    if (this.#previous !== null && sameGroup(row, this.#previous)) return this.#previousGroup;
    const key = groupOf(row);
    const group = this.#groups.get(key) ?? new Map<string, AcceptedRow>();
    this.#groups.set(key, group);
    return group;
  }
}

/** What a row is found by, as one text. */
export function identityOf({ task, label, text, textB }: AcceptedRow): string {
  return JSON.stringify([task, label, text, textB]);
}

function groupOf({ task, label, textB }: AcceptedRow): string {
  // A label is any text, but a task has no space; and a text never meets the key of a pair.
  return `${textB === null ? "text" : "pair"} ${task} ${label}`;
}

function sameGroup(a: AcceptedRow, b: AcceptedRow): boolean {
  return a.task === b.task && a.label === b.label && (a.textB === null) === (b.textB === null);
}

function textOf({ text, textB }: AcceptedRow): string {
  return textB === null ? text : JSON.stringify([text, textB]);
}

/** The rows of a request have most texts in common: a million rows take 360 MB so, and 900 MB otherwise. */
function shareTexts(row: AcceptedRow, other: AcceptedRow | null): AcceptedRow {
  if (other === null || row.request !== other.request) return row;
  const { request } = other;
  return {
    task: row.task === other.task ? other.task : row.task,
    label: row.label === other.label ? other.label : row.label,
    text: row.text,
    textB: row.textB,
    language: row.language === other.language ? other.language : row.language,
    fill: row.fill,
    order: row.order,
    model: row.model === other.model ? other.model : row.model,
    fingerprint: row.fingerprint === other.fingerprint ? other.fingerprint : row.fingerprint,
    request,
    prompt: row.prompt === other.prompt ? other.prompt : row.prompt,
    seeds: row.seeds.join() === other.seeds.join() ? other.seeds : row.seeds,
  };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareContent(a: AcceptedRow, b: AcceptedRow): number {
  return (
    compareText(a.task, b.task) ||
    compareText(a.label, b.label) ||
    compareText(a.text, b.text) ||
    compareText(a.textB ?? "", b.textB ?? "") ||
    compareText(a.language, b.language)
  );
}

/** By fill, order and content; what is left are two accounts of one row, and their lines decide. */
function compareRows(a: AcceptedRow, b: AcceptedRow): number {
  const first = a.fill - b.fill || a.order - b.order || compareContent(a, b);
  return first !== 0 ? first : compareText(encodeAccepted(a), encodeAccepted(b));
}

export interface AcceptedDigest {
  readonly rows: number;
  /** 64 hex digits. */
  readonly sha256: string;
}

/**
 * Digest over tasks, labels, texts and languages of rows, of some tasks or all, in the order in which they were
 * accepted: that is the order in which they join a dataset, and so decides its bytes. The order of lines and what
 * else is known of their making change nothing, and a row that is there twice counts once.
 */
export function acceptedDigest(rows: readonly AcceptedRow[], tasks?: ReadonlySet<string>): AcceptedDigest {
  const chosen = rows.filter(({ task }) => tasks?.has(task) ?? true).sort(compareRows);
  const hash = createHash("sha256");
  const seen = new Set<string>();
  for (const { task, label, text, textB, language } of chosen) {
    const line = `${JSON.stringify([task, label, text, textB, language])}\n`;
    if (seen.has(line)) continue;
    seen.add(line);
    hash.update(line);
  }
  return { rows: seen.size, sha256: hash.digest("hex") };
}
