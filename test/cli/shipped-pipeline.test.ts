// SPDX-License-Identifier: Apache-2.0
import { appendFileSync, copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readLock } from "../../src/pipeline/dataset-lock.ts";
import { cardConfig, classLabel, parquetOf, range, Texts } from "../support/hub-datasets/rows.ts";
import { shippedDatasets } from "../support/hub-datasets.ts";
import type { HubFixture } from "../support/hub-repository.ts";
import { HubServer } from "../support/hub-server.ts";
import { CHECKOUT, type Ended, modelpack } from "../support/pipeline-run.ts";
import { sharedFolder } from "../support/temporary-folder.ts";

// The shipped TOML as it is, in a folder of its own, with the real client against the test server.

const folder = sharedFolder();
const toml = join(folder, "model_pipeline.toml");
const docs = readFileSync(join(CHECKOUT, "docs", "datasets.md"), "utf8");
const shipped = await shippedDatasets();
const server = await HubServer.start(shipped.map(({ fixture }) => fixture));
afterAll(() => server.close());

function prepare(...more: string[]): Promise<Ended> {
  const env = { HF_ENDPOINT: server.url, HOME: folder, HF_TOKEN: undefined, HF_HUB_OFFLINE: undefined };
  return modelpack(folder, ["prepare", "--no-llm", "--json", ...more], { env });
}

interface LabelRows {
  readonly label: string;
  readonly deficit: number;
}

interface Prepared {
  readonly version: string;
  readonly folder: string;
  readonly unchanged: boolean;
  readonly deficit: number;
  readonly tasks: readonly { readonly task: string; readonly labels: readonly LabelRows[] }[];
}

interface Source {
  readonly dataset: string;
  readonly rows: number;
}

function manifestOf({ folder: at }: Prepared): { readonly sources: readonly Source[] } {
  return JSON.parse(readFileSync(join(at, "manifest.json"), "utf8"));
}

/** Paths in their repositories of the files whose bytes were asked for. */
function fetched(): string[] {
  const paths = server
    .fileRequests()
    .map(({ url }) => /\/resolve\/[^/]+\/(.*\.(?:parquet|jsonl))$/.exec(url)?.[1]);
  return paths.filter((path) => path !== undefined).sort();
}

describe("prepare of the shipped pipeline", () => {
  let first: Ended;
  let prepared: Prepared;

  beforeAll(async () => {
    mkdirSync(join(folder, "tmp"));
    copyFileSync(join(CHECKOUT, "model_pipeline.toml"), toml);
    first = await prepare();
    expect(first.status, first.stderr).toBe(0);
    prepared = JSON.parse(first.stdout);
  }, 60_000);

  it("loads every dataset", () => {
    const loaded = manifestOf(prepared).sources.map((source) => [source.dataset, source.rows]);
    // Of ultrachat, of which the first 20,000 rows are wanted, that takes all three files here.
    expect(loaded).toEqual(shipped.map(({ name, rows }) => [name, rows.length]));
    expect(first.stderr).not.toContain("left out");
    expect(first.stderr).toContain(
      "clinc_oos: 302 rows: 206 train rows for query_domain, 192 train rows for query_intent, 34 train rows for memory_type, 302 seed rows for prompts\n",
    );
  });

  it("lists what is missing for each label of each task", () => {
    const all = prepared.tasks.flatMap(({ task, labels }) => labels.map((one) => ({ task, ...one })));
    expect(prepared.tasks).toHaveLength(18);
    expect(all).toHaveLength(92);
    expect(all.reduce((sum, { deficit }) => sum + deficit, 0)).toBe(prepared.deficit);
    const missing = (task: string, label: string) =>
      all.find((one) => one.task === task && one.label === label)?.deficit;
    // banking77 308, clinc_oos 70.
    expect(missing("query_domain", "finance")).toBe(10_000 - 308 - 70);
    expect(missing("query_domain", "health")).toBe(10_000);
    expect(missing("memory_type", "knowledge")).toBe(10_000 - 280);
    expect(missing("memory_type", "conversation")).toBe(10_000 - 34);
    expect(missing("decay_profile", "fast")).toBe(10_000);
    expect(missing("pii_presence", "pii")).toBe(10_000 - 270);
  });

  it("locks every dataset at its commit", async () => {
    const lock = await readLock(folder);
    const locked = lock?.datasets.map(({ datasetId, commit, ref }) => [
      datasetId,
      server.repository(datasetId)?.resolve(ref) === commit,
    ]);
    expect(locked?.sort()).toEqual(shipped.map(({ fixture }) => [fixture.id, true]).sort());
  });

  it("downloads nothing the second time, and ends with 3 where on_underfill is fail", async () => {
    expect(fetched()).toHaveLength(18);
    server.reset();
    const again = await prepare("--set", "prepare.on_underfill=fail");
    expect(again.status, again.stderr).toBe(3);
    expect(JSON.parse(again.stdout)).toMatchObject({ version: prepared.version, unchanged: true });
    expect(server.fileRequests()).toEqual([]);
  });
});

const MOODS = ["sadness", "joy", "love", "anger", "fear", "surprise"];

/** dair-ai/emotion as its page describes it. */
async function emotion(): Promise<HubFixture> {
  const texts = new Texts("mood");
  const columns = { text: "VARCHAR", label: "BIGINT" };
  const file = (count: number) =>
    parquetOf(
      range(count, (i) => ({ text: texts.next(), label: i % MOODS.length })),
      columns,
      {
        label: classLabel(MOODS),
      },
    );
  const splits = { train: "split/train-*", validation: "split/validation-*", test: "split/test-*" };
  return {
    id: "dair-ai/emotion",
    card: {
      license: ["other"],
      configs: [
        cardConfig("split", splits, { default: true }),
        cardConfig("unsplit", { train: "unsplit/train-*" }),
      ],
    },
    files: {
      "split/test-00000-of-00001.parquet": await file(60),
      "split/train-00000-of-00001.parquet": await file(240),
      "split/validation-00000-of-00001.parquet": await file(6),
      "unsplit/train-00000-of-00001.parquet": await file(6),
    },
  };
}

describe("the new dataset of docs/datasets.md", () => {
  it("takes nothing but the lines of TOML that stand there", async () => {
    const [, example = ""] = /```toml\n(.*?)```/s.exec(docs) ?? [];
    expect(example).toContain('dataset_id = "dair-ai/emotion"');
    server.add(await emotion());
    appendFileSync(toml, example);
    server.reset();
    const { status, stdout, stderr } = await prepare();
    expect(status, stderr).toBe(0);
    expect(fetched()).toEqual(["split/test-00000-of-00001.parquet", "split/train-00000-of-00001.parquet"]);
    const prepared: Prepared = JSON.parse(stdout);
    const mood = prepared.tasks.find(({ task }) => task === "mood");
    expect(mood?.labels.map(({ label, deficit }) => [label, deficit])).toEqual(
      MOODS.map((label) => [label, 10_000 - 40]),
    );
    expect(manifestOf(prepared).sources.slice(-2)).toMatchObject([
      { dataset: "emotion", rows: 240 },
      { dataset: "emotion_test", rows: 60 },
    ]);
    expect((await readLock(folder))?.datasets).toHaveLength(15);
  }, 60_000);
});
