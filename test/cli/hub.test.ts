// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { hubServer, TOKEN } from "../support/hub.ts";
import { drip, flipped } from "../support/hub-faults.ts";
import { COLOUR_TASK, colours, hubProject, hubToml, SIZE_TASK, sizes } from "../support/hub-project.ts";
import type { HubServer } from "../support/hub-server.ts";
import { digests, type Ended, leftovers, modelpack, start } from "../support/pipeline-run.ts";

const PARTS = [
  COLOUR_TASK,
  SIZE_TASK,
  hubToml("colours", "me/colours", "colour"),
  hubToml("sizes", "me/sizes", "size"),
];

const environment = (server: HubServer) => ({ env: { HF_ENDPOINT: server.url, HF_TOKEN: TOKEN } });

function prepare(server: HubServer, folder: string, ...args: string[]): Promise<Ended> {
  return modelpack(folder, ["prepare", ...args], environment(server));
}

/** A project with the folder for temporary files that its runs are given. */
function project(...parts: readonly string[]): string {
  const folder = hubProject(...parts);
  mkdirSync(join(folder, "tmp"));
  return folder;
}

const lockOf = (folder: string) => readFileSync(join(folder, "datasets.lock.json"), "utf8");

/** What a fresh checkout has: the TOML and the lock. */
function forget(folder: string): void {
  for (const made of ["datasets", "prepared_data"]) rmSync(join(folder, made), { recursive: true });
}

