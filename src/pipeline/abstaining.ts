// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../core/example.ts";
import type { Reporter } from "../core/reporter.ts";
import type { TaskDefinition } from "../core/task.ts";
import type { FamilyModel, TaskModel } from "../model/classifier.ts";
import type { AbstentionRecord, ThresholdFit } from "../training/abstention.ts";
import type { CalibrationRows } from "../training/cross-fitting.ts";
import type { RowScores } from "../training/familiarity.ts";
import type { TaskRowsAndSettings } from "../training/family-trainer.ts";
import type { TaskMeasurement } from "../training/measurement.ts";
import type { WorkerPool } from "../training/pool.ts";
import type { TaskThreshold } from "../training/task-threshold.ts";
import type { SplitExamples } from "./evaluation.ts";

/** A family whose thresholds are to be fitted; lists are in the order of the model's tasks. */
export interface AbstainingFamily {
  /** Calibrated, with what it has to know of a text. */
  readonly model: FamilyModel;
  readonly tasks: readonly TaskRowsAndSettings[];
  readonly calibrationRows: readonly (CalibrationRows | null)[];
  /** By task, of each eval row the share of its n-grams that the task knows. */
  readonly evalShares: readonly Float64Array[];
  /** What the model says of the eval part of the out-of-scope rows. */
  readonly outOfScope: SplitExamples;
  readonly onOutOfScope: readonly RowScores[];
}

/** A task's threshold and where it comes from: the part of its {@link AbstentionRecord} that test has no part in. */
export type Threshold = Omit<AbstentionRecord, "test" | "out_of_scope_test">;

/** Fits the threshold of every task that asks for one, and warns of what could not be fitted. */
export function fitThresholds(
  family: AbstainingFamily,
  pool: WorkerPool,
  reporter: Reporter,
): Promise<Threshold[]> {
  return Promise.all(
    family.tasks.map(async ({ definition }, t) => {
      const { targetPrecision, targetOutOfScopeRecall, minConfidence } = definition;
      if (targetPrecision === null && targetOutOfScopeRecall === null) return byHand(minConfidence);
      const fit = await pool.run<"threshold">({ kind: "threshold", problem: problemOf(family, t) });
      warnOf(definition, fit, reporter);
      return fitted(fit);
    }),
  );
}

function byHand(min_confidence: number | null): Threshold {
  const set_by = min_confidence === null ? null : "min_confidence";
  return { min_confidence, set_by, target_precision: null, target_out_of_scope_recall: null };
}

/** Of two thresholds the higher one, which keeps both promises. */
function fitted({ precision, recall }: TaskThreshold): Threshold {
  const fits = { target_precision: precision, target_out_of_scope_recall: recall };
  const [byPrecision, byRecall] = [precision?.threshold ?? null, recall?.threshold ?? null];
  if (byPrecision === null && byRecall === null) return { min_confidence: null, set_by: null, ...fits };
  return (byPrecision ?? -1) >= (byRecall ?? -1)
    ? { min_confidence: byPrecision, set_by: "target_precision", ...fits }
    : { min_confidence: byRecall, set_by: "target_out_of_scope_recall", ...fits };
}

function problemOf(family: AbstainingFamily, t: number) {
  const { definition, calibration: method, eval: held } = family.tasks[t] as TaskRowsAndSettings;
  const { labels, calibration, usualShare } = family.model.tasks[t] as TaskModel;
  const outside: Examples | undefined = family.outOfScope.examples.get(definition.name);
  return {
    labels: labels.length,
    targetPrecision: definition.targetPrecision,
    targetRecall: definition.targetOutOfScopeRecall,
    method,
    calibration,
    usualShare,
    rows: family.calibrationRows[t] ?? null,
    knownShare: family.evalShares[t] as Float64Array,
    origin: held?.origin ?? new Uint8Array(0),
    outOfScope:
      outside === undefined ? null : { ...(family.onOutOfScope[t] as RowScores), group: outside.group },
  };
}

/** What a fit counts, as a warning says it. */
interface Words {
  readonly rows: string;
  readonly hit: string;
}

function warnOf({ name, default: fallback }: TaskDefinition, fit: TaskThreshold, reporter: Reporter): void {
  const of = (key: string, one: ThresholdFit | null, words: Words, step: string) => {
    if (one === null) return;
    const where = `task "${name}": ${key} = ${one.target}`;
    if (one.threshold === null)
      reporter.warn(`${where} is not promised, and sets no threshold: ${whyNot(one, words)}; ${step}`);
    else if (!one.real)
      reporter.warn(
        `${where} is promised of rows that an LLM wrote as well: too few real ones were there to judge by`,
      );
  };
  of(
    "target_precision",
    fit.precision,
    { rows: "eval rows", hit: "right" },
    "map more rows, raise prepare.eval_ratio, lower the target, or set min_confidence by hand",
  );
  of(
    "target_out_of_scope_recall",
    fit.recall,
    { rows: "out-of-scope eval rows", hit: "held back" },
    "map more of them, lower the target, or set min_confidence by hand",
  );
  const isFitted = (fit.precision?.threshold ?? fit.recall?.threshold ?? null) !== null;
  if (isFitted && fallback === null)
    reporter.note(`task "${name}" has no default: under its threshold the runtime answers null`);
}

/** What was needed, and what was there. */
function whyNot({ rows, of, hits, bound, needed, target }: ThresholdFit, words: Words): string {
  if (needed === null) return "no number of rows can show that nothing ever goes wrong";
  if (rows < needed)
    return `even if all were ${words.hit}, it takes ${needed} ${words.rows}, of near-duplicates one, and there are ${rows}`;
  const shown = (bound ?? 0).toFixed(4);
  return `of ${of} ${words.rows} ${hits} were ${words.hit}, which shows ${shown} with 95 % confidence, not ${target}`;
}

/** The whole record of a task, once test is measured. */
export function abstentionRecord(
  threshold: Threshold,
  metrics: TaskMeasurement["metrics"] | undefined,
): AbstentionRecord | null {
  const outside = metrics?.out_of_scope ?? null;
  const { min_confidence, target_precision, target_out_of_scope_recall } = threshold;
  const asked = min_confidence !== null || target_precision !== null || target_out_of_scope_recall !== null;
  if (!asked && outside === null) return null;
  const test = (metrics?.real ?? metrics)?.answered ?? null;
  return { ...threshold, test, out_of_scope_test: outside };
}
