// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import { MAX_FAMILY_TASKS, MAX_LABEL_LENGTH } from "../core/task.ts";
import { type AnalyzerSettings, MAX_NGRAM } from "../model/analyzer.ts";
import { parseCalibration } from "../model/calibrator.ts";
import type { FamilyModel, TaskModel } from "../model/classifier.ts";
import { blockStarts, maskBytes } from "../model/linear-model.ts";
import { directoryOf } from "../model/vectorizer.ts";
import { corrupt, type Fail, failing } from "./corrupt.ts";
import { parseJson, quote } from "./json.ts";
import { readTensors, type TensorData, type TensorFile, writeTensors } from "./tensor.ts";

/** Version of a pack's manifest, and of what docs/format.md specifies but for a family's file. */
export const FORMAT_VERSION = 1;
/** Version of a family's file: with 2, pairs got other features. A reader refuses any other. */
export const FILE_VERSIONS = { text: 1, pair: 2 } as const;

/** Labels of a task and features of a family at most: bounds on a hostile header. */
const MAX_LABELS = 65_536;
const MAX_FEATURES = 1 << 24;
/** Nesting of the description at most; ours has six levels. */
const MAX_DEPTH = 16;

interface Description {
  readonly family: string;
  readonly input: "text" | "pair";
  readonly analyzer: AnalyzerSettings;
  readonly feature_weight: readonly [number, number];
  readonly tasks: readonly {
    readonly name: string;
    readonly labels: readonly string[];
    readonly default: string | null;
    readonly min_confidence: number | null;
    readonly calibration: unknown;
    /** Files of before there was one have none. */
    readonly usual_share?: number;
  }[];
}

/**
 * Bytes of a family's model file, the same for the same model.
 *
 * @throws ModelpackError INTERNAL for a model over a bound of the format, which no reader would open.
 */
export function writeFamilyFile(model: FamilyModel): Uint8Array {
  const description: Description = {
    family: model.family,
    input: model.input,
    analyzer: model.analyzer,
    feature_weight: [model.featureWeights.low, model.featureWeights.high],
    tasks: model.tasks.map((task) => ({
      name: task.name,
      labels: task.labels,
      default: task.default,
      min_confidence: task.minConfidence,
      calibration: task.calibration,
      ...(task.usualShare === undefined ? {} : { usual_share: task.usualShare }),
    })),
  };
  const features = model.hashes.length;
  const labels = model.tasks.reduce((n, task) => n + task.labels.length, 0);
  const join = (part: (task: TaskModel) => Float32Array) => {
    const all = new Float32Array(labels);
    let at = 0;
    for (const task of model.tasks) {
      all.set(part(task), at);
      at += task.labels.length;
    }
    return all;
  };
  const file = writeTensors(
    [
      { name: "feature_hashes", shape: [features], data: model.hashes },
      { name: "feature_weights", shape: [features], data: model.featureWeights.codes },
      { name: "feature_tasks", shape: [features, maskBytes(model.tasks.length)], data: model.weights.mask },
      { name: "weights", shape: [model.weights.values.length], data: model.weights.values },
      { name: "scales", shape: [labels], data: join((task) => task.scale) },
      { name: "biases", shape: [labels], data: join((task) => task.bias) },
    ],
    {
      format: "modelpack",
      format_version: String(FILE_VERSIONS[model.input]),
      description: JSON.stringify(description),
    },
  );
  try {
    readFamilyFile(file, model.family);
  } catch (cause) {
    throw new ModelpackError("INTERNAL", `the model can't be written: ${(cause as Error).message}`, {
      where: model.family,
      hint: 'fewer or shorter labels, or calibration_method = "temperature", make the file\'s header smaller',
      cause,
    });
  }
  return file;
}

/**
 * Reads a family's model file; the tensors are views of `file`, which must not change afterwards.
 *
 * @param where what to call the file in an error
 * @param verified whether its sha256 was right, which saves the checksums inside it
 * @throws ModelpackError MODEL_CORRUPT, or MODEL_TOO_NEW or MODEL_TOO_OLD for another version of the format.
 */
export function readFamilyFile(file: Uint8Array, where: string, verified = false): FamilyModel {
  const tensors = readTensors(file, where, (metadata) => checkFormat(metadata, where), verified);
  const fail = failing(where);
  const description = parseDescription(tensors.metadata.get("description") ?? "", fail);
  checkFormatVersion(Number(tensors.metadata.get("format_version")), where, FILE_VERSIONS[description.input]);
  const hashes = tensor(tensors, "feature_hashes", fail, Uint32Array);
  const features = hashes.length;
  if (features > MAX_FEATURES) fail(`${features} features, over the most of ${MAX_FEATURES}`);
  // Checked on the way, for opening costs what its loops cost before they are compiled.
  const directory = directoryOf(hashes) ?? fail("the feature hashes do not ascend");
  const mask = tensor(tensors, "feature_tasks", fail, Uint8Array);
  const codes = tensor(tensors, "feature_weights", fail, Uint8Array);
  const values = tensor<Int8Array | Float32Array>(tensors, "weights", fail, Int8Array, Float32Array);
  const width = maskBytes(description.tasks.length);
  if (codes.length !== features || mask.length !== features * width)
    fail("its tensors differ in their features");
  // Every weight that the masks call for is there, and none else: no read can leave the tensor.
  const labels = description.tasks.map((task) => task.labels.length);
  const blocks = blockStarts(labels, mask);
  if (blocks.size !== values.length) fail(`${values.length} weights, expected ${blocks.size}`);
  const [low, high] = description.feature_weight;
  return {
    family: description.family,
    input: description.input,
    analyzer: description.analyzer,
    hashes,
    directory,
    featureWeights: { codes, low, high },
    tasks: readTasks(description, tensors, fail),
    weights: { mask, values, blocks },
  };
}

