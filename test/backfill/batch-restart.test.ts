// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { REQUESTS_FILE } from "../../src/backfill/ledger.ts";
import type { BatchStore } from "../faults/llm/batch-api.ts";
import type { LlmServer } from "../faults/llm/server.ts";
import { KEY, llmServer, rowsRequest } from "../faults/llm/support.ts";
import { askAll, type BatchSceneOptions, openBatches } from "../support/batch.ts";
import { rejection } from "../support/failure.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const COUNT = 6;

async function run(llm: LlmServer, folder: string, options: BatchSceneOptions = {}): Promise<string[]> {
  const batches = await openBatches(llm, folder, options);
  try {
    return await askAll(batches, COUNT);
  } finally {
    await batches.close();
  }
}

const ledgerLines = (folder: string) =>
  readFileSync(join(folder, REQUESTS_FILE), "utf8").trimEnd().split("\n");
const nothingTwice = (llm: LlmServer) => expect(new Set(llm.batches.sent).size).toBe(llm.batches.sent.length);

/** A folder with the ledger that a run had left that was killed after so many of its records. */
function folderWith(lines: readonly string[]): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, REQUESTS_FILE), lines.map((line) => `${line}\n`).join(""));
  return folder;
}

describe("after a kill -9", () => {
  it("at any record, the next run sends nothing that a batch has, and gets the same replies", async () => {
    const llm = await llmServer();
    const whole = temporaryFolder();
    const expected = await run(llm, whole);
    const lines = ledgerLines(whole);
    // Its intent, its id, six replies, its end.
    expect(lines.map((line) => /"kind":"(\w+)"/.exec(line)?.[1])).toEqual([
      "batch",
      "batch",
      ...Array.from({ length: COUNT }, () => "request"),
      "batch",
    ]);
    const after = llm.batches.store;
    for (let kept = 1; kept <= lines.length; kept++) {
      llm.batches.store = after;
      expect(await run(llm, folderWith(lines.slice(0, kept))), `after record ${kept}`).toEqual(expected);
      expect(llm.batches.sent, `after record ${kept}`).toHaveLength(COUNT);
    }
  });

  it("at any call that the provider had done, likewise", async () => {
    const llm = await llmServer();
    const whole = temporaryFolder();
    const moments: { call: string; lines: readonly string[]; store: BatchStore }[] = [];
    llm.batches.faults = {
      done: (call) => void moments.push({ call, lines: ledgerLines(whole), store: llm.batches.store }),
    };
    const expected = await run(llm, whole);
    expect(moments.map(({ call }) => call)).toEqual(["upload", "create", "retrieve", "retrieve", "content"]);
    llm.batches.faults = {};
    for (const { call, lines, store } of moments) {
      llm.batches.store = store;
      expect(await run(llm, folderWith(lines)), call).toEqual(expected);
      expect(llm.batches.sent, call).toHaveLength(COUNT);
    }
  });

  it("ends the ledger's open batches, so that a third run looks at none", async () => {
    const llm = await llmServer();
    const whole = temporaryFolder();
    await run(llm, whole);
    const folder = folderWith(ledgerLines(whole).slice(0, 4));
    await run(llm, folder);
    llm.reset();
    await run(llm, folder);
    expect(llm.requests.filter(({ path }) => /batches|files/.test(path))).toEqual([]);
  });
});

