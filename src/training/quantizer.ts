// SPDX-License-Identifier: Apache-2.0
import { exp } from "../core/elementary.ts";
import type { InputKind } from "../core/task.ts";
import type { AnalyzerSettings } from "../model/analyzer.ts";
import type { Calibration } from "../model/calibration.ts";
import type { FamilyModel, TaskModel } from "../model/classifier.ts";
import { maskBytes } from "../model/linear-model.ts";
import type { FeatureWeights } from "../model/vectorizer.ts";
import {
  sharedBytes,
  sharedFloats,
  sharedIntegers,
  shareFloats,
  shareWords,
} from "../storage/shared-array.ts";
import type { FamilyFeatures } from "./feature-selection.ts";
import type { TaskFit } from "./task-trainer.ts";

export type Quantization = "int8" | "none";

/** Of a task's fit what ships. */
export type Head = Pick<TaskFit, "ids" | "weights" | "bias">;

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

/**
 * Share of a task's features that int8 drops, those that move its scores least. On the 16 public tasks (eval, by fits
 * that had not seen it) 0.4 takes the packs from 16.5 to 11.4 MB and the mean macro-F1 from .7802 to .7801: 99.7 % of
 * the answers stay. A half: 10.0 MB, .7799, and 0.4 points of banking77; 0.7 of every task: 5.7 MB, up to 1.6 points.
 */
const PRUNED = 0.4;
/** No task is pruned below so many bytes of weights: it is the large ones that make a pack large. */
const KEPT_BYTES = 512 * 1024;

/** A head as it is stored, its tables in shared memory. */
export interface StoredHead {
  readonly ids: Uint32Array;
  readonly labels: number;
  readonly bias: Float32Array;
  readonly scale: Float32Array;
  /** [position in ids * labels + label]. */
  readonly values: Int8Array | Float32Array;
  /** Whether any label of a feature has a weight that is not zero. */
  readonly used: Uint8Array;
}

/**
 * How far each feature of a head moves its scores: the widest gap that it opens between two labels, times its weight
 * (what it weighs in a text), times the fourth root of the share of texts that have it. A feature's weight w is
 * sqrt(1 - ln share), so that root is e^(-w^2 / 4), up to a constant. With half of every
 * task dropped, eval's macro-F1 was .7821 with it, .7820 with the square root, and .7779 without either.
 */
function effects(fit: Head, labels: number, { codes, low, high }: FeatureWeights): Float64Array {
  const found = new Float64Array(fit.ids.length);
  for (let f = 0; f < found.length; f++) {
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (let at = f * labels; at < (f + 1) * labels; at++) {
      least = Math.min(least, fit.weights[at] as number);
      most = Math.max(most, fit.weights[at] as number);
    }
    const w = low + ((high - low) * (codes[fit.ids[f] as number] as number)) / 255;
    found[f] = (most - least) * w * exp((-w * w) / 4);
  }
  return found;
}

/** Of each feature of a head, whether it is kept: 1 or 0. */
function keptOf(fit: Head, labels: number, weights: FeatureWeights): Uint8Array {
  const effect = effects(fit, labels, weights);
  const dropped = Math.min(
    Math.floor(effect.length * PRUNED),
    effect.length - Math.floor(KEPT_BYTES / labels),
  );
  if (dropped <= 0) return new Uint8Array(effect.length).fill(1);
  const least = effect.slice().sort()[dropped] as number;
  return Uint8Array.from(effect, (size) => (size < least ? 0 : 1));
}

/**
 * Symmetric linear quantization with one scale a label: w = q * scale, q in [-127, 127]; 0 for features that are not kept. floor(x + .5) is Math.round(x) here, for no
 * quotient of two 32-bit floats is the one number below a half at which they differ, in a third of the time: of 15 ns a weight
 * that storing took, 7 to 8 are left.
 */
function quantize(
  weights: Float32Array,
  labels: number,
  kept: Uint8Array,
): Pick<StoredHead, "scale" | "values"> {
  const scale = scales(weights, labels, kept);
  const values = sharedIntegers(weights.length);
  for (let f = 0, row = 0; f < kept.length; f++, row += labels) {
    if (kept[f] === 0) continue;
    for (let k = 0; k < labels; k++)
      values[row + k] = Math.floor((weights[row + k] as number) / (scale[k] as number) + 0.5);
  }
  return { scale, values };
}

