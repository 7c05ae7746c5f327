// SPDX-License-Identifier: Apache-2.0
import { getEventListeners } from "node:events";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ModelpackError } from "../../src/core/error.ts";
import { type Outcome, ThreadPool } from "../../src/storage/thread-pool.ts";

/** Answers a number with two messages, and does what else it is told. */
const WORKER = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from "node:worker_threads";
    parentPort.on("message", (job) => {
      if (job === "die") process.exit(7);
      if (job === "throw") throw new TypeError("a bad job");
      if (job === "never") return;
      parentPort.postMessage({ step: job });
      parentPort.postMessage({ end: job * 2 });
    });
  `)}`,
);

type Message = { readonly step: number } | { readonly end: number };

const open: ThreadPool<Message>[] = [];

function pool(size: number, signal?: AbortSignal): ThreadPool<Message> {
  const made = new ThreadPool<Message>({ worker: WORKER, size, purpose: "test", hint: "try again", signal });
  open.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close(new Error("over"))));
});

const ended = (message: Message): Outcome<number> => ("end" in message ? { result: message.end } : null);

describe("ThreadPool", () => {
  it("hands each job its own messages, until one ends it", async () => {
    const threads = pool(2);
    const steps: number[] = [];
    const answers = Array.from({ length: 20 }, (_, job) =>
      threads.run(job, (message) => {
        if ("step" in message) steps.push(message.step);
        return ended(message);
      }),
    );
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 20 }, (_, job) => job * 2));
    expect(steps.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, job) => job));
  });

  it("rejects a job whose message is an error, and gives its thread the next one", async () => {
    const threads = pool(1);
    const failed = (message: Message) => ("end" in message ? { error: new RangeError("no") } : null);
    await expect(threads.run(1, failed)).rejects.toThrow(RangeError);
    expect(await threads.run(4, ended)).toBe(8);
  });

  it.each([
    ["die", "a test thread died: the thread ended with code 7"],
    ["throw", "a test thread died: a bad job"],
  ])("rejects the job of a thread that dies (%s), and another one does the next", async (job, message) => {
    const threads = pool(1);
    const died = threads.run(job, ended);
    const next = threads.run(3, ended);
    await expect(died).rejects.toThrow(
      expect.objectContaining({ name: "ModelpackError", code: "INTERNAL", message, hint: "try again" }),
    );
    expect(await next).toBe(6);
  });

  it("rejects a job that can't be handed to a thread, and gives the thread the next one", async () => {
    const threads = pool(1);
    const [never, next] = [threads.run(() => 1, ended), threads.run(3, ended)];
    await expect(never).rejects.toThrow(expect.objectContaining({ name: "DataCloneError" }));
    expect(await next).toBe(6);
    await expect(threads.run(Symbol("no"), ended)).rejects.toThrow("could not be cloned");
  });

  it("rejects a job whose answer can't be read, and another thread does the next", async () => {
    const threads = pool(1);
    const posted = vi.spyOn(Worker.prototype, "postMessage");
    const unread = threads.run("never", ended);
    const next = threads.run(3, ended);
    const worker = posted.mock.contexts[0] as Worker;
    posted.mockRestore();
    // As Node says that it has no memory for what a thread sent.
    worker.emit("messageerror", new RangeError("Array buffer allocation failed"));
    await expect(unread).rejects.toThrow(
      expect.objectContaining({
        code: "INTERNAL",
        message: "a test thread died: Array buffer allocation failed",
      }),
    );
    expect(await next).toBe(6);
  });

  it("leaves a signal alone once it is closed", async () => {
    const stop = new AbortController();
    const threads = pool(1, stop.signal);
    expect(getEventListeners(stop.signal, "abort").length).toBe(1);
    await threads.close(new Error("over"));
    expect(getEventListeners(stop.signal, "abort").length).toBe(0);
  });

  it("rejects what is under way, what waits and what comes later with the reason of its end", async () => {
    const threads = pool(1);
    const reason = new ModelpackError("INTERRUPTED", "stopped");
    const before = ["never", 1].map((job) => expect(threads.run(job, ended)).rejects.toBe(reason));
    await threads.close(reason);
    await Promise.all(before);
    threads.warm(4);
    await expect(threads.run(2, ended)).rejects.toBe(reason);
  });

  it("closes with INTERRUPTED when its signal aborts, and with the reason where that is an error of ours", async () => {
    const stop = new AbortController();
    const job = expect(pool(1, stop.signal).run("never", ended)).rejects.toThrow(
      expect.objectContaining({ code: "INTERRUPTED" }),
    );
    stop.abort();
    await job;
    const reason = new ModelpackError("STORAGE", "no room");
    await expect(pool(1, AbortSignal.abort(reason)).run(1, ended)).rejects.toBe(reason);
  });
});
