// SPDX-License-Identifier: Apache-2.0
import type { FamilyProblem, TaskRowsAndSettings } from "../../src/training/family-trainer.ts";
import { ANALYZER, type ExampleRow, examples } from "./examples.ts";

/** A task of these train rows; its labels are label0, label1 and so on. */
export function filterTask(
  train: readonly ExampleRow[],
  labels: number,
  more: Partial<TaskRowsAndSettings> & { readonly name?: string } = {},
): TaskRowsAndSettings {
  const { name = "t", ...rest } = more;
  return {
    definition: {
      name,
      family: "f",
      input: train[0]?.b === undefined ? "text" : "pair",
      objective: "classification",
      description: "",
      labels: Array.from({ length: labels }, (_, k) => ({ name: `label${k}`, description: "" })),
      default: null,
      targetPrecision: null,
      targetOutOfScopeRecall: null,
      minConfidence: null,
    },
    settings: {
      ...{ seed: 1, minDf: 1, maxIter: 8, alpha: "auto", classWeight: 0.5 },
      ...{ earlyStopping: false, patience: 3, metric: "macro_f1", minDelta: 0 },
    },
    calibration: "temperature",
    syntheticFilter: "drop",
    train: examples(train),
    trust: null,
    eval: null,
    ...rest,
  };
}

/** A family of these tasks. */
export function filterProblem(tasks: readonly TaskRowsAndSettings[]): FamilyProblem {
  const input = tasks[0]?.definition.input ?? "text";
  return { family: "f", input, analyzer: ANALYZER, maxFeatures: 4000, quantization: "int8", tasks };
}
