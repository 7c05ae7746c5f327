// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import {
  downloadHubFiles,
  type HubDataset,
  type HubSettings,
  resolveHubDataset,
} from "../../src/data/hub.ts";
import { contentPath, partialFolder } from "../../src/data/hub-cache.ts";
import { makePool } from "../../src/data/pool.ts";
import { hubServer, request, settingsFor } from "../support/hub.ts";
import {
  answer,
  cut,
  cutUnframed,
  drip,
  type Fault,
  flipped,
  lyingRange,
  redirect,
  reset,
  shiftedRange,
  stall,
  wholeFile,
  withHeaders,
} from "../support/hub-faults.ts";
import type { HubServer } from "../support/hub-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { refusalOf } from "./reading.ts";

const BYTES = 64_000;
const random = seededRandom(3, "hub download");
const content = Buffer.from(Array.from({ length: BYTES }, () => random.below(256)));
const other = Buffer.from(content).reverse();

/** A file in LFS comes from the other host, by its sha256; one in git from the Hub itself, by its git digest. */
const KINDS = [
  { kind: "LFS", name: "data/rows.parquet", bytesOf: /X-Amz-Signature/, host: "cdn" },
  { kind: "git", name: "data/rows.jsonl", bytesOf: /resolve-cache/, host: "hub" },
] as const;
type Kind = (typeof KINDS)[number];

interface Scene {
  readonly server: HubServer;
  readonly settings: HubSettings;
  readonly dataset: HubDataset;
}

async function sceneOf({ name }: Kind, timing: Parameters<typeof settingsFor>[2] = {}): Promise<Scene> {
  const configs = [{ config_name: "default", data_files: "data/*" }];
  const server = await hubServer([{ id: "me/rows", card: { configs }, files: { [name]: content } }]);
  const settings = settingsFor(server, {}, timing);
  const dataset = await resolveHubDataset(request("me/rows"), settings);
  server.reset();
  return { server, settings, dataset };
}

/** Ranges that were asked of the host that has the bytes. */
function ranges({ server }: Scene, { bytesOf }: Kind): (string | undefined)[] {
  return server.requests
    .filter(({ url }) => bytesOf.test(url))
    .map(({ headers }) => headers.range as string | undefined);
}

/** Asserts that the cache holds the file and nothing that is not whole. */
function expectWhole(
  scene: Scene,
  { files }: Awaited<ReturnType<typeof downloadHubFiles>>,
  bytes = content,
): void {
  expect(files).toHaveLength(1);
  expect(readFileSync(files[0]?.path ?? "").equals(bytes)).toBe(true);
  expect(files[0]?.sha256).toBe(createHash("sha256").update(bytes).digest("hex"));
  expect(readdirSync(partialFolder(scene.settings.cacheDir))).toEqual([]);
}

const SIXTEENTHS = Array.from({ length: 16 }, (_, i) => (i * BYTES) / 16);

