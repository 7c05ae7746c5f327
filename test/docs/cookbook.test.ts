// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { readSource } from "../../src/data/mapping.ts";
import { resolveLocalSource } from "../../src/data/source.ts";
import { writeParquet } from "../data/parquet.ts";
import { parsePage } from "../support/docs.ts";
import { CHECKOUT } from "../support/pipeline-run.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

// Every recipe of docs/cookbook.md on rows of the same columns and types. A row that comes out is written
// `role task | text (| text_b) | label (| language) (| group)`.

/** Class names of a column, as `datasets` writes them into Parquet. */
function classes(column: string, ...names: string[]) {
  const features = { [column]: { names, _type: "ClassLabel" } };
  return { huggingface: JSON.stringify({ info: { features } }) };
}

interface Parquet {
  readonly sql: string;
  readonly metadata?: Readonly<Record<string, string>>;
}
/** What a dataset holds, by its name or by its file's. */
type Files = Readonly<Record<string, string | Buffer | Parquet>>;

const LABELS = { feature: { names: ["joy", "anger", "neutral"], _type: "ClassLabel" }, _type: "Sequence" };
const EMOTIONS: Parquet = {
  sql: "SELECT * FROM (VALUES ('yay', [0::BIGINT]), ('grr', [1::BIGINT]), ('both', [0::BIGINT, 1::BIGINT])) t(text, labels)",
  metadata: { huggingface: JSON.stringify({ info: { features: { labels: LABELS } } }) },
};
const BANKING = (row: string): Parquet => ({
  sql: `SELECT * FROM (VALUES ${row}) t(text, label)`,
  metadata: classes("label", "activate_my_card", "card_arrival", "exchange_rate"),
});
const json = (...rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

const RECIPES: Readonly<Record<string, readonly (readonly [Files, readonly string[]])[]>> = {
  "Classes as numbers in Parquet: banking77": [
    [
      {
        banking77: BANKING("('it came', 1::BIGINT), ('what rate', 2)"),
        banking77_test: BANKING("('turn it on', 0::BIGINT)"),
      },
      [
        "train intent | it came | card_arrival",
        "train intent | what rate | exchange_rate",
        "test intent | turn it on | activate_my_card",
      ],
    ],
  ],
  "Texts that no label fits: clinc_oos": [
    [
      {
        clinc: {
          sql: "SELECT * FROM (VALUES ('send money', 1::BIGINT), ('who won the cup', 0), ('say it in french', 3)) t(text, intent)",
          metadata: classes("intent", "oos", "transfer", "balance", "translate"),
        },
      },
      [
        "train intent | send money | transfer",
        "train intent | say it in french | translate",
        "out_of_scope intent | who won the cup | null",
      ],
    ],
  ],
  "Pairs with unlabelled rows: SNLI": [
    [
      {
        snli: {
          sql: "SELECT * FROM (VALUES ('a dog runs', 'an animal moves', 0::BIGINT), ('a man', 'a cat', -1), ('a man', 'a woman', 2)) t(premise, hypothesis, label)",
          metadata: classes("label", "entailment", "neutral", "contradiction"),
        },
      },
      [
        "train entailment | a dog runs | an animal moves | entailment",
        "train entailment | a man | a cat | null",
        "train entailment | a man | a woman | contradiction",
      ],
    ],
  ],
  "Names that differ: MRPC": [
    [
      {
        mrpc: {
          sql: "SELECT * FROM (VALUES ('he left', 'he went', 1::BIGINT, 0), ('he left', 'she sang', 0, 1)) t(sentence1, sentence2, label, idx)",
          metadata: classes("label", "not_equivalent", "equivalent"),
        },
      },
      ["train paraphrase | he left | he went | same", "train paraphrase | he left | she sang | other"],
    ],
  ],
  "Several labels a row: GoEmotions": [
    [{ go_emotions: EMOTIONS }, ["train emotion | yay | joy", "train emotion | grr | anger"]],
    [
      { go_emotions: EMOTIONS },
      ["train is_joy | yay | yes", "train is_joy | grr | no", "train is_joy | both | yes"],
    ],
  ],
  "A column of 0 and 1 for each label: toxic comments": [
    [
      {
        "train.csv":
          'id,comment_text,toxic,severe_toxic,obscene,threat,insult,identity_hate\n1,"thanks, all",0,0,0,0,0,0\n2,you fool,0,0,0,0,1,0\n',
      },
      ["train toxicity | thanks, all | fine", "train toxicity | you fool | toxic"],
    ],
  ],
  "Nested columns: SQuAD": [
    [
      {
        squad_v2: {
          sql:
            "SELECT 'i' || k AS id, 'Rome' AS title, 'old city' AS context, 'q' || k AS question, " +
            "{'text': CASE WHEN k = 1 THEN ['old'] ELSE []::VARCHAR[] END, 'answer_start': CASE WHEN k = 1 THEN [0] ELSE []::INTEGER[] END} AS answers FROM range(1, 3) t(k)",
        },
      },
      ["train answerable | q1 | old city | yes | Rome", "train answerable | q2 | old city | no | Rome"],
    ],
  ],
  "One config of many: tweet_eval": [
    [
      {
        tweets: {
          sql: "SELECT * FROM (VALUES ('so good', 2::BIGINT), ('meh', 1)) t(text, label)",
          metadata: classes("label", "negative", "neutral", "positive"),
        },
      },
      ["train sentiment | so good | positive", "train sentiment | meh | neutral"],
    ],
  ],
  "Chats: JSONL with a list of messages": [
    [
      {
        "chats/a.jsonl": json(
          {
            id: "c1",
            messages: [
              { role: "system", content: "be kind" },
              { role: "user", content: "my bill" },
            ],
            meta: { topic: "billing" },
          },
          {
            id: "c2",
            messages: [
              { role: "user", content: "it crashed" },
              { role: "assistant", content: "oh" },
            ],
            meta: { topic: "tech" },
          },
        ),
      },
      ["train topic | my bill | billing | c1", "train topic | it crashed | tech | c2"],
    ],
  ],
  "A spreadsheet from Kaggle: SMS spam": [
    [
      { "sms.csv": 'v1,v2,,,\nham,"Ok, later",,,\nspam,WIN £1000,,,\n' },
      ["train spam | Ok, later | wanted", "train spam | WIN £1000 | spam"],
    ],
  ],
  "Stars to three answers: reviews": [
    [
      {
        "reviews.parquet": {
          sql: "SELECT * FROM (VALUES ('Bad', 'broke', 1), (NULL, 'okay', 3), ('Top', 'lasts', 5)) t(review_title, review_body, stars)",
        },
      },
      [
        "train opinion | Bad. broke | negative",
        "train opinion | okay | mixed",
        "train opinion | Top. lasts | positive",
      ],
    ],
  ],
  "Spans to presence: personal data": [
    [
      {
        "pii.jsonl": json(
          { source_text: "Anna rief an", spans: [{ label: "NAME", start: 0, end: 4 }], language: "de" },
          { source_text: "nobody called", spans: [], language: "en" },
        ),
      },
      ["train pii_presence | Anna rief an | pii | de", "train pii_presence | nobody called | no_pii | en"],
    ],
  ],
  "Conversations, a turn a row": [
    [
      {
        "turns.tsv":
          "conversation_id\tturn\tspeaker\tutterance\tact\n7\t1\tuser\ta table please\trequest\n7\t2\tsystem\twhen\trequest\n8\t1\tuser\tit is me\tinform\n",
      },
      ["train act | a table please | request | 7", "train act | it is me | inform | 8"],
    ],
  ],
  "Texts without labels, for an LLM to start from": [
    [{ "logs.jsonl.gz": gzipSync(json({ message: "why so slow" })) }, ["seed topic | why so slow | null"]],
  ],
  "Many languages: MASSIVE": [
    [
      {
        "massive/de.jsonl": json(
          { locale: "de-DE", utt: "weck mich", scenario: "alarm", intent: 0, partition: "train" },
          { locale: "de-DE", utt: "regnet es", scenario: "weather", intent: 1, partition: "test" },
        ),
        "massive/en.jsonl": json({
          locale: "en-US",
          utt: "play jazz",
          scenario: "music",
          intent: 2,
          partition: "dev",
        }),
      },
      [
        "train scenario | weck mich | alarm | de-DE",
        "test scenario | regnet es | weather | de-DE",
        "eval scenario | play jazz | music | en-US",
      ],
    ],
  ],
  "A JSON array with fields inside fields": [
    [
      {
        "export.json": JSON.stringify([
          { data: { text: "fire" }, annotation: { label: "urgent" } },
          { data: { text: "tea" }, annotation: { label: "can wait" } },
        ]),
      },
      ["train urgency | fire | urgent", "train urgency | tea | can_wait"],
    ],
  ],
  "One file for each label": [
    [
      { "pos.csv": "text\nlovely\n", "neg.csv": "text\nawful\n" },
      ["train mood | lovely | pos", "train mood | awful | neg"],
    ],
  ],
  "One dataset, two questions": [
    [
      { "commands.csv": "command,intent\nfly me,book_flight\nsome jazz,play_music\n" },
      [
        "train intent | fly me | book_flight",
        "train intent | some jazz | play_music",
        "train domain | fly me | travel",
        "train domain | some jazz | media",
      ],
    ],
  ],
};

const markdown = readFileSync(join(CHECKOUT, "docs", "cookbook.md"), "utf8");
const sections = markdown.split(/^## /m).slice(1);
const recipes = sections.flatMap((section) => {
  const title = section.slice(0, section.indexOf("\n"));
  const blocks = parsePage("cookbook.md", section).blocks.filter(({ language }) => language === "toml");
  return blocks.map((block, i) => ({ title, i, toml: block.text }));
});

async function write(folder: string, name: string, content: Files[string]): Promise<void> {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  if (typeof content === "string" || Buffer.isBuffer(content)) writeFileSync(path, content);
  else await writeParquet(path, content.sql, content.metadata);
}

it("has a recipe for each shape, and rows for each recipe", () => {
  expect(sections.length).toBeGreaterThanOrEqual(12);
  expect(sections.map((section) => section.slice(0, section.indexOf("\n")))).toEqual(Object.keys(RECIPES));
  for (const { title, i } of recipes) expect(RECIPES[title]?.[i], title).toBeDefined();
});

it.each(recipes)("$title, $i", async ({ title, i, toml }) => {
  const [files, expected] = RECIPES[title]?.[i] ?? [{}, []];
  const folder = temporaryFolder();
  const config = join(folder, "model_pipeline.toml");
  writeFileSync(config, toml);
  const { datasets, tasks } = loadConfig(config).config;
  for (const [name, content] of Object.entries(files)) {
    const isHub = datasets.some((dataset) => dataset.name === name);
    await write(folder, isHub ? `${name}.parquet` : name, content);
  }
  const rows: string[] = [];
  for (const { name, path, map } of datasets) {
    const source = await resolveLocalSource(
      { name, path: path.length > 0 ? path : `${name}.parquet` },
      folder,
    );
    await readSource(source, map, { maxRows: null, sample: "hash" }, ({ role, task }, mapped) => {
      for (const { text, textB, label, language, group } of mapped) {
        const labels = tasks.find((one) => one.name === task)?.labels.map((one) => one.name) ?? [];
        if (label !== null) expect(labels).toContain(label);
        const parts = [text, ...(textB === null ? [] : [textB]), String(label)];
        rows.push(
          [`${role} ${task}`, ...parts, ...[language, group].filter((part) => part !== null)].join(" | "),
        );
      }
    });
  }
  expect(rows).toEqual(expected);
});
