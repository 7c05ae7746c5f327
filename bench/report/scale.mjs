// SPDX-License-Identifier: Apache-2.0
// Cost by rows, labels and workers, with the model that predicts the next point from its passes and the size of its model.
import { expectedCost, fitCost, predictCost } from "../lib/cost-model.mjs";
import { digits, grouped, mebibytes, seconds, table } from "./text.mjs";

export function pointsOf(results) {
  return Object.entries(results.scale?.steps ?? {})
    .filter(([step]) => step.startsWith("train "))
    .map(([step, point]) => ({ step, ...point }));
}

const measuredOf = (points) => points.filter(({ cost }) => cost !== undefined);

/** Why a point was left out. */
function reasonOf(points, { left, ...point }) {
  return left.seconds === undefined
    ? `over the ${mebibytes(left.mebibytes)} of the machine, ${mebibytes(expectedCost(points, "peak_mb", point))} expected`
    : `over ${left.seconds} s, ${seconds(expectedCost(points, "seconds", point))} expected`;
}

function pointRow(points, point) {
  const { rows, labels, workers, cost, epochs, failed } = point;
  const name = [rows === undefined ? point.step : grouped(rows), labels ?? "", workers ?? "", epochs ?? ""];
  if (failed !== undefined) return [...name, `failed: ${failed}`, "", "", "", "", ""];
  if (cost === undefined) return [...name, `left out: ${reasonOf(points, point)}`, "", "", "", "", ""];
  const [time, memory] = ["seconds", "peak_mb"].map((measure) => predictCost(points, measure, point));
  const against = (value, expected) => (expected === null ? "" : `${digits(value / expected)} x`);
  return [
    ...name,
    seconds(cost.seconds),
    time === null ? "" : seconds(time),
    against(cost.seconds, time),
    mebibytes(cost.peak_mb),
    memory === null ? "" : mebibytes(memory),
    against(cost.peak_mb, memory),
  ];
}

function formula(points, workers) {
  const of = points.filter((point) => point.workers === workers);
  const time = fitCost(of, "seconds");
  const memory = fitCost(of, "peak_mb");
  if (time === null || memory === null) return `- workers ${workers}: too few points.`;
  const sum = ({ constant, factors }) =>
    [
      digits(constant),
      ...factors.filter(([, factor]) => factor > 0).map(([term, factor]) => `${digits(factor)} x ${term}`),
    ].join(" + ");
  return `- ${workers} worker${workers > 1 ? "s" : ""}: seconds = ${sum(time)}; MiB = ${sum(memory)}.`;
}

function prepareTable(results) {
  const rows = Object.entries(results.scale?.steps ?? {})
    .filter(([step]) => step.startsWith("prepare "))
    .map(([step, { rows: n, labels, cost, split, failed }]) =>
      failed === undefined
        ? [
            grouped(n),
            labels,
            seconds(cost.seconds),
            mebibytes(cost.peak_mb),
            `${grouped(split.train)} / ${grouped(split.eval)} / ${grouped(split.test)}`,
          ]
        : [step, "", `failed: ${failed}`, "", ""],
    );
  return rows.length === 0
    ? ""
    : `${table(["rows", "labels", "prepare", "peak memory", "train / eval / test rows after it"], rows)}\n`;
}

export function scaleSection(results) {
  const title = "## Scale\n\n";
  const points = pointsOf(results);
  const measured = measuredOf(points);
  if (measured.length === 0) return `${title}not measured: \`npm run bench -- --only scale\`\n`;
  const text =
    "One task. Its rows are the different train texts of the 16 tasks and, beyond those, copies with seeded edits (words swapped, dropped, " +
    "misspelt, two words of another text put in); its labels stand for task-and-label pairs of the 16, split by a word of the " +
    "text where there are more labels than pairs. near_duplicate_threshold is 1 here: at the default, chains of copies would tie many rows " +
    "into one group. Rows are those that `prepare` reads; it keeps four in five for train.\n\n" +
    "![Seconds of train by rows, labels and workers](benchmarks/scale-seconds.svg)\n\n" +
    "![Peak memory of train by rows, labels and workers](benchmarks/scale-memory.svg)\n\n" +
    "The model of the cost has coefficients of at least 0, fitted to relative errors. It is linear in the rows, but for two things that the rows " +
    "do not tell, and that it takes as they turned out: how many passes eval let the solver make (the column; those of the refit are not among them), and how large the model file is, which " +
    "ends at 250,000 features. What it predicts for a point comes only from the points with fewer rows and as many workers; a point that was left out " +
    "is expected to be like the largest with as many labels. Fitted to all points it is:\n";
  const formulas = [...new Set(measured.map(({ workers }) => workers))]
    .sort()
    .map((workers) => formula(measured, workers));
  const head = [
    "rows",
    "labels",
    "workers",
    "passes",
    "train",
    "predicted, given its passes and model",
    "measured / predicted",
    "peak memory",
    "predicted, given its model",
    "measured / predicted",
  ];
  const rows = points.map((point) => pointRow(measured, point));
  return `${title}${text}\n${formulas.join("\n")}\n\n${table(head, rows)}\n\n${prepareTable(results)}`;
}
