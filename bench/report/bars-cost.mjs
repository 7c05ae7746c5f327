// SPDX-License-Identifier: Apache-2.0
import { mean } from "../lib/figures.mjs";
import { meanOf } from "./bars-accuracy.mjs";
import { digits, done, gap, mebibytes, micros, NOT_MEASURED, seconds, times } from "./text.mjs";

/** Epochs of the loop that the project replaces. */
const LOOP_EPOCHS = 25;
const BYTES = { models: 12e6, bundle: 12_000 };

/** Seconds of reference-loop at 25 epochs, from the ones that were measured: reading and predicting as they are. */
export function loopSeconds(peer) {
  const { total, fit } = peer.seconds;
  return total - fit + (fit / peer.epochs) * LOOP_EPOCHS;
}

function bar(id, what, text, measured, met, ratio) {
  return { id, what, bar: text, measured, met, ...(ratio === undefined ? {} : { ratio }) };
}

/** Seconds of ours that a peer is compared with: the mean of the runs just before and after it, or the median where there are none. */
export function secondsBeside(peer, ours) {
  return peer.beside === undefined ? ours.cost.seconds : mean(peer.beside);
}

/** How many times faster than a peer; `limit` is what is wanted, and `peerSeconds` what the peer took. */
function speedBar(id, what, ours, peer, peerSeconds, limit) {
  const text = `${limit} x`;
  if (ours === undefined || peer === undefined) return bar(id, what, text, NOT_MEASURED, null);
  const own = secondsBeside(peer, ours);
  const against = `${seconds(own)} against \`${peer.peer}\`'s ${seconds(peerSeconds(peer))}`;
  const ratio = peerSeconds(peer) / own;
  return bar(id, what, text, times(ratio), ratio >= limit, against);
}

function trainingBars(results) {
  const ours = done(results, "ours", "train");
  const best = done(results, "python", "best");
  const loop = done(results, "python", "reference-loop");
  const total = (peer) => peer.seconds.total;
  const rows = [
    speedBar("speed_best", "`train` on the 16 tasks, against `best`", ours, best, total, 15),
    speedBar(
      "speed_loop",
      "`train` on the 16 tasks, against `reference-loop` at 25 epochs",
      ours,
      loop,
      loopSeconds,
      50,
    ),
  ];
  for (const [step, name] of [
    ["six-drawn", "six drawn tasks"],
    ["six-smallest", "the six smallest tasks"],
  ]) {
    const peer = done(results, "python", `best ${step}`);
    rows.push(
      speedBar(
        `speed_${step}`,
        `\`train\` on ${name}, against \`best\``,
        done(results, "ours", step),
        peer,
        total,
        15,
      ),
    );
  }
  const known = ours !== undefined && best !== undefined;
  const memory = known ? ours.cost.peak_mb / best.peak_rss_mb : Number.NaN;
  const against = known
    ? `${mebibytes(ours.cost.peak_mb)} against \`best\`'s ${mebibytes(best.peak_rss_mb)}`
    : undefined;
  rows.push(
    bar(
      "memory",
      "peak memory of that run",
      "half of `best`'s",
      times(memory),
      known ? memory <= 0.5 : null,
      against,
    ),
  );
  return rows;
}

