// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CompletionRequest } from "../../src/backfill/completion.ts";
import { seededRandom } from "../../src/core/random.ts";
import { taskOf } from "../support/backfill.ts";
import {
  askedOf,
  completed,
  type FillEnd,
  type FillScene,
  fillFrom,
  namesOf,
  rowsReply,
  statusesOf,
} from "../support/memory-fill.ts";
import { type Answer, freshTexts, MemoryServer, randomTurns } from "../support/memory-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const good: Answer = (request) => rowsReply(request, freshTexts(request, askedOf(request).rows));

/** Now all rows, now some, now copies, now none or no JSON: by the request alone. */
function moody(seed: number): Answer {
  return (request) => {
    const random = seededRandom(seed ^ request.seed, "mood");
    const { rows } = askedOf(request);
    const texts = freshTexts(request, rows + random.below(3));
    const mood = random.below(8);
    if (mood === 0) return completed("no JSON at all");
    if (mood === 1) return rowsReply(request, texts.slice(0, random.below(rows + 1)));
    if (mood === 2) return rowsReply(request, [...texts.slice(1), "the very same text as ever"]);
    if (mood === 3) return { kind: "faulty", fault: "cut", completion: null };
    if (mood === 4) return { kind: "overlong" };
    return rowsReply(request, texts);
  };
}

const SCENE: FillScene = {
  tasks: [
    { task: taskOf(["food", "travel", "work"]), target: 9 },
    { task: taskOf(["yes", "no"], "text", "answer"), target: 6 },
  ],
};
const slotsOf = (labels: FillEnd["labels"]) => labels.map(({ name, taken }) => [name, taken]);
const summary = ({ accepted, settled, labels, error }: FillEnd) => ({
  rows: namesOf(accepted),
  settled,
  statuses: statusesOf(labels),
  error: error?.code ?? null,
});