describe.each(KINDS)("a file in $kind", (kind) => {
  it.each(SIXTEENTHS)("that is cut after %i bytes goes on from there", async (at) => {
    for (const fault of [cut(at), cutUnframed(at)]) {
      const scene = await sceneOf(kind);
      scene.server.play({ url: kind.bytesOf, times: 1, fault });
      const done = await downloadHubFiles(scene.dataset, scene.settings);
      expectWhole(scene, done);
      expect(done).toMatchObject({ downloaded: 1, cached: 0, retries: 1 });
      const [first, second] = ranges(scene, kind);
      expect([first, second]).toEqual([undefined, at === 0 ? undefined : `bytes=${at}-`]);
    }
  });

  it("that is cut at each sixteenth, one after the other, is whole in the end", async () => {
    const scene = await sceneOf(kind);
    scene.server.play({ url: kind.bytesOf, times: 15, fault: cut(BYTES / 16) });
    const done = await downloadHubFiles(scene.dataset, scene.settings);
    expectWhole(scene, done);
    expect(done.retries).toBe(15);
    expect(ranges(scene, kind).slice(1)).toEqual(SIXTEENTHS.slice(1).map((at) => `bytes=${at}-`));
  });

  it("that a run left unfinished is finished by the next", async () => {
    const scene = await sceneOf(kind, { tries: 1 });
    for (const at of SIXTEENTHS.slice(1)) {
      scene.server.reset();
      scene.server.play({ url: kind.bytesOf, times: 1, fault: cut(BYTES / 16) });
      const refusal = await refusalOf(downloadHubFiles(scene.dataset, scene.settings));
      expect(refusal).toMatchObject({ code: "HUB_UNREACHABLE", where: expect.stringContaining(kind.name) });
      expect(ranges(scene, kind)).toEqual([at === BYTES / 16 ? undefined : `bytes=${at - BYTES / 16}-`]);
      expect(readdirSync(partialFolder(scene.settings.cacheDir))).toHaveLength(1);
    }
    scene.server.reset();
    expectWhole(scene, await downloadHubFiles(scene.dataset, scene.settings));
    expect(ranges(scene, kind)).toEqual([`bytes=${(BYTES / 16) * 15}-`]);
  });

  // Each is played once, at the request that goes on after a cut in the middle.
  const resumed: readonly (readonly [string, Fault, number])[] = [
    ["a 206 that begins too late", shiftedRange(7), 2],
    ["a 206 that begins too early", shiftedRange(-7), 2],
    ["a 206 without Content-Range", withHeaders({ "content-range": null }), 2],
    ["a 206 of a file of another size", withHeaders({ "content-range": `bytes 32000-63999/64001` }), 2],
    ["a 206 with other bytes than it says", lyingRange(), 1],
    ["the whole file", wholeFile(), 1],
    ["another etag", withHeaders({ etag: '"0123"' }), 2],
    ["no etag", withHeaders({ etag: null }), 2],
    ["416", answer(416, { "content-range": "bytes */100" }), 2],
    ["500", answer(500), 2],
    ["502 with a page", answer(502, { "content-type": "text/html" }, "<html>"), 2],
    ["503", answer(503, { "retry-after": "0" }), 2],
    ["408", answer(408), 2],
    ["429", answer(429, { "retry-after": "0.01" }), 2],
    ["a broken connection", reset(), 2],
    ["silence", stall(100), 2],
    ["gzip, as it says", withHeaders({ "content-encoding": "br" }), 2],
  ];
  it.each(resumed)("is whole after a cut and then %s", async (name, fault, retries) => {
    const scene = await sceneOf(kind, name === "silence" ? { idleMs: 200 } : {});
    scene.server.play({ url: kind.bytesOf, times: 1, fault: cut(BYTES / 2) });
    scene.server.play({ url: kind.bytesOf, times: 1, fault });
    const done = await downloadHubFiles(scene.dataset, scene.settings);
    expectWhole(scene, done);
    expect(done.retries).toBe(retries);
    expect(ranges(scene, kind)[1]).toBe(`bytes=${BYTES / 2}-`);
  });

  it("asks for the rest of the same bytes only", async () => {
    const scene = await sceneOf(kind);
    scene.server.play({ url: kind.bytesOf, times: 1, fault: cut(1000) });
    await downloadHubFiles(scene.dataset, scene.settings);
    const [, second] = scene.server.requests.filter(({ url }) => kind.bytesOf.test(url));
    expect(second?.headers["if-range"]).toMatch(/^"[0-9a-f]+"$/);
  });

  it("that changes while it is fetched is fetched anew", async () => {
    const scene = await sceneOf(kind);
    // First half of other bytes; then the server has the right ones, under another etag.
    scene.server.play({
      url: kind.bytesOf,
      times: 1,
      fault: (reply) => ({
        ...reply,
        body: other,
        headers: { ...reply.headers, etag: '"old"' },
        cutAt: BYTES / 2,
      }),
    });
    const done = await downloadHubFiles(scene.dataset, scene.settings);
    expectWhole(scene, done);
    expect(done.retries).toBe(1);
  });

  it.each([
    ["a byte", flipped(BYTES - 1), /another digest/],
    [
      "its length",
      ((reply) => ({ ...reply, body: reply.body.subarray(1) })) as Fault,
      /has 63999 bytes of it/,
    ],
  ])("whose bytes are others than were pinned, by %s, is refused", async (_name, fault, says) => {
    const scene = await sceneOf(kind);
    scene.server.play({ url: kind.bytesOf, fault });
    const refusal = await refusalOf(downloadHubFiles(scene.dataset, scene.settings));
    expect(refusal).toMatchObject({ code: "HUB_MISMATCH", message: expect.stringMatching(says) });
    expect(refusal.message).toContain(kind.name);
    expect(refusal.hint).toContain("--update-lock");
    expect(readdirSync(join(scene.settings.cacheDir, "hub"))).not.toContain("files");
  });

  it("comes through when only the first answer's bytes are others", async () => {
    const scene = await sceneOf(kind);
    scene.server.play({ url: kind.bytesOf, times: 1, fault: flipped(0) });
    expectWhole(scene, await downloadHubFiles(scene.dataset, scene.settings));
  });

  it("is given up after a few answers that bring nothing, and says what to do", async () => {
    const scene = await sceneOf(kind);
    scene.server.play({ url: kind.bytesOf, fault: answer(503, {}, "busy") });
    const refusal = await refusalOf(downloadHubFiles(scene.dataset, scene.settings));
    expect(refusal).toMatchObject({
      code: "HUB_UNREACHABLE",
      where: `dataset "me/rows" on the Hub, file "${kind.name}"`,
      hint: "run the same command again later: what was fetched is kept",
    });
    expect(ranges(scene, kind)).toHaveLength(5);
  });

  it("does not trust a partial file of other bytes, of too many, or behind a link", async () => {
    const aside = join(temporaryFolder(), "aside");
    writeFileSync(aside, "mine");
    const put: readonly ((path: string) => void)[] = [
      (path) => writeFileSync(path, other.subarray(0, 5000)),
      (path) => writeFileSync(path, Buffer.concat([content, other])),
      (path) => writeFileSync(path, other),
      (path) => symlinkSync(aside, path),
    ];
    for (const write of put) {
      const scene = await sceneOf(kind);
      const file = scene.dataset.files[0];
      const part = join(partialFolder(scene.settings.cacheDir), `${file?.sha256 ?? file?.blob}.part`);
      mkdirSync(dirname(part), { recursive: true });
      write(part);
      const done = await downloadHubFiles(scene.dataset, scene.settings);
      expect(readFileSync(done.files[0]?.path ?? "").equals(content)).toBe(true);
    }
    expect(readFileSync(aside, "utf8")).toBe("mine");
  });

  it("takes over a whole partial file without a request for its bytes", async () => {
    const scene = await sceneOf(kind);
    const file = scene.dataset.files[0];
    mkdirSync(partialFolder(scene.settings.cacheDir), { recursive: true });
    writeFileSync(
      join(partialFolder(scene.settings.cacheDir), `${file?.sha256 ?? file?.blob}.part`),
      content,
    );
    expectWhole(scene, await downloadHubFiles(scene.dataset, scene.settings));
    expect(scene.server.requests).toEqual([]);
  });

  it("finds a byte flipped in the cache, and fetches the file anew", async () => {
    const scene = await sceneOf(kind);
    const first = await downloadHubFiles(scene.dataset, scene.settings);
    const path = first.files[0]?.path ?? "";
    for (const at of [0, BYTES / 2, BYTES - 1]) {
      const damaged = Buffer.from(content);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      writeFileSync(path, damaged);
      const off = await refusalOf(downloadHubFiles(scene.dataset, { ...scene.settings, offline: true }));
      expect(off.message).toContain(`${kind.name} (damaged`);
      const again = await downloadHubFiles(scene.dataset, scene.settings);
      expect(again).toMatchObject({ downloaded: 1, cached: 0 });
      expectWhole(scene, again);
    }
    writeFileSync(path, content.subarray(1));
    expect(await downloadHubFiles(scene.dataset, scene.settings)).toMatchObject({ downloaded: 1 });
  });

  it("of no bytes at all is fetched too", async () => {
    const scene = await sceneOf(kind);
    scene.server.add({
      id: "me/rows",
      card: { configs: [{ data_files: "data/*" }] },
      files: { [kind.name]: "" },
    });
    const dataset = await resolveHubDataset(request("me/rows"), scene.settings);
    expectWhole(scene, await downloadHubFiles(dataset, scene.settings), Buffer.alloc(0));
  });
});

