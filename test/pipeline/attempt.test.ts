// SPDX-License-Identifier: Apache-2.0
import { setTimeout as wait } from "node:timers/promises";
import { expect, it } from "vitest";
import type { DatasetConfig } from "../../src/config/schema.ts";
import { ModelpackError } from "../../src/core/error.ts";
import { attemptAll } from "../../src/pipeline/attempt.ts";

const items = ["a", "b", "c"].map((name) => ({ dataset: { name } as DatasetConfig }));
const failing = new ModelpackError("SOURCE_MISSING", "it is not there");

it("gives what came and what failed in the order of the datasets, whoever was first", async () => {
  const { done, failed } = await attemptAll(
    items,
    () => true,
    undefined,
    async ({ dataset: { name } }) => {
      await wait(name === "a" ? 30 : 1);
      if (name === "b") throw failing;
      return name;
    },
  );
  expect(done).toEqual(["a", "c"]);
  expect(failed).toEqual([{ dataset: items[1]?.dataset, error: failing }]);
});

it("stops the others where one may not fail, waits for them, and throws the first error", async () => {
  const ended: string[] = [];
  const work = attemptAll(
    items,
    ({ name }) => name !== "b",
    undefined,
    async ({ dataset: { name } }, signal) => {
      if (name === "b") throw failing;
      await wait(60_000, null, { signal }).catch(() => undefined);
      ended.push(name);
      throw new Error("because of the other");
    },
  );
  await expect(work).rejects.toBe(failing);
  expect(ended).toEqual(["a", "c"]);
});

it("passes the caller's signal on, and excuses no error that is not ours", async () => {
  const stop = new AbortController();
  stop.abort();
  const seen = await attemptAll(
    items,
    () => true,
    stop.signal,
    async (_, { aborted }) => aborted,
  );
  expect(seen.done).toEqual([true, true, true]);
  const bug = new TypeError("a bug");
  await expect(
    attemptAll(
      items,
      () => true,
      undefined,
      () => Promise.reject(bug),
    ),
  ).rejects.toBe(bug);
});

it("lets Node warn of no leak, however many datasets wait at a time", async () => {
  const warnings: string[] = [];
  const warned = ({ name }: Error) => warnings.push(name);
  process.on("warning", warned);
  const many = Array.from({ length: 20 }, (_, i) => ({ dataset: { name: `d${i}` } as DatasetConfig }));
  for (const signal of [undefined, new AbortController().signal]) {
    const { done } = await attemptAll(
      many,
      () => true,
      signal,
      (_, either) => wait(1, "came", { signal: either }),
    );
    expect(done).toHaveLength(20);
  }
  process.off("warning", warned);
  expect(warnings).toEqual([]);
});
