// SPDX-License-Identifier: Apache-2.0
import { parentPort } from "node:worker_threads";
import { ModelpackError } from "../core/error.ts";
import { type Job, runJob } from "./job.ts";
import type { Message } from "./pool.ts";

const send = (message: Message) => parentPort?.postMessage(message);

// The other end of pool.ts. Nothing here depends on which worker does a job, or when.
parentPort?.on("message", async (job: Job) => {
  let from = performance.now();
  try {
    const result = await runJob(job, (epoch) => {
      const now = performance.now();
      send({ epoch, seconds: (now - from) / 1000 });
      from = now;
    });
    send({ result });
  } catch (error) {
    sendError(error);
  }
});
// A job that can't be read, for lack of memory say.
parentPort?.on("messageerror", sendError);

function sendError(error: unknown): void {
  const known = error instanceof ModelpackError;
  const message = error instanceof Error ? error.message : String(error);
  const [where, hint] = known ? [error.where, error.hint] : [undefined, undefined];
  send({ error: { code: known ? error.code : "INTERNAL", message, where, hint } });
}
