// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { downloadHubFiles, resolveHubDataset } from "../../src/data/hub.ts";
import { hubServer, parquetBytes, request, settingsFor } from "../support/hub.ts";

it("fetches the files that the card names, and the second time none", async () => {
  const rows = '{"text":"a"}\n{"text":"b"}\n';
  const shard = await parquetBytes("SELECT 'c' AS text");
  const server = await hubServer([
    {
      id: "me/lines",
      card: {
        license: "mit",
        configs: [{ config_name: "default", data_files: [{ split: "train", path: "data/*.jsonl" }] }],
      },
      files: { "data/one.jsonl": rows, "data/two.jsonl": rows.toUpperCase(), "other.csv": "x\n1\n" },
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
    license: "mit",
    headRows: null,
  });
  expect(lines.files.map(({ path, bytes }) => [path, bytes])).toEqual([
    ["data/one.jsonl", rows.length],
    ["data/two.jsonl", rows.length],
  ]);
  const first = await downloadHubFiles(lines, settings);
  expect(first).toMatchObject({ downloaded: 2, cached: 0, downloadedBytes: 2 * rows.length, retries: 0 });
  expect(first.files.map(({ path }) => readFileSync(path, "utf8"))).toEqual([rows, rows.toUpperCase()]);
  expect(first.dataset.files.map(({ sha256 }) => sha256)).toEqual(first.files.map(({ sha256 }) => sha256));

  const converted = await resolveHubDataset(request("me/converted"), settings);
  expect(converted.ref).toBe("refs/convert/parquet");
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
  expect(server.requests).toEqual([]);
  const offline = { ...settings, offline: true };
  expect(await resolveHubDataset(request("me/lines"), offline)).toEqual(lines);
  expect((await downloadHubFiles(lines, offline)).files).toEqual(first.files);
});
