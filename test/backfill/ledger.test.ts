// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ACCEPTED_FILE, Ledger, REQUESTS_FILE, setAside } from "../../src/backfill/ledger.ts";
import type { AcceptedRow } from "../../src/backfill/record.ts";
import { sha256 } from "../../src/storage/digest.ts";
import { acceptedRow, context, requestRecord } from "../support/ledger.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const writing = (folder: string) => Ledger.open(folder, { write: true, purpose: "prepare" });
const reading = (folder: string) => Ledger.open(folder, { write: false, purpose: "prepare" });
const linesOf = (folder: string, file: string) =>
  readFileSync(join(folder, file), "utf8").split("\n").slice(0, -1);

async function rowsIn(folder: string): Promise<readonly AcceptedRow[]> {
  const ledger = await reading(folder);
  await ledger.close();
  return ledger.accepted;
}

describe("a ledger", () => {
  it("is empty where there is no folder, and makes none to be read", async () => {
    const folder = join(temporaryFolder(), "backfill");
    const ledger = await reading(folder);
    expect([ledger.accepted, ledger.fills, ledger.batches, ledger.notices]).toEqual([[], [], [], []]);
    expect(await ledger.request(sha256("x"))).toBeUndefined();
    expect(ledger.lastSlot("t", "a", "write", 5)).toBe(-1);
    await ledger.close();
    expect(existsSync(folder)).toBe(false);
  });

  it("finds everything again that it was given", async () => {
    const folder = join(temporaryFolder(), "backfill");
    const ledger = await writing(folder);
    expect(await ledger.beginFill(context("a"))).toBe(1);
    const requests = [
      requestRecord(0),
      requestRecord(1, { purpose: "label", label: null, usage: null, fault: "cut", fingerprint: "fp" }),
      requestRecord(2, { purpose: "judge", fault: "overlong", text: null, fill: 1, attempt: 3 }),
      requestRecord(3, { fault: "poisonous", text: "half of \ud800" }),
    ];
    for (const request of requests) await ledger.addRequest(request);
    const rows = [acceptedRow(0), acceptedRow(1, { textB: "b", language: "" })];
    expect(await ledger.addAccepted(rows)).toBe(2);
    const batch = { batch: "batch_1", keys: [sha256("k")], ended: false };
    await ledger.addBatch(batch);
    const check = async (found: Ledger) => {
      expect(found.accepted).toEqual(rows);
      for (const request of requests) expect(await found.request(request.key)).toEqual(request);
      expect(found.batches).toEqual([batch]);
      expect(found.fills).toEqual([{ fill: 1, context: context("a"), ended: false }]);
    };
    await check(ledger);
    await ledger.close();
    expect(readdirSync(folder).sort()).toEqual([ACCEPTED_FILE, REQUESTS_FILE]);
    const again = await reading(folder);
    await check(again);
    await again.close();
    const kinds = linesOf(folder, REQUESTS_FILE).map((line) => (JSON.parse(line) as { kind: string }).kind);
    expect(kinds).toEqual(["fill", "request", "request", "request", "request", "batch"]);
    expect(Object.keys(JSON.parse(linesOf(folder, ACCEPTED_FILE)[1] ?? "") as object)).toEqual(
      "sum kind task label text text_b language fill order model fingerprint request prompt seeds".split(" "),
    );
  });

  it("is one run's to write, names it to another, and any number may read", async () => {
    const folder = temporaryFolder();
    const first = await writing(folder);
    await expect(writing(folder)).rejects.toMatchObject({
      code: "LOCKED",
      message: expect.stringContaining("prepare"),
    });
    await first.addAccepted([acceptedRow(0)]);
    expect(await rowsIn(folder)).toHaveLength(1);
    await first.close();
    await first.close();
    await (await writing(folder)).close();
    expect(readdirSync(folder)).toEqual([ACCEPTED_FILE]);
  });

  it("gives its lock back where it can't be opened", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, REQUESTS_FILE));
    await expect(writing(folder)).rejects.toMatchObject({ code: "STORAGE" });
    expect(readdirSync(folder)).toEqual([REQUESTS_FILE]);
  });

  it("refuses what it could not read back, and writing when it is open for reading", async () => {
    const folder = temporaryFolder();
    const ledger = await writing(folder);
    const bad: readonly Partial<AcceptedRow>[] = [
      { text: "" },
      { text: "\ud800" },
      { fill: 0 },
      { order: 1.5 },
      { request: "abc" },
      { label: "x".repeat(20_001) },
    ];
    for (const changes of bad) {
      await expect(ledger.addAccepted([acceptedRow(0), acceptedRow(1, changes)])).rejects.toMatchObject({
        code: "INTERNAL",
      });
    }
    expect(ledger.accepted).toEqual([]);
    await ledger.addAccepted([acceptedRow(0)]);
    await ledger.close();
    const second = await reading(folder);
    await expect(second.addAccepted([acceptedRow(1)])).rejects.toMatchObject({ code: "INTERNAL" });
    await expect(second.beginFill(context("a"))).rejects.toMatchObject({ code: "INTERNAL" });
    await second.close();
    expect(await rowsIn(folder)).toHaveLength(1);
  });
});

