// SPDX-License-Identifier: Apache-2.0
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readLock } from "../../src/pipeline/dataset-lock.ts";
import { readHubStatus } from "../../src/pipeline/hub-status.ts";
import { sha256 } from "../../src/storage/digest.ts";
import { hubServer, TOKEN } from "../support/hub.ts";
import { flipped } from "../support/hub-faults.ts";
import {
  COLOUR_TASK,
  cardOf,
  colours,
  from,
  hubProject,
  hubToml,
  SIZE_TASK,
  sizes,
  writeHubToml,
} from "../support/hub-project.ts";
import { digestsOf, load, namedRows, readJson, runPlan, runPrepare, set } from "../support/project.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const COLOURS = hubToml("colours", "me/colours", "colour");
const SIZES = hubToml("sizes", "me/sizes", "size");

const entriesOf = async (folder: string) => (await readLock(folder))?.datasets ?? [];
const lockBytes = (folder: string) => readFileSync(join(folder, "datasets.lock.json"), "utf8");

describe("datasets of the Hub", () => {
  it("are fetched once, locked, and told of in the manifest and in run.json", async () => {
    const server = await hubServer([colours(), sizes()]);
    const folder = hubProject(COLOUR_TASK, SIZE_TASK, COLOURS, SIZES);
    const first = await runPrepare(folder, {}, from(server));
    const commit = server.repository("me/colours")?.resolve("main");
    const files = Object.entries(colours().files ?? {}).map(([path, text]) => ({
      path,
      bytes: text.length,
      sha256: sha256(text),
      blob: expect.stringMatching(/^[0-9a-f]{40}$/),
    }));
    const [entry] = await entriesOf(folder);
    expect(entry).toEqual({
      asked: { datasetId: "me/colours", config: "", split: "train", revision: "main" },
      ...{ datasetId: "me/colours", config: "plain", split: "train", ref: "main", commit },
      ...{ license: "cc-by-4.0", classLabels: new Map(), files },
    });
    expect(first.notes).toContain(`colours: locked at commit ${commit?.slice(0, 12)}`);

    const { sources } = readJson<{ sources: object[] }>(first.folder, "manifest.json");
    expect(sources[0]).toEqual({
      dataset: "colours",
      license: "cc-by-4.0",
      hub: {
        ...{ dataset_id: "me/colours", config: "plain", split: "train", ref: "main", commit },
        ...{ license: "cc-by-4.0", class_labels: [] },
      },
      files: files.map(({ bytes, sha256 }) => ({ format: "jsonl", gzip: false, bytes, sha256 })),
      hub_files: files.map(({ path }) => path),
      rows: 80,
      sampled: 80,
      maps: [{ task: "colour", role: "train", rows: 80, dropped: 0 }],
    });
    const { downloads } = readJson<{ downloads: object[] }>(first.folder, "run.json");
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    expect(downloads[0]).toEqual({
      ...{ dataset: "colours", downloaded: 2, cached: 0, downloaded_bytes: bytes, retries: 0, redirects: 2 },
      seconds: expect.any(Number),
    });

    server.reset();
    const before = lockBytes(folder);
    const second = await runPrepare(folder, {}, from(server));
    expect(second).toMatchObject({ version: first.version, unchanged: true });
    expect(second.notes).toEqual([`nothing has changed: dataset ${first.version} is up to date`]);
    expect(server.requests).toEqual([]);
    expect(lockBytes(folder)).toBe(before);
  });

  it("stay at the commit of the lock, until --update-lock moves one or all of them", async () => {
    const server = await hubServer([colours(), sizes()]);
    const folder = hubProject(COLOUR_TASK, SIZE_TASK, COLOURS, SIZES);
    const first = await runPrepare(folder, {}, from(server));
    const old = server.repository("me/colours")?.resolve("main") as string;
    server.repository("me/colours")?.commit(colours(5).files ?? {}, colours().card);
    const now = server.repository("me/colours")?.resolve("main") as string;
    expect(await runPrepare(folder, {}, from(server))).toMatchObject({ version: first.version });

    await expect(runPrepare(folder, {}, { ...from(server), updateLock: "colour" })).rejects.toMatchObject({
      code: "USAGE",
      hint: "did you mean colours?",
    });
    const still = await runPrepare(folder, {}, { ...from(server), updateLock: "sizes" });
    const newest = server.repository("me/sizes")?.resolve("main")?.slice(0, 12);
    expect(still.notes).toContain(`sizes: commit ${newest} is still the newest`);
    expect((await entriesOf(folder))[0]).toMatchObject({ commit: old });

    const moved = await runPrepare(folder, {}, { ...from(server), updateLock: "colours" });
    expect(moved.version).not.toBe(first.version);
    expect(moved.notes).toContain(
      `colours: moved from commit ${old.slice(0, 12)} to commit ${now.slice(0, 12)}`,
    );
    expect((await entriesOf(folder)).map(({ commit }) => commit)).toContain(now);
    expect(await runPrepare(folder, {}, { ...from(server), updateLock: true })).toMatchObject({
      version: moved.version,
      unchanged: true,
    });
  });

  it("of another revision or config in the TOML are locked anew, with a note, and the old entry goes", async () => {
    const server = await hubServer([colours()]);
    server.repository("me/colours")?.commit(colours(9).files ?? {}, colours().card, "v2");
    const folder = hubProject(COLOUR_TASK, COLOURS);
    await runPrepare(folder, {}, from(server));
    writeHubToml(folder, COLOUR_TASK, hubToml("colours", "me/colours", "colour", 'revision = "v2"'));
    const locked = { ...from(server), locked: true };
    await expect(runPrepare(folder, {}, locked)).rejects.toMatchObject({
      code: "LOCK_MISMATCH",
      message:
        'datasets.lock.json has me/colours at revision "main", and the TOML asks for it at revision "v2"',
      where: 'dataset "colours"',
    });
    const { notes } = await runPrepare(folder, {}, from(server));
    expect(notes[0]).toMatch(
      /^colours: locked at commit .*, at revision "v2"; the lock had it at revision "main"$/,
    );
    const entries = await entriesOf(folder);
    expect(entries.map(({ asked, ref }) => [asked.revision, ref])).toEqual([["v2", "v2"]]);
    await runPrepare(folder, {}, locked);
  });
});