describe("a fill", () => {
  it("brings every label to its target, with a few rows to spare in the last slot", async () => {
    const server = new MemoryServer(good);
    const { labels, accepted, error } = await fillFrom(server, temporaryFolder());
    expect(error).toBeNull();
    expect(statusesOf(labels)).toEqual({ food: "filled", travel: "filled" });
    expect(accepted).toHaveLength(20);
    const rowsOf = (name: string) =>
      server.asked.map(askedOf).flatMap(({ label, rows }) => (label === name ? [rows] : []));
    // 2 lack at the end, and one more is asked for.
    expect([rowsOf("food"), rowsOf("travel")]).toEqual([
      [4, 4, 3],
      [4, 4, 3],
    ]);
    expect(labels.map(({ tally }) => tally.rejected.get("not_needed")?.count)).toEqual([1, 1]);
  });

  it("settles wave by wave, in the order of labels, whichever answer comes first", async () => {
    const server = new MemoryServer(good, (n) => 40 - 3 * n);
    const { settled } = await fillFrom(server, temporaryFolder(), { concurrency: 8 });
    expect(settled).toEqual(["food 0", "travel 0", "food 1", "travel 1", "food 2", "travel 2"]);
    expect(server.mostInFlight).toBeGreaterThan(3);
  });

  it("numbers its rows in their order, and says where each is from", async () => {
    const { accepted, fill } = await fillFrom(new MemoryServer(good), temporaryFolder());
    expect(accepted.map(({ order }) => order)).toEqual(accepted.map((_, i) => i));
    for (const row of accepted) {
      expect(row).toMatchObject({ task: "topic", fill, model: "memory", fingerprint: null, seeds: [] });
      expect(row.request).toMatch(/^[0-9a-f]{64}$/);
      expect(row.prompt).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  it("takes no item that its check rejects, and counts it under the reason", async () => {
    const server = new MemoryServer((request) => {
      const { rows } = askedOf(request);
      return rowsReply(request, [
        "[Name] wants soup",
        ...freshTexts(request, rows - 1),
        "one more than asked",
      ]);
    });
    const { accepted, labels } = await fillFrom(server, temporaryFolder());
    expect(accepted).toHaveLength(20);
    expect(accepted.filter(({ text }) => /Name|one more/.test(text))).toEqual([]);
    for (const { tally, taken } of labels)
      expect(Object.fromEntries(tally.rejected)).toEqual({
        placeholder: {
          count: taken,
          examples: ["[Name] wants soup", "[Name] wants soup", "[Name] wants soup"],
        },
        surplus: { count: taken, examples: expect.any(Array) },
      });
  });

  it("takes the same rows however many are in flight, and whatever comes of them", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 2, max: 16 }), async (seed, concurrency) => {
        const one = await fillFrom(new MemoryServer(moody(seed)), temporaryFolder(), {
          ...SCENE,
          concurrency: 1,
        });
        const server = new MemoryServer(moody(seed), randomTurns(seed, 12));
        const many = await fillFrom(server, temporaryFolder(), { ...SCENE, concurrency });
        expect(summary(many)).toEqual(summary(one));
        expect(server.mostInFlight).toBeLessThanOrEqual(concurrency);
      }),
      { numRuns: 4 },
    );
  });

  it("counts each item once, and takes no more rows than lack", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const { labels, accepted } = await fillFrom(new MemoryServer(moody(seed)), temporaryFolder(), SCENE);
        for (const { tally, name, deficit, remaining, taken } of labels) {
          const rejected = [...tally.rejected.values()].reduce((sum, { count }) => sum + count, 0);
          expect(tally.received).toBe(tally.accepted + rejected);
          expect(tally.accepted).toBe(accepted.filter(({ label }) => label === name).length);
          expect(tally.accepted + remaining).toBe(deficit);
          expect(tally.slots).toBe(taken);
        }
      }),
      { numRuns: 2 },
    );
  });

  it("that is stopped anywhere goes on to the rows of an unbroken one, and asks nothing twice", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 12 }), async (seed, concurrency) => {
        const random = seededRandom(seed, "stops");
        const whole = await fillFrom(new MemoryServer(moody(seed)), temporaryFolder(), SCENE);
        const folder = temporaryFolder();
        const keys = new Set<string>();
        const keyOf = ({ messages, seed: sampling, maxTokens }: CompletionRequest) =>
          JSON.stringify([messages, sampling, maxTokens]);
        let [answered, twice] = [0, 0];
        const answer: Answer = (request, n) => {
          const outcome = moody(seed)(request, n);
          if (keys.has(keyOf(request))) twice++;
          keys.add(keyOf(request));
          answered++;
          return outcome;
        };
        for (let stops = 0; ; stops++) {
          const stop = new AbortController();
          const after = answered + 1 + random.below(6);
          const server = new MemoryServer(
            (request, n) => {
              if (answered + 1 >= after && stops < 3) stop.abort();
              return answer(request, n);
            },
            randomTurns(seed, 4),
          );
          const end = await fillFrom(server, folder, { ...SCENE, concurrency, signal: stop.signal });
          if (end.error?.code === "INTERRUPTED") continue;
          expect({ ...summary(end), settled: [] }).toEqual({ ...summary(whole), settled: [] });
          break;
        }
        expect(twice).toBe(0);
      }),
      { numRuns: 2 },
    );
  });

  it("leaves off at once after a signal where drainMs is over, and keeps what it has", async () => {
    const stop = new AbortController();
    const server = new MemoryServer(
      (request, n) => {
        if (n === 2) stop.abort();
        return good(request, n);
      },
      (n) => (n <= 2 ? 1 : 1e9),
    );
    const folder = temporaryFolder();
    const { error } = await fillFrom(server, folder, { signal: stop.signal, drainMs: 5, concurrency: 4 });
    expect(error?.code).toBe("INTERRUPTED");
    expect(error?.hint).toContain("asks nothing twice");
    const again = new MemoryServer(good);
    const { accepted } = await fillFrom(again, folder);
    expect(accepted).toHaveLength(20);
    expect(again.asked).toHaveLength(3);
  });

  it("asks nothing where the signal has come before", async () => {
    const server = new MemoryServer(good);
    const { error } = await fillFrom(server, temporaryFolder(), { signal: AbortSignal.abort() });
    expect(error?.code).toBe("INTERRUPTED");
    expect(server.asked).toEqual([]);
  });

  it("ends with what a request fails with, and no request is left in flight", async () => {
    const broken = new Error("out of order");
    const server = new MemoryServer(
      (request, n) => {
        if (n === 3) throw broken;
        return good(request, n);
      },
      (n) => n,
    );
    await expect(fillFrom(server, temporaryFolder())).rejects.toBe(broken);
    expect(server.statistics.inFlight).toBe(0);
  });
});

