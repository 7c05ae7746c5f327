// SPDX-License-Identifier: Apache-2.0
// Runs a command and measures it: wall and CPU seconds, and the most memory that it had.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";

const USAGE = new URL("./usage.mjs", import.meta.url).href;
/** How often a command's use is looked at; only what is no Node program, or is killed, depends on it. */
const POLL_MS = 100;
/** What is kept of each stream, from its end. */
const KEPT = 1 << 20;

/** A command with more than this, in MiB, is stopped before the system looks for something to end. */
const MOST_MB = (totalmem() / 2 ** 20) * 0.94;

const running = new Set();
// A run that is stopped takes the command under way with it; --resume goes on from the step before.
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
])
  process.once(signal, () => {
    for (const child of running) child.kill("SIGKILL");
    process.exit(code);
  });

/** Ticks of a second that /proc counts CPU time in: 100 on every Linux that Node runs on (proc(5), sysconf(3)). */
const TICKS = 100;

/**
 * {peak_mb, cpu_seconds} so far of a process that still runs: its most memory, in MiB, and what all its threads had of the
 * processors. Null where the system has no /proc.
 */
function usageSoFar(pid) {
  try {
    const peak = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    // The name of the command, in brackets, may hold spaces: utime and stime are the 12th and 13th after it.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const cpu_seconds = (Number(fields[11]) + Number(fields[12])) / TICKS;
    return peak === null ? null : { peak_mb: Number(peak[1]) / 1024, cpu_seconds };
  } catch {
    return null;
  }
}

/** Where memory runs out all the same, the command goes first, and nothing else of the machine. */
function volunteer(pid) {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, "1000");
  } catch {
    // Not Linux.
  }
}

function readUsage(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}

/**
 * Runs `command`. Resolves with {code, timedOut, outOfMemory, seconds, cpu_seconds, peak_mb, stdout, stderr}; never rejects for
 * a command that fails. `timeout` is in seconds; the command is killed after it.
 */
export function measure(command, args, { timeout = 3600 } = {}) {
  return new Promise((resolve, reject) => {
    const folder = mkdtempSync(join(tmpdir(), "modelpack-usage-"));
    const usage = join(folder, "usage.json");
    const started = performance.now();
    const child = spawn(command, args, {
      env: { ...process.env, BENCH_USAGE: usage },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const kept = { stdout: "", stderr: "" };
    let sofar = null;
    let timedOut = false;
    let outOfMemory = false;
    for (const stream of ["stdout", "stderr"])
      child[stream].setEncoding("utf8").on("data", (text) => {
        kept[stream] = (kept[stream] + text).slice(-KEPT);
      });
    running.add(child);
    volunteer(child.pid);
    const poll = setInterval(() => {
      sofar = usageSoFar(child.pid) ?? sofar;
      if (sofar === null || sofar.peak_mb < MOST_MB) return;
      outOfMemory = true;
      child.kill("SIGKILL");
    }, POLL_MS);
    const alarm = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
    }, timeout * 1000);
    const end = () => {
      running.delete(child);
      clearInterval(poll);
      clearTimeout(alarm);
    };
    child.on("error", (error) => {
      end();
      rmSync(folder, { recursive: true, force: true });
      reject(error);
    });
    child.on("close", (code) => {
      end();
      const seconds = (performance.now() - started) / 1000;
      const used = readUsage(usage) ?? sofar;
      rmSync(folder, { recursive: true, force: true });
      resolve({
        code,
        timedOut,
        outOfMemory,
        seconds,
        cpu_seconds: used?.cpu_seconds ?? null,
        peak_mb: used?.peak_mb ?? null,
        ...kept,
      });
    });
  });
}

/** {@link measure} of a Node program, which tells its own usage when it ends. */
export function measureNode(args, options = {}) {
  return measure(process.execPath, ["--import", USAGE, ...(options.nodeArgs ?? []), ...args], options);
}

/** The JSON value on the last line that a command printed. */
export function lastJson({ stdout }) {
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

/** What a run cost, without what it printed. */
export function costOf({ seconds, cpu_seconds, peak_mb }) {
  const round = (value, digits) => (value === null ? null : Number(value.toFixed(digits)));
  return { seconds: round(seconds, 3), cpu_seconds: round(cpu_seconds, 3), peak_mb: round(peak_mb, 1) };
}

/** Why a command failed: the last line of its standard error that tells an error. */
export function reasonOf({ code, timedOut, outOfMemory, peak_mb, stderr }, timeout) {
  if (timedOut) return `stopped after ${timeout} s`;
  if (outOfMemory) return `stopped with ${(peak_mb / 1024).toFixed(1)} GiB of memory`;
  const lines = stderr.split("\n").filter((line) => line.trim() !== "" && !/^\s/.test(line));
  const last = lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? "";
  return `exit code ${code}: ${last}`.slice(0, 300);
}
