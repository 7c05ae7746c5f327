// SPDX-License-Identifier: Apache-2.0
// Preloaded into a measured Node program: writes what the process used, all its threads together, when it ends.
import { writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const path = process.env.BENCH_USAGE;
if (isMainThread && path !== undefined) {
  delete process.env.BENCH_USAGE;
  process.on("exit", () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    writeFileSync(
      path,
      JSON.stringify({ cpu_seconds: (userCPUTime + systemCPUTime) / 1e6, peak_mb: maxRSS / 1024 }),
    );
  });
}
