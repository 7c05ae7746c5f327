// SPDX-License-Identifier: Apache-2.0
import type { BlockRows, WeightedRows } from "../../src/training/blocks.ts";

/** A task with one feature whose rows have `entries` entries in all, and so many features and labels in name. */
export function wideRows({ rows = 1000, entries = 1000, features = 10, labels = 4 }): BlockRows {
  const start = Uint32Array.from({ length: 2 }, (_, i) => i * (entries / rows));
  const none = new Uint32Array(0);
  const chunk = {
    inputs: 1,
    namespaces: 1,
    start,
    ids: none,
    counts: new Uint8Array(0),
    factor: Float32Array.of(1),
  };
  const part = (inputs: Uint32Array): WeightedRows => ({
    chunks: [chunk],
    inputs,
    label: new Uint32Array(inputs.length),
    weight: new Float64Array(inputs.length).fill(1),
  });
  return {
    weights: { codes: new Uint8Array(0), low: 1, high: 1 },
    features: { ids: new Uint32Array(features), factor: new Float32Array(0) },
    labels,
    train: part(new Uint32Array(rows)),
    eval: part(none),
  };
}
