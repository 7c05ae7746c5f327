// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import type { BatchState } from "./batch-state.ts";
import { kindOf } from "./refusal.ts";
import { incompatible, quota, type ServerSubject } from "./server-failure.ts";

// What ends a run in batch mode, besides what ends any talk with a server.

/** The server has no files or no batches. */
export function noBatches(subject: ServerSubject): ModelpackError {
  return incompatible(
    subject,
    `the LLM's server at ${subject.address.baseUrl} has no Batch API (no /files or no /batches)`,
    'set synthetic_llm.mode = "live": Ollama, llama.cpp and the server of vLLM have none, OpenAI has',
  );
}

/** The provider refuses a batch as a whole; nothing of it was run. */
export function batchRefused(subject: ServerSubject, { id, problem }: BatchState): ModelpackError {
  const message = problem?.message ?? "it does not say why";
  const names = problem?.code ?? "";
  const kind = kindOf({ status: 400, message, names, headers: new Headers() });
  if (kind === "quota" || isTokenLimit(problem)) return quota(subject, `batch ${id}: ${message}`);
  return incompatible(
    subject,
    `the provider refuses batch ${id}: ${message}`,
    'see the batch on the provider\'s page; synthetic_llm.mode = "live" asks one by one',
  );
}

/** Whether more tokens wait in the account's batches than it may have: a smaller batch, or a later one, may pass. */
export function isTokenLimit(problem: BatchState["problem"]): boolean {
  return problem?.code === "token_limit_exceeded";
}

/** Stopped by a signal. The provider does not stop. */
export function interruptedBatch(): ModelpackError {
  return new ModelpackError("INTERRUPTED", "stopped while the provider works on a batch", {
    hint: "the batch goes on at the provider: run the same command again to fetch its replies, which sends nothing twice",
  });
}
