// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Examples } from "../../src/core/example.ts";
import { textAt } from "../../src/core/text-column.ts";
import {
  CHUNK_INPUTS,
  collectInputs,
  type FamilyInputs,
  type InputChunk,
} from "../../src/training/inputs.ts";
import { examples } from "../support/examples.ts";

const column = (texts: readonly string[]) => examples(texts.map((text) => ({ text, label: 0 })));
const singles = (...texts: string[]) => column(texts);
const pairs = (...texts: (readonly [string, string])[]) =>
  examples(texts.map(([text, b]) => ({ text, b, label: 0 })));

/** The texts of an input, read back from its chunk. */
function textsOf({ chunks }: FamilyInputs, input: number): string[] {
  const { bytes, start, sides } = chunks[Math.floor(input / CHUNK_INPUTS)] as InputChunk;
  const first = (input % CHUNK_INPUTS) * sides;
  return Array.from({ length: sides }, (_, s) =>
    new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.slice(start[first + s], start[first + s + 1])),
  );
}

const rowTexts = ({ text, textB, rows }: Examples) =>
  Array.from({ length: rows }, (_, i) =>
    textB === null ? [textAt(text, i)] : [textAt(text, i), textAt(textB, i)],
  );

describe("collectInputs", () => {
  it("numbers distinct inputs in the order of tasks, train before eval, once over all of them", () => {
    const found = collectInputs([
      { train: singles("a", "b", "a"), eval: singles("c", "b") },
      { train: singles("d", "c", "", "a"), eval: null },
    ]);
    expect(found.tasks.map(({ train, eval: held }) => [[...train], [...held]])).toEqual([
      [
        [0, 1, 0],
        [2, 1],
      ],
      [[3, 2, 4, 0], []],
    ]);
    expect(found.chunks.length).toBe(1);
    expect(found.chunks[0]).toMatchObject({ inputs: 5, sides: 1 });
    expect([0, 1, 2, 3, 4].map((input) => textsOf(found, input))).toEqual([["a"], ["b"], ["c"], ["d"], [""]]);
  });

  it("tells pairs apart by where the first text ends, and by which is which", () => {
    const train = pairs(["a", "b"], ["ab", ""], ["", "ab"], ["b", "a"], ["a", "b"], ["", ""]);
    const found = collectInputs([{ train, eval: null }]);
    expect([...(found.tasks[0]?.train ?? [])]).toEqual([0, 1, 2, 3, 0, 4]);
    expect(found.chunks[0]).toMatchObject({ inputs: 5, sides: 2 });
    expect(textsOf(found, 1)).toEqual(["ab", ""]);
    expect(textsOf(found, 3)).toEqual(["b", "a"]);
  });

  it("has no chunk without a row", () => {
    expect(collectInputs([{ train: singles(), eval: null }])).toEqual({
      chunks: [],
      tasks: [{ train: new Uint32Array(0), eval: new Uint32Array(0) }],
    });
  });

  it("fills chunks one after another, and reads on over their limits", () => {
    const texts = Array.from({ length: CHUNK_INPUTS * 2 + 5 }, (_, i) => `text ${i}`);
    const found = collectInputs([{ train: column([...texts, ...texts.slice(0, 3)]), eval: null }]);
    expect(found.chunks.map(({ inputs }) => inputs)).toEqual([CHUNK_INPUTS, CHUNK_INPUTS, 5]);
    const numbers = found.tasks[0]?.train ?? new Uint32Array(0);
    expect([...numbers]).toEqual([...texts.keys(), 0, 1, 2]);
    for (const input of [0, CHUNK_INPUTS - 1, CHUNK_INPUTS, CHUNK_INPUTS * 2, texts.length - 1])
      expect(textsOf(found, input)).toEqual([texts[input]]);
  });

  it("makes one chunk of exactly as many as fit", () => {
    const texts = Array.from({ length: CHUNK_INPUTS }, (_, i) => String(i));
    expect(collectInputs([{ train: column(texts), eval: null }]).chunks.map((c) => c.inputs)).toEqual([
      CHUNK_INPUTS,
    ]);
  });

  it("lies in memory that threads share", () => {
    const { chunks, tasks } = collectInputs([{ train: singles("a"), eval: singles("b") }]);
    for (const array of [chunks[0]?.bytes, chunks[0]?.start, tasks[0]?.train, tasks[0]?.eval])
      expect(array?.buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  it("keeps apart what a hash of 32 bits cannot", () => {
    // Of 200,000 texts some five pairs have the same hash: by the birthday bound 200,000^2 / 2^33.
    const texts = Array.from({ length: 200_000 }, (_, i) => (i * 2_654_435_761).toString(36));
    const found = collectInputs([{ train: column(texts), eval: null }]);
    const numbers = found.tasks[0]?.train ?? new Uint32Array(0);
    expect(new Set(numbers).size).toBe(new Set(texts).size);
  });

  it("gives back each row's text, and the same number to the same texts only", () => {
    const text = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 6 }),
      fc.constantFrom("", "a", "b", "ab", "\ufeffa", "\0", "\ud800", "\ufffd", "Größe", "😀"),
    );
    const columnOf = fc.array(fc.tuple(text, text), { maxLength: 25 });
    fc.assert(
      fc.property(fc.boolean(), fc.array(fc.tuple(columnOf, columnOf), { maxLength: 4 }), (paired, tasks) => {
        const rows = (of: readonly (readonly [string, string])[]) =>
          paired && of.length > 0 ? pairs(...of) : singles(...of.map(([a]) => a));
        const given = tasks.map(([train, held]) => ({ train: rows(train), eval: rows(held) }));
        const found = collectInputs(given);
        const numberOf = new Map<string, number>();
        given.forEach((task, t) => {
          for (const split of ["train", "eval"] as const)
            rowTexts(task[split]).forEach((texts, row) => {
              const number = found.tasks[t]?.[split][row] as number;
              expect(textsOf(found, number)).toEqual(texts);
              const key = JSON.stringify(texts);
              // First met, next number.
              expect(number).toBe(numberOf.get(key) ?? numberOf.size);
              numberOf.set(key, number);
            });
        });
        expect(found.chunks.reduce((n, chunk) => n + chunk.inputs, 0)).toBe(numberOf.size);
      }),
    );
  });
});
