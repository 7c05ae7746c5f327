// SPDX-License-Identifier: Apache-2.0
import { type InputKind, MAX_FAMILY_TASKS, MAX_LABEL_LENGTH } from "../core/task.ts";
import { type AnalyzerSettings, MAX_NGRAM } from "../model/analyzer.ts";
import type { Calibrator } from "../model/calibration.ts";
import type { OpenedFamily, TaskModel } from "../model/classifier.ts";
import { maskBytes } from "../model/linear-model.ts";
import { MOST_LABELS } from "../model/model-memory.ts";
import { plainLoops } from "../model/opening.ts";
import { corrupt, type Fail, failing } from "./corrupt.ts";
import { checkFormatVersion, FILE_VERSIONS } from "./format-version.ts";
import { parseJson, quote } from "./json.ts";
import { type Checksums, readTensors, type TensorData, type TensorFile } from "./tensor.ts";

/** Features of a family at most: a bound on a hostile header. */
const MAX_FEATURES = 1 << 24;
/** Nesting of the description at most; ours has six levels. */
const MAX_DEPTH = 16;

/** What a model file says of its family, in its header. */
export interface Description {
  readonly family: string;
  readonly input: InputKind;
  readonly analyzer: AnalyzerSettings;
  readonly feature_weight: readonly [number, number];
  readonly tasks: readonly {
    readonly name: string;
    readonly labels: readonly string[];
    readonly default: string | null;
    readonly min_confidence: number | null;
    /** As it stands in the file: who reads it knows the methods. */
    readonly calibration: unknown;
    /** Files of before there was one have none. */
    readonly usual_share?: number;
  }[];
}

/** A model file that is whole; its description tells what it takes to read the model. */
export interface FamilyFile {
  readonly where: string;
  readonly tensors: TensorFile;
  readonly description: Description;
}

/**
 * Opens a family's model file, which must not change afterwards.
 *
 * @param where what to call the file in an error
 * @param checksums null where its sha256 was right
 * @throws ModelpackError MODEL_CORRUPT, or MODEL_TOO_NEW or MODEL_TOO_OLD for another version of the format.
 */
export function openFamily(file: Uint8Array, where: string, checksums: Checksums | null): FamilyFile {
  const tensors = readTensors(file, where, checksums, (metadata) => checkFormat(metadata, where));
  const description = parseDescription(tensors.metadata.get("description") ?? "", failing(where));
  checkFormatVersion(Number(tensors.metadata.get("format_version")), where, FILE_VERSIONS[description.input]);
  return { where, tensors, description };
}

/**
 * The model in a file; its arrays are views of the bytes.
 *
 * @param calibrator knows the methods of its tasks
 * @throws ModelpackError MODEL_CORRUPT
 */
export function readFamily(file: FamilyFile, calibrator: Calibrator, loops = plainLoops): OpenedFamily {
  const { where, tensors, description } = file;
  const fail = failing(where);
  const hashes = tensor(tensors, "feature_hashes", fail, Uint32Array);
  const features = hashes.length;
  if (features > MAX_FEATURES) fail(`${features} features, over the most of ${MAX_FEATURES}`);
  const mask = tensor(tensors, "feature_tasks", fail, Uint8Array);
  const codes = tensor(tensors, "feature_weights", fail, Uint8Array);
  const values = tensor<Int8Array | Float32Array>(tensors, "weights", fail, Int8Array, Float32Array);
  const width = maskBytes(description.tasks.length);
  if (codes.length !== features || mask.length !== features * width)
    fail("its tensors differ in their features");
  const directory = loops.directoryOf(hashes) ?? fail("the feature hashes do not ascend");
  // Every weight that the masks call for is there, and none else: no read can leave the tensor.
  const labels = description.tasks.map((task) => task.labels.length);
  const blocks = loops.blockStarts(labels, mask);
  if (blocks.size !== values.length) fail(`${values.length} weights, expected ${blocks.size}`);
  const [low, high] = description.feature_weight;
  return {
    family: description.family,
    input: description.input,
    analyzer: description.analyzer,
    hashes,
    directory,
    featureWeights: { codes, low, high },
    tasks: readTasks(file, calibrator, fail),
    weights: { mask, values },
    blocks,
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

function readTasks({ description, tensors }: FamilyFile, calibrator: Calibrator, fail: Fail): TaskModel[] {
  const scales = tensor(tensors, "scales", fail, Float32Array);
  const biases = tensor(tensors, "biases", fail, Float32Array);
  let at = 0;
  const tasks = description.tasks.map((task) => {
    const from = at;
    at += task.labels.length;
    const calibration = calibrator.parseCalibration(task.calibration, task.labels.length);
    return {
      name: task.name,
      labels: task.labels,
      default: task.default,
      minConfidence: task.min_confidence,
      calibration: calibration ?? fail(`task ${quote(task.name)} has an invalid calibration`),
      usualShare: task.usual_share,
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
  const labels = Array.isArray(t.labels) && t.labels.length > 0 && t.labels.length <= MOST_LABELS;
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
