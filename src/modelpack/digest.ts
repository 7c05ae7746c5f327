// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import type { ManifestFile } from "./manifest.ts";

/**
 * Checks the bytes of a file against its manifest entry with Web Crypto, which Node, browsers and workers
 * share. A page that is not served securely has none: there the checksums inside the file still hold.
 *
 * @throws ModelpackError MODEL_CORRUPT
 */
export async function verifyFile(bytes: Uint8Array<ArrayBuffer>, entry: ManifestFile): Promise<void> {
  if (bytes.length !== entry.bytes) throw differs(entry, `${entry.bytes} bytes`, `${bytes.length}`);
  const subtle = globalThis.crypto?.subtle;
  if (subtle === undefined) return;
  const digest = new Uint8Array(await subtle.digest("SHA-256", bytes));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (hex !== entry.sha256) throw differs(entry, `sha256 ${entry.sha256}`, hex);
}

function differs(entry: ManifestFile, expected: string, got: string): ModelpackError {
  return new ModelpackError("MODEL_CORRUPT", `${entry.name}: expected ${expected}, got ${got}`, {
    where: entry.name,
    hint: "copy the whole version again; the manifest and the model files belong together",
  });
}