it("reads CSV of the Hub by the delimiter of its dataset, and counts it so for status", async () => {
  const lines = (seed: number) =>
    namedRows(["red", "blue"], 10, seed).map(({ text, label }, i) => `${i},5;"${text}; it is";${label}\n`);
  const csv = (seed: number) => `price;text;label\n${lines(seed).join("")}`;
  const files = { "0.csv": csv(1), "1.csv": csv(2), "2.csv": csv(3) };
  const server = await hubServer([{ id: "me/semi", card: cardOf("0.csv", "1.csv", "2.csv"), files }]);
  const more = 'delimiter = ";"\nsample = "head"\nmax_rows = 30';
  const folder = hubProject(COLOUR_TASK, hubToml("semi", "me/semi", "colour", more));
  const { folder: made } = await runPrepare(folder, {}, from(server));
  const { sources } = readJson<{ sources: { sampled: number; files: object[] }[] }>(made, "manifest.json");
  expect(sources.map(({ sampled, files: used }) => [sampled, used.length])).toEqual([[30, 2]]);
  const [status] = await readHubStatus(load(folder));
  expect(status?.locked).toMatchObject({ files: 3, missing: 0 });
});

describe("class names of the card", () => {
  const names = { "0": "red", "1": "blue" };
  const card = {
    ...cardOf("rows.csv"),
    dataset_info: { config_name: "plain", features: [{ name: "label", dtype: { class_label: { names } } }] },
  };
  const rows = namedRows(["0", "1"], 20, 3).map(({ text, label }) => `${text},${label}\n`);
  const classes = { id: "me/classes", card, files: { "rows.csv": `text,label\n${rows.join("")}` } };

  it("reach rows of CSV, from the Hub and from the lock alone, and are in the version", async () => {
    const server = await hubServer([classes]);
    const folder = hubProject(COLOUR_TASK, hubToml("classes", "me/classes", "colour"));
    const first = await runPrepare(folder, {}, from(server));
    const { tasks } = readJson<{ tasks: { drops: object[] }[] }>(first.folder, "manifest.json");
    expect(tasks[0]?.drops).toEqual([]);
    expect((await entriesOf(folder))[0]?.classLabels).toEqual(new Map([["label", ["red", "blue"]]]));
    rmSync(join(folder, "prepared_data"), { recursive: true });
    rmSync(join(folder, "datasets", "hub", "resolved"), { recursive: true });
    server.reset();
    const again = await runPrepare(folder, {}, { ...from(server), locked: true });
    expect([again.version, digestsOf(again.folder)]).toEqual([first.version, digestsOf(first.folder)]);
    expect(server.requests).toEqual([]);
    const lock = lockBytes(folder).replace('"red"', '"green"');
    writeFileSync(join(folder, "datasets.lock.json"), lock);
    expect((await runPrepare(folder, {}, from(server))).version).not.toBe(first.version);
  });
});

