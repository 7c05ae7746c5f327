// SPDX-License-Identifier: Apache-2.0
import { HUB_NAME } from "../config/form.ts";
import { ModelpackError } from "../core/error.ts";
import type { HubFile } from "../data/hub-dataset.ts";
import { decodeText, parseJson, quote } from "../modelpack/json.ts";
import { prettyJson } from "../storage/digest.ts";
import {
  type DatasetLock,
  keyText,
  type LockedDataset,
  type LockedLedger,
  type LockKey,
} from "./lock-entry.ts";

/** Raised when a reader of the format before could not read the file. */
const FORMAT = 1;

/** A lock of the largest datasets has some hundred bytes a file; one past this is no lock. */
const MAX_BYTES = 1 << 24;
const MAX_DEPTH = 8;
const MAX_DATASETS = 10_000;
const MAX_FILES = 100_000;
const MAX_CLASSES = 100_000;
/** One for each TOML of a folder at most. */
const MAX_LEDGERS = 10_000;
/** What the Hub takes in names and paths is far below. */
const MAX_TEXT = 4096;

const SHA256 = /^[0-9a-f]{64}$/;
/** SHA-1, which git names commits and files by. */
const GIT = /^[0-9a-f]{40}$/;

/** The bytes of a lock: entries by their keys, whatever order they came in; files in that of their reading. */
export function renderLock({ datasets, backfill }: DatasetLock): string {
  const sorted = [...datasets].sort((a, b) => (keyText(a.asked) < keyText(b.asked) ? -1 : 1));
  const ledgers = [...backfill].sort((a, b) => (a.ledger < b.ledger ? -1 : 1));
  return prettyJson({
    format: FORMAT,
    datasets: sorted.map(entryJson),
    backfill:
      ledgers.length === 0 ? null : ledgers.map(({ ledger, rows, sha256 }) => ({ ledger, rows, sha256 })),
  });
}

function entryJson({ asked, ...pin }: LockedDataset): unknown {
  return {
    asked: {
      dataset_id: asked.datasetId,
      config: asked.config,
      split: asked.split,
      revision: asked.revision,
    },
    dataset_id: pin.datasetId,
    config: pin.config,
    split: pin.split,
    ref: pin.ref,
    commit: pin.commit,
    license: pin.license,
    class_labels: [...pin.classLabels].map(([column, names]) => ({ column, names })),
    files: pin.files.map(({ path, bytes, sha256, blob }) => ({ path, bytes, sha256, blob })),
  };
}

/**
 * Reads the bytes of a lock, which a stranger may have written.
 *
 * @throws ModelpackError LOCK_INVALID, which names the first value that is not as it must be
 */
export function parseLock(bytes: Uint8Array, where: string): DatasetLock {
  checkSize(bytes.length, where);
  try {
    return lockOf(jsonOf(bytes));
  } catch (cause) {
    if (cause instanceof Problem) throw invalid(cause.message, where);
    throw cause;
  }
}

/** Throws LOCK_INVALID for a file that is too large to be read at all. */
export function checkSize(bytes: number, where: string): void {
  if (bytes > MAX_BYTES) throw invalid(`it has ${bytes} bytes, over the most of ${MAX_BYTES}`, where);
}

function invalid(problem: string, where: string): ModelpackError {
  return new ModelpackError("LOCK_INVALID", `the lock of the datasets can't be read: ${problem}`, {
    where,
    hint: "restore the file from version control, or delete it: prepare then writes it anew, with today's commits",
  });
}

/** Ends the sentence "the lock can't be read: …". */
class Problem extends Error {}

function jsonOf(bytes: Uint8Array): unknown {
  const fail = (problem: string): never => {
    throw new Problem(problem);
  };
  return parseJson(decodeText(bytes, "it is ", fail), MAX_DEPTH, "it is ", fail);
}

function lockOf(json: unknown): DatasetLock {
  const { format } = Object(json) as { format?: unknown };
  if (Number.isSafeInteger(format) && (format as number) > FORMAT)
    throw new Problem(`format ${String(format)} is of a newer modelpack; this one reads ${FORMAT}`);
  const lock = table(json, "it", ["format", "datasets", "backfill"]);
  if (lock.format !== FORMAT) throw expected("format", String(FORMAT), lock.format);
  const datasets = list(lock.datasets, "datasets", MAX_DATASETS).map((entry, i) =>
    entryOf(entry, `datasets[${i}]`),
  );
  if (new Set(datasets.map(({ asked }) => keyText(asked))).size !== datasets.length)
    throw new Problem("it has one dataset twice");
  return { datasets, backfill: lock.backfill === null ? [] : backfillOf(lock.backfill) };
}

const ENTRY_KEYS = [
  ...["asked", "dataset_id", "config", "split", "ref", "commit", "license"],
  ...["class_labels", "files"],
];

