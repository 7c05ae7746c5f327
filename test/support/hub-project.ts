// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PrepareOptions } from "../../src/pipeline/prepare-options.ts";
import type { HubFixture } from "./hub-repository.ts";
import type { HubServer } from "./hub-server.ts";
import { namedRows, taskToml } from "./project.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Rows as JSON lines. */
export function jsonLines(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

/** A card whose one config has these files as its train split. */
export function cardOf(...paths: readonly string[]): NonNullable<HubFixture["card"]> {
  const data_files = [{ split: "train", path: [...paths] }];
  return { license: "cc-by-4.0", configs: [{ config_name: "plain", data_files, default: true }] };
}

/** me/colours in two JSONL files, which are in git, not in LFS, me/sizes in a CSV file. */
export function colours(seed = 1): HubFixture {
  return {
    id: "me/colours",
    card: cardOf("data/one.jsonl", "data/two.jsonl"),
    files: {
      "data/one.jsonl": jsonLines(namedRows(["red", "blue"], 20, seed)),
      "data/two.jsonl": jsonLines(namedRows(["red", "blue"], 20, seed + 100)),
    },
  };
}

/** me/sizes in one CSV file. */
export function sizes(): HubFixture {
  const rows = namedRows(["small", "large"], 15, 7).map(({ text, label }) => `${text},${label}\n`);
  return {
    id: "me/sizes",
    card: cardOf("sizes.csv"),
    files: { "sizes.csv": `text,label\n${rows.join("")}` },
  };
}

/** TOML of a dataset of the Hub with one map. */
export function hubToml(name: string, id: string, task: string, more = ""): string {
  return `[[datasets]]\nname = "${name}"\ndataset_id = "${id}"\n${more}
[[datasets.map]]\ntask = "${task}"\ntext = "text"\nlabel_column = "label"\n`;
}

export const COLOUR_TASK = taskToml("colour", "router", ["red", "blue"]);
export const SIZE_TASK = taskToml("size", "router", ["small", "large"]);

/** A project of these parts of a TOML in a temporary folder. */
export function hubProject(...parts: readonly string[]): string {
  const folder = temporaryFolder();
  writeHubToml(folder, ...parts);
  return folder;
}

export function writeHubToml(folder: string, ...parts: readonly string[]): void {
  const prepare = "[prepare]\ntarget_per_task_label = 10\nnear_duplicate_threshold = 0.95\n";
  writeFileSync(join(folder, "model_pipeline.toml"), [prepare, ...parts].join("\n"));
}

/** Options of prepare with which the Hub is `server`. */
export function from(server: HubServer, token?: string): PrepareOptions & { environment: object } {
  const { url: HF_ENDPOINT } = server;
  return {
    environment: { HF_ENDPOINT, HOME: "/nowhere", ...(token === undefined ? {} : { HF_TOKEN: token }) },
  };
}
