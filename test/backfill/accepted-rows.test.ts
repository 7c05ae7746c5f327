// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AcceptedRows, acceptedDigest } from "../../src/backfill/accepted-rows.ts";
import { sha256 } from "../../src/storage/digest.ts";
import { acceptedRow } from "../support/ledger.ts";

describe("acceptedDigest", () => {
  it("is the sha256 of the rows' lines, in the order of their acceptance", () => {
    const rows = [acceptedRow(1, { label: "b" }), acceptedRow(2, { label: "a", textB: "x", language: "" })];
    const lines = '["query_domain","b","row 1",null,"en"]\n["query_domain","a","row 2","x",""]\n';
    expect(acceptedDigest(rows)).toEqual({ rows: 2, sha256: sha256(lines) });
    expect(acceptedDigest([...rows].reverse())).toEqual({ rows: 2, sha256: sha256(lines) });
    const [first, second] = rows.map((row, i) => ({ ...row, order: 9 - i }));
    if (first === undefined || second === undefined) throw new Error("no rows");
    expect(acceptedDigest([first, second]).sha256).not.toBe(sha256(lines));
    expect(acceptedDigest([])).toEqual({ rows: 0, sha256: sha256("") });
  });

  it("depends on tasks, labels, texts and languages alone", () => {
    const spec = fc.record({
      task: fc.constantFrom("a", "b"),
      label: fc.constantFrom("x", "y"),
      text: fc.constantFrom("1", "2", "é", "e\u0301"),
      textB: fc.constantFrom(null, "1"),
      language: fc.constantFrom("", "en"),
    });
    fc.assert(
      fc.property(fc.array(spec, { maxLength: 10 }), fc.nat(9), (specs, turn) => {
        const rows = specs.map((changes, i) => acceptedRow(i, changes));
        const digest = acceptedDigest(rows);
        const others = specs.map((changes, i) =>
          acceptedRow(i + 50, { ...changes, fill: 9, model: "other" }),
        );
        expect(acceptedDigest([...others.slice(turn), ...rows, ...others.slice(0, turn)].reverse())).toEqual(
          digest,
        );
        expect(digest.rows).toBe(new Set(specs.map((each) => JSON.stringify(each))).size);
        const some = acceptedDigest(rows, new Set(["a"]));
        expect(some).toEqual(acceptedDigest(rows.filter(({ task }) => task === "a")));
      }),
    );
  });

  it.each(["task", "label", "text", "textB", "language"])("changes with any %s", (name) => {
    const rows = [acceptedRow(0), acceptedRow(1)];
    const changed = [acceptedRow(0), acceptedRow(1, { [name]: "other" })];
    expect(acceptedDigest(changed).sha256).not.toBe(acceptedDigest(rows).sha256);
    expect(acceptedDigest([{ ...acceptedRow(0) }]).rows).toBe(1);
  });

  it("leaves its rows in their order", () => {
    const rows = [acceptedRow(2), acceptedRow(1)];
    acceptedDigest(rows);
    expect(rows).toEqual([acceptedRow(2), acceptedRow(1)]);
  });
});

describe("AcceptedRows", () => {
  it("gives the same list until a row is added, and never changes one that it gave", () => {
    const rows = new AcceptedRows();
    rows.add(acceptedRow(2));
    const before = rows.list;
    expect(rows.list).toBe(before);
    rows.add(acceptedRow(1));
    rows.add(acceptedRow(1, { fill: 2 }));
    expect(before).toEqual([acceptedRow(2)]);
    expect(rows.list).toEqual([acceptedRow(1), acceptedRow(2)]);
    expect([rows.lastFill, rows.has(acceptedRow(1, { order: 9 })), rows.has(acceptedRow(3))]).toEqual([
      2,
      true,
      false,
    ]);
  });

  it("keeps the same of two accounts of one row, whichever comes first", () => {
    const accounts = [acceptedRow(1, { model: "n" }), acceptedRow(1, { model: "m" })];
    for (const order of [accounts, [...accounts].reverse()]) {
      const rows = new AcceptedRows();
      for (const row of order) rows.add(row);
      expect(rows.list).toEqual([accounts[1]]);
    }
  });

  it("tells a pair from a text that spells one, and labels from their neighbours", () => {
    const rows = new AcceptedRows();
    rows.add(acceptedRow(0, { text: "a", textB: "b" }));
    expect(rows.has(acceptedRow(0, { text: '["a","b"]' }))).toBe(false);
    rows.add(acceptedRow(0, { task: "t", label: "a b" }));
    expect(rows.has(acceptedRow(0, { task: "t", label: "a" }))).toBe(false);
    expect(rows.has(acceptedRow(0, { task: "t", label: "b" }))).toBe(false);
  });

  it("keeps every member of rows that share a request", () => {
    const [request, seeds] = [sha256("r"), [sha256("s")]];
    const shared = { request, prompt: sha256("p"), seeds, fingerprint: "fp" };
    const list = [
      acceptedRow(0, shared),
      acceptedRow(1, { ...shared, seeds: [...seeds] }),
      acceptedRow(2, { ...shared, label: "other", language: "de", model: "n", fingerprint: null }),
      acceptedRow(3, { ...shared, task: "u", prompt: sha256("q"), seeds: [], textB: "b" }),
      acceptedRow(4),
    ];
    const rows = new AcceptedRows();
    for (const row of list) rows.add(row);
    expect(rows.list).toEqual(list);
    expect(rows.list[1]?.seeds).toBe(rows.list[0]?.seeds);
  });
});
