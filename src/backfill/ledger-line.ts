// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from "node:buffer";
import { ModelpackError } from "../core/error.ts";
import { MAX_TEXT_LENGTH } from "../data/cleaning.ts";
import { MAX_NAME, MAX_REPLY, REPLY_FAULTS, type Usage } from "./completion.ts";
import { aBoolean, aCount, type Form, fits, hex, is, listOf, nullOr, oneOf, text } from "./line-form.ts";
import type { AcceptedRow, BatchRecord, FillRecord, Purpose, RequestRecord } from "./record.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

// How the records look in the ledger's files. Every member is required, and no other is known.

/** OpenAI's batches hold 50,000 requests. */
const MAX_KEYS = 100_000;
const MAX_SEEDS = 1_000;

const PURPOSES: readonly Purpose[] = ["write", "judge", "label"];
const SHA256 = hex(64, 64);
const SUM = hex(16, 16);
const TASK = text(1, 64);
const LABEL = text(1, MAX_TEXT_LENGTH);
const NAME = text(0, MAX_NAME);

interface AcceptedLine extends Omit<AcceptedRow, "textB"> {
  readonly sum: string;
  readonly kind: "accepted";
  readonly text_b: string | null;
}

interface RequestLine extends Omit<RequestRecord, "usage"> {
  readonly sum: string;
  readonly kind: "request";
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number } | null;
}

interface FillLine extends FillRecord {
  readonly sum: string;
  readonly kind: "fill";
}

interface BatchLine extends BatchRecord {
  readonly sum: string;
  readonly kind: "batch";
}

const ACCEPTED: Form<AcceptedLine> = {
  sum: SUM,
  kind: is("accepted"),
  task: TASK,
  label: LABEL,
  text: text(1, MAX_TEXT_LENGTH),
  text_b: nullOr(text(1, MAX_TEXT_LENGTH)),
  language: text(0, 64),
  fill: aCount(1),
  order: aCount(0),
  model: NAME,
  fingerprint: nullOr(NAME),
  request: SHA256,
  prompt: SHA256,
  seeds: listOf(hex(8, 64), MAX_SEEDS),
};

const REQUEST: Form<RequestLine> = {
  sum: SUM,
  kind: is("request"),
  key: SHA256,
  purpose: oneOf(PURPOSES),
  task: TASK,
  label: nullOr(LABEL),
  fill: aCount(1),
  slot: aCount(0),
  attempt: aCount(0),
  fault: nullOr(oneOf([...REPLY_FAULTS, "overlong", "poisonous"] as const)),
  text: nullOr((value) => typeof value === "string" && value.length <= MAX_REPLY),
  usage: nullOr((value) => fits(value, { prompt_tokens: aCount(0), completion_tokens: aCount(0) })),
  model: NAME,
  fingerprint: nullOr(NAME),
  prompt: SHA256,
};

const FILL: Form<FillLine> = {
  sum: SUM,
  kind: is("fill"),
  fill: aCount(1),
  context: SHA256,
  ended: aBoolean,
};

const BATCH: Form<BatchLine> = {
  sum: SUM,
  kind: is("batch"),
  name: text(1, MAX_NAME),
  batch: nullOr(text(1, MAX_NAME)),
  keys: listOf(SHA256, MAX_KEYS),
  ended: aBoolean,
};

/** A record of `requests.jsonl`. */
export type LocalRecord =
  | { readonly kind: "request"; readonly request: RequestRecord }
  | { readonly kind: "fill"; readonly fill: FillRecord }
  | { readonly kind: "batch"; readonly batch: BatchRecord };

/** The line of an accepted row, without its checksum; throws `INTERNAL` for what would not be read back. */
export function encodeAccepted(row: AcceptedRow): string {
  const { task, label, text, textB, language, fill, order, model, fingerprint, request, prompt, seeds } = row;
  const head = { kind: "accepted" as const, task, label, text, text_b: textB, language, fill, order };
  return encode({ ...head, model, fingerprint, request, prompt, seeds }, ACCEPTED);
}

/** The same of a request. */
export function encodeRequest(record: RequestRecord): string {
  const { key, purpose, task, label, fill, slot, attempt, fault, text, model, fingerprint, prompt } = record;
  const usage = record.usage && {
    prompt_tokens: record.usage.promptTokens,
    completion_tokens: record.usage.completionTokens,
  };
  const head = { kind: "request" as const, key, purpose, task, label, fill, slot, attempt, fault };
  return encode({ ...head, text, usage, model, fingerprint, prompt }, REQUEST);
}

/** The same of the beginning or the end of a fill. */
export function encodeFill({ fill, context, ended }: FillRecord): string {
  return encode({ kind: "fill", fill, context, ended }, FILL);
}

/** The same of a batch. */
export function encodeBatch({ name, batch, keys, ended }: BatchRecord): string {
  return encode({ kind: "batch", name, batch, keys, ended }, BATCH);
}

/** The row that a line of `accepted.jsonl` says; null where it says none. */
export function decodeAccepted(line: Uint8Array): AcceptedRow | null {
  const json = parse(line);
  if (!fits(json, ACCEPTED)) return null;
  const { task, label, text, text_b: textB, language, fill, order } = json;
  const { model, fingerprint, request, prompt, seeds } = json;
  return { task, label, text, textB, language, fill, order, model, fingerprint, request, prompt, seeds };
}

/** The record that a line of `requests.jsonl` says; null where it says none. */
export function decodeLocal(line: Uint8Array): LocalRecord | null {
  const json = parse(line);
  if (fits(json, REQUEST)) return { kind: "request", request: requestOf(json) };
  if (fits(json, FILL)) {
    const { fill, context, ended } = json;
    return { kind: "fill", fill: { fill, context, ended } };
  }
  if (!fits(json, BATCH)) return null;
  const { name, batch, keys, ended } = json;
  return { kind: "batch", batch: { name, batch, keys, ended } };
}

function requestOf(line: RequestLine): RequestRecord {
  const { key, purpose, task, label, fill, slot, attempt, fault, text, model, fingerprint, prompt } = line;
  const usage: Usage | null = line.usage && {
    promptTokens: line.usage.prompt_tokens,
    completionTokens: line.usage.completion_tokens,
  };
  return { key, purpose, task, label, fill, slot, attempt, fault, text, usage, model, fingerprint, prompt };
}

/** Members that a form does not know are left out; a value that it refuses is a mistake of the caller. */
function encode<T extends { readonly sum: string }>(line: Omit<T, "sum">, form: Form<T>): string {
  if (fits({ sum: "0".repeat(16), ...line }, form)) return JSON.stringify(line);
  const shown = JSON.stringify(line).slice(0, 200);
  throw new ModelpackError("INTERNAL", `the ledger has no form for ${shown}`);
}

function parse(line: Uint8Array): unknown {
  if (!isUtf8(line)) return null;
  try {
    return JSON.parse(decoder.decode(line));
  } catch {
    return null;
  }
}
