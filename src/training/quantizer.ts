// SPDX-License-Identifier: Apache-2.0
import type { InputKind } from "../core/task.ts";
import type { AnalyzerSettings } from "../model/analyzer.ts";
import type { Calibration } from "../model/calibrator.ts";
import type { FamilyModel, TaskModel } from "../model/classifier.ts";
import { maskBytes } from "../model/linear-model.ts";
import type { FamilyFeatures } from "./feature-selection.ts";
import type { TaskFit } from "./task-trainer.ts";

export type Quantization = "int8" | "none";

/** What a task has besides its weights. */
export interface TaskOutline {
  readonly name: string;
  readonly labels: readonly string[];
  readonly default: string | null;
  readonly minConfidence: number | null;
}

export interface FamilyOutline {
  readonly family: string;
  readonly input: InputKind;
  readonly analyzer: AnalyzerSettings;
  readonly features: FamilyFeatures;
  readonly tasks: readonly TaskOutline[];
  readonly quantization: Quantization;
}

interface Stored {
  readonly scale: Float32Array;
  readonly values: Int8Array | Float32Array;
  /** Whether any label of a feature has a weight that is not zero. */
  readonly used: Uint8Array;
}

/** Symmetric linear quantization with one scale a label: w = q * scale, q in [-127, 127]. */
function store(fit: TaskFit, labels: number, quantization: Quantization): Stored {
  const features = fit.ids.length;
  const scale = new Float32Array(labels).fill(1);
  const values =
    quantization === "int8" ? new Int8Array(fit.weights.length) : new Float32Array(fit.weights.length);
  if (quantization === "int8") scale.set(scales(fit.weights, labels));
  const used = new Uint8Array(features);
  for (let f = 0; f < features; f++) {
    for (let k = 0; k < labels; k++) {
      const at = f * labels + k;
      const w = fit.weights[at] as number;
      const q = quantization === "int8" ? Math.round(w / (scale[k] as number)) : w;
      values[at] = q;
      if (q !== 0) used[f] = 1;
    }
  }
  return { scale, values, used };
}

function scales(weights: Float32Array, labels: number): Float32Array {
  const largest = new Float32Array(labels);
  for (let at = 0; at < weights.length; at++)
    largest[at % labels] = Math.max(largest[at % labels] as number, Math.abs(weights[at] as number));
  return largest.map((w) => (w > 0 ? w / 127 : 1));
}

/**
 * Puts the heads of a family into one model, feature by feature: weights quantized, features whose weights
 * all round to zero dropped. The heads come in the order of `outline.tasks`, uncalibrated.
 */
export function assembleFamily(outline: FamilyOutline, fits: readonly TaskFit[]): FamilyModel {
  const stored = fits.map((fit, t) =>
    store(fit, (outline.tasks[t] as TaskOutline).labels.length, outline.quantization),
  );
  const size = outline.features.hashes.length;
  const bytes = maskBytes(fits.length);
  const mask = new Uint8Array(size * bytes);
  const row = fits.map(() => new Int32Array(size).fill(-1));
  let weights = 0;
  fits.forEach((fit, t) => {
    fit.ids.forEach((id, f) => {
      if (stored[t]?.used[f] !== 1) return;
      const at = id * bytes + (t >>> 3);
      mask[at] = (mask[at] as number) | (1 << (t & 7));
      (row[t] as Int32Array)[id] = f;
      weights += (outline.tasks[t] as TaskOutline).labels.length;
    });
  });
  const kept = keptFeatures(mask, size, bytes);
  const values = outline.quantization === "int8" ? new Int8Array(weights) : new Float32Array(weights);
  let n = 0;
  for (const id of kept) {
    stored.forEach((task, t) => {
      const f = (row[t] as Int32Array)[id] as number;
      if (f < 0) return;
      const labels = (outline.tasks[t] as TaskOutline).labels.length;
      values.set(task.values.subarray(f * labels, (f + 1) * labels), n);
      n += labels;
    });
  }
  const { hashes, weights: featureWeights } = outline.features;
  return {
    family: outline.family,
    input: outline.input,
    analyzer: outline.analyzer,
    hashes: kept.map((id) => hashes[id] as number),
    featureWeights: {
      ...featureWeights,
      codes: Uint8Array.from(kept, (id) => featureWeights.codes[id] as number),
    },
    tasks: outline.tasks.map((task, t) => ({
      ...task,
      scale: (stored[t] as Stored).scale,
      bias: Float32Array.from((fits[t] as TaskFit).bias),
      calibration: { method: "none" },
    })),
    weights: { mask: compact(mask, kept, bytes), values },
  };
}

function keptFeatures(mask: Uint8Array, size: number, bytes: number): Uint32Array {
  const kept = new Uint32Array(size);
  let n = 0;
  for (let id = 0; id < size; id++) {
    let any = 0;
    for (let b = 0; b < bytes; b++) any |= mask[id * bytes + b] as number;
    if (any !== 0) kept[n++] = id;
  }
  return kept.slice(0, n);
}

function compact(mask: Uint8Array, kept: Uint32Array, bytes: number): Uint8Array {
  const result = new Uint8Array(kept.length * bytes);
  kept.forEach((id, i) => {
    result.set(mask.subarray(id * bytes, (id + 1) * bytes), i * bytes);
  });
  return result;
}

/** The same model with the calibration of each task, in the order of its tasks. */
export function withCalibrations(model: FamilyModel, calibrations: readonly Calibration[]): FamilyModel {
  const tasks: TaskModel[] = model.tasks.map((task, t) => ({
    ...task,
    calibration: calibrations[t] ?? { method: "none" },
  }));
  return { ...model, tasks };
}
