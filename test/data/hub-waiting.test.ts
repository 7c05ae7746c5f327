// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { downloadHubFiles, resolveHubDataset } from "../../src/data/hub.ts";
import { contentPath } from "../../src/data/hub-cache.ts";
import { makePool } from "../../src/data/pool.ts";
import { hubServer, request, settingsFor } from "../support/hub.ts";
import { answer, drip, redirect, stall } from "../support/hub-faults.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { BYTES, expectWhole, LFS, ranges, sceneOf } from "./hub-scene.ts";
import { refusalOf } from "./reading.ts";

describe("waiting", () => {
  it.each([
    ["0.05", 50, null],
    ["3600", 60, "the Hub asks to wait 3600 s for me/rows; trying again after 1 s"],
    ["1000000000", 60, "the Hub asks to wait 1000000000 s for me/rows; trying again after 1 s"],
    ["-5", 0, null],
    ["soon", 0, null],
    ["Wed, 21 Oct 2015 07:28:00 GMT", 0, null],
    ["Wed, 21 Oct 2099 07:28:00 GMT", 60, expect.stringContaining("trying again after 1 s")],
  ])("Retry-After: %s waits from %i ms on", async (after, least, note) => {
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
    expect(second - first).toBeLessThan(10_000);
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

  it("stops all datasets of a run when one is asked to wait", async () => {
    const scene = await sceneOf(LFS, { maxRetryAfterMs: 300 });
    const times: number[] = [];
    scene.server.play({ url: LFS.bytesOf, times: 1, fault: answer(429, { "retry-after": "1" }) });
    const first = downloadHubFiles(scene.dataset, scene.settings);
    while (scene.server.fileRequests().length < 2) await sleep(1);
    await sleep(50);
    const started = performance.now();
    const second = resolveHubDataset(request("me/rows"), scene.settings).then(() =>
      times.push(performance.now()),
    );
    await Promise.all([first, second]);
    expect((times[0] ?? 0) - started).toBeGreaterThan(150);
  });

  it("gives up an answer of the API that drips for ever", async () => {
    const scene = await sceneOf(LFS, { tries: 1, apiMs: 150 });
    scene.server.play({
      url: /\/api\//,
      fault: (reply) => drip(20, 4096)({ ...reply, body: Buffer.alloc(1 << 20, " ") }),
    });
    const refusal = await refusalOf(resolveHubDataset(request("me/rows"), scene.settings));
    expect(refusal).toMatchObject({
      code: "HUB_UNREACHABLE",
      message: expect.stringMatching(/fallen silent/),
    });
  });

  it("takes a drip for silence, and a slow but steady answer for what it is", async () => {
    const drippy = await sceneOf(LFS, { tries: 2, idleMs: 100 });
    drippy.server.play({ url: LFS.bytesOf, fault: drip(20, 10) });
    const refusal = await refusalOf(downloadHubFiles(drippy.dataset, drippy.settings));
    expect(refusal.message).toMatch(/has fallen silent$/);
    const slow = await sceneOf(LFS, { tries: 1, idleMs: 1000 });
    slow.server.play({ url: LFS.bytesOf, fault: drip(40, 2048) });
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
