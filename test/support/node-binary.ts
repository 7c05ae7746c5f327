// SPDX-License-Identifier: Apache-2.0
import { npm } from "./npm.ts";

/** The oldest Node that is supported knows Unicode 16, and the newest minor versions of all three know 17. */
export const NODE_VERSIONS = ["20.19.0", "20", "22", "24"];

/** The binary of a Node version: this one, or that of the npm package `node`; null where there is no network. */
export function nodeBinary(version: string): string | null {
  if (`${process.versions.node}.`.startsWith(`${version}.`)) return process.execPath;
  const { status, stdout } = npm(
    "/",
    ["-y", "-p", `node@${version}`, "node", "-p", "process.execPath"],
    "npx",
  );
  return status === 0 ? stdout.trim() : null;
}
