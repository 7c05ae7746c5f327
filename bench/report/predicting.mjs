// SPDX-License-Identifier: Apache-2.0

import { LIMIT, PEERS, TASKS } from "../parts/js-peers.mjs";
import { digits, done, grouped, mebibytes, micros, seconds, share, table, whyNot } from "./text.mjs";

export function predictingSection(results) {
  const latency = done(results, "predict", "latency");
  const title = "## Predicting\n\n";
  if (latency === undefined) return `${title}${whyNot(results, "predict", "latency")}\n`;
  const row = (name, { p50_us, p99_us }) => [name, micros(p50_us), micros(p99_us)];
  const rows = [
    row("one task of 77 labels", latency.task),
    row(`a family of ${latency.family.tasks} tasks, one pass`, latency.family),
    ["one task, predictBatch, a text", micros(latency.batch_us_per_text), ""],
    row("mrpc, 20 words each", latency.pair),
  ];
  const best = done(results, "python", "best latency");
  if (best !== undefined) rows.push(row("`best` (Python), one task of 77 labels", best));
  for (const [peer, found] of jsPeers(results, "banking77"))
    rows.push(row(`${peer}, one task of 77 labels`, found));
  const grams =
    latency.mean_grams === null
      ? ""
      : ` and ${digits(latency.mean_grams)} n-grams: ${digits(latency.ns_per_gram)} ns an n-gram in the mean, all in`;
  const opening = done(results, "predict", "opening");
  const opened =
    opening === undefined
      ? ""
      : `\nOpening the packs of the 16 tasks, each file's sha256 checked, takes ${digits(opening.open_ms)} ms in a fresh process (median of ${opening.processes}), loading the code ${digits(opening.import_ms)} ms, and the first prediction ${digits(opening.first_ms)} ms; the process then has ${mebibytes(opening.peak_mb)} at its peak.\n`;
  const text = `banking77's ${grouped(latency.texts)} official test texts one by one, ${digits(latency.mean_characters)} characters on average${grams}. Every call is timed by itself, in one warm process.`;
  return `${title}${text}\n\n${table(["call", "p50", "p99"], rows)}\n${opened}`;
}

function jsPeers(results, task) {
  return PEERS.map((peer) => [peer, done(results, "js-peers", `${peer} ${task}`)]).filter(
    ([, found]) => found?.accuracy !== undefined,
  );
}

function resultCells(found) {
  return [
    share(found.accuracy),
    share(found.macro_f1),
    seconds(found.cost.seconds),
    mebibytes(found.cost.peak_mb),
    micros(found.p50_us),
  ];
}

function peerRows(results, peer, task) {
  const whole = results["js-peers"]?.steps[`${peer} ${task}`];
  if (whole === undefined) return [];
  if (whole.accuracy !== undefined) return [[task, peer, grouped(whole.train_rows), ...resultCells(whole)]];
  const why = whole.unfinished ?? whole.failed;
  const note = `${why}, ${mebibytes(whole.cost?.peak_mb)}`;
  const fewer = Object.entries(results["js-peers"].steps).filter(([step]) =>
    step.startsWith(`${peer} ${task} `),
  );
  return [
    [task, peer, "all", note, "", "", "", ""],
    ...fewer.map(([step, found]) => {
      const rows = step.split(" ").at(-1);
      return [
        task,
        peer,
        grouped(rows),
        ...(found.accuracy === undefined
          ? [found.unfinished ?? found.failed, "", "", "", ""]
          : resultCells(found)),
      ];
    }),
  ];
}

export async function peerSettings() {
  const modules = await Promise.all(PEERS.map((peer) => import(`../peers/${peer}.mjs`)));
  return Object.fromEntries(PEERS.map((peer, i) => [peer, modules[i].settings]));
}

export function jsPeersSection(results, settings, versions) {
  const rows = TASKS.flatMap((task) => {
    const ours = done(results, "ours", task);
    const latency = task === "banking77" ? done(results, "predict", "latency") : undefined;
    const own =
      ours === undefined
        ? []
        : [
            [
              task,
              "modelpack",
              grouped(ours.rows.read),
              share(ours.tasks[task].accuracy),
              share(ours.tasks[task].macro_f1),
              seconds(ours.cost.seconds),
              mebibytes(ours.cost.peak_mb),
              latency === undefined ? "" : micros(latency.task.p50_us),
            ],
          ];
    return [...own, ...PEERS.flatMap((peer) => peerRows(results, peer, task))];
  });
  const list = PEERS.map((peer) => `- ${peer}: ${settings[peer]}.`).join("\n");
  const text =
    "What a TypeScript user would pick instead, one task in a process of its own, reading, fitting and predicting test together, at most " +
    `${LIMIT / 60} minutes. A peer that did not finish banking77 in that time was tried on fewer rows of it, and not on the other ` +
    `tasks. modelpack's time is that of \`train\` for the one task. Versions: ${versions}.`;
  const head = [
    "task",
    "peer",
    "train rows",
    "accuracy",
    "macro-F1",
    "seconds",
    "peak memory",
    "one prediction, p50",
  ];
  return `## JavaScript peers\n\n${text}\n\n${list}\n\n${table(head, rows, 2)}\n`;
}
