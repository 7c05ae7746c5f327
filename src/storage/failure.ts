// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:os";
import { ModelpackError } from "../core/error.ts";

interface Meaning {
  readonly says: string;
  readonly hint: string;
}

const SPACE = "free some space there, then run the same command again: what was there before is untouched";
const PERMISSION = "choose a folder that this user may write to, or change its permissions";
const FILES = "raise the limit of open files (ulimit -n), or stop what holds them open";
const PATH = "a part of this path is not what it should be: remove it, or choose another path";

const MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ["ENOSPC", { says: "no space is left on the disk", hint: SPACE }],
  ["EDQUOT", { says: "the disk quota is used up", hint: SPACE }],
  [
    "EFBIG",
    { says: "the file is larger than is allowed", hint: "raise the limit of file sizes (ulimit -f)" },
  ],
  ["EIO", { says: "the disk reports a fault", hint: "check the disk, then run the same command again" }],
  ["EROFS", { says: "the file system is read-only", hint: PERMISSION }],
  ["EACCES", { says: "permission is denied", hint: PERMISSION }],
  ["EPERM", { says: "the operation is not permitted", hint: PERMISSION }],
  ["EMFILE", { says: "too many files are open in this process", hint: FILES }],
  ["ENFILE", { says: "too many files are open on this machine", hint: FILES }],
  ["ENOTDIR", { says: "a part of the path is a file", hint: PATH }],
  ["EISDIR", { says: "it is a folder", hint: PATH }],
  ["EEXIST", { says: "something else is there already", hint: PATH }],
  ["ELOOP", { says: "its symbolic links lead in a circle", hint: PATH }],
  ["ENAMETOOLONG", { says: "the name is too long", hint: PATH }],
  ["ENOENT", { says: "it is not there", hint: "check that the path exists" }],
]);

const UNKNOWN: Meaning = {
  says: "the operating system refused",
  hint: "check the disk and the permissions, then run the same command again",
};

/** The errno name (`ENOSPC`) of an error from the operating system; null for any other error. */
export function errnoOf(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return null;
  if (typeof error.code !== "string") return null;
  if (!error.code.startsWith("Unknown system error")) return error.code;
  // Node's file layer has no name for some, a used up quota among them.
  const number = "errno" in error && typeof error.errno === "number" ? -error.errno : 0;
  return Object.entries(constants.errno).find(([, value]) => value === number)?.[0] ?? error.code;
}

/**
 * What to throw for `error`: an error of the operating system becomes `STORAGE` with the path, the errno,
 * the bytes where they are known, and what to do; anything else comes back as it is.
 */
export function storageFailure(error: unknown, action: string, path: string, bytes?: number): unknown {
  const errno = errnoOf(error);
  if (errno === null) return error;
  const { says, hint } = MEANINGS.get(errno) ?? UNKNOWN;
  const size = bytes === undefined ? "" : ` (${bytes} bytes)`;
  return new ModelpackError("STORAGE", `cannot ${action} ${path}${size}: ${says} (${errno})`, {
    where: path,
    hint,
    cause: error,
  });
}

/** Runs `work`, with its errors from the operating system translated by {@link storageFailure}. */
export async function guarded<T>(
  action: string,
  path: string,
  work: () => Promise<T>,
  bytes?: number,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storageFailure(error, action, path, bytes);
  }
}