describe("--locked", () => {
  /** A project that was prepared once, in a folder whose cache and output are gone: what CI checks out. */
  async function checkout() {
    const server = await hubServer([colours(), sizes()]);
    const folder = hubProject(COLOUR_TASK, SIZE_TASK, COLOURS, SIZES);
    const first = await runPrepare(folder, {}, from(server));
    const digests = digestsOf(first.folder);
    for (const made of ["datasets", "prepared_data"]) rmSync(join(folder, made), { recursive: true });
    server.reset();
    return { server, folder, digests, version: first.version, locked: { ...from(server), locked: true } };
  }

  it("gives the same bytes from the lock alone, also when the branch has moved on, and leaves the lock", async () => {
    const { server, folder, digests, version, locked } = await checkout();
    server.repository("me/colours")?.commit(colours(5).files ?? {}, colours().card);
    const before = lockBytes(folder);
    const made = await runPrepare(folder, {}, locked);
    expect(made.version).toBe(version);
    expect(digestsOf(made.folder)).toEqual(digests);
    expect(lockBytes(folder)).toBe(before);
    expect(server.requests.filter(({ url }) => url.startsWith("/api/datasets/"))).toEqual([]);
  });

  it("fails where a file has changed by a byte behind its commit, and names it", async () => {
    const { server, folder, locked } = await checkout();
    server.play({ url: /two\.jsonl/, fault: flipped(3) });
    await expect(runPrepare(folder, {}, locked)).rejects.toMatchObject({
      code: "HUB_MISMATCH",
      message: expect.stringContaining("data/two.jsonl is not what was pinned"),
    });
    expect(existsSync(join(folder, "prepared_data/modelpack/current.json"))).toBe(false);
  });

  it("fails where the commit of the lock is gone, and names the file", async () => {
    const { server, folder, locked } = await checkout();
    server.add(colours(5));
    await expect(runPrepare(folder, {}, locked)).rejects.toMatchObject({
      code: expect.stringMatching(/^HUB_/),
      where: expect.stringMatching(/data\/(one|two)\.jsonl/),
    });
  });

  it("fails where a digest of the lock is another", async () => {
    const { folder, locked } = await checkout();
    const lock = lockBytes(folder);
    const digest = sha256(colours().files?.["data/one.jsonl"] as string);
    expect(lock).toContain(digest);
    writeFileSync(join(folder, "datasets.lock.json"), lock.replace(digest, "0".repeat(64)));
    await expect(runPrepare(folder, {}, locked)).rejects.toMatchObject({
      code: "HUB_MISMATCH",
      message: expect.stringContaining("data/one.jsonl"),
    });
  });

  it("says where there is no lock at all", async () => {
    const { folder, locked } = await checkout();
    rmSync(join(folder, "datasets.lock.json"));
    await expect(runPrepare(folder, {}, locked)).rejects.toMatchObject({
      code: "LOCK_MISMATCH",
      message: 'datasets.lock.json is not there, or empty: nothing pins me/colours, split "train"',
    });
  });

  it("fails for a dataset that the lock has not, and goes on without one that is not required", async () => {
    const { server, folder, locked } = await checkout();
    const other = (more: string) => hubToml("other", "me/other", "colour", more);
    writeHubToml(folder, COLOUR_TASK, SIZE_TASK, COLOURS, SIZES, other(""));
    await expect(runPrepare(folder, {}, locked)).rejects.toMatchObject({
      code: "LOCK_MISMATCH",
      message: 'datasets.lock.json has no entry that pins me/other, split "train"',
      hint: expect.stringContaining("prepare without --locked"),
    });
    expect(server.requests).toEqual([]);
    writeHubToml(folder, COLOUR_TASK, SIZE_TASK, COLOURS, SIZES, other("required = false"));
    const { warnings } = await runPrepare(folder, {}, locked);
    expect(warnings).toEqual([
      'dataset "other" is left out, since it is not required: datasets.lock.json has no entry that pins me/other, split "train"',
    ]);
  });

  it("leaves the lock as it is where it could add a digest, and goes by git's until then", async () => {
    const server = await hubServer([colours()]);
    const folder = hubProject(
      COLOUR_TASK,
      hubToml("colours", "me/colours", "colour", 'split = "train[:30]"'),
    );
    await runPrepare(folder, {}, from(server));
    writeHubToml(folder, COLOUR_TASK, COLOURS);
    const before = lockBytes(folder);
    expect(before).toContain('"sha256": null');
    const locked = await runPrepare(folder, {}, { ...from(server), locked: true });
    expect(lockBytes(folder)).toBe(before);
    expect(await runPrepare(folder, {}, from(server))).toMatchObject({ version: locked.version });
    expect(lockBytes(folder)).not.toContain('"sha256": null');
  });

  it("wants what is in the lock, also where it is not required", async () => {
    const server = await hubServer([colours(), sizes()]);
    const toml = hubToml("sizes", "me/sizes", "size", "required = false");
    const folder = hubProject(COLOUR_TASK, SIZE_TASK, COLOURS, toml);
    await runPrepare(folder, {}, from(server));
    rmSync(join(folder, "datasets"), { recursive: true });
    server.play({ url: /sizes\.csv/, fault: flipped(3) });
    await expect(runPrepare(folder, {}, { ...from(server), locked: true })).rejects.toMatchObject({
      code: "HUB_MISMATCH",
    });
    const { warnings } = await runPrepare(folder, {}, from(server));
    expect(warnings.length).toBe(1);
    expect(warnings[0]).toMatch(
      /^dataset "sizes" is left out, since it is not required: sizes\.csv is not what/,
    );
  });
});

