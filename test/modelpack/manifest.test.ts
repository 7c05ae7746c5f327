import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { modelFileName, modelFiles, parseManifest } from "../../src/modelpack/manifest.ts";
import { failure } from "../support/failure.ts";

const FILES = [
  { name: "router_model.safetensors", sha256: "0".repeat(64), bytes: 10 },
  { name: "router_metrics_test.json", sha256: "a".repeat(64), bytes: 0 },
  { name: "report/report.html", sha256: "b".repeat(64), bytes: 2 ** 53 - 1 },
  { name: "pairs_model.safetensors", sha256: "c".repeat(64), bytes: 7 },
];
const MANIFEST = { kind: "modelpack", format_version: 1, version: "0123456789ab", files: FILES };

const parse = (text: string) => parseManifest(new TextEncoder().encode(text), "manifest.json");
const variant = (change: Record<string, unknown>) => JSON.stringify({ ...MANIFEST, ...change });
const files = (change: Record<string, unknown>) => ({ files: [{ ...FILES[0], ...change }] });

describe("parseManifest", () => {
  it("gives what the runtime needs, and ignores the rest", () => {
    const found = parse(variant({ families: [{ family: "router" }], headline: { accuracy: 0.9 } }));
    expect(found).toEqual({ version: "0123456789ab", files: FILES });
    expect(modelFiles(found).map((file) => file.name)).toEqual([
      "router_model.safetensors",
      "pairs_model.safetensors",
    ]);
  });

  it.each<[string, string, RegExp]>([
    ["nothing", "", /not JSON/],
    ["HTML", "<!doctype html><title>Not found</title>", /not JSON/],
    ["half of one", JSON.stringify(MANIFEST).slice(0, 200), /not JSON/],
    ["null", "null", /"kind": "modelpack"/],
    ["a list", "[]", /"kind": "modelpack"/],
    ["a dataset's", variant({ kind: "dataset" }), /"kind": "modelpack"/],
    ["a key twice", `{"kind":"modelpack",${JSON.stringify(MANIFEST).slice(1)}`, /one key twice/],
    ["33 levels", variant({ x: JSON.parse("[".repeat(33) + "]".repeat(33)) }), /deeper than 32/],
    ["a million levels", "[".repeat(1e6), /deeper than 32/],
    ["no format", variant({ format_version: undefined }), /no valid format version/],
    ["a format in text", variant({ format_version: "1" }), /no valid format version/],
    ["a format in a list", variant({ format_version: [1] }), /no valid format version/],
    [
      "a format that is an object",
      variant({ format_version: { toString: 1, valueOf: 1 } }),
      /no valid format version/,
    ],
    ["format 0", variant({ format_version: 0 }), /no valid format version/],
    ["no version", variant({ version: undefined }), /not 12 hex digits/],
    ["a version that is a path", variant({ version: "../../../etc" }), /not 12 hex digits/],
    ["a version in a list", variant({ version: ["0123456789ab"] }), /not 12 hex digits/],
    ["no files", variant({ files: undefined }), /list of files/],
    ["files that are no list", variant({ files: { length: 1, 0: FILES[0] } }), /list of files/],
    ["a file that is null", variant({ files: [null] }), /list of files/],
    ["a file twice", variant({ files: [FILES[0], FILES[0]] }), /listed twice/],
    ["too many files", variant({ files: new Array(10_001).fill(FILES[0]) }), /list of files/],
    ["a digest too short", variant(files({ sha256: "0".repeat(63) })), /list of files/],
    ["a digest in capitals", variant(files({ sha256: "A".repeat(64) })), /list of files/],
    ["no size", variant(files({ bytes: undefined })), /list of files/],
    ["a negative size", variant(files({ bytes: -1 })), /list of files/],
    ["a size of 2^53", variant(files({ bytes: 2 ** 53 })), /list of files/],
    ["half a byte", variant(files({ bytes: 0.5 })), /list of files/],
  ])("refuses %s", (_, text, problem) => {
    expect(failure(() => parse(text))).toBe("MODEL_CORRUPT");
    expect(() => parse(text)).toThrow(problem);
  });

  it.each([
    "../router_model.safetensors",
    "/etc/router_model.safetensors",
    "a/b/router_model.safetensors",
    "C:\\router_model.safetensors",
    "..\\router_model.safetensors",
    "%2e%2e/router_model.safetensors",
    ".hidden",
    "",
    "a\0b",
    "router_model.safetensors\n",
    "https://example.com/router_model.safetensors",
    "a//b",
    "x".repeat(129),
  ])("refuses a file named %j", (name) => {
    expect(() => parse(variant(files({ name })))).toThrow(/list of files is invalid/);
  });

  it.each([
    "model.safetensors",
    "_model.safetensors",
    "Router_model.safetensors",
    "report/router_model.safetensors",
  ])("takes %s for no model", (name) => {
    expect(modelFiles(parse(variant(files({ name }))))).toEqual([]);
  });

  it("names a newer format, also where the rest changed", () => {
    const text = variant({ format_version: 3, files: { router: "elsewhere" }, version: 7 });
    expect(failure(() => parse(text))).toBe("MODEL_TOO_NEW");
    expect(() => parse(text)).toThrow("manifest.json has format version 3; this modelpack reads version 1");
  });

  it("refuses bytes that are no UTF-8", () => {
    const broken = new TextEncoder().encode(JSON.stringify(MANIFEST));
    broken[30] = 0xff;
    expect(failure(() => parseManifest(broken, "m"))).toBe("MODEL_CORRUPT");
  });

  it("never fails in another way", () => {
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom(...Object.values(MANIFEST)));
    const object = fc.record({
      kind: fc.constant("modelpack"),
      format_version: value,
      version: value,
      files: value,
    });
    fc.assert(
      fc.property(
        fc.oneof(
          object.map((o) => JSON.stringify(o)),
          fc.json(),
          fc.string(),
        ),
        (text) => {
          expect([null, "MODEL_CORRUPT", "MODEL_TOO_NEW"]).toContain(failure(() => parse(text)));
        },
      ),
      { numRuns: 500 },
    );
  });
});

it("modelFileName is what modelFiles finds", () => {
  const name = modelFileName("router");
  expect(modelFiles(parse(variant(files({ name })))).map((file) => file.name)).toEqual([name]);
});