const LFS = KINDS[0];

describe("waiting", () => {
  it.each([
    ["0.05", 50, 59, null],
    ["3600", 60, 200, "the Hub asks to wait 3600 s for me/rows; trying again after 1 s"],
    ["1000000000", 60, 200, "the Hub asks to wait 1000000000 s for me/rows; trying again after 1 s"],
    ["-5", 0, 50, null],
    ["soon", 0, 50, null],
    ["Wed, 21 Oct 2015 07:28:00 GMT", 0, 50, null],
    ["Wed, 21 Oct 2099 07:28:00 GMT", 60, 200, expect.stringContaining("trying again after 1 s")],
  ])("Retry-After: %s waits from %i ms on", async (after, least, _most, note) => {
    const scene = await sceneOf(LFS);
    const notes: string[] = [];
    const times: number[] = [];
    scene.server.play({
      url: LFS.bytesOf,
      fault: (reply) => {
        times.push(performance.now());
        return times.length > 1 ? reply : answer(429, { "retry-after": after })(reply);
      },
    });
    await downloadHubFiles(scene.dataset, scene.settings, { note: (message) => notes.push(message) });
    const [first = 0, second = 0] = times;
    expect(second - first).toBeGreaterThanOrEqual(least - 2);
    expect(second - first).toBeLessThan(1000);
    expect(notes).toEqual(note === null ? [] : [note]);
  });

  it("says how long the Hub wants to be left alone when it never stops", async () => {
    const scene = await sceneOf(LFS, { tries: 3 });
    scene.server.play({ host: "hub", fault: answer(429, { "retry-after": "900" }) });
    const refusal = await refusalOf(downloadHubFiles(scene.dataset, scene.settings));
    expect(refusal.code).toBe("HUB_UNREACHABLE");
    expect(refusal.message).toBe("the Hub says that it got too many requests, and asks to wait 900 s");
    expect(refusal.hint).toContain("HF_TOKEN");
    expect(scene.server.requests).toHaveLength(3);
  });

  it("takes a drip for silence, and a slow but steady answer for what it is", async () => {
    const drippy = await sceneOf(LFS, { tries: 2, idleMs: 100 });
    drippy.server.play({ url: LFS.bytesOf, fault: drip(20, 10) });
    const refusal = await refusalOf(downloadHubFiles(drippy.dataset, drippy.settings));
    expect(refusal.message).toMatch(/has fallen silent$/);
    const slow = await sceneOf(LFS, { tries: 1, idleMs: 300 });
    slow.server.play({ url: LFS.bytesOf, fault: drip(10) });
    expectWhole(slow, await downloadHubFiles(slow.dataset, slow.settings));
  });
});

