// SPDX-License-Identifier: Apache-2.0
// Cost by rows, labels and workers, with what a model of the cost says of the next point.
import { expectedCost, fitCost, predictCost } from "../lib/cost-model.mjs";
import { gridOf, nameOf } from "../parts/scale.mjs";
import { digits, grouped, mebibytes, NOT_MEASURED, seconds, table } from "./text.mjs";

/** The points of the grid, with what was measured of each. */
export function pointsOf(results, quick) {
  return gridOf({ quick }).map((point) => ({ ...point, ...results.scale?.steps[nameOf(point)] }));
}

const measuredOf = (points) => points.filter(({ cost }) => cost !== undefined);

/** Why a point was left out. */
function reasonOf(points, { left, ...point }) {
  return left.seconds === undefined
    ? `over the ${mebibytes(left.mebibytes)} of the machine, ${mebibytes(expectedCost(points, "peak_mb", point))} expected`
    : `over ${left.seconds} s, ${seconds(expectedCost(points, "seconds", point))} expected`;
}

/** What a model of the cost said, and what was measured over it. */
function against(measured, said) {
  return said === null ? "" : `${digits(said)} (${digits(measured / said)} x)`;
}

function pointRow(points, point) {
  const { rows, labels, workers, cost, epochs, failed, left } = point;
  const name = [grouped(rows), labels, workers, epochs ?? ""];
  const instead = (text) => [...name, text, "", "", "", "", ""];
  if (failed !== undefined) return instead(`failed: ${failed}`);
  if (left !== undefined) return instead(`left out: ${reasonOf(points, point)}`);
  if (cost === undefined) return instead(NOT_MEASURED);
  const cells = (measure) => [
    against(cost[measure], expectedCost(points, measure, point)),
    against(cost[measure], predictCost(points, measure, point)),
  ];
  return [...name, seconds(cost.seconds), ...cells("seconds"), mebibytes(cost.peak_mb), ...cells("peak_mb")];
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
    .sort(([, a], [, b]) => a.rows - b.rows || a.labels - b.labels)
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

export function scaleSection(results, quick) {
  const title = "## Scale\n\n";
  const points = pointsOf(results, quick);
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
    "ends at 250,000 features. What it says of a point comes only from the points with fewer rows and as many workers: what was *expected* before, with the passes and the model " +
    "file of the largest of them with as many labels, and what it *predicts* given the point's own. In brackets, what was measured over it. " +
    "Points that should take longer than `--longest` seconds are left out. Fitted to all points it is:\n";
  const formulas = [...new Set(measured.map(({ workers }) => workers))]
    .sort()
    .map((workers) => formula(measured, workers));
  const head = [
    "rows",
    "labels",
    "workers",
    "passes",
    "train",
    "expected, s",
    "predicted given its passes and model, s",
    "peak memory",
    "expected, MiB",
    "predicted given its model, MiB",
  ];
  const rows = points.map((point) => pointRow(measured, point));
  return `${title}${text}\n${formulas.join("\n")}\n\n${table(head, rows)}\n\n${prepareTable(results)}`;
}
