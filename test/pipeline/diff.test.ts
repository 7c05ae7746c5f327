// SPDX-License-Identifier: Apache-2.0
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { silentReporter } from "../../src/core/reporter.ts";
import { type DiffOptions, diff } from "../../src/pipeline/diff.ts";
import { diffPage } from "../../src/report/diff-page.ts";
import { openModelpack } from "../../src/runtime/node.ts";
import { sealManifest } from "../../src/storage/manifest.ts";
import { rejection } from "../support/failure.ts";
import { readJson, runPrepare, runTrain, set, writeProject } from "../support/project.ts";
import { sharedFolder, temporaryFolder } from "../support/temporary-folder.ts";

let folder = "";
let first: { version: string; folder: string };
let second: { version: string; folder: string };

beforeAll(async () => {
  folder = writeProject(sharedFolder());
  await runPrepare(folder);
  first = await runTrain(folder);
  second = await runTrain(folder, set("train.max_features=60", "train.max_iter=1"));
});

function run(a: string, b: string, more: Partial<DiffOptions> = {}) {
  return diff([a, b], silentReporter, {
    root: join(folder, "trained_models"),
    prepared: join(folder, "prepared_data", "modelpack"),
    task: null,
    texts: null,
    ...more,
  });
}

describe("diff", () => {
  it("names packs by first digits, as latest and by folder, and compares them on the same rows", async () => {
    const found = await run(first.version.slice(0, 5), "latest");
    expect([found.a.version, found.b.version]).toEqual([first.version, second.version]);
    expect(await run(first.folder, join(folder, "trained_models"))).toEqual(found);
    expect(found.settings).toEqual([
      { name: "train.max_features", a: "4000", b: "60" },
      { name: "train.max_iter", a: "4", b: "1" },
    ]);
    expect([found.added, found.removed]).toEqual([[], []]);
    expect(found.families.every(({ a, b }) => (a?.features ?? 0) > (b?.features ?? 0))).toBe(true);
    expect(found.b.bytes).toBeLessThan(found.a.bytes);
  });

  it("has the figures that each pack was measured with, on the same rows as on its own", async () => {
    const { tasks } = await run(first.version, second.version);
    expect(tasks.map(({ task }) => task).sort()).toEqual(["colour", "same", "size"]);
    for (const { task, a, comparison } of tasks) {
      expect(comparison.kind).toBe("paired");
      if (comparison.kind !== "paired") continue;
      const family = task === "same" ? "pair" : "router";
      const { per_task } = readJson<{
        per_task: Record<string, { accuracy: number; log_loss: number; rows: number }>;
      }>(first.folder, `${family}_metrics_test.json`);
      expect(comparison.rows).toBe(per_task[task]?.rows);
      expect(comparison.accuracy.a).toBe(per_task[task]?.accuracy);
      expect(comparison.accuracy.a).toBe(a.accuracy);
      // Train keeps scores as 32-bit numbers.
      expect(comparison.logLoss.a / (per_task[task]?.log_loss ?? 0)).toBeCloseTo(1, 6);
    }
  });

  it("compares a deployed pack, of model files and manifest alone, and says where rows lack", async () => {
    const deployed = join(folder, "deployed");
    mkdirSync(deployed);
    for (const name of ["manifest.json", "router_model.safetensors", "pair_model.safetensors"])
      cpSync(join(first.folder, name), join(deployed, name));
    const found = await run(deployed, "latest", { prepared: null });
    expect(found.tasks.map(({ comparison }) => comparison.kind)).toEqual([
      "unpaired",
      "unpaired",
      "unpaired",
    ]);
    expect(found.tasks[0]?.comparison).toMatchObject({
      why: expect.stringMatching(/^dataset [0-9a-f]{12} is not in the folder of prepared datasets/),
    });
  });

  it("answers the texts of a file by both, and lists what flipped, the surest first", async () => {
    const file = join(folder, "texts.jsonl");
    const words = Array.from({ length: 40 }, (_, i) => `topic${i % 3} filler${i} filler${(i * 7) % 40}`);
    writeFileSync(file, words.map((text) => `${JSON.stringify({ said: text })}\n`).join(""));
    const { texts } = await run(first.version, second.version, { texts: { file, columns: ["said"] } });
    expect(texts.map(({ task, texts: read }) => [task, read])).toEqual([
      ["colour", 40],
      ["size", 40],
    ]);
    const [a, b] = [await openModelpack(first.folder), await openModelpack(second.folder)];
    for (const { task, flips, pairs } of texts) {
      const expected = words.filter((text) => a.predict(task, text).label !== b.predict(task, text).label);
      expect(flips.map((flip) => flip.texts[0]).sort()).toEqual(expected.sort());
      for (const flip of flips) {
        const { label, confidence } = a.predict(task, flip.texts[0] ?? "");
        expect(flip.a).toEqual({ label, confidence, reason: null });
      }
      const sure = flips.map((flip) => Math.min(flip.a.confidence, flip.b.confidence));
      expect(sure).toEqual([...sure].sort((x, y) => y - x));
      expect(pairs.reduce((sum, pair) => sum + pair.texts, 0)).toBe(flips.length);
    }
    expect(texts.some(({ flips }) => flips.length > 0)).toBe(true);
  });

  it("compares packs of other tasks, labels and rows", async () => {
    const other = writeProject(sharedFolder());
    const path = join(other, "model_pipeline.toml");
    const toml = readFileSync(path, "utf8");
    writeFileSync(
      path,
      toml.replace('["red","green","blue"]', '["red","green"]').replaceAll('"size"', '"extent"'),
    );
    await runPrepare(other);
    const { folder: third } = await runTrain(other);
    const found = await run(first.version, third);
    expect([found.added, found.removed]).toEqual([["extent"], ["size"]]);
    const colour = found.tasks.find(({ task }) => task === "colour");
    expect(colour?.labels).toEqual({ added: [], removed: ["blue"] });
    // The other dataset is in another folder.
    expect(colour?.comparison).toMatchObject({ kind: "unpaired" });
    cpSync(join(other, "prepared_data"), join(folder, "prepared_data"), { recursive: true });
    const again = await run(first.version, third);
    const comparison = again.tasks.find(({ task }) => task === "colour")?.comparison;
    // The rows that are blue are in one of them alone.
    expect(comparison?.kind === "paired" ? comparison.rows : 0).toBe(colour?.b.rows);
    expect(colour?.b.rows).toBeLessThan(colour?.a.rows ?? 0);
  });

  it("says of a pack of a newer format to update, and of a damaged one how to mend it", async () => {
    const newer = join(temporaryFolder(), "newer");
    cpSync(first.folder, newer, { recursive: true });
    const manifest = readJson<object>(newer, "manifest.json");
    writeFileSync(join(newer, "manifest.json"), sealManifest({ ...manifest, format_version: 9 }));
    expect(await rejection(run(newer, "latest"))).toMatchObject({
      code: "MODEL_TOO_NEW",
      message: expect.stringContaining("format version 9; this modelpack reads version 1"),
      where: newer,
      hint: "update modelpack, or name another pack",
    });
    writeFileSync(join(newer, "manifest.json"), "{");
    expect(await rejection(run("latest", newer))).toMatchObject({
      code: "MODEL_CORRUPT",
      hint: "`modelpack train` replaces a damaged version of its own; copy one from elsewhere again, or name another pack",
    });
  });

  it("says what there is where a name, a task or a text is none", async () => {
    expect(await rejection(run("nope", "latest"))).toMatchObject({
      code: "USAGE",
      hint: expect.stringContaining([first.version, second.version].sort().join(", ")),
    });
    expect(await rejection(run("latest", "latest", { task: "nope" }))).toMatchObject({
      code: "USAGE",
      hint: expect.stringContaining("colour"),
    });
    const texts = { file: join(folder, "texts.jsonl"), columns: ["a", "b"] };
    expect(await rejection(run("latest", "latest", { task: "colour", texts }))).toMatchObject({
      code: "USAGE",
    });
    expect(
      await rejection(
        run("latest", "latest", { texts: { file: join(folder, "texts.jsonl"), columns: ["text"] } }),
      ),
    ).toMatchObject({ code: "COLUMN_MISSING" });
  });
});

describe("diffPage", () => {
  it("has the same bytes every time, and nothing of the data as markup", async () => {
    const file = join(folder, "hostile.txt");
    writeFileSync(file, '<script>alert(1)</script> topic1\n"><img src=x onerror=alert(2)> topic2 filler3\n');
    const found = await run(first.version, second.version, { texts: { file, columns: ["text"] } });
    const hostile = {
      ...found,
      texts: found.texts.map((task) => ({
        ...task,
        flips: [
          {
            texts: ["<script>alert(1)</script>"],
            a: { label: "<b>", confidence: 0.5, reason: null },
            b: { label: null, confidence: 0, reason: "low_confidence" },
          },
        ],
      })),
    };
    const page = diffPage(hostile);
    expect(page).toBe(diffPage(hostile));
    expect(page).not.toContain("<script>alert");
    expect(page).toContain("&lt;script");
    expect(page).toContain("low confidence");
  });
});
