// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { connectServer } from "../../src/backfill/probe.ts";
import { KEY, llmServer, rowsRequest, settingsFor } from "../faults/llm/support.ts";
import { askAll, type Batches, type BatchSceneOptions, openBatches } from "../support/batch.ts";
import { rejection } from "../support/failure.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

type Llm = Awaited<ReturnType<typeof llmServer>>;

async function withBatches<T>(
  llm: Llm,
  work: (batches: Batches) => Promise<T>,
  options: BatchSceneOptions = {},
  folder = temporaryFolder(),
): Promise<T & { readonly batches: Batches }> {
  const batches = await openBatches(llm, folder, options);
  try {
    return { ...(await work(batches)), batches };
  } finally {
    await batches.close();
  }
}

const texts = (llm: Llm, count: number, options: BatchSceneOptions = {}) =>
  withBatches(llm, async (batches) => ({ texts: await askAll(batches, count) }), options);

/** What the same requests come to live. */
async function liveTexts(llm: Llm, count: number): Promise<string[]> {
  const client = await connectServer(settingsFor(llm));
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const outcome = await client.complete(rowsRequest(i));
      return outcome.kind === "completed" ? outcome.completion.text : outcome.kind;
    }),
  );
}

/** The lengths of the batches that were sent. */
const sizes = (llm: Llm) => llm.batches.batches.map((ids) => ids.length);

describe("batch mode", () => {
  it("sends what is asked together as one batch, and gives each request the reply that it gets live", async () => {
    const llm = await llmServer({ key: KEY });
    const live = await liveTexts(llm, 12);
    llm.reset();
    const { texts: found, batches } = await texts(llm, 12);
    expect(found).toEqual(live);
    expect(sizes(llm)).toEqual([12]);
    // The probe alone is live.
    const probe = llm.requests.filter(({ path }) => /models|chat/.test(path)).length;
    expect(probe).toBeLessThan(5);
    expect(batches.server.statistics).toMatchObject({ sent: probe + 12, retries: 0, inFlight: 0 });
    expect(batches.notes).toEqual([
      "batch batch_0 is sent: 12 requests, done within 24 hours",
      "batch batch_0 is in_progress: 0 of 12 done",
      "batch batch_0 is completed: 12 of 12 requests came back",
    ]);
    expect(batches.progress.at(-1)).toEqual(["batch_0", 12, 12]);
    expect(batches.ledger.batches).toEqual([]);
  });

  it("sends lines that the Batch API takes: no stream, the dialect of the probe, an id of 64 characters", async () => {
    const llm = await llmServer();
    await texts(llm, 2);
    const [line] = llm.batches.lines;
    expect(line).toMatchObject({ method: "POST", url: "/v1/chat/completions" });
    expect(line?.custom_id).toMatch(/^[0-9a-f]{64}$/);
    expect(Object.keys(line?.body ?? {})).toEqual([
      "model",
      "messages",
      "temperature",
      "top_p",
      "seed",
      "max_tokens",
      "response_format",
      "reasoning_effort",
    ]);
  });

  it("sends a request once that is asked twice", async () => {
    const llm = await llmServer();
    const { outcomes } = await withBatches(llm, async ({ server }) => ({
      outcomes: await Promise.all([0, 0, 1].map((i) => server.complete(rowsRequest(i)))),
    }));
    expect(outcomes[0]).toEqual(outcomes[1]);
    expect(outcomes[0]).not.toEqual(outcomes[2]);
    expect(sizes(llm)).toEqual([2]);
  });

  it("makes a new batch of what comes later", async () => {
    const llm = await llmServer();
    await withBatches(llm, async (batches) => {
      await askAll(batches, 3);
      return { texts: await askAll(batches, 5) };
    });
    expect(sizes(llm)).toEqual([3, 2]);
  });

  it.each(["expired", "cancelled"] as const)(
    "uses what a batch brought that is %s, and asks the rest anew",
    async (fate) => {
      const llm = await llmServer();
      const live = await liveTexts(llm, 9);
      llm.batches.faults = { fate: (batch) => (batch === 0 ? fate : "completed") };
      const { texts: found, batches } = await texts(llm, 9);
      expect(found).toEqual(live);
      expect(sizes(llm)).toEqual([9, 4]);
      expect(batches.notes).toContain(`batch batch_0 is ${fate}: 5 of 9 requests came back`);
      expect(batches.server.statistics.retries).toBe(4);
      expect(batches.ledger.batches).toEqual([]);
    },
  );

  it("gives up when batch after batch brings failures alone", async () => {
    const llm = await llmServer();
    llm.batches.faults = {
      polls: 0,
      line: () => ({ status: 503, body: { error: { message: "busy" } } }),
    };
    const error = await rejection(texts(llm, 2, { settings: { maxRetries: 2 } }));
    expect(error).toMatchObject({ code: "LLM_UNREACHABLE", message: expect.stringContaining("busy") });
    expect(sizes(llm)).toEqual([2, 2, 2]);
  });
});