describe("a dataset that can't be read", () => {
  const broken = { id: "me/broken", card: cardOf("broken.jsonl"), files: { "broken.jsonl": '{"text": "a' } };

  it("is left out where it is not required, by the run that locks it and by --locked alike", async () => {
    const server = await hubServer([colours(), broken]);
    const toml = (more: string) => hubToml("broken", "me/broken", "colour", more);
    const folder = hubProject(COLOUR_TASK, COLOURS, toml("required = false"));
    const leftOut = expect.stringMatching(/^dataset "broken" is left out, since it is not required: /);
    const { version, warnings } = await runPrepare(folder, {}, from(server));
    expect(warnings).toEqual([leftOut]);
    expect((await entriesOf(folder)).map(({ datasetId }) => datasetId)).toContain("me/broken");
    rmSync(join(folder, "prepared_data"), { recursive: true });
    const locked = { ...from(server), locked: true };
    expect(await runPrepare(folder, {}, locked)).toMatchObject({ version, warnings: [leftOut] });
    writeHubToml(folder, COLOUR_TASK, COLOURS, toml(""));
    await expect(runPrepare(folder, {}, locked)).rejects.toMatchObject({ code: "SOURCE_UNREADABLE" });
  });
});

describe("a dataset that can't be had", () => {
  it("is an error where it is required, and a warning where it is not; the lock has the others", async () => {
    const server = await hubServer([colours()]);
    const gone = (more: string) => hubToml("gone", "me/gone", "colour", more);
    const folder = hubProject(COLOUR_TASK, COLOURS, gone(""));
    await expect(runPrepare(folder, {}, from(server))).rejects.toMatchObject({
      code: expect.stringMatching(/^HUB_/),
    });
    expect(existsSync(join(folder, "datasets.lock.json"))).toBe(false);
    writeHubToml(folder, COLOUR_TASK, COLOURS, gone("required = false"));
    const { warnings, folder: made, version } = await runPrepare(folder, {}, from(server));
    expect(warnings).toEqual([
      expect.stringMatching(/^dataset "gone" is left out, since it is not required: /),
    ]);
    expect(readJson<{ skipped: object[] }>(made, "manifest.json").skipped).toEqual([{ dataset: "gone" }]);
    expect((await entriesOf(folder)).map(({ datasetId }) => datasetId)).toEqual(["me/colours"]);
    // Why it is not there is no input: from the lock alone comes the same version.
    expect(await runPrepare(folder, {}, { ...from(server), locked: true })).toMatchObject({ version });
  });

  it.each([
    ["prepare.auto_download_missing = false", set("prepare.auto_download_missing=false"), {}],
    ["HF_HUB_OFFLINE", {}, { HF_HUB_OFFLINE: "1" }],
  ])(
    "with %s: every missing file of every dataset is named, and the Hub not asked",
    async (_, overrides, more) => {
      const server = await hubServer([colours(), sizes()]);
      const folder = hubProject(COLOUR_TASK, SIZE_TASK, COLOURS, SIZES);
      const options = { environment: { ...from(server).environment, ...more } };
      const first = await runPrepare(folder, {}, from(server));
      server.reset();
      expect(await runPrepare(folder, overrides, options)).toMatchObject({ version: first.version });
      rmSync(join(folder, "datasets"), { recursive: true });
      await expect(runPrepare(folder, overrides, options)).rejects.toMatchObject({
        code: "HUB_OFFLINE",
        message: expect.stringMatching(
          /^2 datasets are not all here:\n {2}colours: .*data\/one\.jsonl, data\/two\.jsonl\n {2}sizes: .*sizes\.csv$/,
        ),
      });
      rmSync(join(folder, "datasets.lock.json"));
      await expect(runPrepare(folder, overrides, options)).rejects.toMatchObject({
        code: "HUB_OFFLINE",
        message: expect.stringMatching(/^2 datasets are not all here:\n {2}colours: .*never fetched/),
      });
      expect(server.requests).toEqual([]);
    },
  );

  it("while downloads are off is named beside the required ones, also where it is not required", async () => {
    const server = await hubServer([colours(), sizes()]);
    const optional = hubToml("sizes", "me/sizes", "size", "required = false");
    const folder = hubProject(COLOUR_TASK, SIZE_TASK, COLOURS, optional);
    await expect(
      runPrepare(folder, set("prepare.auto_download_missing=false"), from(server)),
    ).rejects.toMatchObject({
      code: "HUB_OFFLINE",
      message: expect.stringMatching(/^2 datasets are not all here:\n {2}colours: .*\n {2}sizes: .*$/),
    });
    expect(readdirSync(folder)).not.toContain("datasets.lock.json");
  });
});

