// SPDX-License-Identifier: Apache-2.0
import { checksum32 } from "../../src/core/checksum.ts";

export interface Span {
  dtype: string;
  shape: number[];
  data_offsets: number[];
}

/** A model file taken apart. */
export interface Parts {
  readonly metadata: Record<string, unknown>;
  readonly tensors: Record<string, Span>;
  data: Uint8Array;
}

export function takeApart(file: Uint8Array): Parts {
  const length = new DataView(file.buffer, file.byteOffset).getUint32(0, true);
  const json = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))) as Record<string, unknown>;
  const { __metadata__: metadata, ...tensors } = json;
  return {
    metadata: metadata as Record<string, unknown>,
    tensors: tensors as Record<string, Span>,
    data: file.slice(8 + length),
  };
}

/** The bytes of a tensor, to change in place. */
export function bytesOfTensor({ tensors, data }: Parts, name: string): Uint8Array {
  const [from, to] = tensors[name]?.data_offsets ?? [0, 0];
  return data.subarray(from, to);
}

/** A file of this header text and data, with the checksum that the header's text calls for. */
export function seal(header: string, data: Uint8Array): Uint8Array {
  const blank = header.replace(/"header_checksum":"[0-9]*"/, '"header_checksum":"0"');
  const sum = checksum32(new TextEncoder().encode(blank));
  const text = blank.replace('"header_checksum":"0"', `"header_checksum":"${sum}"`);
  const encoded = new TextEncoder().encode(text);
  const length = Math.ceil((8 + encoded.length) / 16) * 16 - 8;
  const file = new Uint8Array(8 + length + data.length);
  new DataView(file.buffer).setUint32(0, length, true);
  file.fill(0x20, 8, 8 + length);
  file.set(encoded, 8);
  file.set(data, 8 + length);
  return file;
}

/** Header text of the parts, with checksums of the tensors as they are now. */
export function headerOf(parts: Parts): string {
  const sums = Object.entries(parts.tensors)
    .filter(([name]) => !name.startsWith("_pad"))
    .map(([name]) => `${name}:${checksum32(bytesOfTensor(parts, name))}`);
  const metadata = { ...parts.metadata, tensor_checksums: sums.join(","), header_checksum: "0" };
  return JSON.stringify({ __metadata__: metadata, ...parts.tensors });
}

/** What a hostile author makes of a file: its parts changed, and every checksum right again. */
export function forge(file: Uint8Array, change: (parts: Parts) => void): Uint8Array {
  const parts = takeApart(file);
  change(parts);
  return seal(headerOf(parts), parts.data);
}

/** The same for the description inside the metadata. */
export function forgeDescription(
  file: Uint8Array,
  change: (description: Record<string, unknown>) => void,
): Uint8Array {
  return forge(file, ({ metadata }) => {
    const description = JSON.parse(String(metadata.description)) as Record<string, unknown>;
    change(description);
    metadata.description = JSON.stringify(description);
  });
}
