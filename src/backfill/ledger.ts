// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { ModelpackError } from "../core/error.ts";
import { setFileAside } from "../storage/aside.ts";
import { probeWritable } from "../storage/commit.ts";
import { isThere } from "../storage/file.ts";
import { Journal } from "../storage/journal.ts";
import { acquireLock, type Lock } from "../storage/lock.ts";
import { AcceptedRows, identityOf } from "./accepted-rows.ts";
import { FillLog } from "./fill-log.ts";
import {
  decodeAccepted,
  decodeLocal,
  encodeAccepted,
  encodeBatch,
  encodeFill,
  encodeRequest,
} from "./ledger-line.ts";
import { noticesOf } from "./ledger-notice.ts";
import type { AcceptedRow, BatchRecord, FillRecord, Purpose, RequestRecord } from "./record.ts";
import { type FillUsage, RequestIndex } from "./request-index.ts";

/** Accepted rows: committed to git, and what CI rebuilds a dataset from. */
export const ACCEPTED_FILE = "accepted.jsonl";
/** Requests, fills and batches: they stay on the machine. */
export const REQUESTS_FILE = "requests.jsonl";

export interface LedgerOptions {
  /** For writing, the folder is made and locked until the ledger is closed. */
  readonly write: boolean;
  /** What other runs are told while it is locked, such as `prepare`. */
  readonly purpose: string;
}

/** What was found in the files. */
interface Contents {
  readonly accepted: AcceptedRows;
  readonly requests: RequestIndex;
  readonly log: FillLog;
}

interface Files {
  readonly accepted: Journal;
  readonly requests: Journal;
}

/**
 * What the backfill has asked and accepted, over all runs. Whatever an `add…` was given is on the disk when
 * its promise resolves; where it rejects, the same can be tried again.
 */
export class Ledger {
  /** What was wrong with the files, a sentence each. */
  readonly notices: readonly string[];
  readonly #files: Files;
  readonly #lock: Lock | null;
  readonly #accepted: AcceptedRows;
  readonly #requests: RequestIndex;
  readonly #log: FillLog;
  /** What is being written, by the key of a request or the identity of a row. */
  readonly #writing = new Map<string, Promise<unknown>>();

  private constructor(files: Files, contents: Contents, lock: Lock | null) {
    this.#files = files;
    this.#lock = lock;
    this.#accepted = contents.accepted;
    this.#requests = contents.requests;
    this.#log = contents.log;
    this.notices = noticesOf(ACCEPTED_FILE, files.accepted.found, lock !== null).concat(
      noticesOf(REQUESTS_FILE, files.requests.found, lock !== null),
    );
  }

  /** Opens the ledger of a folder; where there is none it is empty. Throws `LOCKED` or `STORAGE`. */
  static async open(folder: string, { write, purpose }: LedgerOptions): Promise<Ledger> {
    if (write) await probeWritable(folder);
    const lock = write ? await acquireLock(folder, purpose) : null;
    const contents = { accepted: new AcceptedRows(), requests: new RequestIndex(), log: new FillLog() };
    try {
      const files = await openFiles(folder, write, contents);
      return new Ledger(files, contents, lock);
    } catch (error) {
      await lock?.release();
      throw error;
    }
  }

  /** All rows by fill and order, one for each (task, label, texts); the same list until one is added. */
  get accepted(): readonly AcceptedRow[] {
    return this.#accepted.list;
  }

  /** Whether the file of accepted rows is there, and nothing in it is whole: it was replaced, or torn to pieces. */
  get isRuined(): boolean {
    const { damaged, records } = this.#files.accepted.found;
    return damaged > 0 && records === 0;
  }

  /** All fills by number. */
  get fills(): readonly FillRecord[] {
    return this.#log.fills;
  }

  /** Batches that have not ended, by name. */
  get batches(): readonly BatchRecord[] {
    return this.#log.openBatches;
  }

  hasRequest(key: string): boolean {
    return this.#requests.has(key);
  }

