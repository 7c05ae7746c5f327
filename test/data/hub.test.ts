// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { downloadHubFiles, type HubRequest, resolveHubDataset } from "../../src/data/hub.ts";
import { rejection } from "../support/failure.ts";
import { card, hubServer, parquetBytes, request, settingsFor } from "../support/hub.ts";

const ROWS = '{"text":"a"}\n{"text":"b"}\n';

it("fetches the files that the card names, and the second time none", async () => {
  const shard = await parquetBytes("SELECT 'c' AS text");
  const server = await hubServer([
    {
      id: "me/lines",
      card: { license: ["mit", "other"], ...card("data/*.jsonl") },
      files: { "data/two.jsonl": ROWS.toUpperCase(), "data/one.jsonl": ROWS, "other.csv": "x\n1\n" },
    },
    { id: "me/converted", files: { "converted.py": "" }, parquet: { default: { train: [shard] } } },
  ]);
  const settings = settingsFor(server);

  const lines = await resolveHubDataset(request("me/lines"), settings);
  expect(lines).toMatchObject({
    datasetId: "me/lines",
    config: "default",
    split: "train",
    ref: "main",
    commit: server.repository("me/lines")?.resolve("main"),
    license: "mit, other",
    headRows: null,
  });
  expect(lines.files.map(({ path, bytes }) => [path, bytes])).toEqual([
    ["data/one.jsonl", ROWS.length],
    ["data/two.jsonl", ROWS.length],
  ]);
  const first = await downloadHubFiles(lines, settings);
  expect(first).toMatchObject({ downloaded: 2, cached: 0, downloadedBytes: 2 * ROWS.length, retries: 0 });
  expect(first.files.map(({ path }) => readFileSync(path, "utf8"))).toEqual([ROWS, ROWS.toUpperCase()]);
  expect(first.dataset.files.map(({ sha256 }) => sha256)).toEqual(first.files.map(({ sha256 }) => sha256));

  const converted = await resolveHubDataset(request("me/converted"), settings);
  expect(converted.ref).toBe("refs/convert/parquet");
  expect(converted.commit).toBe(server.repository("me/converted")?.resolve("refs/convert/parquet"));
  const second = await downloadHubFiles(converted, settings);
  expect(second.files.map(({ path, format }) => [format, readFileSync(path).equals(shard)])).toEqual([
    ["parquet", true],
  ]);

  server.reset();
  expect(await downloadHubFiles(lines, settings)).toMatchObject({
    downloaded: 0,
    cached: 2,
    files: first.files,
  });
  for (const off of [{ offline: true }, { download: false }]) {
    expect(await resolveHubDataset(request("me/lines"), { ...settings, ...off })).toEqual(lines);
    expect((await downloadHubFiles(lines, { ...settings, ...off })).files).toEqual(first.files);
  }
  expect(await resolveHubDataset(request("me/lines"), settings)).toEqual(lines);
  expect(server.fileRequests()).toEqual([]);
});

it("takes what a lock says, and asks nothing to know it", async () => {
  const server = await hubServer([{ id: "me/lines", card: card("a.jsonl"), files: { "a.jsonl": ROWS } }]);
  const settings = settingsFor(server);
  const pinned = await resolveHubDataset(request("me/lines"), settings);
  const { dataset } = await downloadHubFiles(pinned, settings);
  server.repository("me/lines")?.commit({ "a.jsonl": "{}" }, card("a.jsonl"));
  server.reset();

  const again = settingsFor(server);
  expect(await resolveHubDataset(request("me/lines"), again, { pinned: dataset })).toEqual(dataset);
  expect(server.requests).toEqual([]);
  const { files } = await downloadHubFiles(dataset, again);
  expect(readFileSync(files[0]?.path ?? "", "utf8")).toBe(ROWS);
  expect(server.requests.every(({ url }) => url.includes(dataset.commit))).toBe(true);
});

