// SPDX-License-Identifier: Apache-2.0
import { corrupt } from "./corrupt.ts";
import type { ManifestFile } from "./manifest.ts";

/** The sha256 of bytes in hex digits; undefined where there is nothing to make one. */
export type Sha256 = (bytes: Uint8Array<ArrayBuffer>) => Promise<string> | undefined;

/**
 * Checks the bytes of a file against its manifest entry.
 *
 * @returns settles when the digest is known, and rejects where it is another; null where there is nothing to make one
 * @throws ModelpackError MODEL_CORRUPT for another size, at once
 */
export function verifyFile(
  bytes: Uint8Array<ArrayBuffer>,
  entry: ManifestFile,
  sha256: Sha256,
): Promise<void> | null {
  if (bytes.length !== entry.bytes)
    throw corrupt(entry.name, `expected ${entry.bytes} bytes, got ${bytes.length}`);
  return (
    sha256(bytes)?.then((hex) => {
      if (hex !== entry.sha256) throw corrupt(entry.name, `expected sha256 ${entry.sha256}, got ${hex}`);
    }) ?? null
  );
}

/** A manifest ends with its own digest and these: `"`, a line, `}`, a line. */
const SEAL_TAIL = 4;
const SEAL_DIGITS = 64;

/**
 * Checks a manifest against the digest that it ends with: that of the whole file, with zeros in its place.
 *
 * @throws ModelpackError MODEL_CORRUPT
 */
export async function verifySeal(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
  sha256: Sha256,
): Promise<void> {
  const end = Math.max(SEAL_DIGITS, bytes.length - SEAL_TAIL);
  const stated = new TextDecoder().decode(bytes.subarray(end - SEAL_DIGITS, end));
  const hex = await sha256(bytes.slice().fill(0x30, end - SEAL_DIGITS, end));
  if (hex !== undefined && hex !== stated) throw corrupt(name, `expected sha256 ${stated}, got ${hex}`);
}

/**
 * With Web Crypto, which browsers, workers and Node share: 0.8 ns a byte, the copy that it makes included. A page that is not served securely has none: there the
 * checksums inside the file still hold.
 */
export const webSha256: Sha256 = (bytes) =>
  globalThis.crypto?.subtle
    ?.digest("SHA-256", bytes)
    .then((digest) =>
      Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join(""),
    );
