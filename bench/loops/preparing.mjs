// SPDX-License-Identifier: Apache-2.0
// The loops of `prepare`.
import { seeded } from "../lib/data.mjs";
import { from, sum } from "./inputs.mjs";

async function columns(texts) {
  const { textColumn } = await from("core/text-column");
  return { length: texts.length, text: textColumn(texts), textB: null };
}

/** The default of near_duplicate_threshold. */
const THRESHOLD = 0.8;

/** The texts as rows, with their signatures. */
async function signed(texts) {
  const { newSignatures, signRows } = await from("data/signatures");
  const { chooseBanding } = await from("data/banding");
  const { newPause } = await from("data/pause");
  const rows = await columns(texts);
  const signatures = newSignatures(texts.length, chooseBanding(THRESHOLD, texts.length));
  await signRows(rows, { from: 0, to: texts.length }, signatures, newPause());
  return { rows, signatures };
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
  {
    loop: "sign: row to signature, sketch and keys of its bands",
    file: "src/data/signatures.ts",
    unit: "row",
    async make({ texts }) {
      const { signRows } = await from("data/signatures");
      const { newPause } = await from("data/pause");
      const { rows, signatures } = await signed(texts);
      const range = { from: 0, to: texts.length };
      return { units: texts.length, work: () => signRows(rows, range, signatures, newPause()) };
    },
  },
  {
    loop: "agree: sketches of two rows",
    file: "src/data/min-hash.ts",
    unit: "pair",
    async make({ texts }) {
      const { agree, SKETCH_WORDS } = await from("data/min-hash");
      const { fewestAgreeing } = await from("data/pair-verifier");
      const { sketches } = (await signed(texts)).signatures;
      const fewest = fewestAgreeing(THRESHOLD, texts.length);
      const work = () => {
        let similar = 0;
        for (let i = 1; i < texts.length; i++)
          if (agree(sketches, (i - 1) * SKETCH_WORDS, i * SKETCH_WORDS, fewest)) similar++;
        return similar;
      };
      return { units: texts.length - 1, work };
    },
  },
  {
    loop: "countCommon: grams that a row has of a set",
    file: "src/data/gram-set.ts",
    unit: "row",
    async make({ texts }) {
      const { GramSet } = await from("data/gram-set");
      const rows = await columns(texts);
      const grams = new GramSet();
      grams.read(rows, 0);
      const work = () => {
        let common = 0;
        for (let i = 0; i < texts.length; i++) common += grams.countCommon(rows, i);
        return common;
      };
      return { units: texts.length, work };
    },
  },
  {
    loop: "join: signed rows to sets of near-duplicates",
    file: "src/data/near-duplicates.ts",
    unit: "row",
    async make({ texts }) {
      const { joinSigned } = await from("data/near-duplicates");
      const { rows, signatures } = await signed(texts);
      const official = new Uint8Array(texts.length);
      return { units: texts.length, work: () => joinSigned(rows, official, THRESHOLD, signatures) };
    },
  },
  {
    loop: "near: a text to the rows of an index that are like it",
    file: "src/data/near-index.ts",
    unit: "text",
    async make({ texts }) {
      const { NearIndex } = await from("data/near-index");
      const rows = await columns(texts);
      const index = await NearIndex.over(rows, THRESHOLD);
      const work = () => {
        for (const text of texts) {
          index.read(text, null);
          index.near(() => true);
        }
      };
      return { units: texts.length, work };
    },
  },
  {
    loop: "firstWithText: rows to those of the same text",
    file: "src/data/exact-duplicates.ts",
    unit: "row",
    async make({ texts }) {
      const { firstWithText } = await from("data/exact-duplicates");
      const { text } = await columns(texts);
      return { units: texts.length, work: () => firstWithText([text], texts.length) };
    },
  },
  {
    loop: "write: a row's id",
    file: "src/data/row-id.ts",
    unit: "row",
    async make({ rows }) {
      const { ID_BYTES, RowIdentity } = await from("data/row-id");
      const identity = new RowIdentity("banking77");
      const id = new Uint8Array(ID_BYTES);
      const work = () => {
        for (const { text, label } of rows) identity.write(id, 0, text, null, label);
      };
      return { units: rows.length, work };
    },
  },
  {
    loop: "sortedByKey: positions by 32-bit keys",
    file: "src/data/sorting.ts",
    unit: "key",
    async make() {
      const { sortedByKey } = await from("data/sorting");
      const random = seeded(13);
      const keys = Uint32Array.from({ length: 200_000 }, () => random(2 ** 32));
      return { units: keys.length, work: () => sortedByKey(keys) };
    },
  },
];
