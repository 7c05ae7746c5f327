// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cli, jsonOf } from "../support/cli.ts";
import { hubServer, TOKEN } from "../support/hub.ts";
import { COLOUR_TASK, colours, hubProject, hubToml } from "../support/hub-project.ts";
import { modelpack } from "../support/pipeline-run.ts";
import { writeProject } from "../support/project.ts";
import { sharedFolder, temporaryFolder } from "../support/temporary-folder.ts";

const project = writeProject(sharedFolder());
writeFileSync(join(project, ".env"), "LLM_EVAL__MODEL=from-file\nMODELPACK__TRAIN__WORKERS=3\n");

describe("the .env beside the config", () => {
  it("lies under the environment, for the variables that the config names and for MODELPACK__ ones", () => {
    const { code, out } = cli(project, ["check", "--print"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^model = "from-file" {2}# environment$/m);
    expect(out).toMatch(/^workers = 3 {2}# environment$/m);
    const real = cli(project, ["check", "--print"], { env: { LLM_EVAL__MODEL: "real" } });
    expect(real.out).toMatch(/^model = "real" {2}# environment$/m);
  });

  it("is that of the config's folder, not of the folder that the command runs in", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, ".env"), "LLM_EVAL__MODEL=elsewhere\n");
    const { out } = cli(folder, ["check", "--print", "--config", join(project, "model_pipeline.toml")]);
    expect(out).toMatch(/^model = "from-file" {2}# environment$/m);
  });

  it("gives the Hub its token, which no output holds", async () => {
    const server = await hubServer([{ ...colours(), isPrivate: true }], { token: TOKEN });
    const folder = hubProject(COLOUR_TASK, hubToml("colours", "me/colours", "colour"));
    mkdirSync(join(folder, "tmp"));
    const run = () => modelpack(folder, ["prepare"], { env: { HF_ENDPOINT: server.url } });
    const denied = await run();
    expect(denied.status).toBe(1);
    writeFileSync(join(folder, ".env"), `HF_TOKEN=${TOKEN}\n`);
    const prepared = await run();
    expect(prepared).toMatchObject({ status: 0 });
    expect(prepared.stdout + prepared.stderr).not.toContain(TOKEN);
  });

  it("that can't be read stops a command that needs it, and no other", () => {
    const folder = writeProject();
    writeFileSync(join(folder, ".env"), "KEY=canary-of-a-key\0");
    expect(cli(folder, ["check"])).toEqual({
      code: 2,
      out: "",
      err: "error: the .env file beside the config: it is not UTF-8 text\n  --> .env\n   = hint: save it as UTF-8, a NAME=value a line, or remove it\n",
    });
    const elsewhere = jsonOf<{ error: { code: string } }>(
      cli(folder, ["predict", "--json", "--pack", "nowhere", "text"]),
    );
    expect(elsewhere.error.code).toBe("MODEL_MISSING");
  });
});

describe("--share-rows", () => {
  it("sets synthetic_llm.share_rows", () => {
    expect(cli(project, ["check", "--print"]).out).toMatch(/^share_rows = false {2}# default$/m);
    expect(cli(project, ["check", "--print", "--share-rows"]).out).toMatch(/^share_rows = true {2}# flag$/m);
  });

  it("leaves the flag that switches downloads off as it was", () => {
    expect(cli(project, ["check", "--print", "--disable-download"]).out).toMatch(
      /^auto_download_missing = false {2}# flag$/m,
    );
  });
});
