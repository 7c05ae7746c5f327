// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { IndexedChunk } from "../../src/training/indexing.ts";
import { CHUNK_INPUTS, type TaskInputs } from "../../src/training/inputs.ts";
import { narrowRows } from "../../src/training/narrowing.ts";
import { examples, separableRows } from "../support/examples.ts";
import { vectorizeFamily } from "../support/task-rows.ts";

/** Entries of an input by namespace, as [feature, count], and the factor of each namespace. */
function entriesOf(chunks: readonly IndexedChunk[], input: number) {
  const { start, ids, counts, factor, namespaces } = chunks[Math.floor(input / CHUNK_INPUTS)] as IndexedChunk;
  return Array.from({ length: namespaces }, (_, s) => {
    const at = (input % CHUNK_INPUTS) * namespaces + s;
    const entries: [number, number][] = [];
    for (let j = start[at] as number; j < (start[at + 1] as number); j++)
      entries.push([ids[j] as number, counts[j] as number]);
    return { entries, factor: factor[at] as number };
  });
}

describe("narrowRows", () => {
  it("numbers a task's rows and features by themselves, and drops the others'", () => {
    const mine = examples([...separableRows(2, 20, 1), { text: "topic0 topic0 about1", label: 0 }]);
    const others = examples(separableRows(5, 20, 2));
    const { chunks, family, inputs } = vectorizeFamily([
      { train: others, eval: null },
      { train: mine, eval: null },
    ]);
    const { train } = inputs.tasks[1] as TaskInputs;
    // Every third feature, the last first.
    const ids = Uint32Array.from(family.hashes.keys())
      .filter((id) => id % 3 === 0)
      .reverse();
    const narrow = narrowRows({ chunks, inputs: train }, family.weights, ids);
    const kept = new Map([...ids].map((id, f) => [id, f]));
    let entries = 0;
    train.forEach((input, row) => {
      const wanted = entriesOf(chunks, input).map((part) => ({
        factor: part.factor,
        entries: part.entries.flatMap(([id, count]) => {
          const f = kept.get(id);
          return f === undefined ? [] : [[f, count]];
        }),
      }));
      expect(entriesOf(narrow.chunks, row)).toEqual(wanted);
      entries += wanted.reduce((n, part) => n + part.entries.length, 0);
    });
    expect(entries).toBeGreaterThan(train.length);
    expect([...narrow.weights.codes]).toEqual([...ids].map((id) => family.weights.codes[id]));
  });

  it("deals out more rows than a chunk has", () => {
    const rows = CHUNK_INPUTS + 3;
    const { chunks, family, inputs } = vectorizeFamily([
      { train: examples(separableRows(2, 4, 1)), eval: null },
    ]);
    const some = (inputs.tasks[0] as TaskInputs).train;
    const repeated = Uint32Array.from({ length: rows }, (_, row) => some[row % some.length] as number);
    const ids = Uint32Array.from(family.hashes.keys());
    const narrow = narrowRows({ chunks, inputs: repeated }, family.weights, ids);
    expect(narrow.chunks.map((chunk) => chunk.inputs)).toEqual([CHUNK_INPUTS, 3]);
    for (const row of [0, CHUNK_INPUTS - 1, CHUNK_INPUTS, rows - 1])
      expect(entriesOf(narrow.chunks, row)).toEqual(entriesOf(chunks, repeated[row] as number));
  });
});
