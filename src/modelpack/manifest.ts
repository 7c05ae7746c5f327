// SPDX-License-Identifier: Apache-2.0
import { failing } from "./corrupt.ts";
import { checkFormatVersion } from "./format-version.ts";
import { decodeText, parseJson } from "./json.ts";

/** Bytes of a manifest at most: it holds digests and headline figures, some kilobytes. */
export const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;
const MAX_DEPTH = 32;
const MAX_FILES = 10_000;

export interface ManifestFile {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** What the runtime needs of a pack's manifest.json. */
export interface Manifest {
  readonly version: string;
  readonly files: readonly ManifestFile[];
}

/** The name of a family's model file, and the family of such a name. */
export function modelFileName(family: string): string {
  return `${family}_model.safetensors`;
}

/** Names of the model files that a manifest lists. */
export function modelFiles(manifest: Manifest): readonly ManifestFile[] {
  return manifest.files.filter((file) => /^[a-z][a-z0-9_]{0,63}_model\.safetensors$/.test(file.name));
}

/**
 * Reads a manifest that may come from anywhere.
 *
 * @param bytes {@link MAX_MANIFEST_BYTES} at most: whoever reads them sees to that
 * @throws ModelpackError MODEL_CORRUPT, or MODEL_TOO_NEW for another version of the format.
 */
export function parseManifest(bytes: Uint8Array, where: string): Manifest {
  const fail = failing(where);
  const json = parseJson(decodeText(bytes, "", fail), MAX_DEPTH, "", fail);
  const { version, format_version, kind, files } = (json ?? {}) as Record<string, unknown>;
  if (kind !== "modelpack") fail('expected "kind": "modelpack"');
  checkFormatVersion(format_version, where);
  if (typeof version !== "string" || !/^[0-9a-f]{12}$/.test(version))
    fail("the version is not 12 hex digits");
  if (!Array.isArray(files) || files.length > MAX_FILES || !files.every(isFile))
    fail("the list of files is invalid");
  const listed = files as readonly ManifestFile[];
  if (new Set(listed.map((file) => file.name)).size !== listed.length) fail("a file is listed twice");
  return { version: version as string, files: listed };
}

function isFile(value: unknown): value is ManifestFile {
  const { name, sha256, bytes } = (value ?? {}) as Record<string, unknown>;
  return (
    typeof name === "string" &&
    /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}(\/[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?$/.test(name) &&
    typeof sha256 === "string" &&
    /^[0-9a-f]{64}$/.test(sha256) &&
    Number.isSafeInteger(bytes) &&
    (bytes as number) >= 0
  );
}
