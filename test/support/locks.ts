// SPDX-License-Identifier: Apache-2.0
import type { LockedDataset } from "../../src/pipeline/lock-entry.ts";

/** 64 and 40 hex digits. */
export const SHA256 = "ab".repeat(32);
export const COMMIT = "0123456789".repeat(4);

export const ASKED = { datasetId: "owner/name", config: "", split: "train", revision: "main" } as const;

/** An entry of a lock with one file. */
export function lockedDataset(more: Partial<LockedDataset> = {}): LockedDataset {
  return {
    asked: ASKED,
    datasetId: "owner/name",
    config: "default",
    split: "train",
    ref: "main",
    commit: COMMIT,
    license: null,
    classLabels: new Map(),
    files: [{ path: "data/train.parquet", bytes: 10, sha256: SHA256, blob: null }],
    ...more,
  };
}
