// SPDX-License-Identifier: Apache-2.0
import { checksum32 } from "../core/checksum.ts";
import type { Fail } from "./corrupt.ts";
import { quote } from "./json.ts";
import type { TensorFile } from "./tensor.ts";

// Apart from the reader, so that whoever has the sha256 of a file does not load it.

/** Refuses a header that differs from its checksum, or is padded by other than up to 15 spaces. */
export function checkHeader(text: string, metadata: ReadonlyMap<string, string>, fail: Fail): void {
  const stated = metadata.get("header_checksum") ?? "";
  const trimmed = text.trimEnd();
  const blank = trimmed.replace(`"header_checksum":"${stated}"`, '"header_checksum":"0"');
  if (String(checksum32(new TextEncoder().encode(blank))) !== stated)
    fail("the header differs from its checksum");
  if (!/^ {0,15}$/.test(text.slice(trimmed.length))) fail("the header is not padded by up to 15 spaces");
}

/** Refuses tensors that differ from their checksums, have none, or are missing. */
export function checkTensors({ metadata, tensors }: TensorFile, fail: Fail): void {
  const sums = new Map((metadata.get("tensor_checksums") ?? "").split(",").map(splitLast));
  for (const [name, { data }] of tensors) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    if (!name.startsWith("_pad") && sums.get(name) !== String(checksum32(bytes)))
      fail(`tensor ${quote(name)} differs from its checksum`);
  }
  for (const name of sums.keys())
    if (name !== "" && !tensors.has(name)) fail(`tensor ${quote(name)} is missing`);
}

function splitLast(pair: string): [string, string] {
  const at = pair.lastIndexOf(":");
  return [pair.slice(0, Math.max(0, at)), pair.slice(at + 1)];
}
