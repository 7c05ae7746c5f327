// SPDX-License-Identifier: Apache-2.0
import { mean } from "../lib/figures.mjs";
import { FULL_EPOCHS, GROUPS } from "../lib/plan.mjs";
import { meanOf } from "./bars-accuracy.mjs";
import { digits, done, gap, mebibytes, micros, NOT_MEASURED, seconds, times } from "./text.mjs";

const BYTES = { models: 12e6, bundle: 12_000 };

/** Seconds of a peer's whole process; of reference-loop at 25 epochs: reading and predicting as they are. */
export function peerSeconds(peer) {
  const { cost, seconds: parts, epochs } = peer;
  return peer.peer === "reference-loop"
    ? cost.seconds + parts.fit * (FULL_EPOCHS / epochs - 1)
    : cost.seconds;
}

function bar(id, what, text, measured, met, ratio) {
  return { id, what, bar: text, measured, met, ...(ratio === undefined ? {} : { ratio }) };
}

/** Seconds of ours that a peer is compared with: the mean of the runs just before and just after it. NaN where there are none. */
export function secondsBeside({ beside }) {
  return beside === undefined ? Number.NaN : mean(beside.map((cost) => cost.seconds));
}

/** How many times faster than a peer; `limit` is what is wanted. */
function speedBar(id, what, peer, limit) {
  const text = `${limit} x`;
  if (peer === undefined) return bar(id, what, text, NOT_MEASURED, null);
  const own = secondsBeside(peer);
  if (Number.isNaN(own)) return bar(id, what, text, peer.beside_failed ?? NOT_MEASURED, null);
  const ratio = peerSeconds(peer) / own;
  const against = `${seconds(own)} against \`${peer.peer}\`'s ${seconds(peerSeconds(peer))}`;
  return bar(id, what, text, times(ratio), ratio >= limit, against);
}

function memoryBar(best) {
  const [id, what, text] = ["memory", "peak memory of `train` on the 16 tasks", "half of `best`'s"];
  if (best?.beside === undefined) return bar(id, what, text, NOT_MEASURED, null);
  const own = Math.max(...best.beside.map(({ peak_mb }) => peak_mb));
  const ratio = own / best.peak_rss_mb;
  const against = `${mebibytes(own)} against \`best\`'s ${mebibytes(best.peak_rss_mb)}`;
  return bar(id, what, text, times(ratio), ratio <= 0.5, against);
}

function trainingBars(results) {
  const peer = (step) => done(results, "python", step);
  const on = (name, against) => `\`train\` on ${name}, against ${against}`;
  const [sixteen, ...sixes] = GROUPS;
  const loop = on(sixteen.name, `\`reference-loop\` at ${FULL_EPOCHS} epochs`);
  return [
    speedBar("speed_best", on(sixteen.name, "`best`"), peer("best"), 15),
    speedBar("speed_loop", loop, peer("reference-loop"), 50),
    ...sixes.map(({ name, step }) => speedBar(`speed_${step}`, on(name, "`best`"), peer(`best ${step}`), 15)),
    memoryBar(peer("best")),
  ];
}

function predictionBars(results) {
  const latency = done(results, "predict", "latency");
  const best = done(results, "predict", "best latency");
  const limit = (id, what, most, of, ratio) =>
    bar(id, what, `${most} us`, micros(of?.p50_us), of === undefined ? null : of.p50_us <= most, ratio);
  const beside = best === undefined ? Number.NaN : mean(best.beside.map(({ p50_us }) => p50_us));
  const grams = latency === undefined ? "" : `${digits(latency.ns_per_gram)} ns an n-gram in the mean; `;
  const against =
    best === undefined
      ? grams
      : `${grams}\`best\` ${micros(best.p50_us)}, ${times(best.p50_us / beside)} the ${micros(beside)} beside it`;
  return [
    limit("predict_task", "one prediction of banking77, p50", 10, latency?.task, against),
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

/** What a page loads, and what of it once a pack needs it. */
function bundleText({ gzipped, parts, imports }) {
  const more = Object.entries(parts)
    .map(([name, size]) => `${name} ${kilobytes(size)}`)
    .join(", ");
  return `${kilobytes(gzipped)}, ${imports.length} imports; loaded where a pack needs them: ${more}`;
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
      ours !== undefined ? bytes <= BYTES.models : null,
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
  return [
    bar("scale", "5 million rows (4 million of them train) on 2 cores", "24 GiB", text.join("; "), met),
  ];
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
