import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as checksums from "../../src/modelpack/checksums.ts";
import { readTensors, type Tensor } from "../../src/modelpack/tensor.ts";
import { writeTensors } from "../../src/modelpack/tensor-writer.ts";
import { failure } from "../support/failure.ts";
import { bytesOfTensor, forge, headerOf, type Parts, seal, takeApart } from "../support/forge.ts";

const TENSORS: readonly Tensor[] = [
  { name: "counts", shape: [3], data: Uint32Array.of(0, 1, 0xffffffff) },
  { name: "bytes", shape: [5], data: Uint8Array.of(0, 1, 127, 128, 255) },
  { name: "empty", shape: [0, 4], data: new Float32Array(0) },
  { name: "signed", shape: [2, 2], data: Int8Array.of(-128, -1, 0, 127) },
  { name: "reals", shape: [2], data: Float32Array.of(-0, 1.5) },
];
// Its header ends in spaces, so that these are damaged as well.
const METADATA = { format: "test", note: '“Größe”, "quoted"\n, \\ and 😀, too' };
const FILE = writeTensors(TENSORS, METADATA);

const read = (file: Uint8Array) => readTensors(file, "a.safetensors", checksums);

const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/), { maxLength: 6 });
const data = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.int8Array({ maxLength: 40 }),
  fc.uint32Array({ maxLength: 10 }),
  fc.float32Array({ maxLength: 10 }),
);
const files = fc
  .tuple(names, fc.array(data, { minLength: 6, maxLength: 6 }), fc.dictionary(fc.string(), fc.string()))
  .map(([all, arrays, metadata]) => ({
    tensors: all.map((name, i): Tensor => {
      const array = arrays[i] as Tensor["data"];
      return { name, shape: [array.length], data: array };
    }),
    metadata,
  }));

describe("a tensor file", () => {
  it("gives back what was written, at any alignment of the bytes", () => {
    fc.assert(
      fc.property(files, fc.nat(15), ({ tensors, metadata }, shift) => {
        const file = writeTensors(tensors, metadata);
        const moved = new Uint8Array(file.length + 32).subarray(shift, shift + file.length);
        moved.set(file);
        const found = read(moved);
        for (const tensor of tensors) expect(found.tensors.get(tensor.name)).toEqual(tensor);
        for (const [key, value] of Object.entries(metadata)) expect(found.metadata.get(key)).toBe(value);
      }),
    );
  });

  it("is the same bytes for the same tensors", () => {
    expect(writeTensors(TENSORS, METADATA)).toEqual(FILE);
  });

  it("aligns every tensor to 16 bytes, and views it in place", () => {
    for (const { name } of TENSORS) {
      const found = read(FILE).tensors.get(name);
      expect(found?.data.buffer, name).toBe(FILE.buffer);
      if (name !== "empty") expect((found?.data.byteOffset ?? 1) % 16, name).toBe(0);
    }
  });

  it("is the public layout: a length, JSON, spaces, bytes without holes", () => {
    const { tensors, data: bytes } = takeApart(FILE);
    const spans = Object.values(tensors).sort((a, b) => (a.data_offsets[1] ?? 0) - (b.data_offsets[1] ?? 0));
    let at = 0;
    for (const {
      data_offsets: [from, to],
    } of spans) {
      expect(from).toBe(at);
      at = to as number;
    }
    expect(at).toBe(bytes.length);
  });
});

describe("a damaged file", () => {
  it("is detected at every byte", () => {
    const header = new TextDecoder().decode(
      FILE.subarray(8, 8 + (FILE[0] as number) + 256 * (FILE[1] as number)),
    );
    expect(header).toMatch(/\} {3,15}$/);
    for (let at = 0; at < FILE.length; at++) {
      // The last three make other white space of a space.
      for (const xor of [1, 2, 4, 8, 16, 32, 64, 128, 255, 0x29, 0x2a, 0x2d]) {
        const damaged = FILE.slice();
        damaged[at] = (damaged[at] as number) ^ xor;
        expect(
          failure(() => read(damaged)),
          `byte ${at} xor ${xor}`,
        ).toBe("MODEL_CORRUPT");
      }
    }
  });

  it("is detected at every length", () => {
    for (let length = 0; length < FILE.length; length++)
      expect(
        failure(() => read(FILE.slice(0, length))),
        `${length} bytes`,
      ).toBe("MODEL_CORRUPT");
    for (let more = 1; more <= 33; more++) {
      const longer = new Uint8Array(FILE.length + more);
      longer.set(FILE);
      expect(
        failure(() => read(longer)),
        `${more} bytes more`,
      ).toBe("MODEL_CORRUPT");
    }
  });

  it("never makes the reader fail in another way", () => {
    const edits = fc.array(fc.tuple(fc.nat(FILE.length - 1), fc.nat(255)), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(edits, fc.nat(FILE.length), fc.uint8Array({ maxLength: 20 }), (all, cut, tail) => {
        const file = new Uint8Array(Math.max(cut, FILE.length / 2) + tail.length);
        file.set(FILE.subarray(0, file.length - tail.length));
        file.set(tail, file.length - tail.length);
        for (const [at, value] of all) if (at < file.length) file[at] = value;
        const same = file.length === FILE.length && file.every((byte, i) => byte === FILE[i]);
        expect(failure(() => read(file))).toBe(same ? null : "MODEL_CORRUPT");
      }),
      { numRuns: 2000 },
    );
  });
});