it("tells of progress, and of an interruption, which leaves what came", async () => {
  const scene = await sceneOf(LFS);
  const seen: number[] = [];
  const stop = new AbortController();
  scene.server.play({ url: LFS.bytesOf, times: 1, fault: stall(32_000) });
  const refusal = await refusalOf(
    downloadHubFiles(scene.dataset, scene.settings, {
      signal: stop.signal,
      onProgress: (file, bytes, total) => {
        expect([file.path, total]).toEqual([LFS.name, BYTES]);
        seen.push(bytes);
        if (bytes === 32_000) stop.abort();
      },
    }),
  );
  expect(refusal.code).toBe("INTERRUPTED");
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expectWhole(scene, await downloadHubFiles(scene.dataset, scene.settings));
  expect(ranges(scene, LFS)[1]).toBe("bytes=32000-");
});

it("lets two runs fetch the same file at a time", async () => {
  const scene = await sceneOf(LFS);
  scene.server.play({ url: LFS.bytesOf, fault: drip(1) });
  const both = await Promise.all([1, 2, 3].map(() => downloadHubFiles(scene.dataset, scene.settings)));
  for (const one of both) expectWhole(scene, one);
});

it("follows no redirect to a file, and none in a circle", async () => {
  const scene = await sceneOf(LFS, { tries: 2 });
  scene.server.play({ host: "hub", url: /resolve/, fault: redirect("file:///etc/passwd") });
  expect(
    (await refusalOf(downloadHubFiles(scene.dataset, { ...scene.settings, cacheDir: temporaryFolder() })))
      .code,
  ).toBe("HUB_UNREACHABLE");
  scene.server.reset();
  scene.server.play({ host: "hub", fault: redirect("/datasets/me/rows/resolve/x/y") });
  expect((await refusalOf(downloadHubFiles(scene.dataset, scene.settings))).message).toMatch(/in a circle/);
});

it("fetches files side by side, and ends all when one fails", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 9 }, (_, i) => [`data/${i}.parquet`, randomBytes(2000 + i)] as const),
  );
  const configs = [{ data_files: "data/*" }];
  const server = await hubServer([{ id: "me/rows", card: { configs }, files }]);
  const settings = settingsFor(server);
  const dataset = await resolveHubDataset(request("me/rows"), settings);
  server.play({ url: /5\.parquet/, fault: answer(404, { "x-error-code": "EntryNotFound" }) });
  const refusal = await refusalOf(downloadHubFiles(dataset, settings));
  expect(refusal).toMatchObject({ code: "HUB_MISSING", where: expect.stringContaining("data/5.parquet") });
  server.reset();
  const done = await downloadHubFiles(dataset, settings, { pool: makePool(3) });
  expect(done.downloaded + done.cached).toBe(9);
  expect(done.files.map(({ name }) => name)).toEqual(Object.keys(files).map((path) => path.slice(5)));
  const [lost, kept] = [done.files[4], done.files[2]];
  writeFileSync(lost?.path ?? "", "x");
  writeFileSync(kept?.path ?? "", randomBytes(2002));
  const off = await refusalOf(downloadHubFiles(dataset, { ...settings, download: false }));
  const at = (i: number) => contentPath(settings.cacheDir, dataset.files[i]?.sha256 ?? "", "x.parquet");
  expect(off.code).toBe("HUB_OFFLINE");
  expect(off.message).toBe(
    `downloads are off, and 2 of its files are not in the cache: data/2.parquet (damaged at ${at(2)}), data/4.parquet (damaged at ${at(4)})`,
  );
});
