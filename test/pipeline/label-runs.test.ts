// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FAULTS } from "../faults/llm/faults.ts";
import type { LlmServer } from "../faults/llm/server.ts";
import { llmServer } from "../faults/llm/support.ts";
import { backfillToml, writeBackfillProject } from "../support/backfill-run.ts";
import { rejection } from "../support/failure.ts";
import {
  isLabelling,
  readLabelled,
  runLabel,
  saying,
  textsAbout,
  textsOf,
  writeLines,
} from "../support/label-run.ts";
import { namesIn, set } from "../support/project.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const COLOURS = ["red", "green", "blue"];
const TEXTS = textsAbout(COLOURS, 30);
function project(server: LlmServer, more = ""): string {
  const toml = backfillToml(server, more);
  const once = more.includes("batch_size") ? toml.replace("batch_size = 8\n", "") : toml;
  return writeBackfillProject(temporaryFolder(), once);
}
const asked = (server: LlmServer) => server.chats.filter(isLabelling);
/** How often each labelling request came. */
const times = (server: LlmServer) => asked(server).map(({ digest }) => server.counts.get(digest));

describe("a run that is stopped", () => {
  it("finishes what is in flight, writes no file, and goes on without asking anything twice", async () => {
    const server = await llmServer({ latencyMs: () => 5 });
    const folder = project(server, 'batch_size = 4\nverify = "judge"');
    const file = writeLines(folder, "a.txt", TEXTS);
    const stop = new AbortController();
    server.play({
      at: 9,
      fault: ({ send }) => {
        stop.abort();
        send();
      },
    });
    const error = await rejection(runLabel(folder, [file], {}, { signal: stop.signal }));
    expect(error).toMatchObject({
      code: "INTERRUPTED",
      message: "labelling was stopped; every answer so far is in the ledger",
      hint: "run the same command again: it asks nothing twice",
    });
    expect(asked(server).length).toBeLessThanOrEqual(12);
    expect(namesIn(join(folder, "datasets", "labelled"))).toEqual([]);
    const result = await runLabel(folder, [file]);
    expect(result).toMatchObject({ texts: 90, labelled: 90, left: 0 });
    expect(times(server).every((count) => count === 1)).toBe(true);
    expect(result.requests).toBeLessThan(asked(server).length);
    const whole = await runLabel(folder, [file]);
    expect(whole).toMatchObject({ labelled: 90, requests: 0, tokens: { prompt: 0, completion: 0 } });
    expect(whole.notes.some((note) => note.startsWith("the queue of before"))).toBe(false);
  });

  it("by a server that dies keeps its answers, and goes on when it is back", async () => {
    const server = await llmServer();
    const folder = project(server, "batch_size = 4\nmax_retries = 0");
    const file = writeLines(folder, "a.txt", TEXTS);
    server.play({ at: 9, fault: ({ server: dying }) => dying.close() });
    expect(await rejection(runLabel(folder, [file]))).toMatchObject({ code: "LLM_UNREACHABLE" });
    expect(existsSync(join(folder, "datasets", "labelled", "colour.jsonl"))).toBe(false);
    await server.listen();
    server.reset();
    expect(await runLabel(folder, [file])).toMatchObject({ labelled: 90 });
    expect(asked(server).length).toBeLessThan(20);
  });

  it("asks little again where a text comes first, goes, or is added", async () => {
    const server = await llmServer();
    const folder = project(server, "batch_size = 3");
    const many = textsAbout(COLOURS, 120);
    await runLabel(folder, [writeLines(folder, "a.txt", many)]);
    const all = asked(server).length;
    expect(all).toBeLessThan(1.1 * (many.length / 3));
    for (const texts of [["quite new", ...many], many.slice(1), [...many, "quite new"]]) {
      const { requests, texts: count } = await runLabel(folder, [writeLines(folder, "a.txt", texts)]);
      expect(count).toBe(texts.length);
      expect(requests).toBeLessThan(all / 2);
    }
  });
});

