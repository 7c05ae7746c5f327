// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compileKernel, kernelSource } from "../../scripts/kernel.mjs";
import { maskBytes } from "../../src/model/linear-model.ts";
import { blockStarts, directoryOf } from "../../src/model/opening.ts";
import { kernelLoops, openingMemory } from "../../src/model/opening-kernel.ts";

test("the committed kernel comes from its source", async () => {
  const path = fileURLToPath(new URL("../../src/model/opening-bytes.ts", import.meta.url));
  expect(readFileSync(path, "utf8")).toBe(kernelSource(await compileKernel("opening"), "opening"));
});

/** A memory for a file of `size` bytes that begins with these. */
function memoryWith(size: number, bytes: Uint8Array) {
  const memory = openingMemory(size);
  if (memory === null) throw new Error("no WebAssembly here");
  memory.file.set(bytes);
  return memory;
}

test("finds hashes and blocks as the plain loops do", () => {
  const hashes = fc.uniqueArray(fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.nat(300)), {
    maxLength: 700,
  });
  const cases = fc.tuple(
    hashes,
    fc.integer({ min: 1, max: 41 }),
    fc.boolean(),
    fc.boolean(),
    fc.infiniteStream(fc.nat(255)),
  );
  fc.assert(
    fc.property(cases, ([all, tasks, ascend, stray, bits]) => {
      const plain = Uint32Array.from(ascend ? [...all].sort((a, b) => a - b) : all);
      const bytes = maskBytes(tasks);
      const mask = Uint8Array.from({ length: plain.length * bytes }, (_, i) => {
        const known = !stray && i % bytes === bytes - 1 ? 0xff >> (bytes * 8 - tasks) : 0xff;
        return (bits.next().value as number) & known;
      });
      const labels = Array.from({ length: tasks }, (_, t) => 1 + ((t * 7) % 90));
      const memory = memoryWith(plain.byteLength + mask.length + plain.length, new Uint8Array(plain.buffer));
      const { buffer, byteOffset } = memory.file;
      const inPlace = new Uint32Array(buffer, byteOffset, plain.length);
      expect(kernelLoops(memory).directoryOf(inPlace)).toEqual(directoryOf(plain));
      memory.file.set(mask, plain.byteLength);
      const there = new Uint8Array(buffer, byteOffset + plain.byteLength, mask.length);
      expect(kernelLoops(memory).blockStarts(labels, there)).toEqual(blockStarts(labels, mask));
    }),
    { numRuns: 300 },
  );
});

test("hashes that repeat do not ascend", () => {
  for (const hashes of [
    [5, 5],
    [0, 0],
    [7, 9, 8],
    [0xffffffff, 0],
  ]) {
    const memory = memoryWith(64, new Uint8Array(Uint32Array.from(hashes).buffer));
    const { buffer, byteOffset } = memory.file;
    expect(kernelLoops(memory).directoryOf(new Uint32Array(buffer, byteOffset, hashes.length))).toBeNull();
  }
});

test("hashes that lie elsewhere go through the plain loops", () => {
  const { directoryOf: directory } = kernelLoops(memoryWith(64, new Uint8Array(0)));
  expect(directory(Uint32Array.of(3, 2 ** 31))).toEqual(directoryOf(Uint32Array.of(3, 2 ** 31)));
});