describe("accepted rows", () => {
  it("are added once, and counted when they are new", async () => {
    const folder = temporaryFolder();
    const ledger = await writing(folder);
    expect(await ledger.addAccepted([acceptedRow(0), acceptedRow(1), acceptedRow(0, { order: 7 })])).toBe(2);
    const again = acceptedRow(1, { fill: 4, model: "other" });
    const others = [
      acceptedRow(1, { label: "b" }),
      acceptedRow(1, { textB: "b" }),
      acceptedRow(1, { task: "c" }),
    ];
    expect(await ledger.addAccepted([again, ...others])).toBe(3);
    expect(await ledger.addAccepted([])).toBe(0);
    await ledger.close();
    expect(linesOf(folder, ACCEPTED_FILE)).toHaveLength(5);
    expect(await rowsIn(folder)).toEqual(ledger.accepted);
  });

  it("that two add at a time are written once, and both wait until they are", async () => {
    const folder = temporaryFolder();
    const ledger = await writing(folder);
    const counts = await Promise.all([
      ledger.addAccepted([acceptedRow(0), acceptedRow(1)]),
      ledger.addAccepted([acceptedRow(1), acceptedRow(2)]),
      ledger.addAccepted([acceptedRow(1)]).then((count) => count + ledger.accepted.length * 10),
    ]);
    expect(counts.slice(0, 2)).toEqual([2, 1]);
    expect(counts[2]).toBeGreaterThanOrEqual(20);
    await ledger.close();
    expect(linesOf(folder, ACCEPTED_FILE)).toHaveLength(3);
  });

  it("come by fill and order, whatever order their lines have and however often they are there", async () => {
    const row = fc.record({
      i: fc.nat(5),
      label: fc.constantFrom("a", "a b", "__proto__", "10", "é", "e\u0301"),
      textB: fc.constantFrom(null, "x", "row 1"),
      fill: fc.integer({ min: 1, max: 3 }),
      order: fc.nat(3),
      model: fc.constantFrom("m", "n"),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 12 }),
        fc.infiniteStream(fc.nat()),
        async (specs, random) => {
          const folder = temporaryFolder();
          const rows = specs.map(({ i, ...changes }) => acceptedRow(i, changes));
          // Each in a ledger of its own, and the files joined as git would: only so can a row be there twice.
          const lines: string[] = [];
          for (const each of rows) {
            const ledger = await writing(folder);
            await ledger.addAccepted([each]);
            await ledger.close();
            lines.push(readFileSync(join(folder, ACCEPTED_FILE), "utf8"));
            await setAside(folder);
          }
          const read = async (order: readonly string[]) => {
            writeFileSync(join(folder, ACCEPTED_FILE), order.join(""));
            return rowsIn(folder);
          };
          const found = await read(lines);
          const shuffled = [...lines, ...lines].map((line) => ({ line, at: random.next().value }));
          expect(await read(shuffled.sort((a, b) => a.at - b.at).map(({ line }) => line))).toEqual(found);
          const identity = (one: AcceptedRow) => JSON.stringify([one.task, one.label, one.text, one.textB]);
          expect(new Set(found.map(identity)).size).toBe(found.length);
          expect(new Set(found.map(identity))).toEqual(new Set(rows.map(identity)));
          for (const one of found) {
            const twins = rows.filter((each) => identity(each) === identity(one));
            const first = Math.min(...twins.map(({ fill, order }) => fill * 10 + order));
            expect(one.fill * 10 + one.order).toBe(first);
          }
          const places = found.map(({ fill, order }) => fill * 10 + order);
          expect(places).toEqual([...places].sort((a, b) => a - b));
        },
      ),
      { numRuns: 10 },
    );
  });

  it("and replies keep any text", async () => {
    const character = fc.integer({ min: 0, max: 0x10ffff }).filter((code) => code < 0xd800 || code > 0xdfff);
    const anyText = fc.oneof(
      fc.array(character, { minLength: 1, maxLength: 20 }).map((codes) => String.fromCodePoint(...codes)),
      fc.constantFrom(
        '{"sum":"',
        '"',
        "\\",
        "\u2028",
        "\n",
        "__proto__",
        '\n{"sum":"0123456789abcdef","kind":"fill"}',
      ),
    );
    const texts = fc.array(fc.tuple(anyText, anyText, anyText), { minLength: 10, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(texts, async (parts) => {
        const folder = temporaryFolder();
        const ledger = await writing(folder);
        const rows = parts.map(([label, text], i) =>
          acceptedRow(i, { label, text: `${i} ${text}`, textB: text, model: label.slice(0, 100) }),
        );
        const requests = parts.map(([label, , reply], i) => requestRecord(i, { label, text: reply }));
        await Promise.all([
          ledger.addAccepted(rows),
          ...requests.map((request) => ledger.addRequest(request)),
        ]);
        await ledger.close();
        const again = await reading(folder);
        expect(again.accepted).toEqual(rows);
        expect(again.notices).toEqual([]);
        for (const request of requests) expect(await again.request(request.key)).toEqual(request);
        await again.close();
      }),
      { numRuns: 10 },
    );
  });
});