it("goes through a repository's pages, and finds one split among configs", async () => {
  const files = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`b/train-${i}.jsonl`, ROWS]));
  const configs = [
    { config_name: "a", data_files: [{ split: "train", path: "a/*" }] },
    {
      config_name: "b",
      default: true,
      data_files: [
        { split: "test", path: ["./b/test.jsonl"] },
        { split: "train", path: ["b/train-3.jsonl", "**/train-*", "b/train-3.jsonl"] },
      ],
    },
  ];
  const server = await hubServer(
    [{ id: "me/many", card: { configs }, files: { ...files, "b/test.jsonl": ROWS, "a/x.jsonl": ROWS } }],
    { pageSize: 2 },
  );
  const settings = settingsFor(server);
  const paths = async (more: Partial<HubRequest>) =>
    (await resolveHubDataset(request("me/many", more), settings)).files.map(({ path }) => path);
  expect(await paths({ config: "b" })).toEqual([3, 0, 1, 2, 4, 5, 6].map((i) => `b/train-${i}.jsonl`));
  expect(await paths({})).toHaveLength(7);
  expect(await paths({ config: "b", split: "test" })).toEqual(["b/test.jsonl"]);
  expect(await paths({ config: "a" })).toEqual(["a/x.jsonl"]);
});

describe("falls back to the conversion", () => {
  const files = { "data/rows.txt": "a", "data/rows.tsv": "a", "data/rows.csv": "text\na\n" };
  it.each([
    ["for a format that is not read", card("data/rows.txt")],
    ["for files of two formats", card("data/rows.?sv")],
    ["for files that are read in a way of their own", card("data/rows.csv", { sep: ";" })],
    ["for patterns that lead out", card("/data/rows.csv")],
    ["for files on another host", card("https://example.org/rows.csv")],
    ["for a card that says nothing", undefined],
    ["for a card of nonsense", { configs: [7, null, { config_name: 3, data_files: [[]] }] }],
  ])("%s", async (_name, own) => {
    const shard = await parquetBytes("SELECT 1 AS x");
    const server = await hubServer([
      {
        id: "me/rows",
        ...(own === undefined ? {} : { card: own }),
        files,
        parquet: { default: { train: [shard, shard] } },
      },
    ]);
    const found = await resolveHubDataset(request("me/rows"), settingsFor(server));
    expect(found.files.map(({ path }) => path)).toEqual([
      "default/train/0000.parquet",
      "default/train/0001.parquet",
    ]);
  });

  it("and says so where another revision than main was asked for", async () => {
    const server = await hubServer([{ id: "me/rows", parquet: { default: { train: [Buffer.from("x")] } } }]);
    const notes: string[] = [];
    const revision = server.repository("me/rows")?.resolve("main") ?? "";
    await resolveHubDataset(request("me/rows", { revision }), settingsFor(server), {
      note: (one) => notes.push(one),
    });
    expect(notes).toEqual([expect.stringContaining("come from the Hub's conversion of main")]);
  });

  it("and says so where it is only the first part of the split", async () => {
    const parquet = { default: { "partial-train": [Buffer.from("x")], test: [Buffer.from("y")] } };
    const server = await hubServer([{ id: "me/rows", parquet }]);
    const notes: string[] = [];
    const options = { note: (one: string) => notes.push(one) };
    const { files } = await resolveHubDataset(request("me/rows"), settingsFor(server), options);
    expect(files.map(({ path }) => path)).toEqual(["default/partial-train/0000.parquet"]);
    expect(notes).toEqual([expect.stringContaining("only the first part of this split")]);
    await resolveHubDataset(request("me/rows", { split: "test" }), settingsFor(server), options);
    expect(notes.length).toBe(1);
  });
});

describe("names the classes", () => {
  const names = { "0": "no", "1": "yes" };
  const features = [
    { name: "text", dtype: "string" },
    { name: "label", dtype: { class_label: { names } } },
    { name: "tags", sequence: { class_label: { names: { "0": "x" } } } },
    { name: "odd", dtype: { class_label: { names: { "1": "x" } } } },
  ];
  const infos = JSON.stringify({
    default: { features: { label: { names: ["old"], _type: "ClassLabel" }, text: { _type: "Value" } } },
  });
  const found = [
    ["label", ["no", "yes"]],
    ["tags", ["x"]],
  ];
  it.each([
    ["by the card", { dataset_info: { features } }, {}, found],
    [
      "by the card's table of the config",
      { dataset_info: [{ config_name: "default", features }] },
      {},
      found,
    ],
    ["not by another config's", { dataset_info: [{ config_name: "other", features }] }, {}, []],
    ["by dataset_infos.json", {}, { "dataset_infos.json": infos }, [["label", ["old"]]]],
    ["by the card first", { dataset_info: { features } }, { "dataset_infos.json": infos }, found],
    ["by nothing that is broken", {}, { "dataset_infos.json": "{" }, []],
  ])("%s", async (_name, info, files, expected) => {
    const server = await hubServer([
      { id: "me/rows", card: { ...card("a.jsonl"), ...info }, files: { "a.jsonl": ROWS, ...files } },
    ]);
    const settings = settingsFor(server);
    const dataset = await resolveHubDataset(request("me/rows"), settings);
    expect([...dataset.classLabels]).toEqual(expected);
    const offline = await resolveHubDataset(request("me/rows"), { ...settings, offline: true });
    expect(offline).toEqual(dataset);
  });
});

