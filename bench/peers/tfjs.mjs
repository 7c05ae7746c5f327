// SPDX-License-Identifier: Apache-2.0
import { fitTfIdf } from "./tf-idf.mjs";

const FEATURES = 5000;
const FIT = { epochs: 15, batchSize: 64, verbose: 0 };

export const settings = `TF-IDF of words (df 2, at most ${FEATURES}), one softmax layer, Adam 0.01, ${FIT.epochs} epochs, pure JavaScript backend`;

export async function fit(rows) {
  const tf = await import("@tensorflow/tfjs");
  const labels = [...new Set(rows.map(({ label }) => label))];
  const tfIdf = fitTfIdf(
    rows.map(({ text }) => text),
    FEATURES,
  );
  const { size } = tfIdf;
  await tf.setBackend("cpu");
  const x = new Float32Array(rows.length * size);
  rows.forEach(({ text }, i) => {
    tfIdf.write(text, x.subarray(i * size, (i + 1) * size));
  });
  const y = rows.map(({ label }) => labels.indexOf(label));
  const model = tf.sequential();
  model.add(tf.layers.dense({ units: labels.length, activation: "softmax", inputShape: [size] }));
  model.compile({ optimizer: tf.train.adam(0.01), loss: "sparseCategoricalCrossentropy" });
  await model.fit(tf.tensor2d(x, [rows.length, size]), tf.tensor1d(y, "float32"), FIT);
  return (text) =>
    tf.tidy(() => {
      const input = tf.tensor2d(tfIdf.write(text, new Float32Array(size)), [1, size]);
      return labels[model.predict(input).argMax(1).dataSync()[0]];
    });
}
