// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BREAKER_FAILURES, Gate, MAX_PAUSES, type Passage } from "../../src/backfill/gate.ts";
import { ModelpackError } from "../../src/core/error.ts";

const TIMING = { backoffMs: 4, maxBackoffMs: 16, maxRetryAfterMs: 40, firstTokenMs: 100, idleMs: 100 };
const DOWN = new ModelpackError("LLM_UNREACHABLE", "down");
const SERVED: Passage = { kind: "served" };
const FAILED: Passage = { kind: "failed", overloaded: false, waitMs: null, error: DOWN };
const OVERLOADED: Passage = { kind: "failed", overloaded: true, waitMs: null, error: DOWN };
const limited = (waitMs: number | null): Passage => ({
  kind: "limited",
  waitMs,
  error: new ModelpackError("LLM_QUOTA", "limited"),
});

function gate(concurrency: number, timing = TIMING): { gate: Gate; notes: string[] } {
  const notes: string[] = [];
  return { gate: new Gate(concurrency, timing, (note) => notes.push(note)), notes };
}

/** One request that passes at once. */
async function pass(one: Gate, passage: Passage): Promise<void> {
  one.leave(await one.enter(undefined), passage);
}

/** Whether a promise is settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol("pending");
  return (await Promise.race([promise.catch(() => null), sleep(2, pending)])) !== pending;
}

describe("places", () => {
  it("lets in as many as it may, the rest in the order of asking", async () => {
    const { gate: one } = gate(2);
    const order: number[] = [];
    const tickets = Array.from({ length: 4 }, async (_, n) => {
      const ticket = await one.enter(undefined);
      order.push(n);
      return ticket;
    });
    const [first, second] = await Promise.all(tickets.slice(0, 2));
    expect(one.state).toEqual({ inFlight: 2, limit: 2, waitedMs: 0 });
    expect(order).toEqual([0, 1]);
    if (second !== undefined) one.leave(second, SERVED);
    if (first !== undefined) one.leave(first, SERVED);
    await Promise.all(tickets);
    expect(order).toEqual([0, 1, 2, 3]);
  });

  it("lets who comes again go first", async () => {
    const { gate: one } = gate(1);
    const ticket = await one.enter(undefined);
    const order: string[] = [];
    const asked = (["first", "first", "again"] as const).map(async (entry, n) => {
      const mine = await one.enter(undefined, entry);
      order.push(`${entry} ${n}`);
      one.leave(mine, SERVED);
    });
    one.leave(ticket, SERVED);
    await Promise.all(asked);
    expect(order).toEqual(["again 2", "first 0", "first 1"]);
  });

  it("lets who must be alone be so, and nobody overtake", async () => {
    const { gate: one } = gate(3);
    const first = await one.enter(undefined);
    const alone = one.enter(undefined, "alone");
    const later = one.enter(undefined);
    expect(await isSettled(alone)).toBe(false);
    expect(await isSettled(later)).toBe(false);
    one.leave(first, SERVED);
    const ticket = await alone;
    expect(one.state.inFlight).toBe(1);
    expect(await isSettled(later)).toBe(false);
    one.leave(ticket, SERVED);
    one.leave(await later, SERVED);
    expect(one.state.inFlight).toBe(0);
  });

  it("never holds more than the limit, nor fewer than none, whatever happens", async () => {
    const passage = fc.constantFrom(SERVED, FAILED, OVERLOADED, limited(1), limited(null), {
      kind: "ended",
    } as Passage);
    const runs = fc.asyncProperty(
      fc.integer({ min: 1, max: 6 }),
      fc.array(passage, { maxLength: 30 }),
      async (concurrency, passages) => {
        const { gate: one } = gate(concurrency, {
          ...TIMING,
          backoffMs: 1,
          maxBackoffMs: 1,
          maxRetryAfterMs: 1,
        });
        let inFlight = 0;
        await Promise.allSettled(
          passages.map(async (passed) => {
            const ticket = await one.enter(undefined);
            inFlight++;
            expect(inFlight).toBeLessThanOrEqual(concurrency);
            await sleep(0);
            inFlight--;
            one.leave(ticket, passed);
            expect(one.state.limit).toBeGreaterThanOrEqual(1);
            expect(one.state.limit).toBeLessThanOrEqual(concurrency);
          }),
        ).then((ends) => {
          for (const end of ends)
            if (end.status === "rejected") expect(end.reason).toBeInstanceOf(ModelpackError);
        });
        expect(one.state.inFlight).toBe(0);
      },
    );
    await fc.assert(runs, { numRuns: 30, seed: 1 });
  });
});

describe("the limit", () => {
  it("is halved by an overload, and grows by one after so many successes", async () => {
    const { gate: one } = gate(8);
    await pass(one, OVERLOADED);
    expect(one.state.limit).toBe(4);
    for (let n = 0; n < 3; n++) await pass(one, SERVED);
    expect(one.state.limit).toBe(4);
    await pass(one, SERVED);
    expect(one.state.limit).toBe(5);
  });

  it("is halved once by what was in flight together, and stays one", async () => {
    const { gate: one } = gate(4);
    const tickets = await Promise.all([1, 2, 3, 4].map(() => one.enter(undefined)));
    for (const ticket of tickets) one.leave(ticket, OVERLOADED);
    expect(one.state.limit).toBe(2);
    for (let n = 0; n < 3; n++) await pass(one, OVERLOADED);
    expect(one.state.limit).toBe(1);
  });
});

describe("pauses", () => {
  it.each([
    [20, 20],
    [1e12, 40],
    [Number.POSITIVE_INFINITY, 40],
  ])("asked to wait %d ms, everybody waits %d", async (asked, waited) => {
    const { gate: one, notes } = gate(4);
    await pass(one, limited(asked));
    const began = performance.now();
    await Promise.all([pass(one, SERVED), pass(one, SERVED)]);
    expect(performance.now() - began).toBeGreaterThanOrEqual(waited - 1);
    expect(one.state.waitedMs).toBe(waited);
    expect(notes).toHaveLength(asked > 40 ? 1 : 0);
  });

  it("doubles its own wait where the server names none", async () => {
    const { gate: one } = gate(1);
    const waits: number[] = [];
    for (let n = 0; n < 4; n++) {
      await pass(one, limited(null));
      waits.push(one.state.waitedMs);
    }
    expect(waits).toEqual([4, 12, 28, 44]);
  });

  it("end the run when nothing else comes", async () => {
    const { gate: one } = gate(2, { ...TIMING, maxRetryAfterMs: 1 });
    for (let n = 0; n < MAX_PAUSES; n++) await pass(one, limited(1));
    await pass(one, limited(1));
    await expect(one.enter(undefined)).rejects.toMatchObject({ code: "LLM_QUOTA" });
  });

  it("are counted anew after an answer", async () => {
    const { gate: one } = gate(2, { ...TIMING, maxRetryAfterMs: 1 });
    for (let n = 0; n < MAX_PAUSES * 2; n++) await pass(one, n % MAX_PAUSES === 0 ? SERVED : limited(1));
    await pass(one, SERVED);
    expect(one.state.limit).toBeGreaterThanOrEqual(1);
  });
});

describe("the circuit breaker", () => {
  it("opens after failures in a row, lets one through after a wait, and closes when it is served", async () => {
    const { gate: one, notes } = gate(3);
    for (let n = 0; n < BREAKER_FAILURES; n++) await pass(one, FAILED);
    const began = performance.now();
    const trial = one.enter(undefined);
    const other = one.enter(undefined);
    const ticket = await trial;
    expect(performance.now() - began).toBeGreaterThanOrEqual(TIMING.maxBackoffMs - 1);
    expect(ticket.trial).toBe(true);
    expect(await isSettled(other)).toBe(false);
    one.leave(ticket, SERVED);
    expect((await other).trial).toBe(false);
    expect(notes).toEqual([expect.stringContaining("fails again and again")]);
  });

  it("ends the run when the one fails too", async () => {
    const { gate: one } = gate(3);
    for (let n = 0; n < BREAKER_FAILURES; n++) await pass(one, FAILED);
    const waiting = [one.enter(undefined), one.enter(undefined)] as const;
    const refused = expect(waiting[1]).rejects.toBe(DOWN);
    one.leave(await waiting[0], FAILED);
    await refused;
    await expect(one.enter(undefined)).rejects.toBe(DOWN);
  });

  it("counts what was in flight together as one failure, and forgets at an answer", async () => {
    const { gate: one, notes } = gate(8);
    for (let round = 0; round < BREAKER_FAILURES - 1; round++) {
      const tickets = await Promise.all(Array.from({ length: 8 }, () => one.enter(undefined)));
      for (const ticket of tickets) one.leave(ticket, FAILED);
    }
    await pass(one, SERVED);
    for (let n = 0; n < BREAKER_FAILURES - 1; n++) await pass(one, FAILED);
    expect(notes).toEqual([]);
    expect((await one.enter(undefined)).trial).toBe(false);
  });
});

describe("the end", () => {
  it("is told to whoever waits, or comes later, with the first error", async () => {
    const { gate: one } = gate(1);
    const ticket = await one.enter(undefined);
    const waiting = one.enter(undefined);
    const resting = one.backOff(10, undefined);
    const ends = Promise.allSettled([waiting, resting]);
    one.stop(DOWN);
    one.leave(ticket, { kind: "stopped", error: new ModelpackError("LLM_DENIED", "later") });
    expect((await ends).map((end) => end.status === "rejected" && end.reason)).toEqual([DOWN, DOWN]);
    await expect(one.enter(undefined)).rejects.toBe(DOWN);
  });

  it("of one caller leaves the others their places", async () => {
    const { gate: one } = gate(1);
    const ticket = await one.enter(undefined);
    const stop = new AbortController();
    const gone = one.enter(stop.signal, "alone");
    const next = one.enter(undefined);
    const refused = expect(gone).rejects.toMatchObject({ code: "INTERRUPTED" });
    stop.abort();
    await refused;
    one.leave(ticket, SERVED);
    one.leave(await next, SERVED);
    await expect(one.enter(stop.signal)).rejects.toMatchObject({ code: "INTERRUPTED" });
    await expect(one.backOff(1, stop.signal)).rejects.toMatchObject({ code: "INTERRUPTED" });
  });

  it("waits longer from try to try, up to the most, with a quarter of jitter", async () => {
    const { gate: one } = gate(1, { ...TIMING, backoffMs: 8, maxBackoffMs: 16 });
    const waits: number[] = [];
    for (const tries of [1, 2, 6]) {
      const before = performance.now();
      await one.backOff(tries, undefined);
      waits.push(performance.now() - before);
    }
    expect(waits[0]).toBeGreaterThanOrEqual(5);
    expect(waits[1]).toBeGreaterThanOrEqual(11);
    expect(waits[2]).toBeGreaterThanOrEqual(11);
    expect(one.state.waitedMs).toBeGreaterThanOrEqual(30);
    expect(one.state.waitedMs).toBeLessThanOrEqual(40);
  });
});
