// SPDX-License-Identifier: Apache-2.0
import { fitTfIdf } from "./tf-idf.mjs";

const FEATURES = 2000;
// 50,000 steps, its default, would take days on these rows.
const STEPS = { numSteps: 200, learningRate: 0.05 };

export const settings = `TF-IDF of words (df 2, at most ${FEATURES}), dense; ${STEPS.numSteps} steps`;

export async function fit(rows) {
  const { default: LogisticRegression } = await import("ml-logistic-regression");
  const { Matrix } = await import("ml-matrix");
  const labels = [...new Set(rows.map(({ label }) => label))];
  const tfIdf = fitTfIdf(
    rows.map(({ text }) => text),
    FEATURES,
  );
  const row = (text) => tfIdf.write(text, new Float64Array(tfIdf.size));
  const model = new LogisticRegression(STEPS);
  model.train(
    new Matrix(rows.map(({ text }) => row(text))),
    Matrix.columnVector(rows.map(({ label }) => labels.indexOf(label))),
  );
  return (text) => labels[model.predict(new Matrix([row(text)]))[0]];
}