  /** The record of a request with its reply, read from the file. */
  async request(key: string): Promise<RequestRecord | undefined> {
    const place = this.#requests.place(key);
    if (place === undefined) return undefined;
    const record = decodeLocal(await this.#files.requests.read(place));
    return record?.kind === "request" ? record.request : undefined;
  }

  /** The largest slot of a (task, label) over the fills before `beforeFill`; -1 where there is none. */
  lastSlot(task: string, label: string | null, purpose: Purpose, beforeFill: number): number {
    return this.#requests.lastSlot(task, label, purpose, beforeFill);
  }

  /**
   * The number of the next fill. Who only labels takes it without beginning one: a fill of rows that was stopped
   * stays the newest, and goes on.
   */
  get nextFill(): number {
    // Rows may have come by git, from fills whose requests are on another machine.
    return Math.max(this.#log.newest?.fill ?? 0, this.#requests.lastFill, this.#accepted.lastFill) + 1;
  }

  /** Requests and tokens of a fill, over all runs of it. */
  requestsOf(fill: number): FillUsage {
    return this.#requests.usageOf(fill);
  }

  /**
   * Goes on with the newest fill where it has not ended and began from the same context; begins the next one
   * otherwise. Returns its number.
   */
  async beginFill(context: string): Promise<number> {
    const { newest } = this.#log;
    if (newest !== undefined && !newest.ended && newest.context === context) return newest.fill;
    const fill = this.nextFill;
    await this.#writeFill({ fill, context, ended: false });
    return fill;
  }

  /** Ends a fill that has begun; again does nothing. */
  async endFill(fill: number): Promise<void> {
    const record = this.#log.fill(fill);
    if (record === undefined) throw new ModelpackError("INTERNAL", `there is no fill ${fill} to end`);
    if (!record.ended) await this.#writeFill({ ...record, ended: true });
  }

  /** Adds a request, unless one with its key is there. */
  async addRequest(record: RequestRecord): Promise<void> {
    const { key } = record;
    if (this.#requests.has(key)) return;
    await (this.#writing.get(key) ?? this.#announce([key], this.#writeRequest(record)));
  }

  /** Adds those rows that are not there yet; returns how many. */
  async addAccepted(rows: readonly AcceptedRow[]): Promise<number> {
    const fresh = new AcceptedRows();
    const others = new Set<Promise<unknown>>();
    for (const row of rows) {
      const writing = this.#writing.get(identityOf(row));
      if (writing !== undefined) others.add(writing);
      else if (!this.#accepted.has(row)) fresh.add(row);
    }
    const { list } = fresh;
    if (list.length > 0) others.add(this.#announce(list.map(identityOf), this.#writeAccepted(list)));
    await Promise.all(others);
    return list.length;
  }

  /** Adds a batch, what more is known of it, or its end. */
  async addBatch(record: BatchRecord): Promise<void> {
    await this.#files.requests.append([encodeBatch(record)]);
    this.#log.addBatch(record);
  }

  /** Waits for what is being written and gives the folder's lock back; again does nothing. */
  async close(): Promise<void> {
    try {
      await Promise.all([this.#files.accepted.close(), this.#files.requests.close()]);
    } finally {
      await this.#lock?.release();
    }
  }

  async #writeFill(record: FillRecord): Promise<void> {
    await this.#files.requests.append([encodeFill(record)]);
    this.#log.addFill(record);
  }

  async #writeRequest(record: RequestRecord): Promise<void> {
    const [place] = await this.#files.requests.append([encodeRequest(record)]);
    if (place !== undefined) this.#requests.add(record, place);
  }

  async #writeAccepted(rows: readonly AcceptedRow[]): Promise<void> {
    await this.#files.accepted.append(rows.map(encodeAccepted));
    for (const row of rows) this.#accepted.add(row);
  }

  /** While something is written, whoever adds the same waits for it, and fails with it. */
  #announce(keys: readonly string[], work: Promise<void>): Promise<void> {
    for (const key of keys) this.#writing.set(key, work);
    return work.finally(() => {
      for (const key of keys) this.#writing.delete(key);
    });
  }
}

async function openFiles(folder: string, write: boolean, contents: Contents): Promise<Files> {
  const { accepted, requests, log } = contents;
  const acceptedJournal = await Journal.open(join(folder, ACCEPTED_FILE), write, (line) => {
    const row = decodeAccepted(line);
    if (row !== null) accepted.add(row);
    return row !== null;
  });
  try {
    const requestsJournal = await Journal.open(join(folder, REQUESTS_FILE), write, (line, place) => {
      const record = decodeLocal(line);
      if (record?.kind === "request") requests.add(record.request, place);
      else if (record?.kind === "fill") log.addFill(record.fill);
      else if (record?.kind === "batch") log.addBatch(record.batch);
      return record !== null;
    });
    return { accepted: acceptedJournal, requests: requestsJournal };
  } catch (error) {
    await acceptedJournal.close().catch(() => undefined);
    throw error;
  }
}

/**
 * Renames a ledger's files to names with the digest of their content, so that nothing is lost and the next
 * run begins with an empty ledger; returns the new names. The requests first: rows without requests are an
 * ordinary ledger, should the process be killed in between.
 */
export async function setAside(folder: string): Promise<readonly string[]> {
  if (!(await isThere(folder))) return [];
  const lock = await acquireLock(folder, "set the ledger aside");
  try {
    const names: string[] = [];
    for (const file of [REQUESTS_FILE, ACCEPTED_FILE]) {
      const name = await setFileAside(join(folder, file));
      if (name !== null) names.push(name);
    }
    return names;
  } finally {
    await lock.release();
  }
}
