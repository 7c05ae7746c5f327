// SPDX-License-Identifier: Apache-2.0
import { type PipelineConfig, type TrainSettings, trainSettings } from "../config/schema.ts";
import type { Examples } from "../core/example.ts";
import type { Reporter } from "../core/reporter.ts";
import type { TaskDefinition } from "../core/task.ts";
import type { TaskRowsAndSettings } from "../training/family-trainer.ts";
import type { TaskSettings } from "../training/task-settings.ts";
import type { SplitExamples } from "./evaluation.ts";

/** Tasks with something to learn from; warns of what will not be learnt, by name. */
export function trainableTasks(
  config: PipelineConfig,
  definitions: readonly TaskDefinition[],
  rows: Readonly<Record<"train" | "eval", SplitExamples>>,
  reporter: Reporter,
): TaskRowsAndSettings[] {
  const tasks: TaskRowsAndSettings[] = [];
  for (const definition of definitions) {
    const own = rows.train.examples.get(definition.name);
    if (own === undefined || own.rows === 0) {
      reporter.warn(
        `task "${definition.name}" has no train rows: it is left out, and the runtime answers the default that the application gives`,
      );
      continue;
    }
    warnOfLabels(definition, own, reporter);
    const held = rows.eval.examples.get(definition.name);
    if (held === undefined || held.rows === 0)
      reporter.warn(
        `task "${definition.name}" has no eval rows: nothing stops early, and it is not calibrated`,
      );
    const effective = trainSettings(config, definition.family, definition.name);
    const settings = taskSettings(effective);
    const { calibration_method, synthetic_filter } = effective;
    tasks.push({
      definition,
      settings,
      calibration: calibration_method,
      syntheticFilter: synthetic_filter,
      train: own,
      trust: null,
      eval: held === undefined || held.rows === 0 ? null : held,
    });
  }
  return tasks;
}

function warnOfLabels(task: TaskDefinition, rows: Examples, reporter: Reporter): void {
  const seen = new Set(rows.label);
  const without = task.labels.filter((_, k) => !seen.has(k)).map((label) => JSON.stringify(label.name));
  if (without.length > 0)
    reporter.warn(
      `task "${task.name}": no train rows for ${without.slice(0, 10).join(", ")}${without.length > 10 ? ` and ${without.length - 10} more` : ""}; never predicted`,
    );
}

const BALANCE = new Map<string | number, number>([
  ["none", 0],
  ["balanced", 1],
]);

/** What of `[train]` decides the fit of a task. */
export function taskSettings(settings: TrainSettings): TaskSettings {
  const { class_weight } = settings;
  return {
    seed: settings.seed,
    minDf: settings.min_df,
    maxIter: settings.max_iter,
    alpha: settings.alpha,
    classWeight: typeof class_weight === "number" ? class_weight : (BALANCE.get(class_weight) ?? 0),
    earlyStopping: settings.early_stopping,
    patience: settings.early_stopping_patience,
    metric: settings.early_stopping_metric,
    minDelta: settings.early_stopping_min_delta,
  };
}
