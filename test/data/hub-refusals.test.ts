// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { downloadHubFiles, type HubRequest, resolveHubDataset } from "../../src/data/hub.ts";
import { card, hubServer, request, settingsFor, TOKEN } from "../support/hub.ts";
import { answer, flipped, redirect } from "../support/hub-faults.ts";
import type { HubFixture } from "../support/hub-repository.ts";
import { refusalOf } from "./reading.ts";

const ROWS = '{"text":"a"}\n{"text":"b"}\n';

describe("says what to do about", () => {
  const shard = Buffer.from("PAR1");
  const fixtures: readonly HubFixture[] = [
    { id: "me/script", files: { "script.py": "import datasets", "data/x.zip": "PK" } },
    { id: "me/loose", files: { "a.csv": "x\n1\n" } },
    { id: "me/empty" },
    { id: "me/none", card: card("gone/*") },
    { id: "me/text", card: card("a.txt"), files: { "a.txt": "x" } },
    { id: "me/gated", gated: "manual", card: card("a.jsonl"), files: { "a.jsonl": ROWS } },
    { id: "me/private", isPrivate: true, card: card("a.jsonl"), files: { "a.jsonl": ROWS } },
    {
      id: "me/configs",
      card: { configs: ["small", "large"].map((name) => ({ config_name: name, data_files: "a.jsonl" })) },
      files: { "a.jsonl": ROWS },
      parquet: { small: { train: [shard], validation: [shard] }, extra: { train: [shard] } },
    },
  ];
  type Case = readonly [string, Partial<HubRequest> & { datasetId: string }, string, string, string];
  const TOKENS = new Map([
    ["no such dataset, with a token", TOKEN],
    ["a token that is none", "hf_other"],
  ]);
  const cases: readonly Case[] = [
    [
      "a script",
      { datasetId: "me/script" },
      "SOURCE_UNSUPPORTED",
      "the dataset is a script, script.py, and the Hub made no Parquet of it",
      "scripts are never run",
    ],
    [
      "files without a split",
      { datasetId: "me/loose" },
      "SOURCE_UNSUPPORTED",
      "the card does not say which files belong to which split",
      '"a.csv"',
    ],
    [
      "an empty dataset",
      { datasetId: "me/empty" },
      "SOURCE_EMPTY",
      "the dataset holds no files",
      "another branch",
    ],
    [
      "a card whose files are gone",
      { datasetId: "me/none" },
      "SOURCE_EMPTY",
      "the dataset holds no files",
      "another branch",
    ],
    [
      "a format that is not read",
      { datasetId: "me/text" },
      "SOURCE_UNSUPPORTED",
      "its files are of no one format that is read: a.txt",
      "convert them yourself",
    ],
    [
      "no such dataset",
      { datasetId: "me/nothing" },
      "HUB_MISSING",
      'there is no public dataset "me/nothing"',
      "a private one needs HF_TOKEN",
    ],
    [
      "no such dataset, with a token",
      { datasetId: "me/nothing" },
      "HUB_MISSING",
      'there is no dataset "me/nothing", or the token may not see it',
      "check dataset_id",
    ],
    [
      "a private dataset",
      { datasetId: "me/private" },
      "HUB_MISSING",
      "there is no public dataset",
      "a private one needs HF_TOKEN",
    ],
    [
      "a revision that is not there",
      { datasetId: "me/loose", revision: "v9" },
      "HUB_MISSING",
      'there is no revision "v9"',
      'revision = "main"',
    ],
    [
      "a config that is not there",
      { datasetId: "me/configs", config: "smal" },
      "HUB_MISSING",
      'the dataset has no config "smal"; it has "small", "large", "extra"',
      'did you mean config = "small"?',
    ],
    [
      "no default config",
      { datasetId: "me/configs" },
      "HUB_MISSING",
      'the dataset has 3 configs and none is the default: "small", "large", "extra"',
      "set config to one of them (modelpack init: --hub-config)",
    ],
    [
      "a split that is not there",
      { datasetId: "me/configs", config: "small", split: "valid" },
      "HUB_MISSING",
      'config "small" has no split "valid"; it has "train", "validation"',
      'did you mean split = "validation"?',
    ],
    [
      "a token that is none",
      { datasetId: "me/loose" },
      "HUB_DENIED",
      "the Hub does not accept the token",
      "/settings/tokens",
    ],
  ];
  it.each(cases)("%s", async (name, asked, code, message, hint) => {
    const server = await hubServer(fixtures, { token: TOKEN });
    const settings = settingsFor(server, { token: TOKENS.get(name) ?? null });
    const refusal = await refusalOf(resolveHubDataset(request(asked.datasetId, asked), settings));
    expect(refusal).toMatchObject({ code, where: `dataset "${asked.datasetId}" on the Hub` });
    expect(refusal.message).toContain(message);
    expect(refusal.hint).toContain(hint);
  });

  it.each([
    [null, "the dataset is gated, and no token is set", "then set HF_TOKEN"],
    [TOKEN, "the dataset is gated, and the token's account has no access", "ask for access at"],
  ])("a gated dataset, with token %s", async (token, message, hint) => {
    const server = await hubServer(fixtures, { token: TOKEN });
    const settings = settingsFor(server, { token });
    const dataset = await resolveHubDataset(request("me/gated"), settings);
    const refusal = await refusalOf(downloadHubFiles(dataset, settings));
    expect(refusal).toMatchObject({ code: "HUB_DENIED", message, hint: expect.stringContaining(hint) });
    expect(refusal.hint).toContain(`${server.url}/datasets/me/gated`);
    const granted = await hubServer(fixtures, { token: TOKEN, granted: ["me/gated"] });
    const allowed = settingsFor(granted, { token: TOKEN });
    expect((await downloadHubFiles(dataset, allowed)).downloaded).toBe(1);
  });

  it("downloads that are off before the first one", async () => {
    const server = await hubServer(fixtures);
    for (const off of [{ offline: true }, { download: false }]) {
      const refusal = await refusalOf(resolveHubDataset(request("me/loose"), settingsFor(server, off)));
      expect(refusal).toMatchObject({
        code: "HUB_OFFLINE",
        message: expect.stringContaining("was never fetched"),
        hint: expect.stringMatching(/HF_HUB_OFFLINE.*--disable-download.*auto_download_missing = true/),
      });
    }
    expect(server.requests).toEqual([]);
  });

  it("a network without the Hub in it", async () => {
    const server = await hubServer([]);
    const settings = settingsFor(server);
    await server.close();
    const names = [settings.endpoint, "http://nowhere.invalid"];
    for (const endpoint of names) {
      const started = performance.now();
      const refusal = await refusalOf(resolveHubDataset(request("me/rows"), { ...settings, endpoint }));
      expect(refusal.code).toBe("HUB_UNREACHABLE");
      expect(refusal.message).toMatch(/^nobody answers at \S+ \((?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN)\)$/);
      expect(refusal.hint).toContain("HF_HUB_OFFLINE=1");
      expect(performance.now() - started).toBeLessThan(5000);
    }
  });

  it("TLS that fails, at once", async () => {
    const server = await hubServer([]);
    const settings = { ...settingsFor(server), endpoint: server.url.replace("http:", "https:") };
    const refusal = await refusalOf(resolveHubDataset(request("me/rows"), settings));
    expect(refusal).toMatchObject({
      code: "HUB_UNREACHABLE",
      hint: expect.stringContaining("NODE_EXTRA_CA_CERTS"),
    });
    expect(refusal.message).toMatch(/can't be trusted: its TLS fails \(/);
  });

  it.each([
    ["a page in the Hub's place", answer(200, { "content-type": "text/html" }, "<html>Log in</html>")],
    ["an answer of another kind", answer(200, { "content-type": "application/json" }, '{"id":7}')],
    ["no answer of use", answer(204)],
    ["a redirect to nowhere", redirect("gopher://x/")],
    ["an endless answer", answer(200, { "content-type": "application/json" }, " ".repeat((1 << 25) + 1))],
  ])("%s", async (_name, fault) => {
    const server = await hubServer([]);
    server.play({ fault });
    const refusal = await refusalOf(resolveHubDataset(request("me/rows"), settingsFor(server)));
    expect(refusal).toMatchObject({ code: "HUB_UNREACHABLE", hint: expect.stringContaining("HF_ENDPOINT") });
    expect(server.requests).toHaveLength(1);
  });
});

it("refuses names of classes that are not what was listed", async () => {
  const infos = JSON.stringify({ default: { features: { label: { names: ["a"], _type: "ClassLabel" } } } });
  const files = { "a.jsonl": ROWS, "dataset_infos.json": infos };
  const server = await hubServer([{ id: "me/rows", card: card("a.jsonl"), files }]);
  server.play({ url: /resolve-cache.*infos/, fault: flipped(3) });
  expect(await refusalOf(resolveHubDataset(request("me/rows"), settingsFor(server)))).toMatchObject({
    code: "HUB_MISMATCH",
    message: "dataset_infos.json is not what the Hub's listing says",
  });
});

it("tries the API again after a failure", async () => {
  const server = await hubServer([{ id: "me/rows", card: card("a.jsonl"), files: { "a.jsonl": ROWS } }]);
  for (const status of [500, 503, 429, 408]) server.play({ url: /\/api\//, times: 1, fault: answer(status) });
  await resolveHubDataset(request("me/rows"), settingsFor(server));
  expect(server.requests).toHaveLength(4 + 2);
});

it.each([
  "../../out.jsonl",
  "a/../../out.jsonl",
  "/out.jsonl",
  "C:\\out.jsonl",
  "\\\\host\\share\\out.jsonl",
  "%2e%2e/out.jsonl",
  "out\0.jsonl",
  "CON.jsonl",
  "a//out.jsonl",
])("refuses the file name %j before anything is fetched", async (path) => {
  const server = await hubServer([
    { id: "me/rows", card: card(path.startsWith("/") ? "**/*.jsonl" : path), files: { [path]: ROWS } },
  ]);
  const settings = settingsFor(server);
  const refusal = await refusalOf(resolveHubDataset(request("me/rows"), settings));
  expect(refusal.code).toBe("PATH_UNSAFE");
  const pinned = { ...(await pinOf()), files: [{ path, bytes: 1, sha256: "0".repeat(64), blob: null }] };
  expect((await refusalOf(resolveHubDataset(request("me/rows"), settings, { pinned }))).code).toBe(
    "PATH_UNSAFE",
  );
  expect(server.fileRequests()).toEqual([]);
});

async function pinOf() {
  const server = await hubServer([{ id: "me/fine", card: card("a.jsonl"), files: { "a.jsonl": ROWS } }]);
  return resolveHubDataset(request("me/fine"), settingsFor(server));
}
