// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readDatasetManifest } from "../../src/pipeline/prepared-dataset.ts";
import type { LlmServer } from "../faults/llm/server.ts";
import { llmServer } from "../faults/llm/support.ts";
import { backfillToml, llmRun, writeBackfillProject } from "../support/backfill-run.ts";
import { rejection } from "../support/failure.ts";
import {
  isLabelling,
  readLabelled,
  readQueue,
  runLabel,
  saying,
  textsAbout,
  textsOf,
  writeLines,
} from "../support/label-run.ts";
import { datasetToml, PAIR_MAP, runPrepare, set, taskToml, writeRows } from "../support/project.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const COLOURS = ["red", "green", "blue"];
const project = (server: LlmServer, more = "") =>
  writeBackfillProject(temporaryFolder(), backfillToml(server, more));
const asked = (server: LlmServer) => server.chats.filter(isLabelling);
const bytesOf = ({ out, queue }: { readonly out: string; readonly queue: string }) =>
  [out, queue].map((path) => readFileSync(path, "utf8"));

describe("labelling", () => {
  it("writes text, label, confidence and origin in the order of the texts, and says what it took", async () => {
    const server = await llmServer();
    const folder = project(server, "price_input_per_million = 1\nprice_output_per_million = 2");
    const texts = textsAbout(COLOURS, 7);
    const file = writeLines(folder, "logs.txt", [...texts, "", texts[0]?.toUpperCase() ?? ""]);
    const result = await runLabel(folder, [file]);
    expect(result.out).toBe(join(folder, "datasets", "labelled", "colour.jsonl"));
    expect(readLabelled(result.out)).toEqual(
      texts.map((text, i) => ({
        text,
        label: COLOURS[i % 3],
        confidence: 1,
        origin: "llm_labelled",
      })),
    );
    expect(result).toMatchObject({
      texts: 21,
      labelled: 21,
      labels: COLOURS.map((label) => ({ label, rows: 7 })),
      doubts: [],
      queued: 21,
      left: 0,
      dropped: 1,
      repeated: 1,
      requests: asked(server).length,
    });
    const { prompt, completion, estimated } = result.tokens;
    expect([prompt > 500, completion > 200, estimated]).toEqual([true, true, false]);
    expect(result.dollars).toBeCloseTo((prompt + 2 * completion) / 1e6, 12);
    expect(result.notes[0]).toBe("left out: 1 rows without a usable text, 1 that repeat one");
    expect(result.progress.at(-1)).toMatchObject({
      done: 21,
      total: 21,
      received: 21,
      tokens: prompt + completion,
      dollars: result.dollars,
      secondsLeft: 0,
    });
  });

  it("keeps what both answers agree on with a judge, and queues the rest for a person", async () => {
    const server = await llmServer();
    const folder = project(server, 'verify = "judge"');
    const texts = textsAbout(COLOURS, 5);
    const [differs, none, invents, silent, unsure] = texts;
    server.play({
      fault: saying((word, text) => {
        if (text === silent) return null;
        if (text === none) return { ...word, label: null };
        if (text === invents) return { ...word, label: "mauve" };
        return text === unsure ? { ...word, confidence: 0.4 } : word;
      }),
    });
    const { out, queue, ...result } = await runLabel(folder, [writeLines(folder, "a.txt", texts)]);
    expect(result.doubts).toEqual([
      { reason: "no_label", rows: 1 },
      { reason: "unknown_label", rows: 1 },
      { reason: "no_answer", rows: 1 },
    ]);
    expect(readLabelled(out).map(({ text }) => text)).toEqual([differs, ...texts.slice(4)]);
    expect(readQueue(queue).slice(0, 6)).toEqual([
      ["text", "label", "second_label", "confidence", "why"],
      [none, "", "", "1", "no_label"],
      [invents, "", "", "1", "unknown_label"],
      [silent, "", "", "", "no_answer"],
      [unsure, "green", "green", "0.4", "least_sure"],
      [differs, "red", "red", "1", "least_sure"],
    ]);
  });

  it("asks a judge for each batch twice, with the labels the other way round", async () => {
    const server = await llmServer();
    const folder = project(server, 'verify = "judge"\nconcurrency = 1');
    await runLabel(folder, [writeLines(folder, "a.txt", textsAbout(COLOURS, 5))]);
    const orders = asked(server).map(({ body }) =>
      [...JSON.stringify(body.messages).matchAll(/- \\"(red|green|blue)\\"/g)].map(([, name]) => name),
    );
    expect(orders.length).toBeGreaterThanOrEqual(4);
    for (let i = 0; i < orders.length; i += 2) {
      expect(textsOf(asked(server)[i]?.body ?? {})).toEqual(textsOf(asked(server)[i + 1]?.body ?? {}));
      expect(orders[i + 1]).toEqual([...(orders[i] ?? [])].reverse());
    }
  });

  it("keeps a disagreement from the labelled rows, and shows both answers", async () => {
    const server = await llmServer();
    const folder = project(server, 'verify = "judge"\nconcurrency = 1');
    const texts = textsAbout(COLOURS, 2);
    server.play({ at: 2, fault: saying((word) => ({ ...word, label: "blue", confidence: 0.6 })) });
    const { out, queue, ...result } = await runLabel(folder, [writeLines(folder, "a.txt", texts)]);
    expect(result).toMatchObject({ requests: 2, labelled: 2, doubts: [{ reason: "disagreement", rows: 4 }] });
    expect(readLabelled(out)).toEqual(
      [texts[2], texts[5]].map((text) => ({ text, label: "blue", confidence: 0.6, origin: "llm_labelled" })),
    );
    expect(readQueue(queue)[1]).toEqual([texts[0], "red", "blue", "0.6", "disagreement"]);
  });

  it.each([1, 16])("writes the same with %i in flight as with 4", async (concurrency) => {
    const server = await llmServer({
      latencyMs: ({ digest }) => Number.parseInt(digest.slice(0, 2), 16) / 10,
    });
    const settings = [
      "synthetic_llm.batch_size=4",
      "synthetic_llm.verify=judge",
      "synthetic_llm.max_requests=31",
    ];
    server.play({ fault: saying((word, text) => ({ ...word, confidence: (text.length % 10) / 10 })) });
    const [four, other] = [project(server), project(server)];
    const texts = textsAbout(COLOURS, 30);
    const first = await runLabel(four, [writeLines(four, "a.txt", texts)], set(...settings));
    expect(server.maxInFlight).toBeGreaterThan(1);
    expect(server.maxInFlight).toBeLessThanOrEqual(4);
    const more = set(...settings, `synthetic_llm.concurrency=${concurrency}`);
    const second = await runLabel(other, [writeLines(other, "a.txt", texts)], more);
    expect(bytesOf(second)).toEqual(bytesOf(first));
    expect(second).toMatchObject({ requests: 30, left: first.left });
    expect(first.texts).toBeGreaterThan(45);
  });

  it("labels pairs, and texts in any script, by names that are properties of every object", async () => {
    const server = await llmServer();
    const labels = ["__proto__", "10", "2", "constructor"];
    const folder = project(server);
    const toml = `${backfillToml(server)}\n${taskToml("same", "pair", labels, 'input = "pair"')}
${datasetToml("sames", "sames.jsonl", "same", "", PAIR_MAP)}`;
    writeFileSync(join(folder, "model_pipeline.toml"), toml);
    const rows = [
      { a: "Ich wohne in Köln", b: "Он живёт в Москве 😀" },
      { a: "我住在北京", b: "=1+1" },
      { a: "left alone", b: null },
      { a: "أعيش في القاهرة", b: 'a "quote", a\ttab' },
    ];
    writeRows(join(folder, "pairs.jsonl"), rows);
    const options = { task: "same", columns: ["a", "b"] };
    const { out, queue, ...result } = await runLabel(folder, [join(folder, "pairs.jsonl")], {}, options);
    expect(result).toMatchObject({ texts: 3, labelled: 3, dropped: 1 });
    expect(result.labels.map(({ label }) => label)).toEqual(labels);
    expect(result.labels.reduce((sum, one) => sum + one.rows, 0)).toBe(3);
    const written = readLabelled(out);
    expect(written.map(({ text_a, text_b }) => [text_a, text_b])).toEqual([
      ["Ich wohne in Köln", "Он живёт в Москве 😀"],
      ["我住在北京", "=1+1"],
      ["أعيش في القاهرة", 'a "quote", a tab'],
    ]);
    expect(readQueue(queue)[2]?.slice(0, 3)).toEqual(["我住在北京", "'=1+1", written[1]?.label]);
  });
});