describe("requests", () => {
  it("are counted by fill and purpose, and their slots by task and label", async () => {
    const folder = temporaryFolder();
    const ledger = await writing(folder);
    const usage = { promptTokens: 7, completionTokens: 3 };
    const records = [
      requestRecord(0, { label: "a", slot: 4 }),
      requestRecord(1, { label: "a", slot: 2, usage: null }),
      requestRecord(2, { label: "a", slot: 9, fill: 2, usage }),
      requestRecord(3, { label: "a", slot: 30, purpose: "judge" }),
      requestRecord(4, { label: null, slot: 5, purpose: "label", fill: 2, usage }),
    ];
    const check = (found: Ledger) => {
      const slots = [1, 2, 3].map((fill) => found.lastSlot("query_domain", "a", "write", fill));
      expect(slots).toEqual([-1, 4, 9]);
      expect(found.lastSlot("query_domain", "a", "judge", 2)).toBe(30);
      expect(found.lastSlot("query_domain", null, "label", 3)).toBe(5);
      expect(found.lastSlot("query_domain", "null", "label", 3)).toBe(-1);
      expect(found.requestsOf(1)).toEqual({
        requests: { write: 2, judge: 1, label: 0 },
        usage: { promptTokens: 203, completionTokens: 20 },
      });
      expect(found.requestsOf(2)).toEqual({
        requests: { write: 1, judge: 0, label: 1 },
        usage: { promptTokens: 14, completionTokens: 6 },
      });
      expect(found.requestsOf(3).requests).toEqual({ write: 0, judge: 0, label: 0 });
    };
    expect(ledger.lastSlot("query_domain", "a", "write", 2)).toBe(-1);
    await Promise.all([...records, ...records].map((record) => ledger.addRequest(record)));
    check(ledger);
    await ledger.addRequest(requestRecord(0, { slot: 99 })); // there already
    check(ledger);
    await ledger.close();
    expect(linesOf(folder, REQUESTS_FILE)).toHaveLength(5);
    writeFileSync(
      join(folder, REQUESTS_FILE),
      [...linesOf(folder, REQUESTS_FILE).reverse(), ""].join("\n").repeat(2),
    );
    const again = await reading(folder);
    check(again);
    expect(again.hasRequest(sha256("key 4"))).toBe(true);
    expect(again.hasRequest(sha256("key 5"))).toBe(false);
    await again.close();
  });

  it("of two ledgers that were joined: the same one counts, whichever comes first", async () => {
    const parts: string[] = [];
    for (const slot of [3, 8]) {
      const folder = temporaryFolder();
      const ledger = await writing(folder);
      await ledger.beginFill(context(`${slot}`));
      await ledger.addBatch({ batch: "b", keys: [sha256(`${slot}`)], ended: false });
      await ledger.addRequest(
        requestRecord(0, { slot, usage: { promptTokens: slot, completionTokens: slot } }),
      );
      await ledger.close();
      parts.push(readFileSync(join(folder, REQUESTS_FILE), "utf8"));
    }
    const found = [];
    for (const joined of [parts, [...parts].reverse()]) {
      const folder = temporaryFolder();
      writeFileSync(join(folder, REQUESTS_FILE), joined.join(""));
      const ledger = await reading(folder);
      const record = await ledger.request(sha256("key 0"));
      expect(ledger.requestsOf(1).usage.promptTokens).toBe(record?.slot);
      expect(ledger.lastSlot("query_domain", "label 0", "write", 2)).toBe(record?.slot);
      found.push({ record, fills: ledger.fills, batches: ledger.batches });
      await ledger.close();
    }
    expect(found[1]).toEqual(found[0]);
    expect(found[0]).toMatchObject({ fills: [{ fill: 1 }], batches: [{ batch: "b" }] });
  });
});

