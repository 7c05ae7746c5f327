// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The path of a script in test/support, for a process of its own. */
export function childScript(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

export interface ChildResult {
  readonly signal: NodeJS.Signals | null;
  readonly status: number | null;
  /** Standard output, a JSON value a line. */
  readonly lines: readonly unknown[];
  readonly stderr: string;
}

/** Runs a command to its end. */
export function run(command: string, args: readonly string[], options: { uid?: number } = {}): ChildResult {
  // One thread for files: strace counts the calls of each thread by itself.
  const env = { ...process.env, UV_THREADPOOL_SIZE: "1", NODE_OPTIONS: "" };
  const ids = options.uid === undefined ? {} : { uid: options.uid, gid: options.uid };
  const { signal, status, stdout, stderr } = spawnSync(command, args, { env, encoding: "utf8", ...ids });
  const lines = (stdout ?? "").split("\n").filter((line) => line !== "");
  return { signal, status, lines: lines.map((line): unknown => JSON.parse(line)), stderr: stderr ?? "" };
}

function works(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Whether strace is here and may trace; without it, tests of crashes and failing calls are skipped. */
export const hasStrace = works("strace", "-f", "-o", "/dev/null", "true");

export const isRoot = process.getuid?.() === 0;

/** Whether this process may mount file systems (root may not, in most containers). */
export const canMount = isRoot && works("unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt");

/** Runs `node <args>` with one thing injected, such as `fsync:signal=SIGKILL:when=3`. */
export function runInjected(inject: string, args: readonly string[]): ChildResult {
  const calls = inject.slice(0, inject.indexOf(":"));
  const strace = ["-f", "-qq", "-o", "/dev/null", "-e", `trace=${calls}`, "-e", `inject=${inject}`];
  return run("strace", [...strace, process.execPath, ...args]);
}

/** How many times the busiest thread of `node <args>` makes each of these system calls. */
export function countCalls(
  calls: readonly string[],
  args: readonly string[],
  folder: string,
): ReadonlyMap<string, number> {
  const log = join(folder, "strace.log");
  run("strace", ["-f", "-qq", "-o", log, "-e", `trace=${calls.join(",")}`, process.execPath, ...args]);
  const threads = new Map<string, number>();
  for (const line of readFileSync(log, "utf8").split("\n")) {
    const [, thread, call] = /^([0-9]+) +([a-z0-9_]+)\(/.exec(line) ?? [];
    if (thread && call) threads.set(`${call} ${thread}`, (threads.get(`${call} ${thread}`) ?? 0) + 1);
  }
  const counts = new Map(calls.map((call) => [call, 0]));
  for (const [key, count] of threads) {
    const call = key.slice(0, key.indexOf(" "));
    counts.set(call, Math.max(counts.get(call) ?? 0, count));
  }
  return counts;
}

/** The flushes and renames of `node <args>`, in order, as `fsync <path>` and `rename <from> <to>`. */
export function flushesAndRenames(args: readonly string[], folder: string): readonly string[] {
  const log = join(folder, "strace.log");
  run("strace", [
    "-f",
    "-y",
    "-qq",
    "-s",
    "4096",
    "-o",
    log,
    "-e",
    "trace=fsync,rename",
    process.execPath,
    ...args,
  ]);
  return readFileSync(log, "utf8")
    .split("\n")
    .flatMap((line) => {
      const [, flushed] = /fsync\([0-9]+<([^>]+)>\) += 0/.exec(line) ?? [];
      const [, from, to] = /rename\("([^"]+)", "([^"]+)"\) += 0/.exec(line) ?? [];
      if (flushed) return [`fsync ${flushed}`];
      return from && to ? [`rename ${from} ${to}`] : [];
    });
}
