// SPDX-License-Identifier: Apache-2.0
import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";

export const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export interface CliResult {
  /** Exit code. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface CliOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the built `modelpack` in a folder to its end; standard input is empty where none is given. */
export function cli(
  cwd: string,
  args: readonly string[],
  { input = "", env = {} }: CliOptions = {},
): CliResult {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd,
    input,
    encoding: "utf8",
    // vitest asks for colours in its own output; and it is npm that runs vitest, not modelpack.
    env: { ...process.env, NODE_OPTIONS: "", FORCE_COLOR: "0", npm_lifecycle_event: "", ...env },
    timeout: 60_000,
  });
  return { code: status, out: stdout, err: stderr };
}

/** What `--json` printed: one object on one line. */
export function jsonOf<T>({ out }: CliResult): T {
  return JSON.parse(out) as T;
}

/** Starts the built `modelpack`, its standard input open. */
export function startCli(
  cwd: string,
  args: readonly string[],
): ChildProcessByStdio<Writable, Readable, Readable> {
  return spawn(process.execPath, [MAIN, ...args], { cwd, stdio: ["pipe", "pipe", "pipe"] });
}

/** Exit code, or the signal that ended it. */
export function ended(child: ReturnType<typeof startCli>): Promise<number | NodeJS.Signals | null> {
  return new Promise((resolve) => {
    child.on("close", (code, signal) => resolve(code ?? signal));
  });
}

/** Resolves once a stream has said `text`. */
export function says(stream: Readable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => {
      said += chunk;
      if (said.includes(text)) resolve();
    });
    stream.on("end", () => reject(new Error(`ended without ${JSON.stringify(text)}:\n${said}`)));
  });
}
