// SPDX-License-Identifier: Apache-2.0
import type { AcceptedRow, RequestRecord } from "../../src/backfill/record.ts";
import { sha256 } from "../../src/storage/digest.ts";

/** An accepted row that differs from every other of another number. */
export function acceptedRow(i: number, changes: Partial<AcceptedRow> = {}): AcceptedRow {
  return {
    task: "query_domain",
    label: `label ${i % 3}`,
    text: `row ${i}`,
    textB: null,
    language: "en",
    fill: 1,
    order: i,
    model: "qwen",
    fingerprint: i % 2 === 0 ? null : "fp",
    request: sha256(`request ${i}`),
    prompt: sha256(`prompt ${i}`),
    seeds: [sha256(`seed ${i}`).slice(0, 32)],
    ...changes,
  };
}

/** A request, likewise. */
export function requestRecord(i: number, changes: Partial<RequestRecord> = {}): RequestRecord {
  return {
    key: sha256(`key ${i}`),
    purpose: "write",
    task: "query_domain",
    label: `label ${i % 3}`,
    fill: 1,
    slot: i,
    attempt: 0,
    fault: null,
    text: `{"rows":["reply ${i}"]}`,
    usage: { promptTokens: 100 + i, completionTokens: 10 },
    model: "qwen",
    fingerprint: null,
    prompt: sha256(`prompt ${i}`),
    ...changes,
  };
}

/** The context of a fill. */
export function context(name: string): string {
  return sha256(name);
}
