// SPDX-License-Identifier: Apache-2.0

import { ModelpackError } from "../core/error.ts";
import { checksum32 } from "../core/hash.ts";
import { type Fail, failing } from "./corrupt.ts";
import { decodeText, parseJson, quote } from "./json.ts";

// The public safetensors layout (https://github.com/huggingface/safetensors, "Format"): 8 bytes of header
// length, little-endian; a JSON header; the tensors, without holes or overlaps. docs/format.md has the
// rules that we add.

/** Element types that a model file uses. */
export type TensorType = "I8" | "U8" | "U32" | "F32";
export type TensorData = Int8Array | Uint8Array | Uint32Array | Float32Array;

export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** Bytes of header at most: the isotonic curves of 3,000 labels. The file itself bounds it as well. */
const MAX_HEADER_BYTES = 32 * 1024 * 1024;
/** Tensors of a file at most; a family has six. */
const MAX_TENSORS = 64;
/** Every tensor begins at a multiple of this, so that it can be viewed in place. */
const ALIGNMENT = 16;
/** Nesting of the header's JSON at most; ours has four levels. */
const MAX_DEPTH = 16;

const TYPES = { I8: Int8Array, U8: Uint8Array, U32: Uint32Array, F32: Float32Array } as const;

function typeOf(data: TensorData): TensorType {
  if (data instanceof Int8Array) return "I8";
  if (data instanceof Uint8Array) return "U8";
  return data instanceof Uint32Array ? "U32" : "F32";
}

function bytesOf(data: TensorData): Uint8Array {
  // Files are little-endian, and so are typed arrays on every machine that runs JavaScript today but a few.
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] !== 1)
    throw new ModelpackError("INTERNAL", "model files need a little-endian machine");
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** A padded width: the next multiple of ALIGNMENT. */
function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/**
 * Bytes of a safetensors file. Tensors are written in the order given, with zero padding declared as
 * tensors of its own (`_pad0`, …), because the layout allows no holes. `metadata` values are strings; a
 * checksum of every tensor and one of the header itself are added.
 */