describe("a line that failed", () => {
  const failing = (status: number, body: unknown, times = 1) => {
    let left = times;
    return (line: { body: Readonly<Record<string, unknown>> }) =>
      JSON.stringify(line.body).includes("kestrel1") && left-- > 0 ? { status, body } : null;
  };

  it.each([429, 500, 503])("with %i is asked again in the next batch", async (status) => {
    const llm = await llmServer();
    const live = await liveTexts(llm, 4);
    llm.batches.faults = { line: failing(status, { error: { message: "try later" } }) };
    const { texts: found, batches } = await texts(llm, 4);
    expect(found).toEqual(live);
    expect(sizes(llm)).toEqual([4, 1]);
    expect(batches.server.statistics.retries).toBe(1);
  });

  it("again and again beside others that pass is not sent again", async () => {
    const llm = await llmServer();
    const live = await liveTexts(llm, 4);
    // Alone it says nothing of the server, so that another request goes with it each time.
    llm.batches.faults = { line: failing(500, { error: { message: "boom" } }, 99) };
    const { outcome } = await withBatches(
      llm,
      async ({ server }) => {
        const poison = server.complete(rowsRequest(1));
        for (const i of [0, 2, 3])
          expect(await server.complete(rowsRequest(i))).toMatchObject({ completion: { text: live[i] } });
        return { outcome: await poison };
      },
      { settings: { maxRetries: 1 }, timing: { quietMs: 60 } },
    );
    expect(outcome).toEqual({ kind: "poisonous" });
  });

  it.each([
    [
      "overlong",
      400,
      { error: { message: "maximum context length", code: "context_length_exceeded" } },
      { kind: "overlong" },
    ],
    [
      "filtered",
      400,
      { error: { message: "no", code: "content_filter" } },
      { kind: "faulty", fault: "filtered", completion: null },
    ],
  ])("for being %s is not asked again", async (_, status, body, expected) => {
    const llm = await llmServer();
    llm.batches.faults = { line: failing(status, body) };
    const { outcome } = await withBatches(llm, async ({ server }) => {
      const [, one] = await Promise.all([0, 1, 2].map((i) => server.complete(rowsRequest(i))));
      return { outcome: one };
    });
    expect(outcome).toEqual(expected);
    expect(sizes(llm)).toEqual([3]);
  });

  it("for want of money ends the run, when the replies beside it are given out", async () => {
    const llm = await llmServer();
    llm.batches.faults = {
      line: failing(429, {
        error: { message: "You exceeded your current quota", code: "insufficient_quota" },
      }),
    };
    const { settled, batches } = await withBatches(llm, async ({ server }) => ({
      settled: await Promise.allSettled([0, 1, 2].map((i) => server.complete(rowsRequest(i)))),
    }));
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(settled[1]).toMatchObject({ reason: { code: "LLM_QUOTA" } });
    await expect(batches.server.complete(rowsRequest(9))).rejects.toMatchObject({ code: "LLM_QUOTA" });
  });
});

describe("a batch that is refused", () => {
  it("ends the run with what the provider says, and is not looked at again", async () => {
    const llm = await llmServer();
    const folder = temporaryFolder();
    llm.batches.faults = {
      fate: () => "failed",
      problem: { code: "invalid_json_line", message: "This line is not parseable.", line: 3 },
    };
    const error = await rejection(
      withBatches(llm, async (one) => ({ texts: await askAll(one, 3) }), {}, folder),
    );
    expect(error).toMatchObject({
      code: "LLM_INCOMPATIBLE",
      message: "the provider refuses batch batch_0: line 3: This line is not parseable.",
      hint: expect.stringContaining('synthetic_llm.mode = "live"'),
    });
    llm.batches.faults = {};
    const { texts: found } = await withBatches(
      llm,
      async (one) => ({ texts: await askAll(one, 3) }),
      {},
      folder,
    );
    expect(found).toHaveLength(3);
    expect(sizes(llm)).toEqual([3, 3]);
  });

  it("for the account's limit of tokens goes out in smaller ones, one after the other", async () => {
    const llm = await llmServer();
    const live = await liveTexts(llm, 10);
    const problem = {
      code: "token_limit_exceeded",
      message: "Enqueued token limit reached. Limit: 2,000,000.",
    };
    llm.batches.faults = { problem, fate: (_, requests) => (requests > 3 ? "failed" : "completed") };
    const { texts: found, batches } = await texts(llm, 10);
    expect(found).toEqual(live);
    expect(sizes(llm)).toEqual([10, 5, 3, 3, 3, 1]);
    expect(batches.notes.join("\n")).toContain("in batches of 3 requests, one at a time");
  });

  it("for that limit although it is of one request ends the run", async () => {
    const llm = await llmServer();
    llm.batches.faults = {
      problem: { code: "token_limit_exceeded", message: "Limit: 1" },
      fate: () => "failed",
    };
    expect(await rejection(texts(llm, 2))).toMatchObject({
      code: "LLM_QUOTA",
      message: expect.stringContaining("Limit: 1"),
    });
  });
});
