// SPDX-License-Identifier: Apache-2.0
// The loops of `prepare`.
import { from, sum } from "./inputs.mjs";

async function columns(texts) {
  const { textColumn } = await from("core/text-column");
  return { length: texts.length, text: textColumn(texts), textB: null };
}

export const PREPARING = [
  {
    loop: "read: text to normalized units",
    file: "src/data/normalization.ts",
    unit: "character",
    async make({ texts }) {
      const { NormalizedReader } = await from("data/normalization");
      const { text } = await columns(texts);
      const reader = new NormalizedReader();
      const work = () => {
        for (let i = 0; i < texts.length; i++) reader.read(text, i);
      };
      return { units: sum(texts.map(({ length }) => length)), work };
    },
  },
  {
    loop: "read: the set of a row's character 3-grams",
    file: "src/data/gram-set.ts",
    unit: "row",
    async make({ texts }) {
      const { GramSet } = await from("data/gram-set");
      const rows = await columns(texts);
      const grams = new GramSet();
      const work = () => {
        for (let i = 0; i < texts.length; i++) grams.read(rows, i);
      };
      return { units: texts.length, work };
    },
  },
  {
    loop: "minHash: 3-grams to a signature of 128",
    file: "src/data/min-hash.ts",
    unit: "row",
    async make({ texts }) {
      const { GramSet } = await from("data/gram-set");
      const { minHash, SLOTS } = await from("data/min-hash");
      const rows = await columns(texts);
      const sets = texts.map((_, i) => {
        const grams = new GramSet();
        grams.read(rows, i);
        return grams;
      });
      const signature = new Int32Array(SLOTS);
      const work = () => sets.forEach(({ hashes, size }) => void minHash(hashes, size, signature));
      return { units: texts.length, work };
    },
  },
];