export function writeTensors(
  tensors: readonly Tensor[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const entries: string[] = [];
  const parts: { at: number; bytes: Uint8Array }[] = [];
  const sums: string[] = [];
  let at = 0;
  let pads = 0;
  for (const { name, shape, data } of tensors) {
    const bytes = bytesOf(data);
    entries.push(entry(name, typeOf(data), shape, at, at + bytes.length));
    sums.push(`${name}:${checksum32(bytes)}`);
    parts.push({ at, bytes });
    const end = at + bytes.length;
    at = aligned(end);
    if (at > end) entries.push(entry(`_pad${pads++}`, "U8", [at - end], end, at));
  }
  const fields = { ...metadata, tensor_checksums: sums.join(",") };
  const checksum = checksum32(new TextEncoder().encode(headerText(fields, "0", entries)));
  const text = headerText(fields, String(checksum), entries);
  const encoded = new TextEncoder().encode(text);
  const header = aligned(8 + encoded.length) - 8;
  const file = new Uint8Array(8 + header + at);
  new DataView(file.buffer).setUint32(0, header, true);
  file.fill(0x20, 8, 8 + header);
  file.set(encoded, 8);
  for (const part of parts) file.set(part.bytes, 8 + header + part.at);
  return file;
}

function headerText(
  fields: Readonly<Record<string, string>>,
  checksum: string,
  entries: readonly string[],
): string {
  const metadata = Object.entries(fields).map(
    ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`,
  );
  metadata.push(`"header_checksum":"${checksum}"`);
  return `{${[`"__metadata__":{${metadata.join(",")}}`, ...entries].join(",")}}`;
}

function entry(name: string, dtype: TensorType, shape: readonly number[], from: number, to: number): string {
  return `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [from, to] })}`;
}

export interface TensorFile {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

interface Span {
  readonly name: string;
  readonly dtype: TensorType;
  readonly shape: readonly number[];
  readonly from: number;
  readonly to: number;
}

/**
 * Reads a safetensors file without copying its tensors where their bytes are aligned. Every bound is
 * checked before anything is allocated for it.
 *
 * @param accept throws for metadata of a file that is not for this reader: it hears of a header that is
 *   whole before anything else of it is taken to be as this version has it
 * @param verified whether a digest of the whole file was right: the checksums say nothing more then
 * @throws ModelpackError MODEL_CORRUPT when the bytes are not a whole and undamaged file of this layout.
 */
export function readTensors(
  file: Uint8Array,
  where: string,
  accept: (metadata: ReadonlyMap<string, string>) => void = () => {},
  verified = false,
): TensorFile {
  const fail = failing(where);
  if (file.length < 8) fail(`${HEADER}cut off: ${file.length} bytes`);
  const view = new DataView(file.buffer, file.byteOffset);
  const start = view.getUint32(0, true) + 8;
  if (view.getUint32(4, true) !== 0 || start > MAX_HEADER_BYTES + 8 || start > file.length)
    fail(`${HEADER}over the ${file.length} bytes of the file, or 32 MiB`);
  if (start % ALIGNMENT !== 0) fail(`${HEADER}not a multiple of 16 bytes`);
  const text = decodeText(file.subarray(8, start), HEADER, fail);
  const { metadata, entries } = parseHeader(text, fail);
  if (!verified) checkHeader(text, metadata, fail);
  accept(metadata);
  const spans = entries.map(([name, value]) => parseSpan(name, value, fail));
  checkSpans(spans, file.length - start, fail);
  const sums = new Map((metadata.get("tensor_checksums") ?? "").split(",").map(splitLast));
  const tensors = new Map<string, Tensor>();
  for (const { name, shape, dtype, from, to } of spans) {
    const bytes = file.subarray(start + from, start + to);
    if (name.startsWith("_pad")) {
      if (bytes.some(Boolean)) fail("padding is not zero");
    } else if (!verified && sums.get(name) !== String(checksum32(bytes)))
      fail(`${tensorName(name)} differs from its checksum`);
    tensors.set(name, { name, shape, data: viewOf(bytes, dtype) });
  }
  for (const name of sums.keys())
    if (name !== "" && !tensors.has(name)) fail(`${tensorName(name)} is missing`);
  return { metadata, tensors };
}

const HEADER = "the header is ";
const tensorName = (name: string) => `tensor ${quote(name)}`;

function splitLast(pair: string): [string, string] {
  const at = pair.lastIndexOf(":");
  return [pair.slice(0, Math.max(0, at)), pair.slice(at + 1)];
}

interface Header {
  readonly metadata: ReadonlyMap<string, string>;
  /** Name and description of every tensor, unchecked. */
  readonly entries: readonly (readonly [string, unknown])[];
}

function parseHeader(text: string, fail: Fail): Header {
  const json = parseJson(text, MAX_DEPTH, HEADER, fail);
  if (!isObject(json)) return fail(`${HEADER}no object`);
  const { __metadata__: fields = {}, ...tensors } = json as Record<string, unknown>;
  if (!isObject(fields)) return fail("__metadata__ is no object");
  const metadata = new Map<string, string>(Object.entries(fields));
  for (const [key, value] of metadata)
    if (typeof value !== "string") fail(`metadata ${quote(key)} is not text`);
  const entries = Object.entries(tensors);
  if (entries.length > MAX_TENSORS) fail(`${entries.length} tensors, over the most of ${MAX_TENSORS}`);
  return { metadata, entries };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown, most: number): value is readonly number[] {
  return (
    Array.isArray(value) && value.length <= most && value.every((n) => Number.isSafeInteger(n) && n >= 0)
  );
}

function parseSpan(name: string, value: unknown, fail: Fail): Span {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  const Type = Object.hasOwn(TYPES, dtype as string) && TYPES[dtype as TensorType];
  if (!Type || !isCounts(shape, 4) || !isCounts(offsets, 2) || offsets.length < 2)
    return fail(`${tensorName(name)} has an invalid type, shape or offset`);
  const [from, to] = offsets as [number, number];
  if (to < from || shape.reduce((n, side) => n * side, Type.BYTES_PER_ELEMENT) !== to - from)
    fail(`${tensorName(name)} has offsets that do not fit its shape`);
  return { name, dtype: dtype as TensorType, shape, from, to };
}

function checkHeader(text: string, metadata: ReadonlyMap<string, string>, fail: Fail): void {
  const stated = metadata.get("header_checksum") ?? "";
  const trimmed = text.trimEnd();
  const blank = trimmed.replace(`"header_checksum":"${stated}"`, '"header_checksum":"0"');
  if (String(checksum32(new TextEncoder().encode(blank))) !== stated)
    fail("the header differs from its checksum");
  if (!/^ {0,15}$/.test(text.slice(trimmed.length))) fail(`${HEADER}not padded by up to 15 spaces`);
}

function checkSpans(spans: readonly Span[], bytes: number, fail: Fail): void {
  let at = 0;
  for (const { name, from, to } of [...spans].sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (from !== at) fail(`${tensorName(name)} overlaps another or leaves a hole`);
    at = to;
  }
  if (at !== bytes) fail(`the tensors take ${at} bytes, expected ${bytes}`);
}

function viewOf(bytes: Uint8Array, dtype: TensorType): TensorData {
  const Type = TYPES[dtype];
  const width = Type.BYTES_PER_ELEMENT;
  const { buffer, byteOffset } = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  return new Type(buffer as ArrayBuffer, byteOffset, bytes.length / width);
}
