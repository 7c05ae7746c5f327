import { describe, expect, it } from "vitest";
import { checksum32 } from "../../src/core/checksum.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("checksum32", () => {
  // MurmurHash3_x86_32 with seed 0, as its reference implementation has it.
  it.each([
    ["", 0],
    ["a", 0x3c2569b2],
    ["abc", 0xb3dd93fa],
    ["test", 0xba6bd213],
    ["Hello, world!", 0xc0363e43],
    ["The quick brown fox jumps over the lazy dog", 0x2e4ff723],
  ])("of %j is MurmurHash3's", (text, expected) => {
    expect(checksum32(bytes(text))).toBe(expected);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 11, 16])("tells every change of one byte of %d", (length) => {
    const data = Uint8Array.from({ length }, (_, i) => i * 37);
    const whole = checksum32(data);
    for (let at = 0; at < length; at++) {
      for (let xor = 1; xor < 256; xor++) {
        data[at] = (data[at] as number) ^ xor;
        expect(checksum32(data), `byte ${at} xor ${xor}`).not.toBe(whole);
        data[at] = (data[at] as number) ^ xor;
      }
    }
    expect(checksum32(data)).toBe(whole);
  });

  it("tells zeros by their number", () => {
    const sums = Array.from({ length: 40 }, (_, n) => checksum32(new Uint8Array(n)));
    expect(new Set(sums).size).toBe(40);
  });

  it("reads a view that starts anywhere in its buffer", () => {
    const data = bytes("..The quick brown fox jumps over the lazy dog..");
    expect(checksum32(data.subarray(2, data.length - 2))).toBe(0x2e4ff723);
  });
});
