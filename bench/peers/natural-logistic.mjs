// SPDX-License-Identifier: Apache-2.0
import natural from "natural";

export const settings = "LogisticRegressionClassifier, Porter stems, as it comes";

export async function fit(rows) {
  const classifier = new natural.LogisticRegressionClassifier();
  for (const { text, label } of rows) classifier.addDocument(text, label);
  classifier.train();
  return (text) => classifier.classify(text);
}
