// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import * as calibrator from "../model/calibrator.ts";
import type { FamilyModel, TaskModel } from "../model/classifier.ts";
import { maskBytes } from "../model/linear-model.ts";
import * as checksums from "./checksums.ts";
import { type Description, openFamily, readFamily } from "./family-reader.ts";
import { FILE_VERSIONS } from "./format-version.ts";
import { writeTensors } from "./tensor-writer.ts";

/**
 * Reads any family's model file, by the checksums inside it; the model's arrays are views of `file`, which must not change
 * afterwards. The runtime has no use for this: it loads the parts that few packs need when it meets one. 0.5 to 0.8 ns a byte, half of
 * them the checksums.
 *
 * @param where what to call the file in an error
 * @throws ModelpackError MODEL_CORRUPT, or MODEL_TOO_NEW or MODEL_TOO_OLD for another version of the format.
 */
export function readFamilyFile(file: Uint8Array, where: string): FamilyModel {
  return readFamily(openFamily(file, where, checksums), calibrator);
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
