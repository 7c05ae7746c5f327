// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished } from "vitest";
import { removeDeadTemporaries } from "../../src/storage/commit.ts";
import { acquireLock } from "../../src/storage/lock.ts";
import { childScript, countCalls, hasStrace, run, runInjected } from "../support/child.ts";
import { deadRunId, type RunIdParts, runIdWith } from "../support/run-ids.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const NAME = ".modelpack.lock";

/** Leaves a lock in a folder as a run with this id would have. */
function plant(folder: string, run: string, name = NAME): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), JSON.stringify({ pid: 1, host: "elsewhere", purpose: "train", run }));
}

describe("acquireLock", () => {
  it("makes the folder, names its owner in the file, and leaves nothing when released", async () => {
    const folder = join(temporaryFolder(), "a", "b");
    const lock = await acquireLock(folder, "prepare");
    expect(readdirSync(folder)).toEqual([NAME]);
    const record: unknown = JSON.parse(readFileSync(lock.path, "utf8"));
    const start = expect.stringMatching(new RegExp(`^${process.pid}-[0-9]+-`));
    expect(record).toEqual({ pid: process.pid, host: hostname(), purpose: "prepare", run: start });
    await lock.release();
    expect(readdirSync(folder)).toEqual([]);
    await lock.release();
    await (await acquireLock(folder, "prepare")).release();
  });

  it("says who holds it, where, and what to do", async () => {
    const folder = temporaryFolder();
    const lock = await acquireLock(folder, "prepare");
    await expect(acquireLock(folder, "train")).rejects.toMatchObject({
      code: "LOCKED",
      message: `${folder} is in use by another run: prepare (pid ${process.pid} on ${hostname()})`,
      where: lock.path,
      hint: "wait until it ends, or stop it",
    });
    expect(readdirSync(folder)).toEqual([NAME]);
    await lock.release();
  });

  const cases: readonly [string, Partial<RunIdParts>, boolean][] = [
    ["this process", {}, true],
    ["a pid that another process has got since", { start: "1" }, false],
    ["a pid that nobody has", { pid: "2147483647" }, false],
    ["a run before the last boot of this machine", { boot: "00000000" }, false],
    ["a process whose start nobody knew", { start: "0" }, true],
    ["a run in another container", { namespace: "1", start: "1" }, true],
    ["a run on another machine", { boot: "00000000", host: "00000000" }, true],
  ];
  it.each(cases)("finds the lock of %s", async (_, parts, holds) => {
    const folder = temporaryFolder();
    plant(folder, await runIdWith(parts));
    const attempt = acquireLock(folder, "train");
    if (holds) await expect(attempt).rejects.toMatchObject({ code: "LOCKED" });
    else await (await attempt).release();
    expect(readdirSync(folder)).toEqual(holds ? [NAME] : []);
  });

  it("says how to free a lock whose owner nobody here can look up", async () => {
    const folder = temporaryFolder();
    plant(folder, await runIdWith({ boot: "00000000", host: "00000000" }));
    await expect(acquireLock(folder, "train")).rejects.toMatchObject({
      message: expect.stringContaining("on elsewhere"),
      hint: expect.stringContaining(`delete ${join(folder, NAME)}`),
    });
  });

  it.each(["", "{", "null", "[]", '{"run": 1}', '{"run": "1-2-3", "host": "h", "purpose": "p"}', "\0"])(
    "leaves a lock alone that it can't read: %j",
    async (text) => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, NAME), text);
      await expect(acquireLock(folder, "train")).rejects.toMatchObject({
        code: "LOCKED",
        hint: expect.stringContaining("delete"),
      });
      expect(readFileSync(join(folder, NAME), "utf8")).toBe(text);
    },
  );

  it("releases only its own lock", async () => {
    const folder = temporaryFolder();
    const lock = await acquireLock(folder, "train");
    const other = await runIdWith({});
    plant(folder, other);
    await lock.release();
    expect(readFileSync(join(folder, NAME), "utf8")).toContain(other);
  });

  it("takes over through a chain of claims whose holders died", async () => {
    const folder = temporaryFolder();
    const runs = await Promise.all(Array.from({ length: 4 }, deadRunId));
    let name = NAME;
    for (const dead of runs) {
      plant(folder, dead, name);
      name = `${NAME}.${dead.slice(-16)}.claim`;
    }
    await (await acquireLock(folder, "train")).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("removes claims that outlived their run, and no others", async () => {
    const folder = temporaryFolder();
    const [dead, live] = [`${NAME}.${"0".repeat(16)}.claim`, `${NAME}.${"1".repeat(16)}.claim`];
    plant(folder, await deadRunId(), dead);
    plant(folder, await runIdWith({}), live);
    await (await acquireLock(folder, "train")).release();
    expect(readdirSync(folder)).toEqual([live]);
  });

  it("says STORAGE where it can't write", async () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    await expect(acquireLock(file, "train")).rejects.toMatchObject({ code: "STORAGE", where: file });
  });

  it("has one winner of twenty in one process", async () => {
    for (let i = 0; i < 20; i++) {
      const folder = temporaryFolder();
      if (i % 2 === 1) plant(folder, await deadRunId());
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, () => acquireLock(folder, "train")),
      );
      const held = results.filter((result) => result.status === "fulfilled");
      expect(held).toHaveLength(1);
      for (const result of results) {
        if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "LOCKED" });
        else await result.value.release();
      }
      expect(readdirSync(folder)).toEqual([]);
    }
  });
});