describe("a budget", () => {
  it("counts requests, a judge's too; what is done is written, and the next run goes on", async () => {
    const server = await llmServer();
    const folder = project(server, 'batch_size = 4\nverify = "judge"\nmax_requests = 9');
    const file = writeLines(folder, "a.txt", TEXTS);
    const first = await runLabel(folder, [file]);
    expect(first.requests).toBe(8);
    expect(asked(server)).toHaveLength(8);
    const rows = readLabelled(first.out);
    expect(rows).toHaveLength(first.texts);
    expect([first.texts > 10, first.texts + first.left]).toEqual([true, 90]);
    const second = await runLabel(folder, [file]);
    expect(second.requests).toBe(8);
    expect(second.texts).toBeGreaterThan(first.texts);
    expect(readLabelled(second.out).slice(0, first.texts)).toEqual(rows);
    expect(times(server).every((count) => count === 1)).toBe(true);
  });

  it("in dollars is kept, whatever is in flight", async () => {
    const prices = "price_input_per_million = 1000\nprice_output_per_million = 1000\nmax_tokens = 300";
    const server = await llmServer();
    const runs = [];
    for (const concurrency of [1, 8]) {
      const folder = project(
        server,
        `batch_size = 4\n${prices}\nmax_cost_usd = 5\nconcurrency = ${concurrency}`,
      );
      runs.push(await runLabel(folder, [writeLines(folder, "a.txt", TEXTS)]));
    }
    const [one, eight] = runs;
    expect(one?.dollars).toBeGreaterThan(3);
    expect(one?.dollars).toBeLessThanOrEqual(5);
    expect([eight?.dollars, eight?.texts]).toEqual([one?.dollars, one?.texts]);
  });

  it.each([
    ['verify = "judge"\nmax_requests = 1', "it takes 2 requests, and max_requests is 1"],
    [
      "max_cost_usd = 0.001\nprice_input_per_million = 1\nprice_output_per_million = 1",
      "it may cost $0.0015, and max_cost_usd is 0.001",
    ],
  ])("that allows no batch is an error before anything is asked: %j", async (settings, message) => {
    const server = await llmServer();
    const folder = project(server, settings);
    const error = await rejection(runLabel(folder, [writeLines(folder, "a.txt", TEXTS)]));
    expect(error).toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining(message) });
    expect(server.requests).toEqual([]);
  });
});

describe("a standstill", () => {
  it.each([
    ["prose", FAULTS.prose.fault, "LLM_INCOMPATIBLE", "replies are not JSON; the answers so far"],
    ["refused", FAULTS.refused.fault, "LLM_REFUSING", "more than half of the last requests were refused"],
    ["no_choices", FAULTS.no_choices.fault, "LLM_INCOMPATIBLE", "nothing of the replies can be used (empty)"],
    [
      "other names",
      saying((word) => ({ ...word, label: "Red!" })),
      "LLM_INCOMPATIBLE",
      "replies name none of the task's labels",
    ],
  ] as const)("of %s ends the run with its reason", async (_, fault, code, message) => {
    const server = await llmServer();
    const folder = project(server, "batch_size = 4\nconcurrency = 2");
    server.play({ when: isLabelling, fault });
    const error = await rejection(runLabel(folder, [writeLines(folder, "a.txt", TEXTS)]));
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(error.hint).not.toContain("backfill_report");
    expect(asked(server).length).toBeLessThanOrEqual(3 * 8);
    expect(existsSync(join(folder, "datasets", "labelled", "colour.jsonl"))).toBe(false);
  });

  it("is over when the server is mended, though the ledger has the replies that ended the run", async () => {
    const server = await llmServer();
    const folder = project(server, "batch_size = 4");
    const file = writeLines(folder, "a.txt", TEXTS);
    server.play({ when: isLabelling, fault: FAULTS.prose.fault });
    await rejection(runLabel(folder, [file]));
    server.reset();
    expect(await runLabel(folder, [file])).toMatchObject({ labelled: 90, texts: 90 });
  });

  it("is none where one batch can't be read: its texts are for a person", async () => {
    const server = await llmServer();
    const folder = project(server, "batch_size = 4");
    const texts = TEXTS.slice(0, 12);
    server.play({ when: ({ body }) => textsOf(body).includes(texts[0] ?? ""), fault: FAULTS.prose.fault });
    const { doubts, labelled } = await runLabel(folder, [writeLines(folder, "a.txt", texts)]);
    const lost = doubts[0]?.rows ?? 0;
    expect(doubts).toEqual([{ reason: "no_answer", rows: lost }]);
    expect([lost > 0, lost <= 4, labelled + lost]).toEqual([true, true, 12]);
  });
});

