// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";

export interface NpmResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What npm says of itself, whatever it installs: its own warnings, its sums, and blank lines. */
const NPM_SAYS = /^(npm (warn|notice) .*|(added|changed|removed|up to date).*|)$/gm;

/**
 * Runs npm (or another command) in a folder, as a person would there: without what the npm that runs these
 * tests has put into the environment. Packages come from npm's cache where they are in it.
 */
export function npm(folder: string, args: readonly string[], command = "npm"): NpmResult {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^npm_(?!config_(registry|cache|userconfig)$)/i.test(name) && name !== "NODE_OPTIONS",
  );
  const env = {
    ...Object.fromEntries(inherited),
    npm_config_prefer_offline: "true",
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_update_notifier: "false",
  };
  const run = spawnSync(command, args, { cwd: folder, env, encoding: "utf8", maxBuffer: 1 << 26 });
  return { status: run.status, stdout: run.stdout, stderr: run.stderr };
}

/** What a run printed that npm does not print of itself. */
export function ours({ stdout, stderr }: NpmResult): string {
  return `${stdout}\n${stderr}`.replaceAll(NPM_SAYS, "").replaceAll(/\n+/g, "\n").trim();
}
