// SPDX-License-Identifier: Apache-2.0
// Trains one JavaScript peer on one task and scores it: node js-peer.mjs PEER TASK SHARED [ROWS]. Prints one JSON line.
import { readRows, sampleOf } from "../lib/data.mjs";
import { latency, score } from "../lib/figures.mjs";

// Without ROWS, all of train.
const [peer, task, shared, rows] = process.argv.slice(2);
const { fit } = await import(`../peers/${peer}.mjs`);
const all = readRows(shared, task, "train");
const train = rows === undefined ? all : sampleOf(all, Number(rows), 7);
const test = readRows(shared, task, "test");
/** Milliseconds of calls that are timed one by one, once all have warmed up. */
const MOST_TIMED = 10_000;

const started = performance.now();
const predict = await fit(train);
const fitted = performance.now();
const predicted = test.map(({ text }) => predict(text));
const done = performance.now();
const times = [];
for (let i = 0; i < test.length && performance.now() - done < MOST_TIMED; i++) {
  const from = performance.now();
  predict(test[i].text);
  times.push((performance.now() - from) * 1000);
}
const result = {
  train_rows: train.length,
  fit_seconds: (fitted - started) / 1000,
  timing_seconds: (performance.now() - done) / 1000,
  ...score(
    test.map(({ label }) => label),
    predicted,
  ),
  ...latency(times),
};
console.log(`\n${JSON.stringify(result)}`);
// Some peers keep handles open that would keep the process from ending.
process.exit(0);
