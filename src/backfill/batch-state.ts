// SPDX-License-Identifier: Apache-2.0
import { objectOf } from "./reply.ts";

/** Key of the metadata that holds our name of a batch: by it one is found whose id was never written down. */
export const NAME_KEY = "modelpack_batch";

/** Whatever else a provider calls it, the batch goes on. */
const OVER = ["failed", "completed", "expired", "cancelled"];

/** What a provider says about a batch. */
export interface BatchState {
  readonly id: string;
  /** Our name; null where it has another's, or none. */
  readonly name: string | null;
  readonly status: string;
  readonly counts: { readonly completed: number; readonly failed: number; readonly total: number };
  /** Files of the replies and of the errors. */
  readonly files: readonly string[];
  /** Why the whole batch was refused. */
  readonly problem: { readonly code: string; readonly message: string } | null;
}

/** Reads a batch object; null where it is none. */
export function batchState(value: unknown): BatchState | null {
  const { id, status, metadata, request_counts, output_file_id, error_file_id, errors } = objectOf(value);
  if (!isId(id) || typeof status !== "string") return null;
  const name = objectOf(metadata)[NAME_KEY];
  const { completed, failed, total } = objectOf(request_counts);
  return {
    id,
    name: typeof name === "string" ? name : null,
    status,
    counts: { completed: countOf(completed), failed: countOf(failed), total: countOf(total) },
    files: [output_file_id, error_file_id].filter(isId),
    problem: problemOf(errors),
  };
}

/** Whether nothing more will come of a batch. */
export function isOver({ status }: BatchState): boolean {
  return OVER.includes(status);
}

function isId(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function countOf(value: unknown): number {
  return Number.isSafeInteger(value) ? (value as number) : 0;
}

function problemOf(errors: unknown): BatchState["problem"] {
  const { data } = objectOf(errors);
  const [first] = Array.isArray(data) ? data : [];
  if (first === undefined) return null;
  const { code, message, line } = objectOf(first);
  const at = typeof line === "number" ? `line ${line}: ` : "";
  return { code: String(code ?? ""), message: `${at}${String(message ?? code ?? "it does not say why")}` };
}
