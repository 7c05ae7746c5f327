// SPDX-License-Identifier: Apache-2.0
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  digests,
  type Ended,
  leftovers,
  makeWorkspace,
  modelpack,
  PREPARE,
  STAGES,
  type Stage,
  start,
  starterConfig,
  succeed,
  TRAIN,
  wholeVersion,
} from "../support/pipeline-run.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const SIGNALS: readonly [NodeJS.Signals, number][] = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 143],
];

/** A workspace in which the stage is the next to run. */
async function ready(stage: Stage): Promise<string> {
  const workspace = makeWorkspace(temporaryFolder(), starterConfig());
  if (stage === TRAIN) await succeed(workspace, ["prepare"]);
  return workspace;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts a stage and calls `act` when it is at work: its lock is there and it has said something. */
async function atWork(
  workspace: string,
  { command, folder }: Stage,
  act: (kill: (signal: NodeJS.Signals) => void) => void | Promise<void>,
  node: readonly string[] = [],
): Promise<Ended> {
  const { child, ended } = start(workspace, [command], { node });
  await new Promise((resolve) => child.stderr?.once("data", resolve));
  expect(readdirSync(join(workspace, folder))).toContain(".modelpack.lock");
  await act((signal) => child.kill(signal));
  return ended;
}

describe("a signal", () => {
  it.each(STAGES)(
    "ends $command clean, and the next run gives the bytes of an unbroken one",
    async (stage) => {
      const workspace = await ready(stage);
      for (const [signal, code] of SIGNALS) {
        const { status, stderr } = await atWork(workspace, stage, (kill) => kill(signal));
        expect(status, signal).toBe(code);
        expect(stderr, signal).toMatch(
          /error: (stopped|interrupted).*\n(.*\n)*.*hint: run the same command again/,
        );
        expect(stderr, signal).not.toMatch(/\n {4}at /);
        expect(leftovers(workspace), signal).toEqual([]);
        expect(await wholeVersion(workspace, stage), signal).toBeNull();
      }
      await succeed(workspace, [stage.command]);
      const unbroken = await ready(stage);
      await succeed(unbroken, [stage.command]);
      expect(digests(join(workspace, stage.folder))).toEqual(digests(join(unbroken, stage.folder)));
    },
  );

  it("that comes twice at once, as npm passes Ctrl-C on, is one", async () => {
    const workspace = await ready(TRAIN);
    const { status } = await atWork(workspace, TRAIN, async (kill) => {
      kill("SIGINT");
      await sleep(3);
      kill("SIGINT");
    });
    expect(status).toBe(130);
    expect(leftovers(workspace)).toEqual([]);
  });

  it("that comes a second time ends what hangs, and the next run takes over", async () => {
    const workspace = await ready(TRAIN);
    const hang = `import fs from "node:fs/promises"; import {syncBuiltinESMExports} from "node:module";
      fs.writeFile = () => new Promise(() => setInterval(() => {}, 90_000)); syncBuiltinESMExports();`;
    const node = ["--import", `data:text/javascript,${encodeURIComponent(hang)}`];
    const root = join(workspace, TRAIN.folder);
    let second = 0;
    const act = async (kill: (signal: NodeJS.Signals) => void) => {
      while (!readdirSync(root).some((name) => name.endsWith(".tmp"))) await sleep(20);
      kill("SIGINT");
      await sleep(1000);
      second = performance.now();
      kill("SIGINT");
    };
    const { status } = await atWork(workspace, TRAIN, act, node);
    expect(status).toBe(130);
    expect(performance.now() - second).toBeLessThan(3000);
    expect(leftovers(workspace)).toContain("trained_models/.modelpack.lock");
    await succeed(workspace, ["train"]);
    expect(leftovers(workspace)).toEqual([]);
    expect(await wholeVersion(workspace, TRAIN)).not.toBeNull();
  });

  it("ends predict while it waits for lines", async () => {
    const workspace = await ready(TRAIN);
    await succeed(workspace, ["train", "--max-iter", "1"]);
    // A shell keeps the standard input open; exec makes the signal the command's own.
    const lines = 'mkfifo tmp/lines 2>/dev/null; exec 3<>tmp/lines; exec "$0" "$@" <&3';
    let last: Ended | undefined;
    // Nothing says from outside when it listens: where it did not yet, the signal itself ends it.
    for (const ms of [1000, 4000, 16_000]) {
      const { child, ended } = start(workspace, ["predict", "--task", "query_domain"], {
        prefix: ["sh", "-c", lines],
      });
      await sleep(ms);
      child.kill("SIGINT");
      last = await ended;
      if (last.signal === null) break;
    }
    expect(last).toMatchObject({ status: 130, signal: null, stdout: "" });
  });

  it("SIGSTOP and SIGCONT change nothing", async () => {
    const workspace = await ready(PREPARE);
    const stopped = await atWork(workspace, PREPARE, async (kill) => {
      kill("SIGSTOP");
      await sleep(1500);
      kill("SIGCONT");
    });
    expect(stopped.status).toBe(0);
    const unbroken = await ready(PREPARE);
    await succeed(unbroken, ["prepare"]);
    expect(digests(join(workspace, PREPARE.folder))).toEqual(digests(join(unbroken, PREPARE.folder)));
  });
});

describe("an output that nobody reads", () => {
  it.each(STAGES)("is no reason for $command to fail, or to say more", async (stage) => {
    const workspace = await ready(stage);
    const { child, ended } = start(workspace, [stage.command, "--json"]);
    child.stdout?.destroy();
    await new Promise((resolve) => child.stderr?.once("data", resolve));
    child.stderr?.destroy();
    expect(await ended).toMatchObject({ status: 0, signal: null });
    expect(await wholeVersion(workspace, stage)).not.toBeNull();
    expect(leftovers(workspace)).toEqual([]);
  });

  it("leaves nothing on standard error but the notes", async () => {
    const workspace = await ready(PREPARE);
    const prefix = ["bash", "-c", '{ "$0" "$@"; echo "exit $?" >&2; } | true'];
    const { stderr } = await modelpack(workspace, ["prepare"], { prefix });
    expect(stderr).toMatch(/exit 0\n$/);
    expect(stderr).not.toMatch(/EPIPE|Error/);
  });
});

describe("memory that runs out", () => {
  it.each(STAGES)("ends $command with an error and no version", async (stage) => {
    const workspace = await ready(stage);
    const { status, signal } = await modelpack(workspace, [stage.command], {
      node: ["--max-old-space-size=14", "--max-semi-space-size=1"],
    });
    expect(status === 134 || status === 1 || signal === "SIGABRT").toBe(true);
    expect(await wholeVersion(workspace, stage)).toBeNull();
    await succeed(workspace, [stage.command]);
    expect(leftovers(workspace)).toEqual([]);
  });

  it("in one training thread is an error that says what to do, and leaves no version", async () => {
    const workspace = await ready(TRAIN);
    const eat =
      'import{isMainThread}from"node:worker_threads";if(!isMainThread){const a=[];setTimeout(()=>{for(;;)a.push(new Array(1e5).fill(a.length+.5))},50)}';
    const node = ["--max-old-space-size=128", "--import", `data:text/javascript,${encodeURIComponent(eat)}`];
    const { status, stderr } = await modelpack(workspace, ["train"], { node });
    expect(stderr).toContain("error: a training thread died");
    expect(stderr).toContain("hint: out of memory?");
    expect(status).toBe(1);
    expect(await wholeVersion(workspace, TRAIN)).toBeNull();
    expect(leftovers(workspace)).toEqual([]);
  });
});

describe("two runs at one output", () => {
  it.each(STAGES)("of $command: one works, the other names it or finds its version", async (stage) => {
    const before = await ready(stage);
    for (let i = 0; i < 3; i++) {
      const workspace = temporaryFolder();
      cpSync(before, workspace, { recursive: true });
      const first = start(workspace, [stage.command]);
      await sleep(i * 60);
      const second = start(workspace, [stage.command]);
      const both = [await first.ended, await second.ended];
      const winners = both.filter(({ status }) => status === 0);
      expect(winners.length, both.map(({ stderr }) => stderr).join("\n")).toBeGreaterThan(0);
      for (const loser of both.filter(({ status }) => status !== 0)) {
        const holder = loser === both[0] ? second.child.pid : first.child.pid;
        expect(loser.status).toBe(1);
        expect(loser.stderr).toContain(`is in use by another run: ${stage.command} (pid ${holder} on `);
      }
      expect(await wholeVersion(workspace, stage)).not.toBeNull();
      expect(leftovers(workspace)).toEqual([]);
    }
  });

  it("of other configs at once: the pointer names one of them, whole", async () => {
    const workspace = await ready(PREPARE);
    const runs = ["1", "2", "3"].map((seed) => modelpack(workspace, ["prepare", "--seed", seed]));
    const ended = await Promise.all(runs);
    expect(ended.some(({ status }) => status === 0)).toBe(true);
    for (const { status, stderr } of ended)
      if (status !== 0) expect(stderr).toContain("is in use by another run: prepare (pid ");
    const version = await wholeVersion(workspace, PREPARE);
    expect(readdirSync(join(workspace, PREPARE.folder))).toContain(version);
    expect(leftovers(workspace)).toEqual([]);
    expect(readFileSync(join(workspace, PREPARE.folder, PREPARE.pointer), "utf8")).toContain(version ?? "");
  });
});
