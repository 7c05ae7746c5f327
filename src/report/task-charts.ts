// SPDX-License-Identifier: Apache-2.0
import type { EpochStatistics } from "../training/task-trainer.ts";
import { lineChart, type Mark, type Series } from "./chart/line.ts";
import { reliabilityDiagram } from "./chart/reliability.ts";
import { niceDomain } from "./chart/scale.ts";
import { headlineMetrics } from "./headline.ts";
import { type Html, html } from "./html.ts";
import { amountText, figureText, percentText } from "./number-text.ts";
import type { SplitReport, TaskReport } from "./pack-report.ts";

/** How often answers of a confidence are right, before and after calibration. */
export function reliabilityCharts({ metrics, evidence }: SplitReport, method: string): Html[] {
  const figures = headlineMetrics(metrics);
  const rows = amountText(evidence.rows, "row");
  const says = (when: string, ece: number | null) =>
    `Answers by confidence in ten bins, ${when}: expected calibration error ${figureText(ece)} over ${rows}.`;
  return [
    reliabilityDiagram({
      title: "Reliability before calibration",
      description: says("before calibration", figures.ece_uncalibrated),
      bins: evidence.uncalibrated,
      caption: `ECE ${figureText(figures.ece_uncalibrated)}. Below the dotted line the model is too sure of itself, above it not sure enough.`,
    }),
    reliabilityDiagram({
      title: `Reliability after calibration (${method})`,
      description: says("after calibration", figures.ece),
      bins: evidence.calibrated,
      caption: `ECE ${figureText(figures.ece)}; with ${rows}, a perfectly calibrated model stays under ${figureText(figures.ece_band_95)} 95 times in 100. Whiskers are 95 % intervals, grey bars rows.`,
    }),
  ];
}

/** Precision against coverage as the threshold moves, and where the task's threshold is. */
export function coverageChart({ minConfidence }: TaskReport, { evidence, metrics }: SplitReport): Html {
  const { coverage } = evidence;
  const at = headlineMetrics(metrics).answered?.coverage.value ?? null;
  const lowest = coverage.reduce((least, point) => Math.min(least, point.precision), 1);
  const [from, to] = niceDomain(Math.min(lowest, 0.98), 1, 5);
  const marks: Mark[] =
    minConfidence === null || at === null ? [] : [{ x: at, label: `threshold ${figureText(minConfidence)}` }];
  const all = coverage.at(-1);
  const half = coverage.find((point) => point.coverage >= 0.5);
  return lineChart({
    title: "Precision against coverage",
    description: `Answering only the surest half of the rows is right in ${percentText(half?.precision)}, answering all in ${percentText(all?.precision)}.`,
    x: { label: "coverage: rows answered", domain: [0, 1], format: (value) => percentText(value, 0) },
    y: {
      label: "precision",
      domain: [from, Math.min(to, 1)],
      format: (value) => percentText(value, digitsFor(from)),
    },
    series: [{ name: "precision", points: coverage.map((point) => [point.coverage, point.precision]) }],
    marks,
    caption: html`${
      minConfidence === null ? "No threshold is set: every row is answered. " : null
    }Confidence thresholds along the way: ${thresholds(coverage)}.`,
  });
}

const digitsFor = (from: number) => (from >= 0.95 ? 1 : 0);

/** What threshold answers which share. */
function thresholds(coverage: SplitReport["evidence"]["coverage"]): string {
  return [0.25, 0.5, 0.75, 0.9]
    .map((share) => coverage.find((point) => point.coverage >= share))
    .filter((point) => point !== undefined)
    .map(({ coverage: share, threshold }) => `${figureText(threshold, 2)} answers ${percentText(share, 0)}`)
    .join(", ");
}

/** Log loss and macro F1 of every pass over the rows, on train and eval. */
export function learningCharts(epochs: readonly EpochStatistics[]): Html[] {
  if (epochs.length === 0) return [];
  return [
    learningChart("Learning: log loss", "log loss, nats", epochs, (figures) => figures.loss),
    learningChart("Learning: macro F1", "macro F1", epochs, (figures) => figures.macroF1),
  ];
}

function learningChart(
  title: string,
  label: string,
  epochs: readonly EpochStatistics[],
  of: (figures: EpochStatistics["train"]) => number | null,
): Html {
  const pointsOf = (
    name: string,
    figures: (epoch: EpochStatistics) => EpochStatistics["train"] | null,
  ): Series => ({
    name,
    points: epochs.flatMap((epoch) => {
      const seen = figures(epoch);
      const value = seen === null ? null : of(seen);
      return value === null ? [] : [[epoch.epoch, value] as const];
    }),
  });
  const series = [pointsOf("train", ({ train }) => train), pointsOf("eval", (epoch) => epoch.eval)].filter(
    ({ points }) => points.length > 0,
  );
  const values = series.flatMap(({ points }) => points.map(([, value]) => value));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  // One value, or equal ones, would be an axis without a length.
  const slack = most > least ? 0 : Math.max(Math.abs(most) * 0.1, 0.01);
  const last = epochs.at(-1)?.epoch ?? 1;
  const ends = series.map(({ name, points }) => `${name} ends at ${figureText(points.at(-1)?.[1])}`);
  return lineChart({
    title,
    description: `After ${amountText(last, "epoch")}, ${ends.join(", ")}.`,
    x: {
      label: "epoch",
      domain: [1, Math.max(last, 2)],
      most: Math.min(8, Math.max(last - 1, 1)),
      format: String,
    },
    y: { label, domain: niceDomain(least - slack, most + slack, 5) },
    series,
    dots: true,
  });
}
