// SPDX-License-Identifier: Apache-2.0
import type { ShippedDataset } from "./dataset.ts";
import { AG_NEWS, BANKING77, CLINC_OOS, DBPEDIA_14, GO_EMOTIONS } from "./names.ts";
import { cardConfig, cardLabel, classLabel, parquetOf, type Row, range, Texts } from "./rows.ts";

// Single texts with classes.

const TEXT_AND_LABEL = { text: "VARCHAR", label: "BIGINT" };

function labelled(texts: Texts, count: number, classes: number): Row[] {
  return range(count, (i) => ({ text: texts.next(), label: Math.floor((i * classes) / count) }));
}

/** A script on main, and the automatic conversion: the card has no configs. Sorted by class, as the real one. */
export async function banking77(): Promise<ShippedDataset> {
  const texts = new Texts("account");
  const rows = labelled(texts, 308, BANKING77.length);
  const features = { text: { dtype: "string", _type: "Value" }, label: classLabel(BANKING77) };
  const file = (of: readonly Row[]) => parquetOf(of, TEXT_AND_LABEL, { label: classLabel(BANKING77) });
  const fixture = {
    id: "PolyAI/banking77",
    card: {
      license: ["cc-by-4.0"],
      dataset_info: { features: [{ name: "label", dtype: cardLabel(BANKING77) }] },
    },
    files: {
      "banking77.py": "# never run\n",
      "dataset_infos.json": JSON.stringify({ default: { features } }),
    },
    parquet: {
      default: { train: [await file(rows)], test: [await file(labelled(texts, 20, BANKING77.length))] },
    },
  };
  return { name: "banking77", fixture, rows };
}

export async function agNews(): Promise<ShippedDataset> {
  const texts = new Texts("report");
  const rows = range(300, () => ({ text: texts.next(), label: texts.below(4) }));
  const file = (of: readonly Row[]) => parquetOf(of, TEXT_AND_LABEL, { label: classLabel(AG_NEWS) });
  const fixture = {
    id: "fancyzhx/ag_news",
    card: {
      license: ["unknown"],
      configs: [cardConfig("default", { train: "data/train-*", test: "data/test-*" })],
    },
    files: {
      "data/test-00000-of-00001.parquet": await file(labelled(texts, 20, 4)),
      "data/train-00000-of-00001.parquet": await file(rows),
    },
  };
  return { name: "ag_news", fixture, rows };
}

export async function dbpedia14(): Promise<ShippedDataset> {
  const texts = new Texts("article");
  const columns = { label: "BIGINT", title: "VARCHAR", content: "VARCHAR" };
  const make = (count: number) =>
    range(count, (i) => ({
      label: Math.floor((i * 14) / count),
      title: `Entry ${i} of ${count}`,
      content: ` ${texts.next()} ${texts.next()}`,
    }));
  const rows = make(280);
  const file = (of: readonly Row[]) => parquetOf(of, columns, { label: classLabel(DBPEDIA_14) });
  const fixture = {
    id: "fancyzhx/dbpedia_14",
    card: {
      license: ["cc-by-sa-3.0"],
      configs: [
        cardConfig(
          "dbpedia_14",
          { train: "dbpedia_14/train-*", test: "dbpedia_14/test-*" },
          { default: true },
        ),
      ],
    },
    files: {
      "dbpedia_14/test-00000-of-00001.parquet": await file(make(14)),
      "dbpedia_14/train-00000-of-00001.parquet": await file(rows),
    },
  };
  return { name: "dbpedia_14", fixture, rows };
}

/** Three configs of the same columns; each intent twice. */
export async function clincOos(): Promise<ShippedDataset> {
  const texts = new Texts("assistant");
  const make = (times: number) =>
    range(CLINC_OOS.length * times, (i) => ({
      text: texts.next(CLINC_OOS[Math.floor(i / times)]?.replaceAll("_", " ")),
      intent: Math.floor(i / times),
    }));
  const rows = make(2);
  const file = (of: readonly Row[]) =>
    parquetOf(of, { text: "VARCHAR", intent: "BIGINT" }, { intent: classLabel(CLINC_OOS) });
  const other = await file(make(1));
  const configs = ["imbalanced", "plus", "small"];
  const fixture = {
    id: "clinc/clinc_oos",
    card: {
      license: ["cc-by-3.0"],
      configs: configs.map((name) =>
        cardConfig(name, { train: `${name}/train-*`, validation: `${name}/validation-*` }),
      ),
    },
    files: {
      "imbalanced/train-00000-of-00001.parquet": other,
      "plus/train-00000-of-00001.parquet": await file(rows),
      "plus/validation-00000-of-00001.parquet": other,
      "small/train-00000-of-00001.parquet": other,
    },
  };
  return { name: "clinc_oos", fixture, rows };
}

export async function goEmotions(): Promise<ShippedDataset> {
  const texts = new Texts("comment");
  const make = (count: number) =>
    range(count, (i) => ({
      text: texts.next(),
      labels: i % 5 === 0 ? [texts.below(27), 27] : [texts.below(28)],
      id: `e${i}`,
    }));
  const rows = make(300);
  const file = (of: readonly Row[]) =>
    parquetOf(
      of,
      { text: "VARCHAR", labels: "BIGINT[]", id: "VARCHAR" },
      { labels: { feature: classLabel(GO_EMOTIONS), _type: "Sequence" } },
    );
  const fixture = {
    id: "google-research-datasets/go_emotions",
    card: {
      license: ["apache-2.0"],
      configs: [
        cardConfig("raw", { train: "raw/train-*" }),
        cardConfig(
          "simplified",
          { train: "simplified/train-*", test: "simplified/test-*" },
          { default: true },
        ),
      ],
    },
    files: {
      "raw/train-00000-of-00001.parquet": await file(make(5)),
      "simplified/test-00000-of-00001.parquet": await file(make(10)),
      "simplified/train-00000-of-00001.parquet": await file(rows),
    },
  };
  return { name: "go_emotions", fixture, rows };
}