describe("fills and batches", () => {
  it("go on while they have not ended and nothing changed", async () => {
    const folder = temporaryFolder();
    const steps: readonly (readonly [string, "end" | "", number])[] = [
      ["a", "", 1],
      ["a", "", 1],
      ["b", "", 2],
      ["a", "", 3],
      ["a", "end", 3],
      ["a", "", 4],
    ];
    for (const [name, end, expected] of steps) {
      const ledger = await writing(folder);
      const fill = await ledger.beginFill(context(name));
      expect(fill).toBe(expected);
      if (end === "end") {
        await ledger.endFill(fill);
        await ledger.endFill(fill);
        expect(ledger.fills.at(-1)).toMatchObject({ fill, ended: true });
      }
      await ledger.close();
    }
    expect(linesOf(folder, REQUESTS_FILE)).toHaveLength(5);
    const ledger = await writing(folder);
    expect(ledger.fills.map(({ ended }) => ended)).toEqual([false, false, true, false]);
    await expect(ledger.endFill(9)).rejects.toMatchObject({ code: "INTERNAL" });
    await ledger.close();
  });

  it("are numbered after those of rows and requests that came from elsewhere", async () => {
    const folder = temporaryFolder();
    const ledger = await writing(folder);
    await ledger.addAccepted([acceptedRow(0, { fill: 5 })]);
    expect(await ledger.beginFill(context("a"))).toBe(6);
    await ledger.addRequest(requestRecord(0, { fill: 8 }));
    expect(await ledger.beginFill(context("b"))).toBe(9);
    await ledger.close();
  });

  it("that have ended stay ended, and open batches are told", async () => {
    const folder = temporaryFolder();
    const ledger = await writing(folder);
    for (const batch of ["b", "a", "c"])
      await ledger.addBatch({ batch, keys: [sha256(batch)], ended: false });
    await ledger.addBatch({ batch: "b", keys: [], ended: true });
    expect(ledger.batches.map(({ batch }) => batch)).toEqual(["a", "c"]);
    await ledger.close();
    writeFileSync(join(folder, REQUESTS_FILE), [...linesOf(folder, REQUESTS_FILE).reverse(), ""].join("\n"));
    const again = await reading(folder);
    expect(again.batches.map(({ batch }) => batch)).toEqual(["a", "c"]);
    await again.close();
  });
});

describe("setAside", () => {
  it("keeps both files under names of their content, and the next run begins anew", async () => {
    const folder = temporaryFolder();
    const ledger = await writing(folder);
    await ledger.beginFill(context("a"));
    await ledger.addAccepted([acceptedRow(0)]);
    await expect(setAside(folder)).rejects.toMatchObject({ code: "LOCKED" });
    await ledger.close();
    const names = [REQUESTS_FILE, ACCEPTED_FILE].map(
      (file) => `${file.slice(0, -6)}-${sha256(readFileSync(join(folder, file))).slice(0, 16)}.jsonl`,
    );
    expect(await setAside(folder)).toEqual(names);
    expect(readdirSync(folder).sort()).toEqual([...names].sort());
    expect(await rowsIn(folder)).toEqual([]);
    expect(await setAside(folder)).toEqual([]);
    const none = join(folder, "none");
    expect(await setAside(none)).toEqual([]);
    expect(existsSync(none)).toBe(false);
  });
});
