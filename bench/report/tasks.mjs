// SPDX-License-Identifier: Apache-2.0
// Task by task: accuracy, macro-F1 and calibration.
import { PAIRS, SIXTEEN } from "../lib/data.mjs";
import { FULL_EPOCHS, MEASURED_EPOCHS } from "../lib/plan.mjs";
import { bandOf, calibrated, meanOf, sharedTasks, shiftOf } from "./bars-accuracy.mjs";
import { digits, done, gap, grouped, share, table, whyNot } from "./text.mjs";

function taskRow(task, ours, peers) {
  const mine = ours.tasks[task];
  const cells = peers.flatMap((peer) => [
    share(peer?.tasks[task]?.accuracy),
    share(peer?.tasks[task]?.macro_f1),
  ]);
  const difference = gap(mine.accuracy - (peers[0]?.tasks[task]?.accuracy ?? Number.NaN));
  return [task, grouped(mine.rows), share(mine.accuracy), share(mine.macro_f1), ...cells, difference];
}

function meanRow(ours, peers, tasks) {
  const cells = peers.flatMap((peer) =>
    ["accuracy", "macro_f1"].map((figure) =>
      share(peer === undefined ? Number.NaN : meanOf(peer, figure, tasks)),
    ),
  );
  const best = peers[0] === undefined ? Number.NaN : meanOf(peers[0], "accuracy", tasks);
  const accuracy = meanOf(ours, "accuracy", tasks);
  return [
    "**mean**",
    "",
    share(accuracy),
    share(meanOf(ours, "macro_f1", tasks)),
    ...cells,
    gap(accuracy - best),
  ];
}

export function tasksSection(results) {
  const title = "## Task by task\n\n";
  const ours = done(results, "ours", "train");
  if (ours === undefined) return `${title}${whyNot(results, "ours", "train")}\n`;
  const names = ["best", "reference-loop", "fasttext"];
  const peers = names.map((name) => done(results, "python", name));
  const tasks = SIXTEEN.filter((task) => task in ours.tasks);
  const head = [
    "task",
    "test rows",
    "accuracy",
    "macro-F1",
    ...names.flatMap((name) => [`${name} accuracy`, "macro-F1"]),
    "accuracy against best",
  ];
  const common = peers[0] === undefined ? tasks : sharedTasks(ours, peers[0]);
  const rows = [...tasks.map((task) => taskRow(task, ours, peers)), meanRow(ours, peers, common)];
  const { read, train, eval: held, test } = ours.rows;
  const text =
    `One default configuration for all tasks, the official test splits whole. The peers fit ${grouped(peers[0]?.train_rows ?? read)} rows ` +
    `as they are. \`prepare\` read ${grouped(read)} of them; after deduplication ${grouped(train)} were train and ${grouped(held)} eval ` +
    "rows, each with the number of copies behind it as its weight. " +
    `Test rows: ${grouped(test)}. reference-loop had ${MEASURED_EPOCHS} epochs here, not the ${FULL_EPOCHS} that its time is scaled to.`;
  return `${title}${text}\n\n${table(head, rows)}\n\n${pairsTable(results)}`;
}

function pairsTable(results) {
  const pairs = done(results, "ours", "pairs");
  if (pairs === undefined) return `Pairs: ${whyNot(results, "ours", "pairs")}\n`;
  const rows = PAIRS.filter((task) => task in pairs.tasks).map((task) => {
    const { rows: n, accuracy, macro_f1 } = pairs.tasks[task];
    return [task, grouped(n), share(accuracy), share(macro_f1)];
  });
  return `${table(["pair task", "test rows", "accuracy", "macro-F1"], rows)}\n`;
}

/** Which tasks are shifted, and how that was found. */
function shiftText(results) {
  if (done(results, "shift", "shift") === undefined)
    return `Which tasks are of another: ${whyNot(results, "shift", "shift")}.`;
  return (
    "So a classifier was trained to tell test rows of each single-text task from as many train rows: where it is right for more than " +
    "half of the rows that it has not seen, by over 3.09 standard deviations (in brackets), the task is *shifted* (a classifier two-sample test, " +
    "Lopez-Paz and Oquab, 2017). The test rows of sgd_* are of services that train lacks, and TREC's are questions of another collection."
  );
}

export function calibrationSection(results) {
  const title = "## Calibration\n\n";
  const steps = ["train", "pairs"]
    .map((step) => done(results, "ours", step))
    .filter((step) => step !== undefined);
  if (steps.length === 0) return `${title}${whyNot(results, "ours", "train")}\n`;
  const tasks = steps.flatMap((step) => Object.entries(step.tasks));
  const rows = tasks.map(([task, figures]) => {
    const band = bandOf(figures);
    const verdict = calibrated(figures) ? "yes" : "no";
    const told = shiftOf(results, task);
    return [
      task,
      share(figures.ece_uncalibrated),
      share(figures.ece),
      band === null ? "" : share(band),
      told === null ? "" : `${share(told.accuracy)} (${digits(told.deviations, 2)})`,
      told?.isShifted === true ? `${verdict} (shifted)` : verdict,
    ];
  });
  const text =
    "Expected calibration error on test (10 bins), before and after calibration on eval. The band is the upper end of " +
    "the 95 % range that a perfectly calibrated model with the same confidences would show (consistency resampling); " +
    "a task is calibrated where its error lies in it, or under .02. A calibration on eval, which is a part of train, is good for test as far as test " +
    "is of the same distribution. " +
    shiftText(results);
  return `${title}${text}\n\n${table(["task", "uncalibrated", "calibrated", "band", "test told from train", "calibrated?"], rows)}\n`;
}
