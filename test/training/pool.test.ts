// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { ModelpackError } from "../../src/core/error.ts";
import { writeFamilyFile } from "../../src/modelpack/family-file.ts";
import { dealOf } from "../../src/training/dealing.ts";
import { type FamilyProblem, trainFamily } from "../../src/training/family-trainer.ts";
import { collectInputs, type InputChunk } from "../../src/training/inputs.ts";
import { WorkerPool } from "../../src/training/pool.ts";
import { ANALYZER, examples, LETTERS, separableRows } from "../support/examples.ts";
import { blockRows, vectorizeFamily } from "../support/task-rows.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const open: WorkerPool[] = [];

function pool(size: number, signal?: AbortSignal): WorkerPool {
  const made = new WorkerPool(size, signal);
  open.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

const SETTINGS = {
  seed: 1,
  minDf: 1,
  maxIter: 4,
  alpha: "auto",
  classWeight: 0,
  earlyStopping: false,
  patience: 3,
  metric: "macro_f1",
  minDelta: 0,
} as const;

/** Five tasks of very different sizes, so that threads finish in any order. */
function problem(): FamilyProblem {
  return {
    family: "f",
    input: "text",
    analyzer: ANALYZER,
    maxFeatures: 3000,
    quantization: "int8",
    tasks: [2, 40, 5, 300, 20].map((perLabel, t) => ({
      definition: {
        name: `task${t}`,
        family: "f",
        input: "text",
        objective: "classification",
        description: "",
        labels: [0, 1, 2].map((k) => ({ name: `label${k}`, description: "" })),
        default: t === 0 ? "label1" : null,
        targetPrecision: null,
        targetOutOfScopeRecall: null,
        minConfidence: t === 1 ? 0.4 : null,
      },
      settings: SETTINGS,
      calibration: "none",
      syntheticFilter: "none",
      trust: null,
      train: examples(separableRows(3, perLabel, t)),
      eval: t === 2 ? null : examples(separableRows(3, 10, t + 50)),
    })),
  };
}

const analyze = (text: string) => {
  const { chunks } = collectInputs([{ train: examples([{ text, label: 0 }]), eval: null }]);
  return { kind: "analyze", chunk: chunks[0] as InputChunk, input: "text", analyzer: LETTERS } as const;
};

describe("trainFamily", () => {
  it("gives the same model and histories with 1, 2, 3 and 4 threads", async () => {
    const runs = await Promise.all(
      [1, 2, 3, 4].map(async (size) => {
        const heard: string[] = [];
        const fit = await trainFamily(problem(), pool(size), (task, { epoch }, seconds) => {
          heard.push(`${task} ${epoch}`);
          expect(seconds).toBeGreaterThanOrEqual(0);
        });
        return { bytes: writeFamilyFile(fit.model), histories: fit.histories, heard: heard.sort() };
      }),
    );
    const [one, ...more] = runs;
    const lengths = one?.histories.map(({ epochs }) => epochs.length) ?? [];
    expect(Math.max(...lengths)).toBeLessThanOrEqual(SETTINGS.maxIter);
    expect(one?.heard.length).toBe(lengths.reduce((sum, n) => sum + n, 0));
    for (const other of more) expect(other).toEqual(one);
  });

  it("gives the same model with 1, 2 and 3 threads where a task dominates, and is dealt out to blocks", async () => {
    const given = problem();
    const [small, other] = given.tasks;
    if (small === undefined || other === undefined) throw new Error("no task");
    const labels = Array.from({ length: 256 }, (_, k) => ({ name: `label${k}`, description: "" }));
    const train = examples(separableRows(256, 14, 7));
    const large = { ...other, definition: { ...other.definition, name: "large", labels }, train, eval: null };
    const tasks = [small, { ...large, settings: { ...SETTINGS, maxIter: 2 } }];
    const options = { minDf: SETTINGS.minDf, maxFeatures: given.maxFeatures };
    const rows = blockRows(large, vectorizeFamily(tasks, options), 1, { labels: 256 });
    expect(dealOf(rows, true)).toEqual({ partitions: 2, blocks: 2 });
    const runs = await Promise.all(
      [1, 2, 3].map(async (size) => {
        const heard: string[] = [];
        const fit = await trainFamily({ ...given, tasks }, pool(size), (task, { epoch }) => {
          heard.push(`${task} ${epoch}`);
        });
        return { bytes: writeFamilyFile(fit.model), histories: fit.histories, heard: heard.sort() };
      }),
    );
    const [one, ...more] = runs;
    expect(one?.heard.filter((epoch) => epoch.startsWith("large"))).toEqual(["large 1", "large 2"]);
    for (const run of more) expect(run).toEqual(one);
  });

  it("keeps the tasks' order, labels, defaults and thresholds", async () => {
    const { model } = await trainFamily(problem(), pool(2), () => {});
    expect(model.tasks.map(({ name }) => name)).toEqual(["task0", "task1", "task2", "task3", "task4"]);
    expect(model.tasks[1]).toMatchObject({
      labels: ["label0", "label1", "label2"],
      default: null,
      minConfidence: 0.4,
      calibration: { method: "none" },
    });
    expect(model.tasks[0]?.default).toBe("label1");
  });

  it("rejects with what the listener of its epochs throws", async () => {
    const full = new Error("the log is full");
    const threads = pool(2);
    const failed = trainFamily(problem(), threads, () => {
      throw full;
    });
    await expect(failed).rejects.toBe(full);
  });
});

describe("WorkerPool", () => {
  it("starts as many threads as asked for, and one a core for 0", () => {
    expect(pool(3).size).toBe(3);
    expect(pool(0).size).toBeGreaterThan(0);
  });

  it("answers each job with its own result, whatever is under way", async () => {
    const threads = pool(2);
    const texts = Array.from({ length: 30 }, (_, i) =>
      "abcdefghij"
        .slice(0, (i % 10) + 1)
        .split("")
        .join(" "),
    );
    const found = await Promise.all(texts.map((text) => threads.run<"analyze">(analyze(text))));
    expect(found.map(({ hashes }) => hashes.length)).toEqual(texts.map((text) => (text.length + 1) / 2));
  });

  it("takes the highest priority first of those that wait, ties in their order, and no priority as the highest", async () => {
    const threads = pool(1);
    const done: string[] = [];
    const jobs: readonly (readonly [name: string, priority: number | undefined])[] = [
      ["under way", 0],
      ["low", 1],
      ["middle", 5],
      ["middle again", 5],
      ["high", 9],
      ["middle once more", 5],
      ["first of all", undefined],
      ["low again", 1],
      ["next of all", undefined],
    ];
    await Promise.all(
      jobs.map(([name, priority]) =>
        threads.run<"analyze">(analyze("a"), undefined, priority).then(() => done.push(name)),
      ),
    );
    expect(done).toEqual([
      "under way",
      "first of all",
      "next of all",
      "high",
      "middle",
      "middle again",
      "middle once more",
      "low",
      "low again",
    ]);
  });

  it("lets whoever waited for a result go on before it takes what was there already", async () => {
    const threads = pool(1);
    const done: string[] = [];
    const run = (name: string, priority?: number) =>
      threads.run<"analyze">(analyze("a"), undefined, priority).then(() => void done.push(name));
    const chain = run("first").then(async () => run("what follows"));
    await Promise.all([chain, run("waiting", 5), run("waiting too", 5)]);
    expect(done).toEqual(["first", "what follows", "waiting", "waiting too"]);
  });

  it("gives back memory that threads share, and fills in place what it was given", async () => {
    const threads = pool(2);
    const chunk = await threads.run<"analyze">(analyze("a b c"));
    expect(chunk.hashes.buffer).toBeInstanceOf(SharedArrayBuffer);
    const kept = Uint32Array.of(chunk.hashes[1] as number);
    const features = { hashes: kept, weights: { codes: new Uint8Array(1), low: 1, high: 1 } };
    const [indexed] = await threads.run<"index">({ kind: "index", chunks: [chunk], features });
    expect(indexed?.start.at(-1)).toBe(1);
    expect(indexed?.ids[0]).toBe(0);
    expect(chunk.hashes[0]).toBe(0);
  });

  it("rejects a job that fails with a typed error, and goes on with the others", async () => {
    const threads = pool(1);
    const whole = analyze("a");
    const broken = { ...whole, chunk: { ...whole.chunk, start: null as unknown as Uint32Array } };
    const [bad, good] = await Promise.allSettled([
      threads.run<"analyze">(broken),
      threads.run<"analyze">(analyze("a b")),
    ]);
    expect(bad).toMatchObject({ status: "rejected", reason: { name: "ModelpackError", code: "INTERNAL" } });
    expect((bad as PromiseRejectedResult).reason.message).toContain("a training thread failed: ");
    expect(good).toMatchObject({ status: "fulfilled" });
  });

  it("rejects what is under way, and what comes after, with the reason of the abort", async () => {
    const stop = new AbortController();
    const threads = pool(1, stop.signal);
    const jobs = [analyze("a"), analyze("b")].map((job) => threads.run<"analyze">(job));
    const reason = new ModelpackError("INTERRUPTED", "stopped by SIGINT");
    stop.abort(reason);
    for (const job of await Promise.allSettled([...jobs, threads.run<"analyze">(analyze("c"))]))
      expect(job).toMatchObject({ status: "rejected", reason });
  });

  it("turns any other reason into INTERRUPTED, also where it was aborted before", async () => {
    const error = await pool(1, AbortSignal.abort())
      .run<"analyze">(analyze("a"))
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "ModelpackError", code: "INTERRUPTED" });
  });

  it("rejects jobs of a closed pool", async () => {
    const threads = pool(1);
    const job = threads.run<"analyze">(analyze("a"));
    await Promise.all([threads.close(), expect(job).rejects.toMatchObject({ code: "INTERNAL" })]);
    await expect(threads.run<"analyze">(analyze("a"))).rejects.toMatchObject({ code: "INTERNAL" });
  });
});

