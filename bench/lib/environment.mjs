// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What the figures were taken on. */
export function machine() {
  return {
    cores: availableParallelism(),
    cpu: (cpus()[0]?.model ?? "unknown").trim(),
    memory_gib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    system: `${process.platform} ${process.arch}`,
  };
}

function git(...args) {
  return execFileSync("git", args, {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
}

/** What decides the figures, of the files that git knows; not what a run of the benchmark writes. */
const MEASURED = [
  "src",
  "kernel",
  "examples/public-tasks.toml",
  "package-lock.json",
  ...["parts", "children", "loops", "peers", "lib"].map((folder) => `bench/${folder}`),
];

function commit() {
  try {
    const changed = git("status", "--porcelain", "--", ...MEASURED) !== "";
    return `${git("rev-parse", "--short=10", "HEAD")}${changed ? "+" : ""}`;
  } catch {
    return "unknown";
  }
}

/** When a step started, from which commit (+ where what is measured had changes), and how busy the machine was. */
export function stamp() {
  return {
    at: new Date().toISOString().slice(0, 16),
    commit: commit(),
    load: Number(loadavg()[0].toFixed(2)),
  };
}
