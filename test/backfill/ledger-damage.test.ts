// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ACCEPTED_FILE, Ledger, REQUESTS_FILE } from "../../src/backfill/ledger.ts";
import { decodeAccepted, decodeLocal } from "../../src/backfill/ledger-line.ts";
import { sha256 } from "../../src/storage/digest.ts";
import { recordBytes } from "../../src/storage/journal-line.ts";
import { scanJournal } from "../../src/storage/journal-scan.ts";
import { acceptedRow, context, requestRecord } from "../support/ledger.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const ROWS = Array.from({ length: 6 }, (_, i) => acceptedRow(i, { text: `row ${i} of {"sum":"é` }));
const REQUESTS = Array.from({ length: 4 }, (_, i) => requestRecord(i));

interface Bytes {
  readonly accepted: Buffer;
  readonly requests: Buffer;
}

/** The files of a ledger of twelve records. */
async function written(): Promise<Bytes> {
  const folder = temporaryFolder();
  const ledger = await Ledger.open(folder, { write: true, purpose: "test" });
  await ledger.beginFill(context("a"));
  await ledger.addAccepted(ROWS);
  await Promise.all(REQUESTS.map((request) => ledger.addRequest(request)));
  await ledger.addBatch({ name: "b", batch: null, keys: [sha256("k")], ended: false });
  await ledger.close();
  const [accepted, requests] = [ACCEPTED_FILE, REQUESTS_FILE].map((file) => readFileSync(join(folder, file)));
  if (accepted === undefined || requests === undefined) throw new Error("no files");
  return { accepted, requests };
}

/** The records in a file's bytes, each as JSON. */
async function recordsIn(bytes: Buffer, decode: (line: Uint8Array) => unknown): Promise<readonly string[]> {
  const records: string[] = [];
  const read = async (buffer: Uint8Array, position: number) => bytes.copy(buffer, 0, position);
  await scanJournal(read, (line) => {
    const record = decode(line);
    if (record !== null) records.push(JSON.stringify(record));
    return record !== null;
  });
  return records;
}

/** Where a file's lines begin, and where it ends. */
const startsOf = (bytes: Buffer) => [...bytes.toString("latin1").matchAll(/^/gm)].map(({ index }) => index);

/** How many records are in its first bytes: one is whole without its newline. */
const wholeIn = (bytes: Buffer, length: number) =>
  bytes
    .subarray(0, length + 1)
    .toString("latin1")
    .split("\n").length - 1;

const placed = (folder: string, bytes: Bytes) => {
  writeFileSync(join(folder, ACCEPTED_FILE), bytes.accepted);
  writeFileSync(join(folder, REQUESTS_FILE), bytes.requests);
  return Ledger.open(folder, { write: false, purpose: "test" });
};

describe("a byte that was changed", () => {
  it("any of all: at most its record is lost, none is changed", async () => {
    const { accepted, requests } = await written();
    const files = [
      { bytes: accepted, decode: decodeAccepted },
      { bytes: requests, decode: decodeLocal },
    ];
    let lost = 0;
    for (const { bytes, decode } of files) {
      const whole = await recordsIn(bytes, decode);
      expect(whole).toHaveLength(6);
      for (let at = 0; at < bytes.length; at++) {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] ?? 0) ^ 0xff;
        const found = await recordsIn(damaged, decode);
        // The line that the byte is in; its newline is no part of the record.
        const line = bytes.subarray(0, at).toString("latin1").split("\n").length - 1;
        const expected = bytes[at] === 0x0a ? whole : whole.filter((_, i) => i !== line);
        if (found.join("\n") !== expected.join("\n")) expect(found, `byte ${at}`).toEqual(expected);
        lost += whole.length - found.length;
      }
    }
    expect(lost).toBe(accepted.length + requests.length - 12);
  });

  it("in any one bit is found", async () => {
    const { accepted, requests } = await written();
    for (const bytes of [accepted, requests]) {
      const line = bytes.subarray(0, bytes.indexOf("\n"));
      for (let bit = 0; bit < line.length * 8; bit++) {
        const damaged = Buffer.from(line);
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        if (recordBytes(damaged) > 0) expect(damaged.toString(), `bit ${bit}`).toBe("damaged");
      }
    }
  });

  it("costs a whole ledger no more than that, and is told", async () => {
    const bytes = await written();
    const folder = temporaryFolder();
    for (let at = 3; at < bytes.accepted.length; at += 211) {
      const accepted = Buffer.from(bytes.accepted);
      accepted[at] = (accepted[at] ?? 0) ^ 0xff;
      const line = accepted.subarray(0, at).toString("latin1").split("\n").length;
      const ledger = await placed(folder, { ...bytes, accepted });
      expect(ledger.accepted).toEqual(ROWS.filter((_, i) => i !== line - 1));
      expect(ledger.notices).toEqual([
        `${ACCEPTED_FILE}:${line}: this line is damaged and is left out; 5 others are whole`,
      ]);
      await ledger.close();
    }
  });

  it("in each of 10,000 lines is one notice", async () => {
    const { accepted, requests } = await written();
    const lines = accepted.toString().replaceAll("row", "now").repeat(1667);
    const ledger = await placed(temporaryFolder(), { accepted: Buffer.from(lines + accepted), requests });
    expect(ledger.accepted).toEqual(ROWS);
    expect(ledger.notices).toEqual([
      `${ACCEPTED_FILE}:1: 10002 lines are damaged and are left out, this is the first; 6 are whole`,
    ]);
    await ledger.close();
  });
});

describe("a file that was cut", () => {
  it("at any byte of its last two records: those before it are kept", async () => {
    const { accepted, requests } = await written();
    const files = [
      { bytes: accepted, decode: decodeAccepted },
      { bytes: requests, decode: decodeLocal },
    ];
    for (const { bytes, decode } of files) {
      const all = await recordsIn(bytes, decode);
      const start = startsOf(bytes).at(-3) ?? 0;
      for (let length = start; length < bytes.length; length++) {
        const found = await recordsIn(bytes.subarray(0, length), decode);
        expect(found, `${length} bytes`).toEqual(all.slice(0, wholeIn(bytes, length)));
      }
    }
  });

  it("is cut back to its last whole record, with a notice, when it is opened for writing", async () => {
    const bytes = await written();
    const folder = temporaryFolder();
    for (const file of ["accepted", "requests"] as const) {
      const starts = startsOf(bytes[file]);
      for (let length = starts.at(-3) ?? 0; length < bytes[file].length; length += 101) {
        const reading = await placed(folder, { ...bytes, [file]: bytes[file].subarray(0, length) });
        await reading.close();
        expect(reading.notices).toEqual([]);
        const ledger = await Ledger.open(folder, { write: true, purpose: "test" });
        const notice = `${file}.jsonl: the last line had not been written to its end and was cut off`;
        expect(ledger.notices).toEqual(starts.includes(length) ? [] : [notice]);
        expect(ledger.accepted).toEqual(reading.accepted);
        await Promise.all([
          ledger.addAccepted(ROWS),
          ...REQUESTS.map((request) => ledger.addRequest(request)),
        ]);
        await ledger.close();
        const again = await Ledger.open(folder, { write: false, purpose: "test" });
        expect(again.accepted).toEqual(ROWS);
        for (const request of REQUESTS) expect(await again.request(request.key)).toEqual(request);
        expect(again.notices).toEqual([]);
        await again.close();
      }
    }
  });
});
