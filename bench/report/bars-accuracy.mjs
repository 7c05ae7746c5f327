// SPDX-License-Identifier: Apache-2.0
import { SIXTEEN } from "../lib/data.mjs";
import { mean } from "../lib/figures.mjs";
import { done, gap, NOT_MEASURED, share } from "./text.mjs";

/** Points of accuracy that a task may lie under `best`. */
const SLACK = 0.005;

/** Mean over tasks of a figure, of a step that has {tasks: {<task>: {accuracy, macro_f1}}}; NaN where it lacks one. */
export function meanOf(step, figure, tasks = Object.keys(step.tasks)) {
  return mean(tasks.map((task) => step.tasks[task]?.[figure] ?? Number.NaN));
}

/** Tasks that both have, in the order of the 16. */
export function sharedTasks(ours, best) {
  return SIXTEEN.filter((task) => task in ours.tasks && task in best.tasks);
}

function meanBar(results, figure, bar, name) {
  const ours = done(results, "ours", "train");
  const best = done(results, "python", "best");
  const value = ours === undefined ? Number.NaN : meanOf(ours, figure);
  const peer = best === undefined ? "" : `\`best\` ${share(meanOf(best, figure))}`;
  return {
    id: figure,
    what: `mean ${name}, 16 tasks`,
    bar: share(bar),
    measured: share(value),
    ratio: peer,
    met: ours === undefined ? null : value >= bar,
  };
}

function worstTaskBar(ours, best) {
  const bar = {
    id: "worst_task",
    what: "no task more than .005 of accuracy under `best`",
    bar: `-${share(SLACK)}`,
  };
  if (ours === undefined || best === undefined) return { ...bar, measured: NOT_MEASURED, met: null };
  const gaps = sharedTasks(ours, best).map((task) => [
    ours.tasks[task].accuracy - best.tasks[task].accuracy,
    task,
  ]);
  // peer.py rounds to four digits.
  const under = gaps
    .filter(([value]) => value < -SLACK - 5e-5)
    .map(([value, task]) => `${task} ${gap(value)}`);
  const [worst, name] = gaps.sort(([a], [b]) => a - b)[0];
  return {
    ...bar,
    measured: under.length > 0 ? under.join(", ") : `${name} ${gap(worst)}`,
    met: under.length === 0,
  };
}

/** All ways to choose `size` of the items. */
function* choices(items, size, from = 0) {
  if (size === 0) yield [];
  else
    for (let i = from; i <= items.length - size; i++)
      for (const rest of choices(items, size - 1, i + 1)) yield [items[i], ...rest];
}

function anySixBar(ours, best) {
  const bar = {
    id: "any_six",
    what: "above `best`'s means on any six of the tasks",
    bar: "every choice of six",
  };
  if (ours === undefined || best === undefined || sharedTasks(ours, best).length < 6)
    return { ...bar, measured: NOT_MEASURED, met: null };
  let all = 0;
  let above = 0;
  for (const six of choices(sharedTasks(ours, best), 6)) {
    all++;
    const wins = (figure) => meanOf(ours, figure, six) > meanOf(best, figure, six);
    if (wins("accuracy") && wins("macro_f1")) above++;
  }
  return { ...bar, measured: `${above} of ${all} choices`, met: above === all };
}

export function accuracyBars(results) {
  const ours = done(results, "ours", "train");
  const best = done(results, "python", "best");
  return [
    meanBar(results, "accuracy", 0.789, "accuracy"),
    meanBar(results, "macro_f1", 0.749, "macro-F1"),
    worstTaskBar(ours, best),
    anySixBar(ours, best),
  ];
}

const PAIR_BARS = [
  ["mrpc", "macro_f1", "macro-F1", 0.71],
  ["snli_cad", "macro_f1", "macro-F1", 0.56],
  ["entity_match", "accuracy", "accuracy", 0.955],
];

export function pairBars(results) {
  const pairs = done(results, "ours", "pairs");
  return PAIR_BARS.map(([task, figure, name, bar]) => {
    const value = pairs?.tasks[task]?.[figure] ?? Number.NaN;
    return {
      id: task,
      what: `${task} ${name}`,
      bar: share(bar),
      measured: share(value),
      met: Number.isFinite(value) ? value >= bar : null,
    };
  });
}

const ECE_BAR = 0.02;

/** Upper end of the band of a perfectly calibrated model; null where the metrics have none. */
export function bandOf(figures) {
  return figures.ece_band_95 ?? null;
}

export function calibrated(figures) {
  const band = bandOf(figures);
  return figures.ece <= ECE_BAR || (band !== null && figures.ece <= band);
}

/** Standard deviations over a half from which on test rows are told from train rows: one of a thousand tasks without a shift gets there. */
const TOLD_APART = 3.09;

/** How often test rows of a task were told from train rows, and by how many deviations more often than by guessing; null where that was not measured. */
export function shiftOf(results, task) {
  const figures = done(results, "shift", "shift")?.tasks[task];
  if (figures === undefined) return null;
  const { accuracy, rows } = figures;
  const deviations = (accuracy - 0.5) / Math.sqrt(0.25 / rows);
  return { accuracy, deviations, isShifted: deviations > TOLD_APART };
}

export function calibrationBars(results) {
  const bar = {
    id: "ece",
    what: "ECE in the band of a perfectly calibrated model, or under .02",
    bar: "every task without a shift",
  };
  const steps = ["train", "pairs"]
    .map((step) => done(results, "ours", step))
    .filter((step) => step !== undefined);
  if (steps.length === 0) return [{ ...bar, measured: NOT_MEASURED, met: null }];
  const tasks = steps.flatMap((step) => Object.entries(step.tasks));
  const isShifted = ([task]) => shiftOf(results, task)?.isShifted === true;
  const offOf = (of) =>
    of.filter(([, figures]) => !calibrated(figures)).map(([task, { ece }]) => `${task} ${share(ece)}`);
  const own = tasks.filter((task) => !isShifted(task));
  const off = offOf(own);
  const shifted = offOf(tasks.filter(isShifted));
  const measured =
    (off.length === 0 ? `all of ${own.length}` : `all of ${own.length} but ${off.join(", ")}`) +
    (shifted.length === 0 ? "" : `; shifted and over it: ${shifted.join(", ")}`);
  return [{ ...bar, measured, met: off.length === 0 }];
}
