// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { RunLog } from "../../src/pipeline/run-log.ts";

describe("RunLog", () => {
  it("records phases that overlap, those that failed, and epochs, in the order of their starts", async () => {
    let now = 100;
    const log = new RunLog(() => now);
    let finish = (_: string) => {};
    const long = log.phase(
      "a: fit",
      () =>
        new Promise<string>((resolve) => {
          finish = resolve;
        }),
    );
    now = 102;
    expect(await log.phase("b: read", () => 7)).toBe(7);
    const failed = log.phase("b: fit", () => {
      now = 105;
      throw new Error("no");
    });
    await expect(failed).rejects.toThrow("no");
    log.epoch("task", 1, 0.25);
    now = 110;
    finish("done");
    expect(await long).toBe("done");
    expect(log.record(3)).toEqual({
      workers: 3,
      seconds: 10,
      phases: [
        { phase: "a: fit", from: 0, seconds: 10 },
        { phase: "b: read", from: 2, seconds: 0 },
        { phase: "b: fit", from: 2, seconds: 3 },
      ],
      epochs: [{ task: "task", epoch: 1, seconds: 0.25 }],
    });
  });
});
