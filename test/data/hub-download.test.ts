// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { downloadHubFiles, resolveHubDataset } from "../../src/data/hub.ts";
import { partialFolder } from "../../src/data/hub-cache.ts";
import { request } from "../support/hub.ts";
import {
  answer,
  cut,
  cutUnframed,
  type Fault,
  flipped,
  lyingRange,
  reset,
  shiftedRange,
  stall,
  wholeFile,
  withHeaders,
} from "../support/hub-faults.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { BYTES, content, expectWhole, KINDS, other, ranges, sceneOf } from "./hub-scene.ts";
import { refusalOf } from "./reading.ts";

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
