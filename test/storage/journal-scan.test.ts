// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sha256 } from "../../src/storage/digest.ts";
import { sealLine } from "../../src/storage/journal-line.ts";
import { type JournalScan, MAX_LINE_BYTES, scanJournal } from "../../src/storage/journal-scan.ts";

interface Found extends JournalScan {
  readonly jsons: readonly unknown[];
}

/** Scans bytes that come in pieces of at most `most`. */
async function scan(bytes: Buffer, most = Number.POSITIVE_INFINITY): Promise<Found> {
  const jsons: unknown[] = [];
  const read = async (buffer: Uint8Array, position: number): Promise<number> =>
    bytes.copy(buffer, 0, position, Math.min(bytes.length, position + Math.min(most, buffer.length)));
  const found = await scanJournal(read, (record, place) => {
    expect(bytes.subarray(place.position, place.position + place.bytes).equals(record)).toBe(true);
    const { sum, ...json } = JSON.parse(Buffer.from(record).toString()) as Record<string, unknown>;
    expect(sum).toBe(place.sum);
    jsons.push(json);
    return json.kind !== "unknown";
  });
  return { ...found, jsons };
}

const line = (value: number | string) => sealLine(JSON.stringify({ kind: "a", value }));
const value = (number: number | string) => ({ kind: "a", value: number });
const bytesOf = (...parts: readonly (Buffer | string)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));

describe("a line", () => {
  it("is JSON, and carries the sha256 of the bytes that follow its checksum", () => {
    const text = line("ü").toString();
    const [, sum, body] = /^\{"sum":"([0-9a-f]{16})"(.*)\n$/.exec(text) ?? [];
    expect(JSON.parse(text)).toEqual({ sum, kind: "a", value: "ü" });
    expect(sum).toBe(sha256(body ?? "").slice(0, 16));
    expect(body).toBe(',"kind":"a","value":"ü"}');
  });
});

describe("a scan", () => {
  const cases: readonly [string, Buffer, Partial<Found>][] = [
    ["nothing", bytesOf(), { jsons: [], torn: false, closed: true, bytes: 0 }],
    ["two lines", bytesOf(line(1), line(2)), { jsons: [value(1), value(2)], damaged: 0, closed: true }],
    [
      "no newline at the end",
      bytesOf(line(1), line(2).subarray(0, -1)),
      { jsons: [value(1), value(2)], closed: false, torn: false },
    ],
    ["lines of Windows", bytesOf(line(1).subarray(0, -1), "\r\n", line(2)), { jsons: [value(1), value(2)] }],
    ["blank lines", bytesOf("\n\n", line(1), " \n", line(2)), { jsons: [value(1), value(2)], damaged: 0 }],
    ["a byte order mark", bytesOf("\ufeff", line(1)), { jsons: [value(1)], damaged: 0 }],
    [
      "what git leaves of a conflict",
      bytesOf("<<<<<<< HEAD\n", line(1), "=======\n", line(2), ">>>>>>> theirs\n"),
      { jsons: [value(1), value(2)], damaged: 3, firstDamaged: 1 },
    ],
    [
      "a line that was edited",
      bytesOf(line(1), line(2).toString().replace("2}", "3}"), line(4)),
      { jsons: [value(1), value(4)], damaged: 1, firstDamaged: 2, records: 2 },
    ],
    [
      "a line that means nothing",
      bytesOf(line(1), sealLine('{"kind":"unknown"}')),
      { jsons: [value(1), { kind: "unknown" }], damaged: 1, firstDamaged: 2, records: 1, torn: false },
    ],
    [
      "a checksum in capitals",
      bytesOf(
        line(1)
          .toString()
          .replace(/[0-9a-f]{16}/, (sum) => sum.toUpperCase()),
        "\n",
      ),
      { jsons: [], damaged: 1 },
    ],
    [
      "zeros after a power cut",
      bytesOf(line(1), Buffer.alloc(5000)),
      { jsons: [value(1)], torn: true, damaged: 0 },
    ],
    [
      "a missing newline before a torn line",
      bytesOf(line(1).subarray(0, -1), line(2).subarray(0, 20)),
      { jsons: [value(1)], torn: true, bytes: line(1).length - 1 },
    ],
  ];
  it.each(cases)("finds its way through %s, in pieces of any size", async (_, bytes, expected) => {
    for (const most of [1, 7, 64, 10_000]) expect(await scan(bytes, most), `${most}`).toMatchObject(expected);
  });

  it("reads what stands next to a marker within a text", async () => {
    const texts = ['{"sum":"', '\n{"sum":"0123456789abcdef"', "\\", '"', "\u2028", "\0"];
    const found = await scan(bytesOf(...texts.map(line)));
    expect(found.jsons).toEqual(texts.map(value));
  });

  it("keeps every line that is whole, whatever stands between", async () => {
    const rubbish = fc.uint8Array({ maxLength: 40 }).map((bytes) => bytesOf("\n", Buffer.from(bytes), "\n"));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.string(), rubbish), { maxLength: 8 }), async (parts) => {
        const found = await scan(bytesOf(...parts.flatMap(([text, between]) => [line(text), between])), 50);
        expect(found.jsons).toEqual(parts.map(([text]) => value(text)));
      }),
      { numRuns: 100 },
    );
  });

  it("holds no line in memory that is longer than any may be, and goes on after it", async () => {
    const long = Buffer.alloc(MAX_LINE_BYTES + 3_000_000, "x");
    const found = await scan(bytesOf(line(1), long, "\n", line(2), long.subarray(3_000_000), line(3)));
    expect(found).toMatchObject({
      jsons: [value(1), value(2), value(3)],
      damaged: 2,
      firstDamaged: 2,
      torn: false,
    });
    const whole = bytesOf(line(1));
    const tail = await scan(bytesOf(whole, long));
    expect(tail).toMatchObject({ jsons: [value(1)], torn: true, bytes: whole.length });
  });

  it.each(["\n", "{", '{"sum":"', "x"])("takes linear time over 1 MB of %j", async (unit) => {
    const started = performance.now();
    await scan(Buffer.from(unit.repeat(1_000_000 / unit.length)));
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