function checkFormat(metadata: ReadonlyMap<string, string>, where: string): void {
  if (metadata.get("format") !== "modelpack")
    throw corrupt(where, "a safetensors file, but not one of modelpack");
  const version = metadata.get("format_version") ?? "";
  const found = /^[1-9][0-9]{0,8}$/.test(version) ? Number(version) : version;
  // A text's or a pair's: its input is known once the description is read.
  if (found !== FILE_VERSIONS.text) checkFormatVersion(found, where, FILE_VERSIONS.pair);
}

/**
 * Refuses what this reader does not read.
 *
 * @throws ModelpackError MODEL_TOO_NEW or MODEL_TOO_OLD for another version, MODEL_CORRUPT for what is no version.
 */
export function checkFormatVersion(version: unknown, where: string, expected: number = FORMAT_VERSION): void {
  if (version === expected) return;
  if (!Number.isSafeInteger(version) || (version as number) < 1)
    throw corrupt(where, "no valid format version");
  const old = (version as number) < expected;
  throw new ModelpackError(
    old ? "MODEL_TOO_OLD" : "MODEL_TOO_NEW",
    `${where} has format version ${version}; this modelpack reads version ${expected}`,
    {
      where,
      hint: old ? "train it again" : "update modelpack",
    },
  );
}

/** Data of a tensor of one of these types, without NaN and Infinity. */
function tensor<T extends TensorData>(
  file: TensorFile,
  name: string,
  fail: Fail,
  ...types: readonly (new () => T)[]
): T {
  const found = file.tensors.get(name)?.data;
  const type = types.find((one) => found instanceof one);
  if (type === undefined) fail(`tensor ${name} is missing or has another type`);
  if (found instanceof Float32Array)
    for (const value of found) if (!Number.isFinite(value)) fail(`tensor ${name} holds NaN or Infinity`);
  return found as T;
}

function readTasks(description: Description, file: TensorFile, fail: Fail): TaskModel[] {
  const scales = tensor(file, "scales", fail, Float32Array);
  const biases = tensor(file, "biases", fail, Float32Array);
  let at = 0;
  const tasks = description.tasks.map((task) => {
    const from = at;
    at += task.labels.length;
    const calibration = parseCalibration(task.calibration, task.labels.length);
    return {
      name: task.name,
      labels: task.labels,
      default: task.default,
      minConfidence: task.min_confidence,
      calibration: calibration ?? fail(`task ${quote(task.name)} has an invalid calibration`),
      ...(task.usual_share === undefined ? {} : { usualShare: task.usual_share }),
      scale: scales.subarray(from, at),
      bias: biases.subarray(from, at),
    };
  });
  if (scales.length !== at || biases.length !== at) fail("scales or biases differ from the labels");
  return tasks;
}

function parseDescription(text: string, fail: Fail): Description {
  const json = parseJson(text, MAX_DEPTH, "the description is ", fail);
  const problem = descriptionProblem(json);
  return problem === null ? (json as Description) : fail(problem);
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_LABEL_LENGTH;
}

function isWithin(value: unknown, low: number, high: number): boolean {
  return typeof value === "number" && value >= low && value <= high;
}

function descriptionProblem(json: unknown): string | null {
  const d = (json ?? {}) as Partial<Description>;
  if (!isName(d.family) || (d.input !== "text" && d.input !== "pair"))
    return "the family or its input is invalid";
  const a = (d.analyzer ?? {}) as Partial<AnalyzerSettings>;
  const sizes = [a.ngramMin, a.ngramMax, a.charNgramMin, a.charNgramMax];
  if (!sizes.every((n) => Number.isInteger(n) && isWithin(n, 0, MAX_NGRAM))) return "the analyzer is invalid";
  const weight = d.feature_weight;
  if (!Array.isArray(weight) || weight.length !== 2 || !weight.every((w) => isWithin(w, 0, 1e6)))
    return "the feature weights are invalid";
  if (!Array.isArray(d.tasks) || d.tasks.length === 0 || d.tasks.length > MAX_FAMILY_TASKS)
    return "the tasks are invalid";
  const names = new Set(d.tasks.map((task) => task?.name));
  if (names.size !== d.tasks.length) return "two tasks have one name";
  return d.tasks.every(isTask) ? null : "a task is invalid";
}

function isTask(task: unknown): boolean {
  const t = (task ?? {}) as Partial<Description["tasks"][number]>;
  const labels = Array.isArray(t.labels) && t.labels.length > 0 && t.labels.length <= MAX_LABELS;
  return (
    isName(t.name) &&
    labels &&
    (t.labels as readonly unknown[]).every(isName) &&
    new Set(t.labels).size === t.labels?.length &&
    (t.default === null || (t.labels as readonly unknown[]).includes(t.default)) &&
    (t.min_confidence === null || isWithin(t.min_confidence, 0, 1)) &&
    (t.usual_share === undefined || isWithin(t.usual_share, 1e-9, 1))
  );
}