/** Runs two jobs one after the other in a process whose first thread dies `when`; prints what came of them. */
function runWithDyingThread(when: "at once" | "when idle"): unknown {
  const folder = temporaryFolder();
  const preload = join(folder, "die.cjs");
  const marker = JSON.stringify(join(folder, "died"));
  writeFileSync(
    preload,
    `const { isMainThread } = require("node:worker_threads");
     const { existsSync, writeFileSync } = require("node:fs");
     if (!isMainThread && !existsSync(${marker})) {
       writeFileSync(${marker}, "");
       ${when === "at once" ? "process.exit(9);" : "setTimeout(() => process.exit(9), 400);"}
     }`,
  );
  const script = join(folder, "main.mjs");
  const module = (path: string) => JSON.stringify(new URL(`../../dist/${path}`, import.meta.url).href);
  writeFileSync(
    script,
    `import { WorkerPool } from ${module("training/pool.js")};
     const start = new Uint32Array(new SharedArrayBuffer(8));
     const bytes = new Uint8Array(new SharedArrayBuffer(3));
     bytes.set(new TextEncoder().encode("a b"));
     start[1] = 3;
     const job = { kind: "analyze", chunk: { inputs: 1, sides: 1, bytes, start }, input: "text", analyzer: ${JSON.stringify(LETTERS)} };
     const pool = new WorkerPool(1);
     const came = [];
     for (let i = 0; i < 2; i++) {
       await pool.run(job).then((r) => came.push(r.hashes.length), (e) => came.push(e.code + " " + e.message));
       await new Promise((done) => setTimeout(done, 800));
     }
     await pool.close();
     console.log(JSON.stringify(came));`,
  );
  const { stdout, stderr } = spawnSync(process.execPath, ["--require", preload, script], {
    encoding: "utf8",
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    timeout: 20_000,
  });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

describe("a thread that dies", () => {
  it("rejects its job with a typed error, and another thread does the next", () => {
    expect(runWithDyingThread("at once")).toEqual([
      "INTERNAL a training thread died: the thread ended with code 9",
      2,
    ]);
  });

  it("is not given a job where it died between two", () => {
    expect(runWithDyingThread("when idle")).toEqual([2, 2]);
  });
});
