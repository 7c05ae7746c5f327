// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Engine } from "../../src/data/engine.ts";
import { SharedEngine } from "../../src/data/shared-engine.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Each makes what the next would stumble over. */
const MADE = [
  "CREATE VIEW rows AS SELECT 1 AS n",
  "CREATE TABLE t (n INTEGER)",
  "CREATE TYPE e AS ENUM ('a')",
];

async function make(engine: Engine): Promise<Engine> {
  for (const sql of MADE) await engine.run(sql);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await engine.count("SELECT n FROM rows")).toBe(1);
  return engine;
}

test("one engine for one use after another, each with nothing of the others", async () => {
  const shared = new SharedEngine();
  const order: string[] = [];
  const use = (name: string) =>
    shared.lend(async (engine) => {
      order.push(`${name} begins`);
      await make(engine);
      order.push(`${name} ends`);
      return engine;
    });
  const [first, second] = await Promise.all([use("first"), use("second")]);
  expect(order).toEqual(["first begins", "first ends", "second begins", "second ends"]);
  expect(second).toBe(first);
  await Promise.all([use("third"), shared.rest()]);
  expect(order.at(-1)).toBe("third ends");
  expect(existsSync((first as Engine).folder)).toBe(false);
  const another = await use("fourth");
  expect(another).not.toBe(first);
  await shared.end();
  expect(existsSync(another.folder)).toBe(false);
});

test("one that stays is closed at the end alone", async () => {
  const shared = new SharedEngine();
  shared.stay();
  const first = await shared.lend(make);
  await shared.rest();
  expect(existsSync(first.folder)).toBe(true);
  expect(await shared.lend(make)).toBe(first);
  await shared.end();
  expect(existsSync(first.folder)).toBe(false);
});

test("a use that fails says why, and leaves the next an engine of its own", async () => {
  const shared = new SharedEngine();
  const first = await shared.lend(make);
  const failing = shared.lend(async (engine) => {
    await make(engine);
    await engine.run("SELECT * FROM nothing");
  });
  const next = shared.lend(make);
  await expect(failing).rejects.toThrow("nothing does not exist");
  expect(await next).not.toBe(first);
  expect(existsSync(first.folder)).toBe(false);
  await shared.end();
});

test("whoever stops reading in the middle leaves an engine that others can use", async () => {
  const shared = new SharedEngine();
  const first = await shared.lend(async (engine) => {
    await engine.run("CREATE TABLE t AS SELECT i::INTEGER AS n FROM range(100000) r(i)");
    for await (const batch of engine.stream("SELECT n FROM t")) return [batch.integers(0)[1], engine];
    return null;
  });
  expect(first?.[0]).toBe(1);
  const [seven, engine] = await shared.lend(async (own) => [await own.count("SELECT 7"), own] as const);
  expect(seven).toBe(7);
  expect(engine).toBe(first?.[1]);
  await expect(shared.lend((own) => own.count("SELECT count(*) FROM t"))).rejects.toThrow("t does not exist");
  await shared.end();
});

test("the end stops the use under way, and nothing is read or left open after it", async () => {
  const shared = new SharedEngine();
  const engine = await shared.lend(make);
  const slow = shared.lend((own) =>
    own.count("SELECT count(*) FROM range(100000000000) r(i) WHERE i % 7 = 9"),
  );
  /** What another family does next. */
  const goesOn = slow.catch(() => shared.lend(make));
  const waiting = shared.lend(make);
  for (const promise of [slow, goesOn, waiting]) promise.catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 50));
  const from = performance.now();
  await shared.end();
  expect(performance.now() - from).toBeLessThan(20_000);
  await expect(slow).rejects.toThrow(/interrupt/i);
  await expect(waiting).rejects.toMatchObject({ code: "INTERRUPTED" });
  await expect(goesOn).rejects.toMatchObject({ code: "INTERRUPTED" });
  expect(existsSync(engine.folder)).toBe(false);
});

test("an engine that can't be opened fails each use, and ends all the same", async () => {
  const shared = new SharedEngine();
  vi.stubEnv("TMPDIR", join(temporaryFolder(), "gone"));
  onTestFinished(() => void vi.unstubAllEnvs());
  for (let use = 0; use < 2; use++)
    await expect(shared.lend(make)).rejects.toMatchObject({ code: "STORAGE" });
  await shared.end();
});

test("an engine that nobody used ends without having been opened", async () => {
  await expect(new SharedEngine().end()).resolves.toBeUndefined();
});

test("an engine that could not be opened is opened anew", async () => {
  const shared = new SharedEngine();
  vi.stubEnv("TMPDIR", join(temporaryFolder(), "missing"));
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(shared.lend(make)).rejects.toMatchObject({ code: "STORAGE" });
  vi.unstubAllEnvs();
  await shared.lend(make);
  await shared.end();
});
