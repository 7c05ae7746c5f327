// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { PipelineConfig } from "../../src/config/schema.ts";
import { type Reporter, silentReporter } from "../../src/core/reporter.ts";
import type { TaskDefinition } from "../../src/core/task.ts";
import { findNearDuplicates } from "../../src/data/near-duplicates.ts";
import { TaskRowsBuilder } from "../../src/data/rows.ts";
import { TaskFinisher } from "../../src/pipeline/finish.ts";
import { finishReal } from "../../src/pipeline/prepared-task.ts";
import { lettersOf, mapped } from "../data/support.ts";
import { load, taskToml } from "../support/project.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

function configOf(tasks: number): PipelineConfig {
  const folder = temporaryFolder();
  const toml = Array.from({ length: tasks }, (_, t) => taskToml(`t${t}`, "f", ["a", "b"])).join("\n");
  writeFileSync(join(folder, "model_pipeline.toml"), `[prepare]\ntarget_per_task_label = 30\n${toml}`);
  return load(folder).config;
}

/** Rows of task `t`; `group` gives a row's group value. */
function builderOf(config: PipelineConfig, t: number, rows: number, group: (i: number) => string | null) {
  const builder = new TaskRowsBuilder(config.tasks[t] as TaskDefinition);
  for (let i = 0; i < rows; i++) {
    const text = lettersOf((i % (rows - 5)) * 4 + t, 6).join(" ");
    builder.push(mapped({ label: i % 3 === 0 ? "a" : "b", text, group: group(i) }), {
      source: "ds",
      role: "train",
    });
  }
  return builder;
}

async function finishTasks(
  config: PipelineConfig,
  begun: readonly (readonly TaskRowsBuilder[])[],
  reporter: Reporter = silentReporter,
  signal?: AbortSignal,
) {
  const finisher = new TaskFinisher(config, signal);
  try {
    for (const builders of begun) finisher.begin(builders);
    return await finisher.end(reporter);
  } finally {
    await finisher.close();
  }
}

describe("TaskFinisher", () => {
  it("gives what each task by itself gives, large ones from threads too, in the order of the tasks", async () => {
    const config = configOf(3);
    const builders = [300, 24_000, 900].map((rows, t) => builderOf(config, t, rows, () => null));
    const [first, second, third] = builders as [TaskRowsBuilder, TaskRowsBuilder, TaskRowsBuilder];
    const tasks = await finishTasks(config, [[third], [first, second]]);
    for (const [t, builder] of builders.entries()) {
      const alone = await finishReal(config, builder, findNearDuplicates, silentReporter);
      const found = tasks[t];
      expect(found?.rows.task.name).toBe(`t${t}`);
      expect(found?.rows.id).toEqual(alone.rows.id);
      expect(found?.rows.group).toEqual(alone.rows.group);
      expect(found?.split).toEqual(alone.split);
      expect(found?.deduplication).toEqual(alone.deduplication);
    }
  });

  it("warns in the order of the tasks, though the largest begins", async () => {
    const config = configOf(3);
    const builders = [300, 900, 600].map((rows, t) =>
      builderOf(config, t, rows, (i) => (i < 250 ? "one" : null)),
    );
    const warnings: string[] = [];
    const counted: string[] = [];
    await finishTasks(config, [builders], {
      ...silentReporter,
      warn: (warning) => void warnings.push(warning.slice(0, 9)),
      progress: (_, done, total) => void counted.push(`${done}/${total}`),
    });
    expect(warnings).toEqual(['task "t0"', 'task "t1"', 'task "t2"']);
    expect(counted).toEqual(["0/3", "1/3", "2/3", "3/3"]);
  });

  it("refuses further tasks with what an earlier one failed with", async () => {
    const config = configOf(2);
    const finisher = new TaskFinisher(config, undefined);
    const broken = builderOf(config, 0, 20, () => null);
    vi.spyOn(broken, "build").mockImplementation(() => {
      throw new RangeError("no memory");
    });
    finisher.begin([broken]);
    await vi.waitFor(() => {
      expect(() => finisher.begin([])).toThrow("no memory");
    });
    await expect(finisher.end(silentReporter)).rejects.toThrow("no memory");
    await finisher.close();
  });

  it("ends with INTERRUPTED where it is stopped while threads are at work", async () => {
    const config = configOf(2);
    const builders = [30_000, 25_000].map((rows, t) => builderOf(config, t, rows, () => null));
    const stop = new AbortController();
    const finished = finishTasks(config, [builders], silentReporter, stop.signal);
    setTimeout(() => stop.abort(), 150);
    await expect(finished).rejects.toThrow(expect.objectContaining({ code: "INTERRUPTED" }));
  });
});
