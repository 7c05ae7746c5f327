// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CommitRequest } from "../../src/storage/commit.ts";

export const OLD = "0123456789ab";
export const NEW = "fedcba987654";
export const POINTER = "latest.json";

/** A commit of a few small files, in a folder of their own as well, with a run.json. */
export function request(root: string, version: string, more: Partial<CommitRequest> = {}): CommitRequest {
  const write = async (folder: string): Promise<void> => {
    mkdirSync(join(folder, "report"));
    writeFileSync(join(folder, "a.bin"), Buffer.alloc(3000, version));
    writeFileSync(join(folder, "report", "b.txt"), version);
    writeFileSync(join(folder, "run.json"), "{}\n");
  };
  return { root, version, write, manifest: (files) => ({ files }), pointer: POINTER, ...more };
}

/** Every file of a folder and below, with its bytes in latin1. */
export function bytesOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    files.sort().map((path) => [path.slice(folder.length + 1), readFileSync(path, "latin1")]),
  );
}