function entryOf(json: unknown, at: string): LockedDataset {
  const entry = table(json, at, ENTRY_KEYS);
  const files = list(entry.files, `${at}.files`, MAX_FILES).map((file, i) =>
    fileOf(file, `${at}.files[${i}]`),
  );
  if (files.length === 0) throw new Problem(`${at} has no files`);
  if (new Set(files.map((file) => file.path)).size !== files.length)
    throw new Problem(`${at} has one file twice`);
  return {
    asked: keyOf(entry.asked, `${at}.asked`),
    datasetId: hubName(entry.dataset_id, `${at}.dataset_id`),
    config: text(entry.config, `${at}.config`),
    split: text(entry.split, `${at}.split`),
    ref: text(entry.ref, `${at}.ref`),
    commit: digest(entry.commit, `${at}.commit`, GIT),
    license: entry.license === null ? null : text(entry.license, `${at}.license`),
    classLabels: classLabelsOf(entry.class_labels, `${at}.class_labels`),
    files,
  };
}

function keyOf(json: unknown, at: string): LockKey {
  const asked = table(json, at, ["dataset_id", "config", "split", "revision"]);
  return {
    datasetId: hubName(asked.dataset_id, `${at}.dataset_id`),
    config: text(asked.config, `${at}.config`),
    split: text(asked.split, `${at}.split`),
    revision: text(asked.revision, `${at}.revision`),
  };
}

function fileOf(json: unknown, at: string): HubFile {
  const file = table(json, at, ["path", "bytes", "sha256", "blob"]);
  const path = text(file.path, `${at}.path`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (path.split("/").some((part) => /^\.{0,2}$/.test(part)) || /[\\\u0000-\u001f\u007f]/.test(path))
    throw new Problem(`${at}.path is no path inside a repository: ${quote(path)}`);
  const sha256 = file.sha256 === null ? null : digest(file.sha256, `${at}.sha256`, SHA256);
  const blob = file.blob === null ? null : digest(file.blob, `${at}.blob`, GIT);
  if (sha256 === null && blob === null) throw new Problem(`${at} has neither sha256 nor blob`);
  return { path, bytes: count(file.bytes, `${at}.bytes`), sha256, blob };
}

function classLabelsOf(json: unknown, at: string): ReadonlyMap<string, readonly string[]> {
  const columns = list(json, at, MAX_CLASSES).map((item, i): [string, readonly string[]] => {
    const { column, names } = table(item, `${at}[${i}]`, ["column", "names"]);
    const checked = list(names, `${at}[${i}].names`, MAX_CLASSES).map((name, j) =>
      text(name, `${at}[${i}].names[${j}]`),
    );
    return [text(column, `${at}[${i}].column`), checked];
  });
  const map = new Map(columns);
  if (map.size !== columns.length) throw new Problem(`${at} has one column twice`);
  return map;
}

function backfillOf(json: unknown): readonly LockedLedger[] {
  const ledgers = list(json, "backfill", MAX_LEDGERS).map((entry, i): LockedLedger => {
    const at = `backfill[${i}]`;
    const { ledger, rows, sha256 } = table(entry, at, ["ledger", "rows", "sha256"]);
    return {
      ledger: text(ledger, `${at}.ledger`),
      rows: count(rows, `${at}.rows`),
      sha256: digest(sha256, `${at}.sha256`, SHA256),
    };
  });
  if (new Set(ledgers.map(({ ledger }) => ledger)).size !== ledgers.length)
    throw new Problem("it has one ledger twice");
  return ledgers;
}

/** An object with just these keys. */
function table(json: unknown, at: string, keys: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw expected(at, "an object", json);
  const missing = keys.find((key) => !Object.hasOwn(json, key));
  if (missing !== undefined) throw new Problem(`${at} has no ${missing}`);
  const strange = Object.keys(json).find((key) => !keys.includes(key));
  if (strange !== undefined) throw new Problem(`${at} has a key that none expects: ${quote(strange)}`);
  return json as Readonly<Record<string, unknown>>;
}

function list(json: unknown, at: string, most: number): readonly unknown[] {
  if (!Array.isArray(json)) throw expected(at, "a list", json);
  if (json.length > most) throw new Problem(`${at} has ${json.length} items, over the most of ${most}`);
  return json;
}

function text(json: unknown, at: string): string {
  if (typeof json !== "string") throw expected(at, "text", json);
  if (json.length > MAX_TEXT) throw new Problem(`${at} is longer than ${MAX_TEXT} characters`);
  return json;
}

// It becomes a part of addresses.
function hubName(json: unknown, at: string): string {
  const name = text(json, at);
  if (!HUB_NAME.test(name)) throw expected(at, 'a name on the Hub such as "owner/name"', name);
  return name;
}

function digest(json: unknown, at: string, form: RegExp): string {
  if (typeof json === "string" && form.test(json)) return json;
  throw expected(at, form === GIT ? "40 hex digits" : "64 hex digits", json);
}

function count(json: unknown, at: string): number {
  if (Number.isSafeInteger(json) && (json as number) >= 0) return json as number;
  throw expected(at, "a whole number", json);
}

function expected(at: string, what: string, got: unknown): Problem {
  return new Problem(`${at} must be ${what}, got ${got === undefined ? "nothing" : kindOf(got)}`);
}

function kindOf(json: unknown): string {
  if (typeof json === "string") return quote(json);
  if (typeof json === "object" && json !== null) return Array.isArray(json) ? "a list" : "an object";
  return String(json);
}
