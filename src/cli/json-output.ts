// SPDX-License-Identifier: Apache-2.0
import type { ErrorCode, ModelpackError } from "../core/error.ts";

/** What `--json` prints, one object on one line of standard output; docs/cli.md shows each command's. */
export type JsonOutput = JsonResult | JsonFailure;

/** What a command came to, beside the members that every result has. */
export interface JsonResult {
  readonly ok: true;
  readonly command: string;
  readonly [member: string]: unknown;
}

export interface JsonFailure {
  readonly ok: false;
  /** Null where no command of that name is there. */
  readonly command: string | null;
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    /** A file with line and column, a flag, a dataset. */
    readonly where: string | null;
    /** What to do next. */
    readonly hint: string | null;
  };
}

/** The line for a result. Maps become objects: they are keyed by names that are checked, which shadow nothing. */
export function resultLine(command: string, members: Readonly<Record<string, unknown>>): string {
  return line({ ok: true, command, ...members });
}

/** The line for a failure. */
export function failureLine(command: string | null, { code, message, where, hint }: ModelpackError): string {
  const failure: JsonFailure = {
    ok: false,
    command,
    error: { code, message, where: where ?? null, hint: hint ?? null },
  };
  return line(failure);
}

function line(output: JsonOutput): string {
  const mapsAsObjects = (_key: string, value: unknown) =>
    value instanceof Map ? Object.fromEntries(value) : value;
  return `${JSON.stringify(output, mapsAsObjects)}\n`;
}