it("fetches only the files that the first rows need", async () => {
  const shards = await Promise.all(
    [0, 1, 2].map((i) => parquetBytes(`SELECT range + ${i * 10} AS x FROM range(10)`)),
  );
  const csv = { "d/0.csv": "x\n1\n2\n", "d/1.csv": "x\n3\n", "d/2.csv": "x\n4\n" };
  const server = await hubServer([
    { id: "me/shards", parquet: { default: { train: shards } } },
    { id: "me/csv", card: card("d/*"), files: csv },
  ]);
  const settings = settingsFor(server);
  const used = async (id: string, maxRows: number) => {
    const dataset = await resolveHubDataset(request(id, { sample: "head", maxRows }), settings);
    expect(dataset.files).toHaveLength(3);
    const { files, downloaded } = await downloadHubFiles(dataset, settings);
    return [files.length, downloaded];
  };
  expect(await used("me/shards", 10)).toEqual([1, 1]);
  expect(await used("me/shards", 11)).toEqual([2, 1]);
  expect(await used("me/shards", 10)).toEqual([1, 0]);
  expect(await used("me/shards", 1000)).toEqual([3, 1]);
  expect(await used("me/csv", 2)).toEqual([1, 1]);
  expect(await used("me/csv", 3)).toEqual([2, 1]);
});

it("counts rows by the delimiter of its dataset, and refuses one for what is no CSV before anything is fetched", async () => {
  const csv = { "d/0.csv": "x;y\n1,5;2\n1;2,5\n", "d/1.csv": "x;y\n3;4\n" };
  const server = await hubServer([
    { id: "me/csv", card: card("d/*"), files: csv },
    { id: "me/lines", card: card("a.jsonl"), files: { "a.jsonl": ROWS } },
  ]);
  const settings = settingsFor(server);
  const head = { sample: "head", delimiter: ";" } as const;
  const used = async (maxRows: number) => {
    const dataset = await resolveHubDataset(request("me/csv", { ...head, maxRows }), settings);
    return (await downloadHubFiles(dataset, settings)).files.length;
  };
  expect([await used(2), await used(3)]).toEqual([1, 2]);
  server.reset();
  expect(await rejection(resolveHubDataset(request("me/lines", { delimiter: ";" }), settings))).toMatchObject(
    {
      code: "SOURCE_UNSUPPORTED",
      message: 'delimiter = ";" is for CSV files, and a.jsonl is jsonl',
      where: 'dataset "mine"',
    },
  );
  expect(server.requests.filter(({ url }) => url.includes("/resolve/"))).toEqual([]);
});

it("follows a rename, and says the new name", async () => {
  const server = await hubServer([
    { id: "old/rows", movedTo: "new/rows" },
    { id: "new/rows", card: card("a.jsonl"), files: { "a.jsonl": ROWS } },
  ]);
  const notes: string[] = [];
  const settings = settingsFor(server);
  const dataset = await resolveHubDataset(request("old/rows"), settings, { note: (one) => notes.push(one) });
  expect(dataset.datasetId).toBe("new/rows");
  expect(notes).toEqual(["the dataset old/rows is now called new/rows: set dataset_id to that"]);
  expect((await downloadHubFiles(dataset, settings)).downloaded).toBe(1);
  // A lock of the time before the rename.
  expect(
    (await downloadHubFiles({ ...dataset, datasetId: "old/rows" }, settingsFor(server))).downloaded,
  ).toBe(1);
});
