// SPDX-License-Identifier: Apache-2.0
import type { ShippedDataset } from "./dataset.ts";
import { NLI, QUORA } from "./names.ts";
import { type Columns, cardConfig, classLabel, parquetOf, type Row, range, Texts } from "./rows.ts";

// Pairs of texts.

const LABEL = { label: classLabel(NLI) };

/** Rows of three hypotheses to a premise; every 25th has no label, as where annotators did not agree. */
function inferences(texts: Texts, count: number, more: (i: number) => Row = () => ({})): Row[] {
  let premise = "";
  return range(count, (i) => {
    if (i % 3 === 0) premise = texts.next();
    return { premise, hypothesis: texts.next(), label: i % 25 === 24 ? -1 : texts.below(3), ...more(i) };
  });
}

export async function snli(): Promise<ShippedDataset> {
  const texts = new Texts("scene");
  const columns = { premise: "VARCHAR", hypothesis: "VARCHAR", label: "BIGINT" };
  const rows = inferences(texts, 300);
  const splits = {
    test: "plain_text/test-*",
    validation: "plain_text/validation-*",
    train: "plain_text/train-*",
  };
  const other = await parquetOf(inferences(texts, 9), columns, LABEL);
  const fixture = {
    id: "stanfordnlp/snli",
    card: { license: ["cc-by-sa-4.0"], configs: [cardConfig("plain_text", splits)] },
    files: {
      "plain_text/test-00000-of-00001.parquet": other,
      "plain_text/train-00000-of-00001.parquet": await parquetOf(rows, columns, LABEL),
      "plain_text/validation-00000-of-00001.parquet": other,
    },
  };
  return { name: "snli", fixture, rows };
}

const MULTI_NLI: Columns = {
  promptID: "INTEGER",
  pairID: "VARCHAR",
  premise: "VARCHAR",
  premise_binary_parse: "VARCHAR",
  premise_parse: "VARCHAR",
  hypothesis: "VARCHAR",
  hypothesis_binary_parse: "VARCHAR",
  hypothesis_parse: "VARCHAR",
  genre: "VARCHAR",
  label: "BIGINT",
};

export async function multiNli(): Promise<ShippedDataset> {
  const texts = new Texts("genre");
  const rows = inferences(texts, 300, (i) => ({
    promptID: i,
    pairID: `${i}n`,
    premise_binary_parse: "( a b )",
    premise_parse: "(ROOT a b)",
    hypothesis_binary_parse: "( c d )",
    hypothesis_parse: "(ROOT c d)",
    genre: i % 2 === 0 ? "fiction" : "travel",
  }));
  const splits = {
    train: "data/train-*",
    validation_matched: "data/validation_matched-*",
    validation_mismatched: "data/validation_mismatched-*",
  };
  const other = await parquetOf(inferences(texts, 9), MULTI_NLI, LABEL);
  const fixture = {
    id: "nyu-mll/multi_nli",
    card: {
      license: ["cc-by-3.0", "cc-by-sa-3.0", "mit", "other"],
      configs: [cardConfig("default", splits)],
    },
    files: {
      "data/train-00000-of-00001.parquet": await parquetOf(rows, MULTI_NLI, LABEL),
      "data/validation_matched-00000-of-00001.parquet": other,
      "data/validation_mismatched-00000-of-00001.parquet": other,
    },
  };
  return { name: "multi_nli", fixture, rows };
}

/** Nine splits in one config, three of them here. */
export async function anli(): Promise<ShippedDataset> {
  const texts = new Texts("round");
  const columns = {
    uid: "VARCHAR",
    premise: "VARCHAR",
    hypothesis: "VARCHAR",
    label: "BIGINT",
    reason: "VARCHAR",
  };
  const make = (count: number) =>
    inferences(texts, count, (i) => ({ uid: `u${i}`, reason: i % 2 === 0 ? "" : texts.next() }));
  const rows = make(300);
  const rounds = ["train_r1", "train_r3", "dev_r3"];
  const splits = Object.fromEntries(rounds.map((round) => [round, `plain_text/${round}-*`]));
  const fixture = {
    id: "facebook/anli",
    card: { license: ["cc-by-nc-4.0"], configs: [cardConfig("plain_text", splits)] },
    files: {
      "plain_text/dev_r3-00000-of-00001.parquet": await parquetOf(make(9), columns, LABEL),
      "plain_text/train_r1-00000-of-00001.parquet": await parquetOf(make(9), columns, LABEL),
      "plain_text/train_r3-00000-of-00001.parquet": await parquetOf(rows, columns, LABEL),
    },
  };
  return { name: "anli", fixture, rows };
}

const MS_MARCO: Columns = {
  answers: "VARCHAR[]",
  passages: "STRUCT(is_selected INTEGER[], passage_text VARCHAR[], url VARCHAR[])",
  query: "VARCHAR",
  query_id: "INTEGER",
  query_type: "VARCHAR",
  wellFormedAnswers: "VARCHAR[]",
};

/** A search: mostly one passage of several is selected; sometimes none, two, or all that there are. */
function search(texts: Texts, i: number): Row {
  const count = 2 + texts.below(6);
  const chosen = texts.below(count);
  const selected = range(count, (k) => {
    if (i % 20 === 0) return 0;
    if (i % 20 === 1) return 1;
    return k === chosen || (i % 7 === 0 && k === count - 1) ? 1 : 0;
  });
  return {
    answers: [texts.next("answer")],
    passages: {
      is_selected: selected,
      passage_text: selected.map(() => texts.next("passage")),
      url: selected.map((_, k) => `https://example.com/${i}/${k}`),
    },
    query: texts.next("question"),
    query_id: i,
    query_type: "description",
    wellFormedAnswers: [],
  };
}

export async function msMarco(): Promise<ShippedDataset> {
  const texts = new Texts("search");
  const rows = range(300, (i) => search(texts, i));
  const features = {
    passages: { feature: { is_selected: { dtype: "int32", _type: "Value" } }, _type: "Sequence" },
  };
  const other = await parquetOf(
    range(5, (i) => search(texts, i)),
    MS_MARCO,
    features,
  );
  const fixture = {
    id: "microsoft/ms_marco",
    card: {
      configs: ["v1.1", "v2.1"].map((name) =>
        cardConfig(name, { validation: `${name}/validation-*`, train: `${name}/train-*` }),
      ),
    },
    files: {
      "v1.1/train-00000-of-00001.parquet": await parquetOf(rows, MS_MARCO, features),
      "v1.1/validation-00000-of-00001.parquet": other,
      "v2.1/train-00000-of-00001.parquet": other,
    },
  };
  return { name: "ms_marco", fixture, rows };
}

export async function quoraDuplicates(): Promise<ShippedDataset> {
  const texts = new Texts("forum");
  const rows = range(300, () => ({
    sentence1: texts.next(),
    sentence2: texts.next(),
    label: texts.below(2),
  }));
  const columns = { sentence1: "VARCHAR", sentence2: "VARCHAR", label: "BIGINT" };
  const pair = range(9, () => ({ anchor: texts.next(), positive: texts.next() }));
  const fixture = {
    id: "sentence-transformers/quora-duplicates",
    card: {
      configs: ["pair", "pair-class"].map((name) => cardConfig(name, { train: `${name}/train-*` })),
    },
    files: {
      "pair-class/train-00000-of-00001.parquet": await parquetOf(rows, columns, { label: classLabel(QUORA) }),
      "pair/train-00000-of-00001.parquet": await parquetOf(pair, { anchor: "VARCHAR", positive: "VARCHAR" }),
    },
  };
  return { name: "quora_duplicates", fixture, rows };
}
