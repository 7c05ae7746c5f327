// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ModelpackError } from "../core/error.ts";
import type { FamilyModel, TaskModel } from "../model/classifier.ts";
import { readFamilyFile } from "../modelpack/family-file.ts";
import { modelFileName } from "../modelpack/manifest.ts";
import type { DiffSide } from "../report/diff-page.ts";
import { type Modelpack, openModelpack } from "../runtime/node.ts";
import type { PackConfig } from "./diff-settings.ts";
import { packHint } from "./pack-hint.ts";
import type { TaskHeadline } from "./report.ts";
import { namedVersion } from "./trained-pack.ts";

/** A pack that is opened and described. */
export interface DiffPack {
  readonly folder: string;
  readonly side: DiffSide;
  readonly pack: Modelpack;
  readonly models: readonly FamilyModel[];
  readonly manifest: DiffManifest;
}

/** What of a pack's manifest.json is compared. */
interface DiffManifest {
  readonly dataset: string;
  readonly config: PackConfig;
  readonly families: readonly { readonly family: string; readonly tasks: readonly TaskHeadline[] }[];
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

/**
 * Opens the pack that a person names, its model files verified.
 *
 * @throws ModelpackError USAGE, MODEL_MISSING, MODEL_CORRUPT, MODEL_TOO_NEW
 */
export async function openSide(root: string, name: string): Promise<DiffPack> {
  const folder = await namedVersion(root, name);
  const pack = await openModelpack(folder, { strict: true }).catch((error: unknown) => {
    if (!(error instanceof ModelpackError)) throw error;
    throw new ModelpackError(error.code, error.message, {
      where: folder,
      hint: `${packHint(error.code)}, or name another pack`,
    });
  });
  const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as DiffManifest;
  const { version, families } = pack.status();
  const models = await Promise.all(
    families.map(async ({ family }) => {
      const file = modelFileName(family);
      return readFamilyFile(await readFile(join(folder, file)), file);
    }),
  );
  const bytes = models.reduce((sum, { family }) => sum + bytesOf(manifest, family), 0);
  return {
    folder,
    side: { version: version ?? "", dataset: manifest.dataset, bytes },
    pack,
    models,
    manifest,
  };
}

/** Bytes of a family's model file. */
export function bytesOf({ files }: DiffManifest, family: string): number {
  return files.find(({ name }) => name === modelFileName(family))?.bytes ?? 0;
}

/** A task of both packs. */
export interface SharedTask {
  readonly name: string;
  readonly a: FamilyTask;
  readonly b: FamilyTask;
}

/** A task and the family that it is of. */
export interface FamilyTask {
  readonly model: FamilyModel;
  readonly task: TaskModel;
}

/** Tasks of a pack by name. */
export function taskModels({ models }: DiffPack): Map<string, FamilyTask> {
  return new Map(models.flatMap((model) => model.tasks.map((task) => [task.name, { model, task }] as const)));
}