describe("aborting", () => {
  it.each(["upload", "create", "retrieve", "content"])(
    "in the middle of %s ends at once, and loses nothing",
    async (stopped) => {
      const llm = await llmServer();
      const folder = temporaryFolder();
      const stop = new AbortController();
      llm.batches.faults = {
        // The provider has done it, and its answer never comes.
        done: (call) => {
          if (call !== stopped) return undefined;
          stop.abort();
          return new Promise((resolve) => setTimeout(resolve, 50));
        },
      };
      const began = performance.now();
      const error = await rejection(
        run(llm, folder, { signal: stop.signal, settings: { timeoutMs: 60_000 } }),
      );
      expect(performance.now() - began).toBeLessThan(2_000);
      expect(error).toMatchObject({
        code: "INTERRUPTED",
        hint: expect.stringContaining("goes on at the provider"),
      });
      llm.batches.faults = {};
      expect(await run(llm, folder)).toHaveLength(COUNT);
      nothingTwice(llm);
      expect(llm.batches.sent).toHaveLength(COUNT);
    },
  );

  it("one request's signal leaves the others alone", async () => {
    const llm = await llmServer();
    const batches = await openBatches(llm, temporaryFolder());
    const stop = new AbortController();
    const gone = batches.server.complete(rowsRequest(0), stop.signal);
    const kept = batches.server.complete(rowsRequest(1));
    stop.abort();
    expect(await rejection(gone)).toMatchObject({ code: "INTERRUPTED" });
    expect(await kept).toMatchObject({ kind: "completed" });
    expect(await rejection(batches.server.complete(rowsRequest(2), stop.signal))).toMatchObject({
      code: "INTERRUPTED",
    });
    await batches.close();
    expect(llm.batches.batches.map((ids) => ids.length)).toEqual([1]);
    expect(await rejection(batches.server.complete(rowsRequest(3)))).toMatchObject({ code: "INTERRUPTED" });
  });
});

describe("a batch of an earlier run", () => {
  async function left(llm: LlmServer): Promise<string> {
    const whole = temporaryFolder();
    await run(llm, whole);
    return folderWith(ledgerLines(whole).slice(0, 2));
  }

  it("that failed for want of money then is asked anew, and ends no run of today", async () => {
    const llm = await llmServer();
    const folder = await left(llm);
    const body = { error: { message: "You exceeded your current quota", code: "insufficient_quota" } };
    llm.batches.faults = {
      line: ({ body: { seed } }, batch) =>
        batch === 0 && Number(seed) < 1003 ? { status: 429, body } : null,
    };
    expect(await run(llm, folder)).toHaveLength(COUNT);
    expect(llm.batches.batches.map((ids) => ids.length)).toEqual([COUNT, 3]);
  });

  it("that the provider does not know any more is asked anew", async () => {
    const llm = await llmServer();
    const folder = await left(llm);
    llm.batches.store = { files: new Map(), batches: [] };
    expect(await run(llm, folder)).toHaveLength(COUNT);
    expect(llm.batches.sent).toHaveLength(COUNT);
  });

  it("whose files are gone is asked anew", async () => {
    const llm = await llmServer();
    const folder = await left(llm);
    llm.batches.faults = {
      call: (call, response) => {
        if (call !== "content" || llm.batches.batches.length > 1) return false;
        response.writeHead(404, { "content-type": "application/json" });
        response.end('{"error":{"message":"No such File object: out-0"}}');
        return true;
      },
    };
    expect(await run(llm, folder)).toHaveLength(COUNT);
    expect(llm.batches.sent).toHaveLength(2 * COUNT);
  });

  it("that nobody wants anything of is not looked at", async () => {
    const llm = await llmServer();
    const folder = await left(llm);
    llm.reset();
    const batches = await openBatches(llm, folder);
    await batches.server.complete(rowsRequest(COUNT + 1));
    await batches.close();
    const looked = llm.requests.map(({ path }) => path).filter((path) => path.includes("batch_0"));
    expect(looked).toEqual([]);
    expect(batches.ledger.batches).toHaveLength(1);
  });
});

it("leaves the key in nothing", async () => {
  const llm = await llmServer({ key: KEY });
  const folder = temporaryFolder();
  llm.batches.faults = {
    problem: { code: "x", message: `bad ${KEY}` },
    fate: (batch) => (batch === 0 ? "failed" : "completed"),
  };
  const error = await rejection(run(llm, folder));
  const batches = await openBatches(llm, folder);
  await askAll(batches, COUNT);
  await batches.close();
  const said = [
    String(error),
    JSON.stringify(error),
    ...batches.notes,
    readFileSync(join(folder, REQUESTS_FILE), "utf8"),
  ];
  said.push(...llm.batches.lines.map((line) => JSON.stringify(line)));
  expect(String(error)).toContain("bad ");
  for (const text of said) expect(text).not.toContain(KEY);
});
