// SPDX-License-Identifier: Apache-2.0
import { checksum32 } from "../core/checksum.ts";
import { ModelpackError } from "../core/error.ts";
import { ALIGNMENT, type Tensor, type TensorData, type TensorType } from "./tensor.ts";

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
