// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import type { DatasetMap } from "../../src/config/schema.ts";
import { downloadHubFiles, resolveHubDataset } from "../../src/data/hub.ts";
import { readSource } from "../../src/data/mapping.ts";
import { checkedSource } from "../../src/data/source.ts";
import { request, settingsFor } from "../support/hub.ts";
import { AG_NEWS, CLINC_OOS, NLI, QUORA } from "../support/hub-datasets/names.ts";
import type { Row } from "../support/hub-datasets/rows.ts";
import { shippedDatasets } from "../support/hub-datasets.ts";
import { HubServer } from "../support/hub-server.ts";
import { CHECKOUT } from "../support/pipeline-run.ts";
import { sharedFolder } from "../support/temporary-folder.ts";

// Every map of the shipped TOML, over the files that the client fetches from the test server.

const { config } = loadConfig(join(CHECKOUT, "model_pipeline.toml"));
const shipped = await shippedDatasets();
const server = await HubServer.start(shipped.map(({ fixture }) => fixture));
afterAll(() => server.close());
const settings = settingsFor(server, { cacheDir: sharedFolder() });

/** Role, task (empty where a seed is for any), and the rows as text, second text, label and language. */
type Mapped = readonly [role: string, task: string, rows: readonly (readonly (string | null)[])[]];

async function mapped(name: string): Promise<Mapped[]> {
  const dataset = config.datasets.find((one) => one.name === name);
  if (dataset?.dataset_id === undefined) throw new Error(`no dataset ${name}`);
  const { config: subset, split, sample } = dataset;
  const found = await resolveHubDataset(
    request(dataset.dataset_id, { name, config: subset, split, sample, maxRows: 60_000 }),
    settings,
  );
  const { files } = await downloadHubFiles(found, settings);
  const source = { ...checkedSource(name, files), classLabels: found.classLabels };
  const rows = new Map<DatasetMap, (string | null)[][]>(dataset.map.map((map) => [map, []]));
  await readSource(source, dataset.map, { maxRows: 60_000, sample: "hash" }, (map, batch) => {
    for (const { text, textB, label, language } of batch) rows.get(map)?.push([text, textB, label, language]);
  });
  return dataset.map.map((map) => [map.role, map.task ?? "", rows.get(map) ?? []]);
}

function rowsOf(name: string): readonly Row[] {
  return shipped.find((one) => one.name === name)?.rows ?? [];
}

/** One row of a single text. */
function single(text: unknown, label: string | null, language = "en"): readonly (string | null)[] {
  return [text as string, null, label, language];
}

function pair(a: unknown, b: unknown, label: string | null): readonly (string | null)[] {
  return [a as string, b as string, label, "en"];
}

it("banking77: every question is about finance", async () => {
  const rows = rowsOf("banking77").map(({ text }) => single(text, "finance"));
  expect(rows).toHaveLength(308);
  expect(await mapped("banking77")).toEqual([["train", "query_domain", rows]]);
});

it("ag_news: tags by section, and seeds", async () => {
  const tags = { World: "general", Sports: "general", Business: "finance", "Sci/Tech": "tech" };
  const rows = rowsOf("ag_news");
  expect(await mapped("ag_news")).toEqual([
    [
      "train",
      "context_tag",
      rows.map(({ text, label }) => single(text, tags[AG_NEWS[label as number] ?? "World"])),
    ],
    ["seed", "", rows.map(({ text }) => single(text, null))],
  ]);
});

it("dbpedia_14: knowledge, and titles as seeds", async () => {
  const rows = rowsOf("dbpedia_14");
  expect(await mapped("dbpedia_14")).toEqual([
    ["train", "memory_type", rows.map(({ content }) => single(content, "knowledge"))],
    ["seed", "", rows.map(({ title }) => single(title, null))],
  ]);
});

it("clinc_oos: each intent where it fits, and every row as a seed", async () => {
  const maps = await mapped("clinc_oos");
  const rows = rowsOf("clinc_oos");
  const labelsOf = (task: string, intent: string): string[] => {
    const texts = new Set(
      rows.filter((row) => CLINC_OOS[row.intent as number] === intent).map(({ text }) => text),
    );
    const labels = maps.filter(([role, of]) => role === "train" && of === task);
    const found = labels.flatMap(([, , given]) =>
      given.filter(([text]) => texts.has(text)).map(([, , l]) => l),
    );
    return found.map(String);
  };
  const both = (intent: string) => [labelsOf("query_domain", intent), labelsOf("query_intent", intent)];
  expect(both("transfer")).toEqual([
    ["finance", "finance"],
    ["tool_query", "tool_query"],
  ]);
  expect(both("recipe")).toEqual([
    ["food", "food"],
    ["factual", "factual"],
  ]);
  expect(both("carry_on")).toEqual([
    ["travel", "travel"],
    ["constraint_check", "constraint_check"],
  ]);
  expect(both("pto_request")).toEqual([
    ["work", "work"],
    ["tool_query", "tool_query"],
  ]);
  expect(both("sync_device")).toEqual([
    ["tech", "tech"],
    ["tool_query", "tool_query"],
  ]);
  expect(both("greeting")).toEqual([
    ["general", "general"],
    ["conversation", "conversation"],
  ]);
  expect(both("no")).toEqual([
    ["general", "general"],
    ["conversation", "conversation"],
  ]);
  for (const intent of ["oos", "vaccines", "income", "travel_notification"])
    expect(both(intent)).toEqual([[], []]);
  // No intent has two labels of one task.
  for (const task of ["query_domain", "query_intent"])
    for (const intent of CLINC_OOS) expect(labelsOf(task, intent).length, intent).toBeLessThanOrEqual(2);
  const counts = maps.map(([role, task, given]) => `${role} ${task} ${given[0]?.[2]} ${given.length}`);
  expect(counts).toEqual([
    "train query_domain finance 70",
    "train query_domain food 30",
    "train query_domain travel 20",
    "train query_domain work 14",
    "train query_domain tech 8",
    "train query_domain general 64",
    "train query_intent conversation 34",
    "train memory_type conversation 34",
    "train query_intent tool_query 124",
    "train query_intent factual 28",
    "train query_intent constraint_check 6",
    "seed  null 302",
  ]);
  expect(maps.at(-1)?.[2]).toEqual(rows.map(({ text }) => single(text, null)));
});

