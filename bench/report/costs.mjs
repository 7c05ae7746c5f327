// SPDX-License-Identifier: Apache-2.0
// Seconds and memory of training beside the Python peers, and prepare.
import { loopSeconds, secondsBeside } from "./bars-cost.mjs";
import { digits, done, grouped, mebibytes, seconds, table, times, whyNot } from "./text.mjs";

function ourRow(name, step) {
  const runs = step.runs.length > 1 ? ` (median of ${step.runs.length})` : "";
  const { seconds: wall, cpu_seconds, peak_mb } = step.cost;
  const cells = [`${seconds(wall)}${runs}`, "", `${seconds(cpu_seconds)} of CPU`, mebibytes(peak_mb)];
  return [name, ...cells, seconds(step.prepare.seconds)];
}

function peerRow(name, peer, ours) {
  const scaled = peer.peer === "reference-loop";
  const total = scaled ? loopSeconds(peer) : peer.seconds.total;
  const part = scaled
    ? `${seconds(peer.seconds.total)} for ${peer.epochs} epochs, scaled to 25`
    : `fit ${seconds(peer.seconds.fit)}`;
  const note =
    peer.beside === undefined
      ? part
      : `${part}; modelpack's beside it ${peer.beside.map(seconds).join(" and ")}`;
  const ratio = ours === undefined ? "" : times(total / secondsBeside(peer, ours));
  return [name, seconds(total), ratio, note, mebibytes(peer.peak_rss_mb), ""];
}

/** What is trained, and the peers on the same rows. */
const GROUPS = [
  ["the 16 tasks", "train", ["best", "reference-loop", "fasttext"]],
  ["six drawn tasks", "six-drawn", ["best six-drawn"]],
  ["the six smallest tasks", "six-smallest", ["best six-smallest"]],
  ["banking77", "banking77", ["best banking77", "reference banking77", "fasttext banking77"]],
];

function groupRows(results, [name, step, peers]) {
  const ours = done(results, "ours", step);
  const missing = (label, why) => [label, why, "", "", "", ""];
  const label = `modelpack, ${name}`;
  return [
    ours === undefined ? missing(label, whyNot(results, "ours", step)) : ourRow(label, ours),
    ...peers.map((peer) => {
      const found = done(results, "python", peer);
      const who = `${peer.split(" ")[0]}, ${name}`;
      return found === undefined ? missing(who, whyNot(results, "python", peer)) : peerRow(who, found, ours);
    }),
  ];
}

function sixNames(results) {
  const named = GROUPS.slice(1, 3).map(([name, step]) => [name, done(results, "ours", step)?.of]);
  return named
    .filter(([, of]) => of !== undefined)
    .map(([name, of]) => `${name}: ${of.join(", ")}.`)
    .join(" ");
}

export function trainingSection(results) {
  const text =
    "`train` as a whole command, from the start of its process to its end: reading the prepared rows, training, calibrating, measuring on eval " +
    "and test, writing. A peer's time is its whole process too, predicting test included. `prepare` runs once before, and is " +
    "a column of its own; the peers read their rows as they are. A machine that others share changes its speed by the quarter of an hour, so modelpack " +
    "trains once more just before and just after each peer, on the same tasks: the ratio is the peer's seconds over the mean of these two, or over the median where a row has none. " +
    sixNames(results);
  const head = ["what", "seconds", "times modelpack's", "of which", "peak memory", "prepare"];
  return `## Training\n\n${text}\n\n${table(
    head,
    GROUPS.flatMap((group) => groupRows(results, group)),
  )}\n`;
}

export function prepareSection(results) {
  const step = done(results, "prepare", "prepare");
  if (step === undefined) return `## prepare\n\n${whyNot(results, "prepare", "prepare")}\n`;
  const { written, rows, cost, runs } = step;
  return (
    `## prepare\n\n${grouped(written)} rows of seven tasks, most of them edited copies of others, at the default threshold ` +
    `for near-duplicates: ${seconds(cost.seconds)} (median of ${runs.length}), ${seconds(cost.cpu_seconds)} of CPU, peak ` +
    `${mebibytes(cost.peak_mb)}, ${digits(written / cost.seconds)} rows a second. ${grouped(rows.train)} train, ` +
    `${grouped(rows.eval)} eval and ${grouped(rows.test)} test rows came out.\n`
  );
}