function predictionBars(results) {
  const latency = done(results, "predict", "latency");
  const best = done(results, "python", "best latency");
  const limit = (id, what, most, of, ratio, note = "") =>
    bar(
      id,
      what,
      `${most} us`,
      `${micros(of?.p50_us)}${note}`,
      of === undefined ? null : of.p50_us <= most,
      ratio,
    );
  const grams = latency?.ns_per_gram ? `, ${digits(latency.ns_per_gram)} ns an n-gram in the mean` : "";
  const against =
    best !== undefined && latency !== undefined
      ? `\`best\` ${micros(best.p50_us)}, ${times(best.p50_us / latency.task.p50_us)}`
      : undefined;
  return [
    limit("predict_task", "one prediction of banking77, p50", 10, latency?.task, against, grams),
    limit(
      "predict_family",
      `the same text, a family of ${latency?.family.tasks ?? 9} tasks, p50`,
      40,
      latency?.family,
    ),
    limit("predict_pair", "one pair of 20 words each, p50", 60, latency?.pair),
  ];
}

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(2)} kB`;

/** What a page loads, and what it loads on top once it opens a pack of pairs. */
function bundleText({ gzipped, gzipped_for_pairs = 0, imports }) {
  const pairs = gzipped_for_pairs > 0 ? `, + ${kilobytes(gzipped_for_pairs)} once a pack has pairs` : "";
  return `${kilobytes(gzipped)}, ${imports.length} imports${pairs}`;
}

function sizeBars(results) {
  const ours = done(results, "ours", "train");
  const exact = done(results, "ours", "exact");
  const bytes =
    ours === undefined ? Number.NaN : Object.values(ours.pack.models).reduce((sum, size) => sum + size, 0);
  const known = ours !== undefined && exact !== undefined;
  const loss = known ? meanOf(exact, "macro_f1") - meanOf(ours, "macro_f1") : Number.NaN;
  const opening = done(results, "predict", "opening");
  const bundle = done(results, "predict", "bundle");
  const clean = bundle !== undefined && bundle.imports.length === 0;
  return [
    bar(
      "pack_bytes",
      "packs of the 16 tasks, int8",
      "12 MB",
      Number.isFinite(bytes) ? `${(bytes / 1e6).toFixed(2)} MB` : NOT_MEASURED,
      known || ours !== undefined ? bytes <= BYTES.models : null,
    ),
    bar(
      "pack_loss",
      "macro-F1 that int8 costs",
      ".0020",
      known ? gap(loss) : NOT_MEASURED,
      known ? loss <= 0.002 : null,
    ),
    bar(
      "opening",
      "opening the packs of the 16 tasks, median of fresh processes",
      "50 ms",
      opening === undefined ? NOT_MEASURED : `${digits(opening.open_ms)} ms`,
      opening === undefined ? null : opening.open_ms <= 50,
    ),
    bar(
      "bundle",
      "runtime, minified and gzipped, no dependency",
      "12 kB",
      bundle === undefined ? NOT_MEASURED : bundleText(bundle),
      bundle === undefined ? null : bundle.gzipped <= BYTES.bundle && clean,
    ),
  ];
}

function prepareBars(results) {
  const prepare = done(results, "prepare", "prepare");
  const rows = prepare === undefined ? "1.5 million" : `${(prepare.written / 1e6).toFixed(2)} million`;
  const measured =
    prepare === undefined
      ? NOT_MEASURED
      : `${seconds(prepare.cost.seconds)}, ${mebibytes(prepare.cost.peak_mb)}`;
  const met =
    prepare === undefined ? null : prepare.cost.seconds <= 30 && prepare.cost.peak_mb * 2 ** 20 < 1.5e9;
  return [bar("prepare", `\`prepare\`, ${rows} rows, no LLM`, "30 s, under 1.5 GB", measured, met)];
}

function scaleBars(results) {
  const points = [10, 100].map((labels) => [labels, results.scale?.steps[`train 5000000 ${labels} 2`] ?? {}]);
  const text = points.map(([labels, { cost, failed, left }]) => {
    if (cost !== undefined)
      return `${labels} labels: ${seconds(cost.seconds)}, ${(cost.peak_mb / 1024).toFixed(1)} GiB`;
    if (left !== undefined) return `${labels} labels: over the ${mebibytes(left.mebibytes)} of the machine`;
    return `${labels} labels: ${failed ?? NOT_MEASURED}`;
  });
  const isMissed = ({ cost, failed, left }) =>
    failed !== undefined || left !== undefined || cost?.peak_mb > 24 * 1024;
  const isMeasured = points.every(([, { cost }]) => cost !== undefined);
  const met = points.some(([, point]) => isMissed(point)) ? false : isMeasured ? true : null;
  return [bar("scale", "5 million rows train on 2 cores", "24 GiB", text.join("; "), met)];
}

export function costBars(results) {
  return [
    ...trainingBars(results),
    ...predictionBars(results),
    ...sizeBars(results),
    ...prepareBars(results),
    ...scaleBars(results),
  ];
}