/** Prunes and quantizes the weights of a head; {@link assembleFamily} puts it beside the others of its family. */
export function storeHead(
  fit: Head,
  labels: number,
  weights: FeatureWeights,
  quantization: Quantization,
): StoredHead {
  const { scale, values } =
    quantization === "int8"
      ? quantize(fit.weights, labels, keptOf(fit, labels, weights))
      : { scale: new Float32Array(labels).fill(1), values: shareFloats(fit.weights) };
  const used = sharedBytes(fit.ids.length);
  for (let f = 0; f < used.length; f++)
    for (let at = f * labels; at < (f + 1) * labels; at++)
      if (values[at] !== 0) {
        used[f] = 1;
        break;
      }
  return { ids: fit.ids, labels, bias: Float32Array.from(fit.bias), scale, values, used };
}

function scales(weights: Float32Array, labels: number, kept: Uint8Array): Float32Array {
  const largest = new Float32Array(labels);
  for (let f = 0, row = 0; f < kept.length; f++, row += labels) {
    if (kept[f] === 0) continue;
    for (let k = 0; k < labels; k++)
      largest[k] = Math.max(largest[k] as number, Math.abs(weights[row + k] as number));
  }
  return largest.map((w) => (w > 0 ? w / 127 : 1));
}

/**
 * Puts the heads of a family into one model, feature by feature; features whose weights are all zero are dropped. The
 * heads come in the order of `outline.tasks`, uncalibrated. What is large lies in shared memory.
 */
export function assembleFamily(outline: FamilyOutline, heads: readonly StoredHead[]): FamilyModel {
  const size = outline.features.hashes.length;
  const bytes = maskBytes(heads.length);
  const mask = new Uint8Array(size * bytes);
  const row = heads.map(() => new Int32Array(size).fill(-1));
  let weights = 0;
  heads.forEach(({ ids, labels, used }, t) => {
    const rowOf = row[t] as Int32Array;
    for (let f = 0; f < ids.length; f++) {
      if (used[f] !== 1) continue;
      const id = ids[f] as number;
      const at = id * bytes + (t >>> 3);
      mask[at] = (mask[at] as number) | (1 << (t & 7));
      rowOf[id] = f;
      weights += labels;
    }
  });
  const kept = keptFeatures(mask, size, bytes);
  const values = outline.quantization === "int8" ? sharedIntegers(weights) : sharedFloats(weights);
  let n = 0;
  for (const id of kept)
    for (let t = 0; t < heads.length; t++) {
      const f = row[t]?.[id] as number;
      if (f < 0) continue;
      const head = heads[t] as StoredHead;
      for (let at = f * head.labels; at < (f + 1) * head.labels; at++)
        values[n++] = head.values[at] as number;
    }
  const { hashes, weights: featureWeights } = outline.features;
  const codes = sharedBytes(kept.length);
  kept.forEach((id, i) => {
    codes[i] = featureWeights.codes[id] as number;
  });
  return {
    family: outline.family,
    input: outline.input,
    analyzer: outline.analyzer,
    hashes: shareWords(kept.map((id) => hashes[id] as number)),
    featureWeights: { ...featureWeights, codes },
    tasks: outline.tasks.map((task, t) => ({
      ...task,
      scale: (heads[t] as StoredHead).scale,
      bias: (heads[t] as StoredHead).bias,
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
  const result = sharedBytes(kept.length * bytes);
  let n = 0;
  for (const id of kept)
    for (let at = id * bytes; at < (id + 1) * bytes; at++) result[n++] = mask[at] as number;
  return result;
}

/** The same model with what it has to know of a text ({@link TaskModel.usualShare}), in the order of its tasks. */
export function withUsualShares(model: FamilyModel, shares: readonly number[]): FamilyModel {
  return { ...model, tasks: model.tasks.map((task, t) => ({ ...task, usualShare: shares[t] as number })) };
}

/** The same model with the confidence under which each task answers its default, in the order of its tasks. */
export function withThresholds(model: FamilyModel, thresholds: readonly (number | null)[]): FamilyModel {
  return {
    ...model,
    tasks: model.tasks.map((task, t) => ({ ...task, minConfidence: thresholds[t] ?? null })),
  };
}

/** The same model with the calibration of each task, in the order of its tasks. */
export function withCalibrations(model: FamilyModel, calibrations: readonly Calibration[]): FamilyModel {
  const tasks: TaskModel[] = model.tasks.map((task, t) => ({
    ...task,
    calibration: calibrations[t] ?? { method: "none" },
  }));
  return { ...model, tasks };
}
