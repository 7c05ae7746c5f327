import { expect, test, vi } from "vitest";
import { PAGE } from "../../src/core/web-assembly.ts";
import { allocate, grow, MEMORY_HINT } from "../../src/storage/allocation.ts";
import { sharedBytes, sharedFloats, sharedIntegers, sharedWords } from "../../src/storage/shared-array.ts";
import { kernelMemory } from "../../src/training/kernel.ts";
import { failure } from "../support/failure.ts";

test("what there is room for is handed on", () => {
  expect(allocate(3, () => "memory")).toBe("memory");
});

test.each([
  ["bytes", () => sharedBytes(2 ** 52)],
  ["words", () => sharedWords(2 ** 50)],
  ["floats", () => sharedFloats(2 ** 50)],
  ["integers", () => sharedIntegers(2 ** 52)],
])("more %s than any machine has are an error that says what to do", (_, make) => {
  expect(failure(make)).toBe("STORAGE");
  try {
    make();
  } catch (error) {
    expect(error).toMatchObject({
      message: expect.stringMatching(/^out of memory: no 4,294,967,296 MiB more to be had \(.*rray.*\)$/),
      hint: MEMORY_HINT,
      cause: expect.any(RangeError),
    });
  }
});

test("a kernel's memory that can't be made or grown is the same error, and stays as it was", () => {
  const memory = kernelMemory(1);
  expect(failure(() => grow(memory, 2 ** 32))).toBe("STORAGE");
  expect(memory.buffer.byteLength).toBe(PAGE);
  grow(memory, PAGE + 1);
  expect(memory.buffer.byteLength).toBe(3 * PAGE);
  const none = class {
    constructor() {
      throw new RangeError("WebAssembly.Memory(): could not allocate memory");
    }
  };
  vi.stubGlobal("WebAssembly", { Memory: none });
  try {
    expect(failure(() => kernelMemory(16))).toBe("STORAGE");
    expect(() => kernelMemory(16)).toThrow("out of memory: no 1 MiB more to be had");
  } finally {
    vi.unstubAllGlobals();
  }
});

test("another error is left as it is", () => {
  const bug = new TypeError("a bug");
  const make = () => {
    throw bug;
  };
  expect(() => allocate(1, make)).toThrow(bug);
});