const span = (parts: Parts, name: string) => {
  const found = parts.tensors[name];
  if (found === undefined) throw new Error(name);
  return found;
};

describe("a hostile file with right checksums", () => {
  it.each<[string, (parts: Parts) => void, RegExp]>([
    [
      "overlap",
      (p) => Object.assign(span(p, "bytes"), { data_offsets: [8, 13] }),
      /overlaps another or leaves a hole/,
    ],
    ["hole", (p) => delete p.tensors._pad0, /overlaps another or leaves a hole/],
    [
      "bytes behind",
      (p) => {
        p.data = new Uint8Array([...p.data, 0, 0]);
      },
      /take \d+ bytes, expected \d+/,
    ],
    [
      "offsets of 2^53",
      (p) => Object.assign(span(p, "bytes"), { data_offsets: [2 ** 53, 2 ** 53 + 6] }),
      /invalid type, shape or offset/,
    ],
    [
      "offsets of 2^53 - 1",
      (p) => Object.assign(span(p, "bytes"), { shape: [2 ** 53 - 1], data_offsets: [0, 2 ** 53 - 1] }),
      /overlaps|take \d+ bytes/,
    ],
    [
      "negative offsets",
      (p) => Object.assign(span(p, "bytes"), { data_offsets: [-5, 0] }),
      /invalid type, shape or offset/,
    ],
    [
      "offsets that fall",
      (p) => Object.assign(span(p, "bytes"), { data_offsets: [21, 16] }),
      /do not fit its shape/,
    ],
    [
      "offsets that are text",
      (p) => Object.assign(span(p, "bytes"), { data_offsets: ["16", "21"] }),
      /invalid type, shape or offset/,
    ],
    [
      "three offsets",
      (p) => Object.assign(span(p, "bytes"), { data_offsets: [16, 18, 21] }),
      /invalid type, shape or offset/,
    ],
    [
      "no offsets",
      (p) => Object.assign(span(p, "bytes"), { data_offsets: null }),
      /invalid type, shape or offset/,
    ],
    [
      "a shape that overflows to 0",
      (p) => Object.assign(span(p, "bytes"), { shape: [2 ** 32, 2 ** 32], dtype: "U8" }),
      /do not fit its shape/,
    ],
    [
      "an endless shape",
      (p) => Object.assign(span(p, "bytes"), { shape: [2 ** 53 - 1, 2 ** 53 - 1, 2 ** 53 - 1, 0] }),
      /do not fit its shape/,
    ],
    [
      "a shape of fractions",
      (p) => Object.assign(span(p, "bytes"), { shape: [2.5, 2] }),
      /invalid type, shape or offset/,
    ],
    [
      "five sides",
      (p) => Object.assign(span(p, "bytes"), { shape: [5, 1, 1, 1, 1] }),
      /invalid type, shape or offset/,
    ],
    [
      "no shape",
      (p) => Object.assign(span(p, "bytes"), { shape: undefined }),
      /invalid type, shape or offset/,
    ],
    [
      "another type",
      (p) => Object.assign(span(p, "bytes"), { dtype: "F64" }),
      /invalid type, shape or offset/,
    ],
    [
      "a type of the prototype",
      (p) => Object.assign(span(p, "bytes"), { dtype: "constructor" }),
      /invalid type, shape or offset/,
    ],
    ["a wider type", (p) => Object.assign(span(p, "bytes"), { dtype: "U32" }), /do not fit its shape/],
    [
      "a tensor that is null",
      (p) => Object.assign(p.tensors, { bytes: null }),
      /invalid type, shape or offset/,
    ],
    [
      "a tensor of the prototype",
      (p) => {
        p.data = p.data.slice();
        Object.defineProperty(p.tensors, "__proto__", { value: { dtype: "U8" }, enumerable: true });
      },
      /"__proto__" has an invalid type/,
    ],
    [
      "padding that says something",
      (p) => {
        bytesOfTensor(p, "_pad0")[0] = 1;
      },
      /padding is not zero/,
    ],
    [
      "too many tensors",
      (p) => {
        for (let i = 0; i < 70; i++) p.tensors[`t${i}`] = { dtype: "U8", shape: [0], data_offsets: [0, 0] };
      },
      /\d+ tensors, over the most of 64/,
    ],
    [
      "metadata that is no text",
      (p) => Object.assign(p.metadata, { note: 7 }),
      /metadata "note" is not text/,
    ],
  ])("%s", (_, change, problem) => {
    expect(() => read(forge(FILE, change))).toThrow(problem);
    expect(failure(() => read(forge(FILE, change)))).toBe("MODEL_CORRUPT");
  });

  it.each<[string, (header: string) => string, RegExp]>([
    ["nothing", () => "", /not JSON/],
    ["no object", () => `["header_checksum":"0"]`, /not JSON/],
    ["a list", () => `[{"header_checksum":"0"}]`, /no object/],
    ["null", () => "null", /no object/],
    [
      "metadata that is a list",
      (h) => h.replace(/"__metadata__":\{/, '"__metadata__":[],"m":{'),
      /__metadata__ is no object/,
    ],
    [
      "a tensor twice",
      (h) => h.replace(/\}$/, `,"bytes":{"dtype":"U8","shape":[5],"data_offsets":[16,21]}}`),
      /one key twice/,
    ],
    ["a span's key twice", (h) => h.replace('"dtype":"U8"', '"dtype":"U8","dtype":"U8"'), /one key twice/],
    ["metadata twice", (h) => h.replace(/\}$/, ',"__metadata__":{}}'), /one key twice/],
    [
      "a key twice, once escaped",
      (h) => h.replace(/\}$/, `,"\\u0062ytes":{"dtype":"U8","shape":[5],"data_offsets":[16,21]}}`),
      /one key twice/,
    ],
    ["JSON 17 deep", (h) => h.replace(/\}$/, `,"x":${"[".repeat(17)}${"]".repeat(17)}}`), /deeper than 16/],
    ["JSON a million deep", (h) => h.replace(/\}$/, `,"x":${"[".repeat(1e6)}`), /deeper than 16/],
    [
      "a tensor more than there are checksums",
      (h) => h.replace("counts:", "kounts:"),
      /"counts" differs from its checksum/,
    ],
    [
      "a checksum more than there are tensors",
      (h) => h.replace('"counts:', '"ghost:1,counts:'),
      /"ghost" is missing/,
    ],
    ["no checksums", (h) => h.replace("tensor_checksums", "tensor_chucksums"), /differs from its checksum/],
  ])("whose header is or has %s", (_, change, problem) => {
    const parts = takeApart(FILE);
    const file = seal(change(headerOf(parts)), parts.data);
    expect(() => read(file)).toThrow(problem);
    expect(failure(() => read(file))).toBe("MODEL_CORRUPT");
  });

  it.each([
    ["the whole file", FILE.length],
    ["one byte more than there is", FILE.length - 7],
    ["2^31", 2 ** 31],
    ["2^32 - 1", 2 ** 32 - 1],
  ])("whose length says %s", (_, length) => {
    const file = FILE.slice();
    new DataView(file.buffer).setUint32(0, length, true);
    expect(() => read(file)).toThrow(/header is over the \d+ bytes of the file/);
  });

  it("whose length says 2^53 and more", () => {
    const file = FILE.slice();
    new DataView(file.buffer).setUint32(4, 2 ** 21, true);
    expect(() => read(file)).toThrow(/header is over the \d+ bytes of the file/);
  });

  it("costs no memory for the sizes that it claims", () => {
    const before = process.memoryUsage().arrayBuffers;
    for (const size of [2 ** 30, 2 ** 40, 2 ** 53 - 1]) {
      const file = forge(FILE, (parts) => {
        Object.assign(span(parts, "counts"), { dtype: "U8", shape: [size], data_offsets: [0, size] });
      });
      expect(failure(() => read(file))).toBe("MODEL_CORRUPT");
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24);
  });

  it("has no name so long that its error is", () => {
    const long = "n".repeat(100_000);
    const file = forge(FILE, (parts) => Object.assign(parts.tensors, { [long]: null }));
    expect(() => read(file)).toThrow(/^a.safetensors: tensor "n{100}…" has an invalid/);
  });

  it("is refused by whoever asked for something else before its tensors are looked at", () => {
    const file = forge(FILE, (parts) => Object.assign(parts.tensors, { bytes: null }));
    const accept = (metadata: ReadonlyMap<string, string>) => {
      throw new RangeError(`not for me: ${metadata.get("format")}`);
    };
    expect(() => readTensors(file, "a", checksums, accept)).toThrow(new RangeError("not for me: test"));
  });
});
