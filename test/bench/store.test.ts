// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, inject, it } from "vitest";
import { readResults, Steps } from "../../bench/lib/store.mjs";

const PART = "part";
const silent = () => {};
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(inject("scratch"), "results-"));
});

/** A run of a part, with a value for each of its steps; it comes to its end unless it `stops`. */
async function run(values: Readonly<Record<string, unknown>>, resume: boolean, stops = false) {
  const steps = new Steps(folder, PART, resume, silent);
  steps.begin();
  for (const [step, value] of Object.entries(values))
    await steps.run(step, async () => {
      if (value instanceof Error) throw value;
      return { value };
    });
  if (!stops) steps.end();
}

const stored = () => {
  const steps = readResults(folder, [PART])[PART]?.steps ?? {};
  return Object.fromEntries(
    Object.entries(steps).map(([step, { value, failed }]) => [step, value ?? failed]),
  );
};

describe("what a benchmark has measured", () => {
  it("is nothing before its first run", () => {
    expect(stored()).toEqual({});
  });

  it("says of each step where and when", async () => {
    await run({ a: 1 }, false);
    const step = readResults(folder, [PART])[PART]?.steps.a;
    expect(step).toMatchObject({ machine: { node: process.version }, load: expect.any(Number) });
    expect(step?.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d$/);
  });

  it("is that of the last run that ended, until another does", async () => {
    await run({ a: 1, b: 1 }, false);
    await run({ a: 2 }, false, true);
    expect(stored()).toEqual({ a: 1, b: 1 });
    await run({ a: 3 }, false);
    expect(stored()).toEqual({ a: 3 });
    expect(readdirSync(folder)).toEqual([`${PART}.json`]);
  });

  it("goes on where a run was stopped", async () => {
    await run({ a: 1, b: 1 }, false);
    await run({ a: 2 }, false, true);
    await run({ a: 3, b: 3 }, true);
    expect(stored()).toEqual({ a: 2, b: 3 });
  });

  it("goes on after the last run, and tries again what failed in it", async () => {
    await run({ a: new Error("no rows"), b: 1 }, false);
    expect(stored()).toEqual({ a: "no rows", b: 1 });
    await run({ a: 2, b: 2 }, true);
    expect(stored()).toEqual({ a: 2, b: 1 });
  });

  it("keeps the steps that a smaller run has not", async () => {
    await run({ small: 1, large: 1 }, false);
    const steps = new Steps(folder, PART, false, silent);
    steps.begin();
    steps.keep((name) => name === "large");
    await steps.run("small", async () => ({ value: 2 }));
    steps.end();
    expect(stored()).toEqual({ large: 1, small: 2 });
  });
});
