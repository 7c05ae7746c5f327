// SPDX-License-Identifier: Apache-2.0
import type { ShippedDataset } from "./dataset.ts";
import { cardConfig, jsonl, parquetOf, type Row, range, Texts } from "./rows.ts";

// Texts with structure: masked values, and conversations.

const LANGUAGES = {
  english_pii_43k: "en",
  french_pii_62k: "fr",
  german_pii_52k: "de",
  italian_pii_50k: "it",
};

/** A text with a made-up name and number, and the same with both masked; every tenth holds neither. */
function masked(texts: Texts, id: number, language: string): Row {
  const before = texts.next("letter");
  const values = [`Ada Example${id}`, `555-${String(id).padStart(4, "0")}`];
  const isBare = id % 10 === 0;
  const source = isBare ? before : `${before} Ask ${values[0]} at ${values[1]}.`;
  const target = isBare ? before : `${before} Ask [FIRSTNAME_1] at [PHONENUMBER_1].`;
  const spans = values.map((value, k) => {
    const start = source.indexOf(value);
    return { value, start, end: start + value.length, label: k === 0 ? "FIRSTNAME_1" : "PHONENUMBER_1" };
  });
  return {
    source_text: source,
    target_text: target,
    privacy_mask: isBare ? [] : spans,
    span_labels: JSON.stringify(isBare ? [] : spans.map(({ start, end, label }) => [start, end, label])),
    mbert_text_tokens: ["Ask", "Ada"],
    mbert_bio_labels: ["O", "B-FIRSTNAME"],
    id,
    language,
    set: "train",
  };
}

/** Its own files are JSONL, one a language, beside JSON files that are none of its rows. */
export async function piiMasking(): Promise<ShippedDataset> {
  const texts = new Texts("mask");
  const files = Object.entries(LANGUAGES).map(([name, language], k) => {
    const rows = range(75, (i) => masked(texts, k * 75 + i, language));
    return [`${name}.jsonl`, rows] as const;
  });
  const fixture = {
    id: "ai4privacy/pii-masking-200k",
    card: {
      language: ["en", "fr", "de", "it"],
      configs: [{ config_name: "default", data_files: "*.jsonl" }],
    },
    files: {
      LICENSE: "their own\n",
      "pii_class_counts.json": '{"FIRSTNAME":1}\n',
      "summary.json": '{"rows":300}\n',
      ...Object.fromEntries(files.map(([name, rows]) => [name, jsonl(rows)])),
    },
  };
  return { name: "pii_masking", fixture, rows: files.flatMap(([, rows]) => rows) };
}

function conversation(texts: Texts, i: number): Row {
  const turns = i % 10 === 0 ? 2 : 4 + 2 * texts.below(3);
  const messages = range(turns, (k) => ({
    content: texts.next(k % 2 === 0 ? "user" : "assistant"),
    role: k % 2 === 0 ? "user" : "assistant",
  }));
  return { prompt: messages[0]?.content, prompt_id: `p${i}`, messages };
}

/** Four splits; the one that is wanted in three files. */
export async function ultrachat(): Promise<ShippedDataset> {
  const texts = new Texts("chat");
  const columns = {
    prompt: "VARCHAR",
    prompt_id: "VARCHAR",
    messages: "STRUCT(content VARCHAR, role VARCHAR)[]",
  };
  const rows = range(300, (i) => conversation(texts, i));
  const splits = ["train_sft", "test_sft", "train_gen", "test_gen"];
  const shards = [0, 1, 2].map(async (k) => {
    const name = `data/train_sft-0000${k}-of-00003-a3ecf92756993583.parquet`;
    return [name, await parquetOf(rows.slice(100 * k, 100 * (k + 1)), columns)] as const;
  });
  const other = await parquetOf([conversation(texts, 1)], columns);
  const others = splits.slice(1).map((split) => [`data/${split}-00000-of-00001.parquet`, other] as const);
  const patterns = Object.fromEntries(splits.map((split) => [split, `data/${split}-*`]));
  const fixture = {
    id: "HuggingFaceH4/ultrachat_200k",
    card: { license: "mit", configs: [cardConfig("default", patterns)] },
    files: Object.fromEntries([...(await Promise.all(shards)), ...others]),
  };
  return { name: "ultrachat_200k", fixture, rows };
}

const COUNTS = 'STRUCT("name" VARCHAR[], count INTEGER[])';
const VALUES = 'STRUCT("name" VARCHAR[], "value" DOUBLE[], count INTEGER[])';
const SCORES =
  "STRUCT(toxicity DOUBLE, severe_toxicity DOUBLE, obscene DOUBLE, identity_attack DOUBLE, insult DOUBLE, threat DOUBLE, sexual_explicit DOUBLE)";

const OASST1 = {
  message_id: "VARCHAR",
  parent_id: "VARCHAR",
  user_id: "VARCHAR",
  created_date: "VARCHAR",
  text: "VARCHAR",
  role: "VARCHAR",
  lang: "VARCHAR",
  review_count: "INTEGER",
  review_result: "BOOLEAN",
  deleted: "BOOLEAN",
  rank: "INTEGER",
  synthetic: "BOOLEAN",
  model_name: "VARCHAR",
  detoxify: SCORES,
  message_tree_id: "VARCHAR",
  tree_state: "VARCHAR",
  emojis: COUNTS,
  labels: VALUES,
};

function message(texts: Texts, i: number): Row {
  const isPrompt = i % 3 === 0;
  return {
    message_id: `m${i}`,
    parent_id: isPrompt ? null : `m${i - 1}`,
    user_id: `u${i % 17}`,
    created_date: "2023-02-05T14:23:50.983374+00:00",
    text: texts.next(),
    role: isPrompt ? "prompter" : "assistant",
    lang: ["en", "es", "pt-BR"][texts.below(3)],
    review_count: 3,
    review_result: true,
    deleted: false,
    rank: isPrompt ? null : i % 2,
    synthetic: false,
    model_name: null,
    detoxify: i % 4 === 0 ? null : { toxicity: 0.25, insult: 0.125 },
    message_tree_id: `m${i - (i % 3)}`,
    tree_state: "ready_for_export",
    emojis: { name: ["+1"], count: [1] },
    labels: { name: ["quality"], value: [0.75], count: [3] },
  };
}

/** Its card has no configs: the rows come from the automatic conversion. */
export async function oasst1(): Promise<ShippedDataset> {
  const texts = new Texts("tree");
  const rows = range(300, (i) => message(texts, i));
  const train = await parquetOf(rows, OASST1);
  const validation = await parquetOf(
    range(6, (i) => message(texts, i)),
    OASST1,
  );
  const fixture = {
    id: "OpenAssistant/oasst1",
    card: { license: "apache-2.0", dataset_info: { features: [{ name: "text", dtype: "string" }] } },
    files: {
      "2023-04-12_oasst_ready.messages.jsonl.gz": "not rows of the split",
      "data/train-00000-of-00001-b42a775f407cee45.parquet": train,
      "data/validation-00000-of-00001-134b8fd0c89408b6.parquet": validation,
    },
    parquet: { default: { train: [train], validation: [validation] } },
  };
  return { name: "openassistant_oasst1", fixture, rows };
}