describe("folders that can't be written to", () => {
  it.each([
    ["the output", "prepared_data"],
    ["the cache", "datasets"],
    ["the lock's", "datasets.lock.json"],
  ])("stop the run before a request: %s", async (_, name) => {
    const server = await hubServer([colours()]);
    const folder = hubProject(COLOUR_TASK, COLOURS);
    if (name.endsWith(".json")) mkdirSync(join(folder, name));
    else writeFileSync(join(folder, name), "a file in its place");
    // Not for a dataset that may be left out either: it is no fault of the dataset's.
    writeHubToml(folder, COLOUR_TASK, hubToml("colours", "me/colours", "colour", "required = false"));
    await expect(runPrepare(folder, {}, from(server))).rejects.toMatchObject({
      code: "STORAGE",
      message: expect.stringContaining(join(folder, name)),
    });
    expect(server.requests).toEqual([]);
  });

  it("may be links to another disk, where they are the cache", async () => {
    const server = await hubServer([colours()]);
    const folder = hubProject(COLOUR_TASK, COLOURS);
    const elsewhere = temporaryFolder();
    symlinkSync(elsewhere, join(folder, "datasets"));
    await runPrepare(folder, {}, from(server));
    expect(readdirSync(join(elsewhere, "hub", "files")).length).toBe(2);
  });
});

