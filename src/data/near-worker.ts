// SPDX-License-Identifier: Apache-2.0
import { parentPort } from "node:worker_threads";
import { findNearDuplicates } from "./near-duplicates.ts";
import type { NearAnswer, NearQuestion } from "./near-threads.ts";

// The other end of near-threads.ts. An error ends the thread, and its owner hears of it.
parentPort?.on("message", async ({ texts, official, threshold }: NearQuestion) => {
  const { sets, across } = await findNearDuplicates(texts, official, threshold);
  const answer: NearAnswer = { roots: sets.roots(), across };
  parentPort?.postMessage(answer, [answer.roots.buffer]);
});
