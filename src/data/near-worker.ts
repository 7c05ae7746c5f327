// SPDX-License-Identifier: Apache-2.0
import { parentPort } from "node:worker_threads";
import { joinSigned } from "./near-duplicates.ts";
import type { NearAnswer, NearJob } from "./near-threads.ts";
import { newPause } from "./pause.ts";
import { signRows } from "./signatures.ts";

// The other end of near-threads.ts. An error ends the thread, and its owner hears of it.
parentPort?.on("message", async (job: NearJob) => {
  const { texts, signatures } = job;
  if (job.kind === "sign") {
    await signRows(texts, job.range, signatures, newPause());
    parentPort?.postMessage(null);
    return;
  }
  const { sets, across } = await joinSigned(texts, job.official, job.threshold, signatures);
  const answer: NearAnswer = { roots: sets.roots(), across };
  parentPort?.postMessage(answer, [answer.roots.buffer]);
});
// A job that can't be read, for lack of memory say.
parentPort?.on("messageerror", (error) => {
  throw error;
});
