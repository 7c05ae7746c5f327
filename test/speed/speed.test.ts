// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const CHILD = fileURLToPath(new URL("../support/speed-child.mjs", import.meta.url));

/**
 * Time of a hot path over that of the simple loop beside it in test/support/speed-child.mjs, as it is today: set it anew when a
 * path gets faster or slower on purpose. On one machine it moves by 3 %, idle or busy.
 */
const RATIO = { kernel: 0.94, predict: 2.2 } as const;

/** What other processors and compilers may add; twice the time is more than this. */
const SLACK = 1.7;

describe("the hot paths, against a simple loop on the same machine", () => {
  it.each(["kernel", "predict"] as const)("%s is no 1.7 times slower than it was", (path) => {
    const measured = JSON.parse(execFileSync(process.execPath, [CHILD], { encoding: "utf8" })) as Record<
      keyof typeof RATIO,
      number
    >;
    process.stdout.write(`${path}: ${measured[path].toFixed(2)}, was ${RATIO[path]}\n`);
    expect(measured[path]).toBeLessThan(RATIO[path] * SLACK);
  });
});