describe("a context that is too small", () => {
  it("for a batch is asked for its halves", async () => {
    const server = await llmServer();
    const folder = project(server, "batch_size = 8");
    const long = ({ body }: { readonly body: Readonly<Record<string, unknown>> }) => textsOf(body).length > 3;
    server.play({ when: long, fault: FAULTS.overlong_openai.fault });
    const { labelled, texts } = await runLabel(folder, [writeLines(folder, "a.txt", TEXTS)]);
    expect([labelled, texts]).toEqual([90, 90]);
    expect(times(server).every((count) => count === 1)).toBe(true);
  });

  it("for any text says what to do", async () => {
    const server = await llmServer();
    const folder = project(server, "batch_size = 2\nconcurrency = 1");
    server.play({ when: isLabelling, fault: FAULTS.overlong_openai.fault });
    const error = await rejection(runLabel(folder, [writeLines(folder, "a.txt", TEXTS)]));
    expect(error).toMatchObject({
      code: "LLM_INCOMPATIBLE",
      hint: expect.stringContaining("larger context"),
    });
    expect(asked(server)).toHaveLength(6 * 3);
  });
});

describe("an output", () => {
  it.each<[string, string]>([
    ["folder.jsonl", "--out names %, which is a folder"],
    ["a.jsonl", "--out names %, which is one of the files to label"],
    ["link.jsonl", "--out names %, which is one of the files to label"],
    ["rows.csv", "--out takes a file whose name ends in .jsonl"],
    ["rows.jsonl.gz", "--out takes a file whose name ends in .jsonl"],
    ["rows.queue.csv", "--out and --queue are both %"],
    ["colours.jsonl", "% is there already, and holds no labelled rows"],
    ["datasets/backfill/x.jsonl", "--out names %, in the folder of the ledger"],
  ])("%s is refused before anything is asked", async (name, message) => {
    const server = await llmServer();
    const folder = project(server);
    const input = join(folder, "a.jsonl");
    writeFileSync(input, '{"text":"one"}\n');
    mkdirSync(join(folder, "folder.jsonl"));
    mkdirSync(join(folder, "datasets", "backfill"), { recursive: true });
    symlinkSync(input, join(folder, "link.jsonl"));
    const out = join(folder, name);
    const options = { out, queue: join(folder, "rows.queue.csv") };
    const before = readFileSync(join(folder, "colours.jsonl"), "utf8");
    const error = await rejection(runLabel(folder, [input], {}, options));
    expect(error).toMatchObject({
      code: "USAGE",
      message: expect.stringContaining(message.replace("%", out)),
    });
    expect(server.requests).toEqual([]);
    expect(readFileSync(join(folder, "colours.jsonl"), "utf8")).toBe(before);
  });

  it("replaces labelled rows of before, and sets a queue aside that differs", async () => {
    const server = await llmServer();
    const folder = project(server);
    const file = writeLines(folder, "a.txt", TEXTS);
    const first = await runLabel(folder, [file], {}, { limit: 5 });
    writeFileSync(first.queue, "a person's work");
    const second = await runLabel(folder, [file]);
    expect(readLabelled(second.out)).toHaveLength(90);
    const aside = namesIn(join(folder, "datasets", "labelled")).find((name) =>
      /-[0-9a-f]{16}\.csv$/.test(name),
    );
    expect(readFileSync(join(folder, "datasets", "labelled", aside ?? ""), "utf8")).toBe("a person's work");
    expect(second.notes.at(-1)).toContain(`the queue of before is now`);
  });

  it("that can't be written is said before anything is asked", async () => {
    const server = await llmServer();
    const folder = project(server);
    const input = writeLines(folder, "a.txt", TEXTS);
    const error = await rejection(runLabel(folder, [input], {}, { out: join(input, "x.jsonl") }));
    expect(error).toMatchObject({ code: "STORAGE" });
    expect(server.requests).toEqual([]);
  });
});

it("names the model and the server that lack, before any file is read", async () => {
  const server = await llmServer();
  const folder = project(server);
  const none = [join(folder, "none.txt")];
  const remote = set("synthetic_llm.base_url=https://llm.example.org/v1");
  expect(await rejection(runLabel(folder, none, remote))).toMatchObject({
    code: "CONFIG_INVALID",
    where: "synthetic_llm.share_rows",
  });
  expect(await rejection(runLabel(folder, none))).toMatchObject({ code: "SOURCE_MISSING" });
  expect(server.requests).toEqual([]);
});
