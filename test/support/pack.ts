// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FamilyModel } from "../../src/model/classifier.ts";
import { writeFamilyFile } from "../../src/modelpack/family-file.ts";
import { sealManifest } from "../../src/storage/manifest.ts";
import { handmadeModel, tinyModel } from "./model.ts";

export const FIRST = "000000000001";
export const SECOND = "000000000002";

/** A second family for packs of two: one task that compares nothing, of single words. */
export function petsModel(): FamilyModel {
  const words = { cat: [9, -9], dog: [-9, 9] };
  return handmadeModel("pets", [{ name: "pet", labels: ["cat", "dog"], default: "dog", words }], false);
}

/** The router with every answer turned round, to tell a reloaded model from the one before. */
export function turnedModel(): FamilyModel {
  const model = tinyModel(false);
  const tasks = model.tasks.map((task) => ({ ...task, labels: task.labels.toReversed() }));
  return { ...model, tasks };
}

/** Manifest of a version with these files. */
export function manifestOf(
  version: string,
  files: Readonly<Record<string, Uint8Array>>,
  more: object = {},
): Uint8Array<ArrayBuffer> {
  const listed = Object.entries(files).map(([name, bytes]) => ({
    name,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    bytes: bytes.length,
  }));
  return new Uint8Array(
    sealManifest({ kind: "modelpack", format_version: 1, version, files: listed, ...more }),
  );
}

/** Model files of the families, by name. */
export function filesOf(models: readonly FamilyModel[]): Record<string, Uint8Array> {
  return Object.fromEntries(
    models.map((model) => [`${model.family}_model.safetensors`, writeFamilyFile(model)]),
  );
}

/** Writes a version below `root` and lets `latest.json` point to it. */
export function writeVersion(root: string, version: string, models: readonly FamilyModel[]): string {
  const folder = join(root, version);
  mkdirSync(folder, { recursive: true });
  const files = filesOf(models);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  writeFileSync(join(folder, "manifest.json"), manifestOf(version, files));
  writeFileSync(join(root, "latest.json"), JSON.stringify({ version }));
  return folder;
}