interface Contender {
  readonly process: ChildProcess;
  /** Sends a line and returns the answer. */
  ask(line: string): Promise<string>;
}

function contender(): Contender {
  const child = spawn(process.execPath, [childScript("lock-child.mjs")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (line: string): Promise<string> => {
    child.stdin.write(`${line}\n`);
    return String((await answers.next()).value);
  };
  return { process: child, ask };
}

function died(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once("exit", resolve));
}

describe("two processes", () => {
  it("that race for one lock: one of them gets it, 100 times, free or dead", async () => {
    const contenders = [contender(), contender(), contender()];
    const folder = temporaryFolder();
    await Promise.all(contenders.map(({ ask }) => ask("")));
    const winners = new Set<number>();
    for (let i = 0; i < 100; i++) {
      if (i % 4 !== 0) plant(folder, await deadRunId());
      const answers = await Promise.all(contenders.map(({ ask }) => ask(folder)));
      expect([...answers].sort(), `try ${i}`).toEqual(["LOCKED", "LOCKED", "held"]);
      winners.add(answers.indexOf("held"));
      await Promise.all(contenders.map(({ ask }) => ask("")));
      expect(readdirSync(folder), `try ${i}`).toEqual([]);
    }
    expect(winners.size).toBeGreaterThan(1);
  });

  it("of which the holder is killed: the other gets it", async () => {
    const [a, b] = [contender(), contender()];
    const folder = temporaryFolder();
    expect(await a.ask(folder)).toBe("held");
    expect(await b.ask(folder)).toBe("LOCKED");
    const exit = died(a.process);
    a.process.kill("SIGKILL");
    await exit;
    expect(await b.ask(folder)).toBe("held");
    await b.ask("");
    expect(readdirSync(folder)).toEqual([]);
  });

  it.skipIf(process.platform !== "linux")("of which the holder is a zombie: the other gets it", async () => {
    const folder = temporaryFolder();
    // The shell becomes `sleep` and never waits for its child.
    const script = `"$0" "$1" "$2" & exec sleep 60`;
    const child = spawn("sh", ["-c", script, process.execPath, childScript("hold-child.mjs"), folder]);
    onTestFinished(() => void child.kill("SIGKILL"));
    await expect.poll(() => existsSync(join(folder, NAME)), { timeout: 20_000 }).toBe(true);
    const { pid } = JSON.parse(readFileSync(join(folder, NAME), "utf8")) as { pid: number };
    await expect(acquireLock(folder, "train")).rejects.toMatchObject({ code: "LOCKED" });
    process.kill(pid, "SIGKILL");
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, "utf8")).toContain(") Z ");
    await (await acquireLock(folder, "train")).release();
  });
});

describe.skipIf(!hasStrace)("kill -9 while a lock is taken over (needs strace)", () => {
  it("at any system call: the next run gets the lock, and nothing stays", async () => {
    const counted = temporaryFolder();
    const script = childScript("hold-child.mjs");
    const calls = ["link", "linkat", "rename", "unlink", "fsync", "pwrite64"];
    plant(counted, await deadRunId());
    const counts = countCalls(calls, [script, counted, "release"], temporaryFolder());
    let kills = 0;
    for (const [call, count] of counts) {
      for (let when = 1; when <= count; when++) {
        const folder = temporaryFolder();
        plant(folder, await deadRunId());
        const { signal } = runInjected(`${call}:signal=SIGKILL:when=${when}`, [script, folder, "release"]);
        expect(signal, `${call} ${when}`).toBe("SIGKILL");
        kills++;
        const lock = await acquireLock(folder, "train");
        await removeDeadTemporaries(folder);
        expect(readdirSync(folder), `${call} ${when}`).toEqual([NAME]);
        await lock.release();
      }
    }
    expect(kills).toBeGreaterThan(6);
  });

  it("where the file system has no hard links: says so", () => {
    const folder = temporaryFolder();
    const { lines } = runInjected("link,linkat:error=EPERM", [
      childScript("hold-child.mjs"),
      folder,
      "release",
    ]);
    expect(lines).toMatchObject([{ code: "STORAGE", message: expect.stringContaining("EPERM") }]);
    expect(readdirSync(folder)).toEqual([]);
    expect(run(process.execPath, [childScript("hold-child.mjs"), folder, "release"]).lines).toEqual([
      { code: null },
    ]);
  });
});