describe("prepare of datasets of the Hub", () => {
  it("says what it locked, and the token in nothing that it writes or says", async () => {
    const server = await hubServer([{ ...colours(), isPrivate: true }, sizes()], { token: TOKEN });
    const folder = project(...PARTS);
    const runs = [await prepare(server, folder, "--json")];
    expect(runs[0]).toMatchObject({ status: 0 });
    expect(runs[0]?.stderr).toMatch(/^colours: locked at commit [0-9a-f]{12}$/m);
    server.reset();
    runs.push(await prepare(server, folder));
    expect(runs[1]?.stderr).toMatch(/^nothing has changed: dataset [0-9a-f]{12} is up to date$/m);
    expect(server.requests).toEqual([]);
    runs.push(await modelpack(folder, ["status"]), await modelpack(folder, ["check", "--print"]));
    for (const { stdout, stderr } of runs) expect(stdout + stderr).not.toContain(TOKEN);
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    for (const { parentPath, name } of files)
      expect([name, readFileSync(join(parentPath, name)).includes(TOKEN)]).toEqual([name, false]);
  });

  it("--locked makes the same bytes of a fresh checkout, and fails for a byte that differs", async () => {
    const server = await hubServer([colours(), sizes()], { token: TOKEN });
    const folder = project(...PARTS);
    expect(await prepare(server, folder)).toMatchObject({ status: 0 });
    const [before, lock] = [digests(join(folder, "prepared_data")), lockOf(folder)];
    server.repository("me/colours")?.commit(colours(3).files ?? {}, colours().card);
    forget(folder);
    expect(await prepare(server, folder, "--locked")).toMatchObject({ status: 0 });
    expect(digests(join(folder, "prepared_data"))).toEqual(before);

    forget(folder);
    server.play({ url: /one\.jsonl/, fault: flipped(0) });
    const { status, stderr } = await prepare(server, folder, "--locked");
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: data\/one\.jsonl is not what was pinned: /m);
    expect(lockOf(folder)).toBe(lock);
    expect(existsSync(join(folder, "prepared_data", "modelpack", "current.json"))).toBe(false);
  });

  it("--update-lock moves the dataset that it names, and all without a name", async () => {
    const server = await hubServer([colours(), sizes()], { token: TOKEN });
    const folder = project(...PARTS);
    expect(await prepare(server, folder)).toMatchObject({ status: 0 });
    const commits = (...ids: string[]) => ids.map((id) => server.repository(id)?.resolve("main") ?? "");
    server.repository("me/colours")?.commit(colours(3).files ?? {}, colours().card);
    expect((await prepare(server, folder, "--update-lock", "sizes")).stderr).not.toContain("moved");
    const moved = await prepare(server, folder, "--update-lock");
    expect(moved.stderr).toMatch(/^colours: moved from commit [0-9a-f]{12} to commit [0-9a-f]{12}$/m);
    for (const commit of commits("me/colours", "me/sizes")) expect(lockOf(folder)).toContain(commit);

    const unknown = await prepare(server, folder, "--update-lock", "colour");
    expect([unknown.status, unknown.stderr]).toEqual([2, expect.stringContaining("did you mean colours?")]);
    const both = await prepare(server, folder, "--locked", "--update-lock");
    expect([both.status, both.stderr]).toEqual([2, expect.stringContaining("exclude each other")]);
  });

  it("--disable-download names every missing file of every dataset, each on the line of its dataset", async () => {
    const server = await hubServer([colours(), sizes()], { token: TOKEN });
    const folder = project(...PARTS);
    expect(await prepare(server, folder)).toMatchObject({ status: 0 });
    expect(await prepare(server, folder, "--disable-download")).toMatchObject({ status: 0 });
    forget(folder);
    server.reset();
    const { status, stderr } = await prepare(server, folder, "--disable-download");
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^error: 2 datasets are not all here:\n {2}colours: .*data\/one\.jsonl, data\/two\.jsonl$/m,
    );
    expect(stderr).toMatch(/^ {2}sizes: .*sizes\.csv$/m);
    expect(server.requests).toEqual([]);
  });

  it("--dry-run says what would come and writes nothing", async () => {
    const server = await hubServer([colours(), sizes()], { token: TOKEN });
    const folder = project(...PARTS);
    const { status, stdout, stderr } = await prepare(server, folder, "--dry-run", "--json");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ version: null, unchanged: false, dry_run: true },
      downloads: [
        { dataset: "colours", files: 2 },
        { dataset: "sizes", files: 1 },
      ],
    });
    expect(stderr).toMatch(/^colours: would download 2 files, \d+\.\d kB$/m);
    expect(readdirSync(folder).filter((name) => name !== "tmp")).toEqual(["model_pipeline.toml"]);
  });

  it("stops on SIGINT in mid-download with 130, and the next run goes on from there", async () => {
    const server = await hubServer([colours()], { token: TOKEN });
    const folder = project(COLOUR_TASK, hubToml("colours", "me/colours", "colour"));
    server.play({ url: /resolve-cache/, fault: drip(40, 64) });
    const { child, ended } = start(folder, ["prepare"], environment(server));
    const partial = join(folder, "datasets", "hub", "partial");
    const begun = () => existsSync(partial) && readdirSync(partial).length === 2;
    while (!begun() && child.exitCode === null) await sleep(5);
    await sleep(200);
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ status: 130, stdout: "" });
    expect(existsSync(join(folder, "prepared_data", "modelpack", "current.json"))).toBe(false);
    const lock = lockOf(folder);
    server.reset();
    server.repository("me/colours")?.commit(colours(3).files ?? {}, colours().card);
    expect(await prepare(server, folder)).toMatchObject({ status: 0 });
    expect(server.fileRequests().some(({ headers }) => headers.range !== undefined)).toBe(true);
    expect(leftovers(folder)).toEqual([]);
    const commit = /"commit": "[0-9a-f]{40}"/;
    expect(commit.exec(lockOf(folder))?.[0]).toBe(commit.exec(lock)?.[0]);
  });

  it("is seen by check and status: what is locked, and what is not here", async () => {
    const server = await hubServer([colours(), sizes()], { token: TOKEN });
    const folder = project(...PARTS);
    const said = async (command: string) => (await modelpack(folder, [command])).stdout;
    expect(await said("check")).toMatch(/2 datasets \(2 of the Hub, 2 not in datasets\.lock\.json yet\)$/m);
    expect(await said("status")).toMatch(/^ {2}colours {2}me\/colours, train {2}not locked yet/m);
    expect(await prepare(server, folder)).toMatchObject({ status: 0 });
    expect(await said("check")).toMatch(/2 datasets \(2 of the Hub\)$/m);
    rmSync(join(folder, "datasets", "hub", "files"), { recursive: true });
    expect(await said("status")).toMatch(
      /^ {2}colours {2}me\/colours, train {2}at [0-9a-f]{12} {2}2 files, \d\.\d kB {2}2 to download$/m,
    );
    writeFileSync(join(folder, "datasets.lock.json"), "{");
    for (const command of ["check", "status"])
      expect((await modelpack(folder, [command])).stderr).toContain("the lock of the datasets can't be read");
  });

  it("of a lock that is not one is an error that says what to do", async () => {
    const server = await hubServer([colours()], { token: TOKEN });
    const folder = project(...PARTS);
    writeFileSync(join(folder, "datasets.lock.json"), '{"format": 1}\n');
    const { status, stderr } = await prepare(server, folder);
    expect(status).toBe(1);
    expect(stderr).toContain("error: the lock of the datasets can't be read: it has no datasets\n");
    expect(stderr).toContain("  --> datasets.lock.json\n");
  });
});
