// SPDX-License-Identifier: Apache-2.0

export const settings = "BayesClassifier, Porter stems, as it comes";

export async function fit(rows) {
  const { default: natural } = await import("natural");
  const classifier = new natural.BayesClassifier();
  for (const { text, label } of rows) classifier.addDocument(text, label);
  classifier.train();
  return (text) => classifier.classify(text);
}
