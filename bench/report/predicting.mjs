// SPDX-License-Identifier: Apache-2.0

import { ALONE } from "../lib/plan.mjs";
import { LIMIT, PEERS } from "../parts/js-peers.mjs";
import { secondsBeside } from "./bars-cost.mjs";
import { digits, done, grouped, mebibytes, micros, seconds, share, table, times, whyNot } from "./text.mjs";

export function predictingSection(results) {
  const latency = done(results, "predict", "latency");
  const title = "## Predicting\n\n";
  if (latency === undefined) return `${title}${whyNot(results, "predict", "latency")}\n`;
  const row = (name, { p50_us, p99_us, calls }) => [name, micros(p50_us), micros(p99_us), grouped(calls)];
  const rows = [
    row("one task of 77 labels", latency.task),
    row(`a family of ${latency.family.tasks} tasks, one pass`, latency.family),
    ["one task, predictBatch, a text", micros(latency.batch_us_per_text), "", ""],
    row("mrpc, 20 words each", latency.pair),
  ];
  const best = done(results, "predict", "best latency");
  const name = "`best` (Python), one task of 77 labels";
  rows.push(
    best === undefined ? [name, whyNot(results, "predict", "best latency"), "", ""] : row(name, best),
  );
  for (const [peer, found] of jsPeers(results, "banking77"))
    rows.push(row(`${peer}, one task of 77 labels`, found));
  const opening = done(results, "predict", "opening");
  const opened =
    opening === undefined
      ? `\nOpening the packs: ${whyNot(results, "predict", "opening")}\n`
      : `\nOpening the packs of the 16 tasks, each file's sha256 checked, takes ${digits(opening.open_ms)} ms in a fresh process (median of ${opening.processes}), loading the code ${digits(opening.import_ms)} ms, and the first prediction ${digits(opening.first_ms)} ms; the process then has ${mebibytes(opening.peak_mb)} at its peak.\n`;
  const text = `banking77's ${grouped(latency.texts)} official test texts one by one, ${digits(latency.mean_characters)} characters and ${digits(latency.mean_grams)} n-grams on average: ${digits(latency.ns_per_gram)} ns an n-gram in the mean, all in. Every call is timed by itself, in a process that has warmed up: ours in seven rounds over the texts, a peer in one, of ten seconds at most. Ours is the middle one of ${latency.all.length} processes, which had ${latency.all.map(micros).join(", ")} for one task.`;
  return `${title}${text}\n\n${table(["call", "p50", "p99", "calls"], rows)}\n${opened}`;
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
    found.beside === undefined ? "" : times(found.cost.seconds / secondsBeside(found)),
    mebibytes(found.cost.peak_mb),
    micros(found.p50_us),
  ];
}

/** What a step has in place of its figures. */
function noCells({ unfinished, failed, cost }) {
  const why =
    unfinished === undefined
      ? `failed: ${failed}`
      : `${unfinished}, ${seconds(cost.cpu_seconds)} of CPU, ${mebibytes(cost.peak_mb)}`;
  return [why, "", "", "", "", ""];
}

/** A peer on a task, and on fewer rows of it where it was not done in time. */
function peerRows(results, peer, task) {
  const name = `${peer} ${task}`;
  const steps = Object.entries(results["js-peers"]?.steps ?? {});
  return steps
    .filter(([step]) => step === name || step.startsWith(`${name} `))
    .map(([step, found]) => {
      const isDone = found.accuracy !== undefined;
      const rows = isDone ? grouped(found.train_rows) : grouped(step.slice(name.length + 1)) || "all";
      return [task, peer, rows, ...(isDone ? resultCells(found) : noCells(found))];
    });
}

export async function peerSettings() {
  const modules = await Promise.all(PEERS.map((peer) => import(`../peers/${peer}.mjs`)));
  return Object.fromEntries(PEERS.map((peer, i) => [peer, modules[i].settings]));
}

function ourRows(results, task) {
  const ours = done(results, "ours", task);
  if (ours === undefined) return [];
  const latency = task === ALONE[0] ? done(results, "predict", "latency") : undefined;
  const { accuracy, macro_f1 } = ours.tasks[task];
  return [
    [
      task,
      "modelpack",
      grouped(ours.rows.read),
      share(accuracy),
      share(macro_f1),
      `${seconds(ours.cost.seconds)}, after ${seconds(ours.prepare.seconds)} of prepare`,
      "",
      mebibytes(ours.cost.peak_mb),
      latency === undefined ? "" : micros(latency.task.p50_us),
    ],
  ];
}

export function jsPeersSection(results, settings, versions) {
  const rows = ALONE.flatMap((task) => [
    ...ourRows(results, task),
    ...PEERS.flatMap((peer) => peerRows(results, peer, task)),
  ]);
  const list = PEERS.map((peer) => `- ${peer}: ${settings[peer]}.`).join("\n");
  const text =
    "What a TypeScript user would pick instead, one task in a process of its own, reading, fitting and predicting test together, at most " +
    `${LIMIT / 60} minutes. A peer that did not finish banking77 in that time was tried on fewer rows of it, and one that did not finish trec6 not on ` +
    "goemotions. modelpack's time is that of `train` for the one task, and a peer's is divided by the mean of two such runs just before and just after it. " +
    `Versions: ${versions}.`;
  const head = [
    "task",
    "peer",
    "train rows",
    "accuracy",
    "macro-F1",
    "seconds",
    "times modelpack's",
    "peak memory",
    "one prediction, p50",
  ];
  return `## JavaScript peers\n\n${text}\n\n${list}\n\n${table(head, rows, 2)}\n`;
}
