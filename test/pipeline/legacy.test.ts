// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { hubServer } from "../support/hub.ts";
import { COLOUR_TASK, colours, from, hubProject, hubToml, sizes } from "../support/hub-project.ts";
import { runPrepare } from "../support/project.ts";

const SIZES = '[[datasets]]\nname = "sizes"\ntarget = "router"\ndataset_id = "me/sizes"\n';

it("of the Python pipeline's datasets, those with a map are fetched, and no others", async () => {
  const server = await hubServer([colours(), sizes()]);
  const mapped = hubToml("colours", "me/colours", "colour", 'target = "router"\nsplit = "train[:30]"');
  const folder = hubProject(COLOUR_TASK, mapped, SIZES);
  const { notes } = await runPrepare(folder, {}, from(server));
  expect(notes).toContain("colours: 30 rows: 30 train rows for colour");
  expect(server.requests.filter(({ url }) => url.includes("sizes"))).toEqual([]);
});

it("without any map there is nothing to prepare, which is said before the network is asked", async () => {
  const server = await hubServer([sizes()]);
  const prepared = runPrepare(hubProject(SIZES), {}, from(server));
  await expect(prepared).rejects.toMatchObject({
    code: "SOURCE_MISSING",
    message: "there is no dataset to prepare",
    hint: expect.stringContaining("[[datasets.map]]"),
  });
  expect(server.requests).toEqual([]);
});
