// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { hubRequest } from "../../src/pipeline/hub-request.ts";
import { COLOUR_TASK, hubProject, hubToml } from "../support/hub-project.ts";

const ALL = { sample: "hash", maxRows: 0 };
const first = (maxRows: number) => ({ sample: "head", maxRows });

it.each([
  ["", null, ALL],
  ['sample = "head"', null, first(60_000)],
  ['sample = "head"\nmax_rows = 7', null, first(7)],
  ['sample = "head"\nmax_rows = 7', 5, first(5)],
  ["max_rows = 7", 5, ALL],
  ['split = "train[:500]"', null, first(500)],
  ['split = "train[:500]"\nmax_rows = 7', null, first(500)],
  ['split = "train[100:500]"\nsample = "head"\nmax_rows = 7', null, first(107)],
  ['split = "train[100:103]"\nsample = "head"\nmax_rows = 7', null, first(103)],
  ['split = "train[100:]"', null, ALL],
  ['split = "train[100:]"\nsample = "head"\nmax_rows = 7', null, first(107)],
  ['split = "train[:10%]"\nsample = "head"\nmax_rows = 7', null, ALL],
])("%j with --sample %s asks for the files with the rows that it needs", (more, sample, wanted) => {
  const folder = hubProject(COLOUR_TASK, hubToml("mine", "me/colours", "colour", more));
  const { config } = loadConfig(join(folder, "model_pipeline.toml"));
  const [dataset] = config.datasets;
  if (dataset === undefined) throw new Error("no dataset");
  expect(hubRequest(config, dataset, sample)).toEqual({
    ...{ name: "mine", datasetId: "me/colours", config: "", split: "train", revision: "main" },
    ...wanted,
  });
});
