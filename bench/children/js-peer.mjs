// SPDX-License-Identifier: Apache-2.0
// Trains one JavaScript peer on one task and scores it: node js-peer.mjs PEER TASK ROWS SHARED. Prints one JSON line.
import { readRows, sampleOf } from "../lib/data.mjs";
import { latency, score } from "../lib/figures.mjs";

const [peer, task, rows, shared] = process.argv.slice(2);
const { fit } = await import(`../peers/${peer}.mjs`);
const all = readRows(shared, task, "train");
const train = Number(rows) < all.length ? sampleOf(all, Number(rows), 7) : all;
const test = readRows(shared, task, "test");
const started = performance.now();
const predict = await fit(train);
const fitted = performance.now();
const times = [];
const predicted = test.map(({ text }) => {
  const from = performance.now();
  const label = predict(text);
  times.push((performance.now() - from) * 1000);
  return label;
});
const result = {
  train_rows: train.length,
  fit_seconds: (fitted - started) / 1000,
  ...score(
    test.map(({ label }) => label),
    predicted,
  ),
  ...latency(times),
};
console.log(`\n${JSON.stringify(result)}`);
// Some peers keep handles open that would keep the process from ending.
process.exit(0);