it("go_emotions: seeds for each task of the extractor", async () => {
  const seeds = rowsOf("go_emotions").map(({ text }) => single(text, null));
  const extractor = config.tasks.filter(({ family }) => family === "extractor").map(({ name }) => name);
  const maps = await mapped("go_emotions");
  expect(maps.map(([role, task]) => `${role} ${task}`).sort()).toEqual(
    extractor.map((task) => `seed ${task}`).sort(),
  );
  for (const [, , rows] of maps) expect(rows).toEqual(seeds);
});

it("pii_masking: texts with personal data, and the same masked, in four languages", async () => {
  const rows = rowsOf("pii_masking");
  const personal = rows.filter(({ source_text, target_text }) => source_text !== target_text);
  expect([rows.length, personal.length]).toEqual([300, 270]);
  expect(await mapped("pii_masking")).toEqual([
    [
      "train",
      "pii_presence",
      personal.map(({ source_text, language }) => single(source_text, "pii", language as string)),
    ],
    [
      "train",
      "pii_presence",
      rows.map(({ target_text, language }) => single(target_text, "no_pii", language as string)),
    ],
  ]);
});

it.each(["snli", "multi_nli", "anli"])("%s: three readings; a row without a label has none", async (name) => {
  const readings = {
    conflict_detection: ["no_conflict", "no_conflict", "conflict"],
    scope_match: ["match", "no_match", "match"],
    supersession: ["no_supersedes", "no_supersedes", "supersedes"],
  };
  expect(NLI).toEqual(["entailment", "neutral", "contradiction"]);
  const rows = rowsOf(name);
  expect(rows.filter(({ label }) => label === -1)).toHaveLength(12);
  const expected = Object.entries(readings).map(([task, labels]) => [
    "train",
    task,
    rows.map((row) => pair(row.premise, row.hypothesis, labels[row.label as number] ?? null)),
  ]);
  expect(await mapped(name)).toEqual(expected);
});

interface Passages {
  readonly is_selected: readonly number[];
  readonly passage_text: readonly string[];
}

it("ms_marco: of each search the first selected and the first other passage", async () => {
  const expected = (yes: string, no: string) =>
    rowsOf("ms_marco").flatMap(({ query, passages }) =>
      [1, 0].flatMap((selected) => {
        const { is_selected, passage_text } = passages as Passages;
        const at = is_selected.indexOf(selected);
        return at < 0 ? [] : [pair(query, passage_text[at], selected === 1 ? yes : no)];
      }),
    );
  const sorted = (rows: readonly (readonly (string | null)[])[]) => rows.map((row) => row.join("|")).sort();
  const [rerank, scope] = await mapped("ms_marco");
  expect(rerank?.slice(0, 2)).toEqual(["train", "constraint_rerank"]);
  expect(scope?.slice(0, 2)).toEqual(["train", "scope_match"]);
  // 34 searches have passages of one kind alone.
  expect(rerank?.[2].length).toBe(300 * 2 - 34);
  expect(sorted(rerank?.[2] ?? [])).toEqual(sorted(expected("relevant", "not_relevant")));
  expect(sorted(scope?.[2] ?? [])).toEqual(sorted(expected("match", "no_match")));
});

it("quora_duplicates: duplicates are relevant and match", async () => {
  const expected = (labels: Readonly<Record<string, string>>) =>
    rowsOf("quora_duplicates").map((row) =>
      pair(row.sentence1, row.sentence2, labels[QUORA[row.label as number] ?? ""] ?? null),
    );
  expect(await mapped("quora_duplicates")).toEqual([
    ["train", "constraint_rerank", expected({ duplicate: "relevant", different: "not_relevant" })],
    ["train", "scope_match", expected({ duplicate: "match", different: "no_match" })],
  ]);
});

it("ultrachat_200k: the first message of a user is a seed, the first two are a pair", async () => {
  const said = rowsOf("ultrachat_200k").map(({ messages }) =>
    (messages as { content: string; role: string }[]).filter(({ role }) => role === "user"),
  );
  const pairs = said.filter(({ length }) => length > 1).map(([a, b]) => pair(a?.content, b?.content, null));
  expect([said.length, pairs.length]).toEqual([300, 270]);
  expect(await mapped("ultrachat_200k")).toEqual([
    ["seed", "", said.map(([first]) => single(first?.content, null))],
    ["seed", "conflict_detection", pairs],
    ["seed", "supersession", pairs],
  ]);
});

it("openassistant_oasst1: what people asked, in their languages", async () => {
  const asked = rowsOf("openassistant_oasst1").filter(({ role }) => role === "prompter");
  expect(asked).toHaveLength(100);
  expect(await mapped("openassistant_oasst1")).toEqual([
    ["seed", "", asked.map(({ text, lang }) => single(text, null, lang as string))],
  ]);
});
