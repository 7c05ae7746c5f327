// SPDX-License-Identifier: Apache-2.0
// The public API of the pipeline. Applications that only predict import modelpack/runtime.

export { type LoadedConfig, loadConfig } from "./config/load.ts";
export type { Overrides } from "./config/override.ts";
export type { DatasetConfig, DatasetMap, PipelineConfig, TrainSettings } from "./config/schema.ts";
export { type ErrorCode, ModelpackError } from "./core/error.ts";
export type { Origin, Split } from "./core/example.ts";
export { type Reporter, silentReporter } from "./core/reporter.ts";
export type { TaskDefinition } from "./core/task.ts";
export { type EvaluateResult, evaluate } from "./pipeline/evaluate.ts";
export { type PreparePlan, planPrepare } from "./pipeline/plan.ts";
export { type PrepareResult, prepare } from "./pipeline/prepare.ts";
export type { PrepareOptions } from "./pipeline/prepare-options.ts";
export { type PipelineStatus, readStatus } from "./pipeline/status.ts";
export { type TrainResult, train } from "./pipeline/train.ts";
export { renderTypes } from "./pipeline/types.ts";
export type { RunOptions } from "./pipeline/workspace.ts";
