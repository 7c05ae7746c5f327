// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { Completion, ReplyFault } from "../../src/backfill/completion.ts";
import {
  decodeAccepted,
  decodeLocal,
  encodeAccepted,
  encodeBatch,
  encodeFill,
  encodeRequest,
} from "../../src/backfill/ledger-line.ts";
import { sha256 } from "../../src/storage/digest.ts";
import { sealLine } from "../../src/storage/journal-line.ts";
import { acceptedRow, context, requestRecord } from "../support/ledger.ts";

/** A line with a good checksum, as anyone can make one. */
const forged = (json: string) => sealLine(json).subarray(0, -1);

type Members = Record<string, unknown>;

function changed(json: string, changes: Members): Buffer {
  const line = { ...(JSON.parse(json) as Members), ...changes };
  return forged(JSON.stringify(line));
}

const HASH = sha256("x");
const accepted = encodeAccepted(acceptedRow(1));
const request = encodeRequest(requestRecord(1));
const fill = encodeFill({ fill: 1, context: context("a"), ended: false });
const batch = encodeBatch({ batch: "b", keys: [HASH], ended: false });

describe("a line with a good checksum", () => {
  it("is read where it says what it should", () => {
    expect(decodeAccepted(forged(accepted))).toEqual(acceptedRow(1));
    expect(decodeLocal(forged(request))).toEqual({ kind: "request", request: requestRecord(1) });
    expect(decodeLocal(forged(fill))).toEqual({
      kind: "fill",
      fill: { fill: 1, context: context("a"), ended: false },
    });
    expect(decodeLocal(forged(batch))).toEqual({
      kind: "batch",
      batch: { batch: "b", keys: [HASH], ended: false },
    });
    // What a stranger may write as well as we.
    expect(decodeAccepted(changed(accepted, { label: "__proto__" }))?.label).toBe("__proto__");
    expect(decodeAccepted(changed(accepted, { text: "x".repeat(20_000) }))?.text).toHaveLength(20_000);
    expect(decodeLocal(changed(request, { fill: 1e12 }))).not.toBeNull();
  });

  it("is refused in the other file, and where its kind is unknown", () => {
    for (const line of [request, fill, batch]) expect(decodeAccepted(forged(line))).toBeNull();
    expect(decodeLocal(forged(accepted))).toBeNull();
    for (const kind of ["", "Fill", "rows", null, 1, ["fill"]]) {
      expect(decodeLocal(changed(fill, { kind })), String(kind)).toBeNull();
    }
  });

  it("is refused without any of its members, and with any other", () => {
    const forms = [
      [accepted, decodeAccepted],
      [request, decodeLocal],
      [fill, decodeLocal],
      [batch, decodeLocal],
    ] as const;
    for (const [json, decode] of forms) {
      const members = JSON.parse(json) as Members;
      for (const name of Object.keys(members)) {
        const { [name]: _, ...rest } = members;
        expect(decode(forged(JSON.stringify(rest))), `without ${name}`).toBeNull();
      }
      for (const name of ["extra", "constructor", "toString", "textB"]) {
        expect(decode(changed(json, { [name]: "x" })), name).toBeNull();
      }
      expect(decode(forged(`${json.slice(0, -1)},"__proto__":{"task":"x"}}`))).toBeNull();
      // Inherited members are none.
      expect(decode(forged(`{"kind":"x","__proto__":${json}}`))).toBeNull();
    }
  });

  const wrong: readonly (readonly [string, readonly unknown[]])[] = [
    ["task", ["", "x".repeat(65), null, 1, {}, ["t"]]],
    ["label", ["", "x".repeat(20_001), "\ud800", null, 1]],
    ["text", ["", "x".repeat(20_001), "a \udc00", null, { length: 3 }]],
    ["text_b", ["", "\ud800", 1, undefined, "x".repeat(20_001)]],
    ["language", [null, "x".repeat(65)]],
    ["fill", [0, -1, 1.5, "1", null, 2 ** 53, 1e300, true]],
    ["order", [-1, 0.5, "0", null, 1e13]],
    ["model", [null, 1, "x".repeat(1001)]],
    ["fingerprint", [1, "x".repeat(1001)]],
    ["request", ["", "x", HASH.slice(1), HASH.toUpperCase(), `${HASH}\n`, null]],
    ["prompt", ["", 1]],
    ["seeds", [null, "x", ["x"], [null], [[HASH]], { length: 0 }, Array(1001).fill(HASH)]],
  ];
  it.each(wrong)("is refused as an accepted row with a wrong %s", (name, values) => {
    for (const value of values) {
      expect(
        decodeAccepted(changed(accepted, { [name]: value })),
        JSON.stringify(value)?.slice(0, 80),
      ).toBeNull();
    }
  });

  const wrongLocal: readonly (readonly [string, string, readonly unknown[]])[] = [
    ["request", "key", ["", "x", null]],
    ["request", "purpose", ["", "Write", "constructor", null, ["write"]]],
    ["request", "label", ["", 1]],
    ["request", "slot", [-1, "0", 1e13]],
    ["request", "attempt", [-1, null]],
    ["request", "fault", ["", "toString", 1]],
    ["request", "text", [1, "x".repeat(1_000_001), ["x"]]],
    ["request", "usage", [1, [], {}, { prompt_tokens: 1 }, { prompt_tokens: -1, completion_tokens: 1 }]],
    ["request", "usage", [{ prompt_tokens: 1, completion_tokens: 1, extra: 1 }]],
    ["fill", "context", ["", null]],
    ["fill", "ended", [0, null, "true"]],
    ["batch", "batch", ["", null, "x".repeat(1001)]],
    ["batch", "keys", [null, ["x"], HASH, Array(100_001).fill(HASH)]],
  ];
  it.each(wrongLocal)("is refused as a %s with a wrong %s", (kind, name, values) => {
    const json = { request, fill, batch }[kind] ?? "";
    for (const value of values) {
      expect(decodeLocal(changed(json, { [name]: value })), JSON.stringify(value)?.slice(0, 80)).toBeNull();
    }
  });

  it("is refused where it is no JSON, no object or no UTF-8", () => {
    for (const json of ['{"kind":"fill"', '{"a":1}}', '{"a":}'])
      expect(decodeLocal(forged(json)), json).toBeNull();
    for (const json of ["[]", "null", "1", '"fill"', "", "x"])
      expect(decodeLocal(Buffer.from(json)), json).toBeNull();
    const text = accepted.replace("row 1", "row \u00e9");
    expect(decodeAccepted(forged(text))).toMatchObject({ text: "row \u00e9" });
    const bytes = Buffer.from(forged(text).toString(), "latin1"); // the same in another encoding
    expect(decodeAccepted(bytes)).toBeNull();
    const deep = `{"kind":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    expect(decodeLocal(forged(deep))).toBeNull();
  });
});

describe("what is written", () => {
  it("has only what the form knows, whatever else a caller's object holds", () => {
    const completion: Completion = { text: "x", model: "m", fingerprint: null, usage: null };
    const row = { ...acceptedRow(1), completion, toJSON: () => "x" };
    expect(encodeAccepted(row)).toBe(accepted);
    expect(encodeRequest({ ...requestRecord(1), ...{ key2: 1 } })).toBe(request);
  });

  it("is refused where it would not be read back", () => {
    const fault = "other" as ReplyFault;
    for (const write of [
      () => encodeAccepted(acceptedRow(1, { text: "" })),
      () => encodeRequest(requestRecord(1, { fault })),
      () => encodeRequest(requestRecord(1, { slot: Number.NaN })),
      () => encodeFill({ fill: 1, context: "a", ended: false }),
      () => encodeBatch({ batch: "", keys: [], ended: false }),
    ]) {
      expect(write).toThrow(expect.objectContaining({ code: "INTERNAL" }));
    }
  });
});
