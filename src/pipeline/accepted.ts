// SPDX-License-Identifier: Apache-2.0
import { join, relative, sep } from "node:path";
import { acceptedDigest } from "../backfill/accepted-rows.ts";
import { ACCEPTED_FILE, Ledger, setAside } from "../backfill/ledger.ts";
import type { AcceptedRow } from "../backfill/record.ts";
import type { LoadedConfig } from "../config/load.ts";
import { ModelpackError } from "../core/error.ts";
import type { Reporter } from "../core/reporter.ts";
import { EMPTY_LOCK, LOCK_FILE, lockedRows, readLock, withRows, writeLock } from "./dataset-lock.ts";
import type { LockedBackfill } from "./lock-entry.ts";
import type { PrepareOptions } from "./prepare-options.ts";
import { type UsedRows, usedRows } from "./used-rows.ts";

/** The accepted rows that a run uses, and their digests. */
export interface AcceptedInput {
  /** All of the ledger's, whatever their task. */
  readonly rows: readonly AcceptedRow[];
  /** Of the rows of tasks in the config: what decides the dataset's bytes. Null where there are none. */
  readonly used: UsedRows | null;
  /** Of all rows: what the lock pins. Null where there are none. */
  readonly pinned: LockedBackfill | null;
}

/** The rows with their digests. */
export function acceptedInput(loaded: LoadedConfig, rows: readonly AcceptedRow[]): AcceptedInput {
  const tasks = new Set(loaded.config.tasks.map(({ name }) => name));
  const pinned = acceptedDigest(rows);
  return { rows, used: usedRows(rows, tasks), pinned: pinned.rows === 0 ? null : pinned };
}

/**
 * Reads the accepted rows of earlier fills. With `forceFull` there are none.
 *
 * @throws ModelpackError LOCK_MISMATCH where `locked` and the lock pins other rows, USAGE, STORAGE
 */
export async function readAccepted(
  loaded: LoadedConfig,
  options: PrepareOptions,
  reporter: Reporter,
): Promise<AcceptedInput> {
  const folder = loaded.config.paths.backfill_dir;
  if (options.forceFull === true) {
    await checkNotPinned(loaded, options);
    return acceptedInput(loaded, []);
  }
  const ledger = await Ledger.open(folder, { write: false, purpose: "prepare" });
  const input = acceptedInput(loaded, ledger.accepted);
  await ledger.close();
  for (const notice of ledger.notices) reporter.warn(notice);
  if (ledger.isRuined)
    throw new ModelpackError(
      "LEDGER_CORRUPT",
      "no accepted row of the backfill is whole: all would be paid for again",
      {
        where: join(folder, ACCEPTED_FILE),
        hint: "restore the file from version control (git lfs pull, where it is a pointer), or move it away to begin anew",
      },
    );
  if (options.locked === true) await checkPinned(loaded, input, folder);
  return input;
}

/** The ledger as the lock names it: its folder, found from that of the TOML. */
function ledgerName({ config, folder }: LoadedConfig): string {
  return relative(folder, config.paths.backfill_dir).split(sep).join("/");
}

async function readPinned(loaded: LoadedConfig): Promise<LockedBackfill | null> {
  return lockedRows((await readLock(loaded.folder)) ?? EMPTY_LOCK, ledgerName(loaded));
}

/** The accepted rows of the config's ledger, those that are there and those that the lock pins. */
export interface LedgerStatus {
  readonly ledger: string;
  readonly accepted: LockedBackfill | null;
  readonly locked: LockedBackfill | null;
}

/** Reads the ledger and the lock for people; null where neither has rows. Throws LOCK_INVALID, STORAGE. */
export async function readLedgerStatus(loaded: LoadedConfig): Promise<LedgerStatus | null> {
  const opened = await Ledger.open(loaded.config.paths.backfill_dir, { write: false, purpose: "status" });
  await opened.close();
  const { pinned: accepted } = acceptedInput(loaded, opened.accepted);
  const locked = await readPinned(loaded);
  return accepted === null && locked === null ? null : { ledger: ledgerName(loaded), accepted, locked };
}

/**
 * With `forceFull`, sets the ledger aside where the LLM is to be asked, so that nothing of it is used or lost. To be
 * called when nothing else can fail before the LLM is asked: without its server the ledger stays as it is.
 */
export async function beginAnew(
  { config }: LoadedConfig,
  { forceFull, backfill }: PrepareOptions,
  reporter: Reporter,
): Promise<void> {
  if (forceFull !== true || backfill !== true) return;
  for (const name of await setAside(config.paths.backfill_dir))
    reporter.note(`set aside ${name}, which no run reads`);
}

async function checkNotPinned(loaded: LoadedConfig, { locked }: PrepareOptions): Promise<void> {
  if (locked !== true || (await readPinned(loaded)) === null) return;
  throw new ModelpackError("USAGE", "--locked and --force-full exclude each other here", {
    hint: `${LOCK_FILE} pins accepted rows of the backfill, and --force-full leaves them out`,
  });
}

async function checkPinned(loaded: LoadedConfig, { pinned }: AcceptedInput, where: string): Promise<void> {
  const locked = await readPinned(loaded);
  if (locked?.sha256 === pinned?.sha256) return;
  const say = (digest: LockedBackfill | null) =>
    digest === null ? "none" : `${digest.rows} rows (${digest.sha256.slice(0, 12)})`;
  throw new ModelpackError(
    "LOCK_MISMATCH",
    `the accepted rows of the backfill are not those that ${LOCK_FILE} pins: expected ${say(locked)}, got ${say(pinned)}`,
    {
      where,
      hint: "restore accepted.jsonl from version control, or run modelpack prepare --no-llm without --locked and commit both files",
    },
  );
}

/** Pins the accepted rows in the lock, where that says otherwise. A run that left them out changes nothing. */
export async function keepAccepted(
  loaded: LoadedConfig,
  { pinned }: AcceptedInput,
  options: PrepareOptions,
  reporter: Reporter,
): Promise<void> {
  if (options.locked === true || (options.forceFull === true && options.backfill !== true)) return;
  const lock = (await readLock(loaded.folder)) ?? EMPTY_LOCK;
  const before = lockedRows(lock, ledgerName(loaded));
  if (before?.sha256 === pinned?.sha256) return;
  if (before !== null && pinned === null)
    reporter.warn(`${LOCK_FILE} pinned ${before.rows} accepted rows of the backfill, and there are none now`);
  await writeLock(loaded.folder, withRows(lock, ledgerName(loaded), pinned));
}
