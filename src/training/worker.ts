// SPDX-License-Identifier: Apache-2.0
import { parentPort } from "node:worker_threads";
import { type Job, runJob } from "./job.ts";

// The other end of pool.ts. Nothing here depends on which worker does a job, or when.
parentPort?.on("message", (job: Job) => {
  const result = runJob(job, (epoch) => parentPort?.postMessage({ epoch }));
  parentPort?.postMessage({ result });
});