describe("labels in a dataset", () => {
  it("are train rows of their own origin, and made-up rows step aside for them and for real ones", async () => {
    const server = await llmServer();
    const folder = project(server);
    const file = writeLines(folder, "logs.txt", textsAbout(["green", "blue"], 9));
    const { out } = await runLabel(folder, [file]);
    const map = 'text = "text"\norigin = "llm_labelled"';
    const toml = `${backfillToml(server)}\n${datasetToml("labelled", "datasets/labelled/colour.jsonl", "colour", "", map)}`;
    writeFileSync(join(folder, "model_pipeline.toml"), toml);
    expect(readLabelled(out)).toHaveLength(18);
    const before = await prepared(folder, false);
    expect(before).toEqual({
      red: { real: 40, llm_labelled: 0, synthetic: 0, elsewhere: 0, deficit: 0 },
      green: { real: 13, llm_labelled: 9, synthetic: 0, elsewhere: 0, deficit: 8 },
      blue: { real: 0, llm_labelled: 9, synthetic: 0, elsewhere: 0, deficit: 21 },
    });
    const filled = await prepared(folder, true);
    expect(filled.green).toMatchObject({ real: 13, llm_labelled: 9, synthetic: 8, elsewhere: 0, deficit: 0 });
    expect(filled.blue).toMatchObject({ real: 0, llm_labelled: 9, synthetic: 21, elsewhere: 0, deficit: 0 });
    writeRows(
      join(folder, "more.jsonl"),
      textsAbout(["blue"], 40)
        .slice(20, 32)
        .map((text) => ({ text, label: "blue" })),
    );
    writeFileSync(
      join(folder, "model_pipeline.toml"),
      `${toml}\n${datasetToml("more", "more.jsonl", "colour")}`,
    );
    expect((await prepared(folder, false)).blue).toMatchObject({
      real: 12,
      llm_labelled: 9,
      synthetic: 9,
      deficit: 0,
    });
  });

  it("leave a fill that was stopped to go on with its own", async () => {
    const server = await llmServer();
    const [folder, unbroken] = [project(server), project(server)];
    await runPrepare(unbroken, {}, llmRun());
    const total = server.counts.size;
    server.reset();
    const stop = new AbortController();
    server.play({
      at: 3,
      fault: ({ send }) => {
        stop.abort();
        send();
      },
    });
    await rejection(runPrepare(folder, {}, llmRun({ signal: stop.signal })));
    await runLabel(folder, [writeLines(folder, "logs.txt", textsAbout(COLOURS, 4))]);
    const { notes } = await runPrepare(folder, {}, llmRun());
    expect(notes.filter((note) => note.includes("(fill "))).toEqual([expect.stringContaining("(fill 1)")]);
    const rows = [...server.counts].filter(([digest]) =>
      server.chats.some((one) => one.digest === digest && !isLabelling(one)),
    );
    expect(rows.length).toBe(total);
    const accepted = (at: string) => readFileSync(join(at, "datasets/backfill/accepted.jsonl"), "utf8");
    expect(accepted(folder)).toBe(accepted(unbroken));
  });
});

/** Rows of the newest version by label and origin; `elsewhere` are labelled ones outside train. */
async function prepared(folder: string, backfill: boolean) {
  const { folder: version } = await runPrepare(folder, {}, backfill ? llmRun() : {});
  const { tasks } = await readDatasetManifest(version);
  return Object.fromEntries(
    (tasks[0]?.labels ?? []).map(({ label, train, test, eval: held, deficit }) => {
      const sum = (origin: keyof typeof train) => train[origin] + test[origin] + held[origin];
      const elsewhere = test.llm_labelled + held.llm_labelled;
      const [real, synthetic] = [sum("real"), sum("synthetic")];
      return [label, { real, llm_labelled: sum("llm_labelled"), synthetic, elsewhere, deficit }];
    }),
  );
}