describe("a plan", () => {
  it("asks the Hub what it does not know, writes nothing, and says what would come and be locked", async () => {
    const server = await hubServer([colours(), sizes()]);
    const folder = hubProject(COLOUR_TASK, SIZE_TASK, COLOURS, SIZES);
    const plan = await runPlan(folder, {}, from(server));
    const bytes = Object.values(colours().files ?? {}).reduce((sum, text) => sum + text.length, 0);
    expect(plan).toMatchObject({ version: null, folder: null, unchanged: false });
    expect(plan.downloads[0]).toEqual({ dataset: "colours", files: 2, bytes });
    expect(plan.notes).toEqual([
      expect.stringMatching(/^colours: would be locked at commit [0-9a-f]{12}$/),
      expect.stringMatching(/^sizes: would be locked at commit/),
      expect.stringMatching(/^colours: would download 2 files, \d\.\d kB$/),
      expect.stringMatching(/^sizes: would download 1 file, /),
      "which version that makes is known once they are here; nothing was written",
    ]);
    expect(readdirSync(folder)).toEqual(["model_pipeline.toml"]);
    expect(server.fileRequests()).toEqual([]);
    const { version } = await runPrepare(folder, {}, from(server));
    server.reset();
    expect(await runPlan(folder, {}, from(server))).toMatchObject({
      ...{ version, unchanged: true, downloads: [] },
      notes: [`dataset ${version} is there already; nothing was written`],
    });
    expect(server.requests).toEqual([]);
  });

  it("of the first rows names the next file that they need", async () => {
    const server = await hubServer([colours()]);
    const folder = hubProject(
      COLOUR_TASK,
      hubToml("colours", "me/colours", "colour", 'split = "train[:30]"'),
    );
    const plan = await runPlan(folder, {}, from(server));
    expect(plan.downloads).toMatchObject([{ files: 1, bytes: colours().files?.["data/one.jsonl"]?.length }]);
    const { folder: made } = await runPrepare(folder, {}, from(server));
    const { sources } = readJson<{ sources: { rows: number; files: object[] }[] }>(made, "manifest.json");
    expect(sources[0]).toMatchObject({ rows: 30, files: [{}] });
    expect(server.fileRequests().filter(({ url }) => url.includes("two.jsonl"))).toEqual([]);
    const [entry] = await entriesOf(folder);
    expect(entry?.files.map(({ sha256 }) => sha256 === null)).toEqual([false, true]);
    expect(await runPlan(folder, {}, from(server))).toMatchObject({ unchanged: true, downloads: [] });
  });

  it("fails as the run would: for what is missing while downloads are off, and for what is not locked", async () => {
    const server = await hubServer([colours()]);
    const folder = hubProject(COLOUR_TASK, COLOURS);
    const off = set("prepare.auto_download_missing=false");
    await expect(runPlan(folder, off, from(server))).rejects.toMatchObject({ code: "HUB_OFFLINE" });
    await expect(runPlan(folder, {}, { ...from(server), locked: true })).rejects.toMatchObject({
      code: "LOCK_MISMATCH",
    });
    await expect(runPlan(folder, off, { ...from(server), updateLock: true })).rejects.toMatchObject({
      code: "HUB_OFFLINE",
      where: "--update-lock",
    });
  });
});

describe("the token", () => {
  it("is sent, and is in no file and no message", async () => {
    const options = { token: TOKEN };
    const server = await hubServer([{ ...colours(), isPrivate: true }, sizes()], options);
    const folder = hubProject(COLOUR_TASK, SIZE_TASK, COLOURS, SIZES);
    await expect(runPrepare(folder, {}, from(server))).rejects.toMatchObject({
      code: expect.stringMatching(/^HUB_/),
    });
    const { notes, warnings } = await runPrepare(folder, {}, from(server, TOKEN));
    expect(server.requests.some(({ headers }) => headers.authorization === `Bearer ${TOKEN}`)).toBe(true);
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    expect(files.length).toBeGreaterThan(10);
    for (const file of files)
      expect(readFileSync(join(file.parentPath, file.name)).includes(TOKEN)).toBe(false);
    expect([...notes, ...warnings].join("\n")).not.toContain(TOKEN);
  });
});
