// SPDX-License-Identifier: Apache-2.0
// Seconds and memory of training beside the Python peers, and prepare.
import { FULL_EPOCHS, GROUPS } from "../lib/plan.mjs";
import { peerSeconds, secondsBeside } from "./bars-cost.mjs";
import { digits, done, grouped, mebibytes, NOT_MEASURED, seconds, table, times, whyNot } from "./text.mjs";

/** Peers that fit the 16 tasks. */
const PEERS_OF = { train: ["best", "reference-loop", "fasttext"] };

function ourRow(name, step) {
  const runs = step.runs.length > 1 ? ` (median of ${step.runs.length})` : "";
  const { seconds: wall, cpu_seconds, peak_mb } = step.cost;
  const cells = [`${seconds(wall)}${runs}`, "", `${seconds(cpu_seconds)} of CPU`, mebibytes(peak_mb)];
  return [name, ...cells, seconds(step.prepare.seconds)];
}

function peerRow(name, peer) {
  const part =
    peer.peer === "reference-loop"
      ? `${seconds(peer.cost.seconds)} for ${peer.epochs} epochs, scaled to ${FULL_EPOCHS}`
      : `fit ${seconds(peer.seconds.fit)}`;
  const beside =
    peer.beside?.map((cost) => seconds(cost.seconds)).join(" and ") ?? peer.beside_failed ?? NOT_MEASURED;
  const ratio = times(peerSeconds(peer) / secondsBeside(peer));
  const note = `${part}; modelpack's beside it ${beside}`;
  return [name, seconds(peerSeconds(peer)), ratio, note, mebibytes(peer.peak_rss_mb), ""];
}

/** What is trained, and the peers on the same rows. */
const TABLE = [
  ...GROUPS.map(({ name, step }) => [name, step, PEERS_OF[step] ?? [`best ${step}`]]),
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
      return found === undefined ? missing(who, whyNot(results, "python", peer)) : peerRow(who, found);
    }),
  ];
}

function sixNames(results) {
  const named = GROUPS.map(({ name, step }) => [name, done(results, "ours", step)?.of]);
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
    "trains once more just before and just after each peer, on the same tasks: the ratio is the peer's seconds over the mean of these two, never over " +
    "modelpack's row above it. Of the 8,008 choices of six tasks two are timed. " +
    sixNames(results);
  const head = ["what", "seconds", "times modelpack's", "of which", "peak memory", "prepare"];
  return `## Training\n\n${text}\n\n${table(
    head,
    TABLE.flatMap((group) => groupRows(results, group)),
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