describe("a label", () => {
  it("that hardly brings new rows is exhausted, and the other one goes on", async () => {
    const server = new MemoryServer((request, n) =>
      askedOf(request).label === "food" ? rowsReply(request, ["soup again"]) : good(request, n),
    );
    const { labels, accepted } = await fillFrom(server, temporaryFolder(), { tasks: [{ target: 40 }] });
    expect(statusesOf(labels)).toEqual({ food: "exhausted", travel: "filled" });
    // One of the first twelve is more than a twentieth of them: the three slots after the first decide.
    expect(slotsOf(labels)).toEqual([
      ["food", 4],
      ["travel", 10],
    ]);
    expect(accepted.filter(({ label }) => label === "food")).toHaveLength(1);
  });

  it("whose replies can't be used is no dry one: six of a kind end the fill with what is wrong", async () => {
    const server = new MemoryServer(() => completed("Sure! Here are some rows."));
    const { error, labels } = await fillFrom(server, temporaryFolder(), {
      tasks: [{ task: taskOf(["food"]) }],
    });
    expect(error).toMatchObject({ code: "LLM_INCOMPATIBLE", message: /replies are not JSON/ });
    expect(slotsOf(labels)).toEqual([["food", 6]]);
  });

  it("that is refused every time ends the fill with that", async () => {
    for (const answer of [
      (): ReturnType<Answer> => ({ kind: "faulty", fault: "refused", completion: null }),
      (request: CompletionRequest) => rowsReply(request, ["I'm sorry, but I can't help with that."]),
    ]) {
      const { error, labels } = await fillFrom(new MemoryServer(answer), temporaryFolder(), {
        tasks: [{ task: taskOf(["food"]) }],
      });
      expect(error?.code).toBe("LLM_REFUSING");
      expect(slotsOf(labels)).toEqual([["food", 4]]);
    }
  });

  it("whose replies fail in ways that say nothing of the others is given up alone", async () => {
    const server = new MemoryServer((request, n) =>
      askedOf(request).label === "food" ? { kind: "poisonous" } : good(request, n),
    );
    const { error, labels } = await fillFrom(server, temporaryFolder(), { tasks: [{ target: 40 }] });
    expect(error).toBeNull();
    expect(statusesOf(labels)).toEqual({ food: "unusable", travel: "filled" });
    expect(labels[0]?.tally).toMatchObject({ slots: 6, givenUp: 6, received: 0, accepted: 0 });
    expect([...(labels[0]?.tally.faults ?? [])]).toEqual([["poisonous", 6]]);
  });

  it("stops at its most slots", async () => {
    const server = new MemoryServer(good, randomTurns(1, 3));
    const { labels } = await fillFrom(server, temporaryFolder(), {
      budget: { maxSlotsPerLabel: 2 },
      concurrency: 16,
    });
    expect(statusesOf(labels)).toEqual({ food: "attempts", travel: "attempts" });
    expect(server.asked).toHaveLength(4);
  });
});

describe("a fill that stood still", () => {
  it("has ended: the next run asks anew, for other slots", async () => {
    const folder = temporaryFolder();
    const bad = await fillFrom(new MemoryServer(() => completed("prose")), folder, { concurrency: 1 });
    expect([bad.error?.code, bad.fill]).toEqual(["LLM_INCOMPATIBLE", 1]);
    const server = new MemoryServer(good);
    const next = await fillFrom(server, folder);
    expect([next.error, next.fill, next.accepted.length]).toEqual([null, 2, 20]);
    // Three of each were settled, and one was on its way.
    expect(next.labels.map(({ firstSlot }) => firstSlot)).toEqual([4, 4]);
  });
});

describe("a budget", () => {
  it("is spent fairly over the labels, and no slot is asked for in vain", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 12 }),
        fc.integer({ min: 1, max: 16 }),
        async (maxRequests, concurrency) => {
          const server = new MemoryServer(good, randomTurns(maxRequests, 5));
          const tasks = [{ task: taskOf(["a1", "b2", "c3"]), target: 100 }];
          const { labels } = await fillFrom(server, temporaryFolder(), {
            tasks,
            budget: { maxRequests },
            concurrency,
          });
          expect(server.asked).toHaveLength(maxRequests);
          const slots = labels.map(({ taken }) => taken);
          expect(Math.max(...slots) - Math.min(...slots)).toBeLessThanOrEqual(1);
          expect(statusesOf(labels)).toEqual({ a1: "budget", b2: "budget", c3: "budget" });
        },
      ),
      { numRuns: 4 },
    );
  });

  it("in dollars is spent by what was counted", async () => {
    const prices = { input: 1000, output: 10_000 }; // 0.2 dollars for each reply of 100 and 10 tokens
    const worstSlot = { promptTokens: 100, completionTokens: 10 };
    const server = new MemoryServer(good, randomTurns(3, 5));
    const { labels } = await fillFrom(server, temporaryFolder(), {
      tasks: [{ target: 100 }],
      budget: { maxDollars: 1.5, prices, worstSlot },
    });
    expect(server.asked).toHaveLength(7);
    expect(labels.reduce((sum, { tally }) => sum + (tally.dollars ?? 0), 0)).toBeCloseTo(1.4, 10);
  });
});
