// SPDX-License-Identifier: Apache-2.0
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
export const ALIGNMENT = 16;
/** Nesting of the header's JSON at most; ours has four levels. */
const MAX_DEPTH = 16;

const TYPES = { I8: Int8Array, U8: Uint8Array, U32: Uint32Array, F32: Float32Array } as const;

export interface TensorFile {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** What holds a file against the checksums inside it: {@link file://./checksums.ts}, or a caller who knows better none. */
export interface Checksums {
  /** `text` is the header, its padding included. */
  checkHeader(text: string, metadata: ReadonlyMap<string, string>, fail: Fail): void;
  checkTensors(file: TensorFile, fail: Fail): void;
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
 * @param checksums null where a digest of the whole file was right: they say nothing more then
 * @param accept throws for metadata of a file that is not for this reader: it hears of a header that is
 *   whole before anything else of it is taken to be as this version has it
 * @throws ModelpackError MODEL_CORRUPT when the bytes are not a whole and undamaged file of this layout.
 */
export function readTensors(
  file: Uint8Array,
  where: string,
  checksums: Checksums | null,
  accept: (metadata: ReadonlyMap<string, string>) => void = () => {},
): TensorFile {
  const fail = failing(where);
  if (file.length < 8) fail(`${HEADER}cut off: ${file.length} bytes`);
  const view = new DataView(file.buffer, file.byteOffset);
  const start = Number(view.getBigUint64(0, true)) + 8;
  if (start > MAX_HEADER_BYTES + 8 || start > file.length)
    fail(`${HEADER}over the ${file.length} bytes of the file, or 32 MiB`);
  if (start % ALIGNMENT !== 0) fail(`${HEADER}not a multiple of 16 bytes`);
  const text = decodeText(file.subarray(8, start), HEADER, fail);
  const { metadata, entries } = parseHeader(text, fail);
  checksums?.checkHeader(text, metadata, fail);
  accept(metadata);
  const spans = entries.map(([name, value]) => parseSpan(name, value, fail));
  checkSpans(spans, file.length - start, fail);
  const tensors = new Map<string, Tensor>();
  for (const { name, shape, dtype, from, to } of spans) {
    const bytes = file.subarray(start + from, start + to);
    if (name.startsWith("_pad") && bytes.some(Boolean)) fail("padding is not zero");
    tensors.set(name, { name, shape, data: viewOf(bytes, dtype) });
  }
  checksums?.checkTensors({ metadata, tensors }, fail);
  return { metadata, tensors };
}

const HEADER = "the header is ";
const tensorName = (name: string) => `tensor ${quote(name)}`;

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
