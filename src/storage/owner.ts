// SPDX-License-Identifier: Apache-2.0
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";
import { promisify } from "node:util";
import { errnoOf, storageFailure } from "./failure.ts";

/**
 * Names this run in locks and temporary files, so that anyone can tell later whether it still lives:
 * `<pid>-<start>-<boot>-<pid namespace>-<host>-<nonce>`. The start is the kernel's count, not the clock's.
 */
export type RunId = string;

export interface Owner {
  readonly pid: number;
  /** When the process began, in the kernel's words; {@link UNKNOWN_START} where nobody says. */
  readonly start: string;
  /** Tag of the machine's boot; where the system has no such id, that of the host. */
  readonly boot: string;
  /** The pid namespace (a container's): a pid means nothing in another one. */
  readonly namespace: string;
  /** Tag of the host name. */
  readonly host: string;
}

/** "unknown": it runs, or ran, where we can't look: on another machine or in another container. */
export type Liveness = "alive" | "dead" | "unknown";

const RUN_ID =
  /^([1-9][0-9]{0,9})-([0-9A-Za-z_]{1,40})-([0-9a-f]{8})-([0-9]{1,20})-([0-9a-f]{8})-[0-9a-f]{16}$/;
const UNKNOWN_START = "0";
/** A zombie has exited already; this matches no start. */
const EXITED = "exited";
const HIDDEN: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "EACCES", "EPERM", "ESRCH"]);

let self: Owner | undefined;

/** A new id for a temporary file, folder or lock of this process. */
export async function newRunId(): Promise<RunId> {
  const { pid, start, boot, namespace, host } = await thisProcess();
  return `${pid}-${start}-${boot}-${namespace}-${host}-${randomBytes(8).toString("hex")}`;
}

/** The owner that a run id names; null where it is not one. */
export function ownerOf(run: RunId): Owner | null {
  const [, pid, start, boot, namespace, host] = RUN_ID.exec(run) ?? [];
  if (!pid || !start || !boot || !namespace || !host) return null;
  return { pid: Number(pid), start, boot, namespace, host };
}

/** Whether the process behind a run id still runs; a pid that another process has got since is dead. */
export async function liveness(run: RunId): Promise<Liveness> {
  const owner = ownerOf(run);
  if (owner === null) return "unknown";
  const here = await thisProcess();
  if (owner.boot !== here.boot) return owner.host === here.host ? "dead" : "unknown";
  if (owner.namespace !== here.namespace) return "unknown";
  if (!pidExists(owner.pid)) return "dead";
  const start = await startOf(owner.pid);
  if (start === null || owner.start === UNKNOWN_START) return "alive";
  return start === owner.start ? "alive" : "dead";
}

async function thisProcess(): Promise<Owner> {
  if (self !== undefined) return self;
  const host = tag(hostname());
  const bootId = await unlessHidden("/proc/sys/kernel/random/boot_id", (path) => readFile(path, "utf8"));
  const namespace = await unlessHidden("/proc/self/ns/pid", (path) => readlink(path));
  self = {
    pid: process.pid,
    start: (await startOf(process.pid)) ?? UNKNOWN_START,
    boot: bootId === null ? host : tag(bootId.trim()),
    namespace: /[0-9]{1,20}/.exec(namespace ?? "")?.[0] ?? "0",
    host,
  };
  return self;
}

/** Null where the system has no such file or hides it; too many open files, say, must not pass for that. */
async function unlessHidden(path: string, read: (path: string) => Promise<string>): Promise<string | null> {
  try {
    return await read(path);
  } catch (error) {
    if (HIDDEN.has(errnoOf(error) ?? "")) return null;
    throw storageFailure(error, "read", path);
  }
}

function tag(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== "ESRCH"; // EPERM: it is there, and somebody else's
  }
}

function startOf(pid: number): Promise<string | null> {
  return process.platform === "linux" ? startFromProc(pid) : startFromPs(pid);
}

/** Field 22 of /proc/<pid>/stat: ticks since boot. Null where /proc is hidden from us. */
async function startFromProc(pid: number): Promise<string | null> {
  const stat = await unlessHidden(`/proc/${pid}/stat`, (path) => readFile(path, "utf8"));
  if (stat === null) return null;
  // The second field is the program's name in brackets, and may hold spaces and brackets of its own.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return EXITED;
  return fields[19] ?? null;
}

/** Elsewhere `ps` knows it, in seconds; in UTC and English whatever the user's settings are. */
export async function startFromPs(pid: number): Promise<string | null> {
  const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
  const run = promisify(execFile)("ps", ["-o", "lstart=", "-p", String(pid)], { env });
  const lstart = await run.then(({ stdout }) => stdout.trim()).catch(() => "");
  return lstart === "" ? null : lstart.replaceAll(/[^0-9A-Za-z]+/g, "_").slice(0, 40);
}
