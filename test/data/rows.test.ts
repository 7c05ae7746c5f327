// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { textAt } from "../../src/core/text-column.ts";
import { NO_LABEL, TaskRowsBuilder } from "../../src/data/rows.ts";
import { describeRow, describeRows, idOf, mapped, rowsOf, taskOf } from "./support.ts";

const FROM = { source: "source", role: "train" } as const;

/** sha256 over the count of fields and each field after its length, as the id is defined. */
function expectedId(...fields: readonly string[]): string {
  const word = (n: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(n);
    return bytes;
  };
  const hash = createHash("sha256").update(word(fields.length));
  for (const field of fields) hash.update(word(Buffer.byteLength(field))).update(field, "utf8");
  return hash.digest("hex").slice(0, 32);
}

describe("ids", () => {
  it("are 128 bits of sha256 over task, text and label", () => {
    expect(idOf(rowsOf([{ text: "Wire 200 €" }]), 0)).toBe(expectedId("task", "Wire 200 €", "a"));
  });

  it("hold both texts of a pair", () => {
    expect(idOf(rowsOf([{ text: "one", textB: "two", label: "b" }]), 0)).toBe(
      expectedId("task", "one", "two", "b"),
    );
  });

  it("tell apart what a plain concatenation would not", () => {
    const rows = rowsOf([
      { text: "ab", textB: "c" },
      { text: "a", textB: "bc" },
    ]);
    expect(idOf(rows, 0)).not.toBe(idOf(rows, 1));
  });

  it("are of the text in full, however long", () => {
    const text = "ä".repeat(20_000);
    expect(idOf(rowsOf([{ text: "short" }, { text }]), 1)).toBe(expectedId("task", text, "a"));
  });
});

