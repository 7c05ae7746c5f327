// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type ErrorCode, ModelpackError } from "../core/error.ts";
import type { TaskDefinition } from "../core/task.ts";
import { movePointer, readPointer, removeDeadTemporaries, verifyVersion } from "../storage/commit.ts";
import { canonicalJson, sha256 } from "../storage/digest.ts";
import { removeDeadLock } from "../storage/lock.ts";

/** The pointer of prepared datasets and that of trained models. */
export const DATASET_POINTER = "current.json";
export const MODEL_POINTER = "latest.json";

/** What a caller may pass to any stage besides its config. */
export interface RunOptions {
  /** Stops the stage: it cleans up, commits nothing, and throws INTERRUPTED. */
  readonly signal?: AbortSignal;
  /** Seconds on a monotonic clock, for run.json alone. */
  readonly clock?: () => number;
}

interface Package {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

let own: Package | undefined;

/** Versions that decide bytes: modelpack's own, and that of the engine that writes Parquet (pinned exactly). */
export function producer(): { readonly modelpack: string; readonly duckdb: string } {
  own ??= JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as Package;
  return { modelpack: own.version, duckdb: own.dependencies["@duckdb/node-api"] ?? "" };
}

/** 12 hex digits of the digest of everything that decides the bytes of a version. */
export function versionOf(inputs: unknown): string {
  return sha256(canonicalJson(inputs)).slice(0, 12);
}

/** Throws INTERRUPTED once the run is to stop. */
export function checkpoint(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true)
    throw new ModelpackError("INTERRUPTED", "stopped before anything was written", {
      hint: "run the same command again; nothing was lost",
    });
}

/** Tasks as the digests and manifests have them. */
export function taskProjection(tasks: readonly TaskDefinition[]) {
  return tasks.map((task) => ({
    name: task.name,
    family: task.family,
    input: task.input,
    objective: task.objective,
    description: task.description,
    default: task.default,
    target_precision: task.targetPrecision,
    // Without it nothing differs from before there was any: neither do the versions.
    ...(task.targetOutOfScopeRecall === null
      ? {}
      : { target_out_of_scope_recall: task.targetOutOfScopeRecall }),
    min_confidence: task.minConfidence,
    labels: task.labels.map(({ name, description }) => ({ name, description })),
  }));
}

/** What of [train] can change a model's bytes, as digests and manifests have it. */
export interface TrainProjection {
  readonly families: readonly {
    readonly family: string;
    readonly settings: Readonly<Record<string, unknown>>;
  }[];
  readonly tasks: readonly { readonly task: string; readonly settings: Readonly<Record<string, unknown>> }[];
  readonly definitions: readonly unknown[];
}

/** A version on disk, verified whole, with its manifest. */
export interface OpenedVersion {
  readonly version: string;
  readonly folder: string;
  readonly manifest: Readonly<Record<string, unknown>>;
}

/** The version that a pointer names; null where there is none. Throws when it is damaged. */
export async function openVersion(root: string, pointer: string): Promise<OpenedVersion | null> {
  const version = await readPointer(root, pointer);
  const damaged = pointer === MODEL_POINTER ? "MODEL_CORRUPT" : "DATASET_CORRUPT";
  return version === null ? null : openVersionFolder(join(root, version), damaged);
}

/** The version in a folder. Throws `damaged` when it does not verify. */
export async function openVersionFolder(folder: string, damaged: ErrorCode): Promise<OpenedVersion> {
  const [first, ...more] = await verifyVersion(folder);
  if (first !== undefined) {
    const others = more.length > 0 ? ` (and ${more.length} more problems)` : "";
    throw new ModelpackError(
      damaged,
      `version ${basename(folder)} is damaged: ${first.file}: ${first.problem}${others}`,
      {
        where: folder,
        hint: "run the stage that made it again; it replaces a damaged version",
      },
    );
  }
  const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as Readonly<
    Record<string, unknown>
  >;
  return { version: String(manifest.version), folder, manifest };
}

/**
 * Whether a version is there and verifies, so that a stage with the same inputs has nothing to do but to
 * see that the pointer names it.
 */
export async function reuseVersion(root: string, pointer: string, version: string): Promise<boolean> {
  if ((await verifyVersion(join(root, version))).length > 0) return false;
  if ((await readPointer(root, pointer).catch(() => null)) !== version)
    await movePointer(root, pointer, version);
  // A run may die after its last step, and this one then has nothing to do but to clean up after it. What
  // can't be removed is not in the way of a version that is there.
  await removeDeadTemporaries(root).catch(() => 0);
  await removeDeadLock(root);
  return true;
}
