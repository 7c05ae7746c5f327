// SPDX-License-Identifier: Apache-2.0

/** Every code a {@link ModelpackError} can carry; callers match on these, never on message text. */
export type ErrorCode =
  | "CONFIG_INVALID" // the TOML, a flag or an environment value is wrong
  | "USAGE" // the command line is wrong
  | "SOURCE_MISSING" // a dataset's file or folder is not there
  | "SOURCE_UNREADABLE" // it is there, but is not what its name says
  | "SOURCE_UNSUPPORTED" // a kind or format that this version does not read
  | "LOCK_INVALID" // datasets.lock.json is no lock, or was damaged
  | "LOCK_MISMATCH" // datasets.lock.json and what is asked for, or what came, differ
  | "HUB_MISSING" // the Hub has no such dataset, revision or file
  | "HUB_DENIED" // the Hub wants a token, or one with more rights
  | "HUB_UNREACHABLE" // no answer from the Hub, or only failures
  | "HUB_MISMATCH" // what came from the Hub is not what was pinned
  | "HUB_OFFLINE" // downloads are off, and what is needed is not in the cache
  | "LEDGER_CORRUPT" // nothing in the ledger of the backfill is whole
  | "LLM_UNREACHABLE" // no answer from the LLM's server, or only failures
  | "LLM_DENIED" // the server wants a key, or one with more rights
  | "LLM_MODEL_MISSING" // the server has no such model
  | "LLM_INCOMPATIBLE" // what answers does not do what is needed: no such protocol, too small a context
  | "LLM_QUOTA" // the account or the server's limit is used up
  | "LLM_REFUSING" // the model refuses most of what it is asked for
  | "COLUMN_MISSING" // a mapping names a column that is not there
  | "COLUMN_TYPE" // a column can't be text
  | "MAPPING_INVALID" // SQL that DuckDB refuses, or that is no SELECT
  | "SOURCE_EMPTY" // nothing came out of a source or a map
  | "DATASET_MISSING" // train or evaluate found no prepared dataset
  | "DATASET_MISMATCH" // the prepared dataset has other tasks or labels than the TOML
  | "DATASET_CORRUPT" // a file of a version differs from its manifest
  | "TASK_UNTRAINABLE" // a task has no rows to learn from
  | "MODEL_MISSING" // no pack at that place
  | "MODEL_CORRUPT" // a pack's bytes are damaged or hostile
  | "MODEL_TOO_NEW" // a pack of a newer format
  | "MODEL_TOO_OLD" // a pack of an older format that is read no more
  | "PATH_UNSAFE" // a name that would leave its folder
  | "LOCKED" // another run holds the output
  | "STORAGE" // the operating system refused a write or a read
  | "INTERRUPTED" // SIGINT or SIGTERM
  | "INTERNAL"; // a bug of ours

/** What an error knows besides its code and message. */
export interface ErrorDetails {
  /** Where it happened: `file:line:column`, a dataset's name, a tensor. */
  readonly where?: string | undefined;
  /** What to do next, as an instruction. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** The one error type that modelpack throws: what was expected, what came, where, and the next step. */
export class ModelpackError extends Error {
  override readonly name = "ModelpackError";
  readonly code: ErrorCode;
  readonly where: string | undefined;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.where = details.where;
    this.hint = details.hint;
  }
}
