// SPDX-License-Identifier: Apache-2.0
// TF-IDF of words for the peers that want dense rows, as their users write it.

const words = (text) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** Words of at least two texts, the most frequent first, `most` of them. */
export function fitTfIdf(texts, most) {
  const frequency = new Map();
  for (const text of texts)
    for (const word of new Set(words(text))) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  const kept = [...frequency]
    .filter(([, n]) => n > 1)
    .sort((a, b) => b[1] - a[1])
    .slice(0, most);
  const index = new Map(kept.map(([word], i) => [word, i]));
  const idf = kept.map(([, n]) => Math.log(texts.length / n) + 1);
  /** Writes the row of a text, of length 1, into zeros. */
  const write = (text, into) => {
    for (const word of words(text)) {
      const i = index.get(word);
      if (i !== undefined) into[i] += idf[i];
    }
    const norm = Math.sqrt(into.reduce((sum, value) => sum + value * value, 0)) || 1;
    for (let i = 0; i < into.length; i++) into[i] /= norm;
    return into;
  };
  return { size: kept.length, write };
}