describe("TaskRowsBuilder", () => {
  it("keeps a row's columns", () => {
    const rows = rowsOf([
      { text: " one ", label: "b", source: "x", language: "de", origin: "synthetic" },
      { text: "two", source: "y", role: "test" },
    ]);
    expect(describeRow(rows, 0)).toMatchObject({
      text: "one",
      label: "b",
      source: "x",
      language: "de",
      origin: 2,
      count: 1,
    });
    expect(describeRow(rows, 1)).toMatchObject({
      text: "two",
      source: "y",
      role: "test",
      language: "",
      origin: 0,
    });
  });

  it("counts each dropped row under one reason, with examples", () => {
    const builder = new TaskRowsBuilder(taskOf(["a"]));
    const rows = [
      mapped({ text: "one" }),
      mapped({ text: "two", label: "A" }),
      mapped({ text: "three", label: "A" }),
      mapped({ text: null, label: "a" }),
      mapped({ text: " ", label: "a" }),
      mapped({ text: "x\ud800", label: "a" }),
      mapped({ text: "y".repeat(20_001), label: "a" }),
      mapped({ text: "kept", label: "a" }),
    ];
    for (const row of rows) builder.push(row, FROM);
    const { rows: kept, drops } = builder.build();
    expect(kept.length).toBe(1);
    expect(drops).toEqual([
      { reason: "null_label", rows: 1, examples: ["one"] },
      { reason: "unknown_label", rows: 2, examples: [expect.stringMatching(/^A: (two|three)$/)] },
      { reason: "empty_text", rows: 2, examples: expect.arrayContaining(["", " "]) },
      { reason: "invalid_text", rows: 1, examples: ["x\ufffd"] },
      { reason: "too_long", rows: 1, examples: ["y".repeat(120)] },
    ]);
  });

  it("needs both texts of a pair", () => {
    const builder = new TaskRowsBuilder(taskOf(["a"], "pair"));
    builder.push(mapped({ text: "one", textB: null, label: "a" }), FROM);
    builder.push(mapped({ text: "", textB: "two", label: "a" }), FROM);
    builder.push(mapped({ text: "one", textB: "two", label: "a" }), FROM);
    const { rows, drops } = builder.build();
    expect(rows.length).toBe(1);
    expect(drops.map(({ reason, rows }) => [reason, rows])).toEqual([["empty_text", 2]]);
  });

  it("takes labels as they are, byte for byte", () => {
    const labels = ["__proto__", "constructor", "10", "2", "caf\u00e9", "cafe\u0301", " padded "];
    const rows = rowsOf(
      labels.map((label) => ({ text: `text of ${label}`, label })),
      taskOf(labels),
    );
    expect(describeRows(rows).map((row) => row.label)).toEqual(labels);
    expect(() => rowsOf([{ text: "x", label: "toString" }], taskOf(labels))).not.toThrow();
    expect(rowsOf([{ text: "x", label: "toString" }], taskOf(labels)).length).toBe(0);
  });

  it("keeps seeds and out-of-scope texts apart; they need no label", () => {
    const builder = new TaskRowsBuilder(taskOf(["a", "b"]));
    builder.push(mapped({ text: "seed of b", label: "b" }), { source: "s", role: "seed" });
    builder.push(mapped({ text: "seed" }), { source: "s", role: "seed" });
    builder.push(mapped({ text: "seed", label: "unknown" }), { source: "s", role: "seed" });
    builder.push(mapped({ text: "elsewhere", label: "unknown" }), { source: "s", role: "out_of_scope" });
    builder.push(mapped({ text: " " }), { source: "s", role: "out_of_scope" });
    builder.push(mapped({ text: "row", label: "a" }), FROM);
    const { rows, seeds, outOfScope, drops } = builder.build();
    expect(describeRows(rows).map((row) => row.text)).toEqual(["row"]);
    expect([seeds.length, textAt(seeds.text, 0), [...seeds.label]]).toEqual([2, "seed of b", [1, NO_LABEL]]);
    const outside = outOfScope?.rows;
    expect(outside === undefined ? [] : describeRows(outside)).toMatchObject([
      { text: "elsewhere", label: "", source: "s" },
    ]);
    expect(outOfScope?.drops.map(({ reason, rows: dropped }) => [reason, dropped])).toEqual([
      ["empty_text", 1],
    ]);
    expect(drops.map(({ reason, rows }) => [reason, rows])).toEqual([["unknown_label", 1]]);
  });

  it("points rows of one group value to the first, by source, official rows apart", () => {
    const rows = rowsOf([
      { text: "0", group: "x" },
      { text: "1", group: "y" },
      { text: "2", group: "x" },
      { text: "3", group: "x", source: "other" },
      { text: "4", group: "x", role: "test" },
      { text: "5" },
      { text: "6", group: "__proto__" },
      { text: "7", group: "" },
      { text: "8", group: "" },
    ]);
    expect([...rows.group]).toEqual([0, 1, 0, 3, 4, 5, 6, 7, 7]);
  });

  it("refuses a column of languages that can't be one", () => {
    const builder = new TaskRowsBuilder(taskOf(["a"]));
    const push = () => {
      for (let i = 0; i < 70_000; i++)
        builder.push(mapped({ text: `t${i}`, label: "a", language: `l${i}` }), FROM);
    };
    expect(push).toThrow(/over 65535 different languages/);
  });

  it("gives the same examples whatever the order of the rows", () => {
    const texts = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 4, maxLength: 30 });
    fc.assert(
      fc.property(texts, fc.infiniteStream(fc.nat()), (all, random) => {
        const drops = (list: readonly string[]) => {
          const builder = new TaskRowsBuilder(taskOf(["a"]));
          for (const text of list) builder.push(mapped({ text, label: `?${text.length % 5}` }), FROM);
          return builder.build().drops;
        };
        const shuffled = all
          .map((text) => ({ text, key: random.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ text }) => text);
        expect(drops(shuffled)).toEqual(drops(all));
        expect(drops(all)[0]?.examples.length).toBeLessThanOrEqual(3);
      }),
    );
  });
});
