// SPDX-License-Identifier: Apache-2.0
import type { FaultName } from "./faults.ts";

// What the client makes of each fault that is played once.

/** Waits that a busy machine does not run into. */
export const PATIENT = {
  timeoutMs: 20_000,
  timing: { backoffMs: 10, maxBackoffMs: 80, maxRetryAfterMs: 60, firstTokenMs: 10_000, idleMs: 10_000 },
};
/** For faults that are silence. */
export const HASTY = {
  timeoutMs: 700,
  timing: { ...PATIENT.timing, firstTokenMs: 300, idleMs: 200 },
};

/** Sent again, and answered then. */
export const AGAIN: readonly FaultName[] = [
  ...(["model_reloading", "limited", "limited_ms", "limited_silently", "limited_long"] as const),
  ...(["limited_for_ages", "limited_negative", "limited_past", "limited_soon", "internal"] as const),
  ...(["bad_gateway", "overloaded", "gateway_timeout", "runner_terminated", "unexpected_eof"] as const),
  ...(["conflict", "told_to_retry", "crash", "cut_length", "cut_chunked", "reset", "cut_unframed"] as const),
  ...(["half_gzip", "html", "nothing", "wrong_type", "other_json", "no_finish", "error_overloaded"] as const),
  ...(["error_code", "error_text", "no_finish_but_done"] as const),
];
export const SILENT: readonly FaultName[] = [
  "no_headers",
  "silent_body",
  "keep_alive",
  "empty_pieces",
  "drip",
];

/** The request that it hits ends so, and no other. */
export const OUTCOMES: Readonly<Partial<Record<FaultName, string>>> = {
  overlong_openai: "overlong",
  overlong_vllm: "overlong",
  overlong_llama_cpp: "overlong",
  overlong_ollama: "overlong",
  error_overlong: "overlong",
  gzip_bomb: "too_large",
  bad_bytes: "not_text",
  no_choices: "empty",
  null_message: "empty",
  null_content: "empty",
  array_content: "empty",
  tool_calls: "empty",
  thought: "thought",
  thought_content: "thought",
  thought_thinking: "thought",
  thought_cut: "thought",
  cut_by_length: "cut",
  whole_but_length: "cut",
  filtered: "filtered",
  refused: "refused",
  blank_loop: "blank",
  block_loop: "looping",
};

/** It ends the run. */
export const STOPS: Readonly<Partial<Record<FaultName, string>>> = {
  gone: "LLM_UNREACHABLE",
  unauthorized: "LLM_DENIED",
  forbidden: "LLM_DENIED",
  model_removed: "LLM_MODEL_MISSING",
  prompt_cut: "LLM_INCOMPATIBLE",
  quota: "LLM_QUOTA",
  bad_request: "LLM_INCOMPATIBLE",
  error_key: "LLM_DENIED",
  redirect: "LLM_INCOMPATIBLE",
};

/** The caller's to judge: handed on as it came. */
export const HANDED_ON: readonly FaultName[] = [
  ...(["think_tags", "think_unclosed", "refused_in_words", "looped_sentence", "prose", "fenced"] as const),
  ...(["extra_keys", "proto_key", "duplicate_key", "numbers", "nested", "none", "surrogate"] as const),
  ...(["nul", "replaced", "bom", "variants", "echo", "template", "other_script", "swapped"] as const),
];
