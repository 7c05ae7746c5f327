// SPDX-License-Identifier: Apache-2.0
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import { openModelpack } from "../../src/runtime/node.ts";
import { verifyVersion } from "../../src/storage/commit.ts";
import {
  digests,
  leftovers,
  makeWorkspace,
  modelpack,
  PREPARE,
  succeed,
  TRAIN,
  tinyConfig,
  wholeVersion,
} from "../support/pipeline-run.ts";
import { sharedFolder, temporaryFolder } from "../support/temporary-folder.ts";

const trained = join(sharedFolder(), "trained");

beforeAll(async () => {
  makeWorkspace(trained, tinyConfig());
  await succeed(trained, ["prepare"]);
  await succeed(trained, ["train"]);
});

/** A copy of the trained workspace, and the folders of its versions. */
async function copy(): Promise<{ workspace: string; dataset: string; pack: string }> {
  const workspace = temporaryFolder();
  cpSync(trained, workspace, { recursive: true });
  return {
    workspace,
    dataset: join(workspace, PREPARE.folder, (await wholeVersion(workspace, PREPARE)) ?? ""),
    pack: join(workspace, TRAIN.folder, (await wholeVersion(workspace, TRAIN)) ?? ""),
  };
}

/** Runs `check` with one bit of the file changed, at the start, in the middle and at the end. */
async function eachFlip(path: string, check: (at: string) => Promise<void>): Promise<void> {
  const whole = readFileSync(path);
  for (const at of [0, whole.length >> 1, whole.length - 1]) {
    const flipped = Buffer.from(whole);
    flipped.writeUInt8(whole.readUInt8(at) ^ 1, at);
    writeFileSync(path, flipped);
    await check(`bit 0 of byte ${at} of ${path}`);
    writeFileSync(path, whole);
  }
}

describe("a prepared dataset with one bit changed", () => {
  it.each(["extractor_train.parquet", "pair_eval.parquet", "manifest.json"])(
    "%s: train and evaluate name it",
    async (name) => {
      const { workspace, dataset } = await copy();
      const before = digests(join(workspace, TRAIN.folder));
      await eachFlip(join(dataset, name), async (at) => {
        for (const command of ["train", "evaluate"]) {
          const { status, stderr } = await modelpack(workspace, [command]);
          expect(stderr, at).toContain(`error: version ${dataset.slice(-12)} is damaged: ${name}: `);
          expect(stderr, at).toContain("hint: run the stage that made it again");
          expect(status, at).toBe(1);
        }
      });
      expect(digests(join(workspace, TRAIN.folder))).toEqual(before);
      expect(leftovers(workspace)).toEqual([]);
    },
  );

  it("is made again by prepare, byte for byte", async () => {
    const { workspace, dataset } = await copy();
    const before = digests(dataset);
    await eachFlip(join(dataset, "pair_train.parquet"), async (at) => {
      await succeed(workspace, ["prepare"]);
      expect(digests(dataset), at).toEqual(before);
      expect(leftovers(workspace), at).toEqual([]);
    });
  });

  it("is found whatever is missing or added", async () => {
    const { workspace, dataset } = await copy();
    writeFileSync(join(dataset, "extra.parquet"), "");
    const { status, stderr } = await modelpack(workspace, ["train"]);
    expect(stderr).toContain("extra.parquet: is not in the manifest");
    expect(status).toBe(1);
  });
});

describe("a pack with one bit changed", () => {
  it.each(["pair_model.safetensors", "extractor_metrics_test.json", "manifest.json"])(
    "%s: evaluate names it",
    async (name) => {
      const { workspace, pack } = await copy();
      await eachFlip(join(pack, name), async (at) => {
        const { status, stderr } = await modelpack(workspace, ["evaluate"]);
        expect(stderr, at).toContain(`error: version ${pack.slice(-12)} is damaged: ${name}: `);
        expect(status, at).toBe(1);
      });
    },
  );

  it.each(["pair_model.safetensors", "manifest.json"])("%s: predict names it", async (name) => {
    const { workspace, pack } = await copy();
    await eachFlip(join(pack, name), async (at) => {
      const { status, stdout, stderr } = await modelpack(workspace, ["predict", "my IBAN is DE02"]);
      expect(stderr, at).toContain(name);
      expect({ status, stdout }, at).toEqual({ status: 1, stdout: "" });
    });
  });

  it("the loader finds it wherever it is, and answers with the default unless it is strict", async () => {
    const { workspace, pack } = await copy();
    const random = seededRandom(5, "flips");
    const defaults = { pii_presence: "pii", conflict_detection: "no_conflict" };
    for (const name of ["extractor_model.safetensors", "pair_model.safetensors", "manifest.json"]) {
      const whole = readFileSync(join(pack, name));
      for (let i = 0; i < 120; i++) {
        const [at, bit] = [random.below(whole.length), random.below(8)];
        const flipped = Buffer.from(whole);
        flipped.writeUInt8(whole.readUInt8(at) ^ (1 << bit), at);
        writeFileSync(join(pack, name), flipped);
        const where = `bit ${bit} of byte ${at} of ${name}`;
        const folder = join(workspace, TRAIN.folder);
        const open = await openModelpack(folder, { defaults });
        expect(open.status().errors, where).toHaveLength(1);
        expect(open.status().errors[0]?.where, where).toContain(name);
        const task = name.startsWith("pair") ? "conflict_detection" : "pii_presence";
        const input = name.startsWith("pair") ? (["a", "b"] as const) : "a";
        expect(open.predictBatch(task, [input]), where).toEqual([
          { task, label: defaults[task], confidence: 0, source: "default", reason: "no_model" },
        ]);
        await expect(openModelpack(folder, { strict: true }), where).rejects.toMatchObject({
          name: "ModelpackError",
          where: expect.stringContaining(name),
        });
      }
      writeFileSync(join(pack, name), whole);
    }
    expect((await openModelpack(join(workspace, TRAIN.folder), { strict: true })).status().errors).toEqual(
      [],
    );
  });

  it("is made again by train, byte for byte, and never served in between", async () => {
    const { workspace, pack } = await copy();
    const before = digests(pack);
    await eachFlip(join(pack, "pair_model.safetensors"), async (at) => {
      await succeed(workspace, ["train"]);
      expect(digests(pack), at).toEqual(before);
    });
  });

  it("half a copy of a pack is refused, and the file named", async () => {
    const { workspace, pack } = await copy();
    for (const name of readdirSync(pack).filter((file) => file.endsWith(".safetensors"))) {
      const whole = readFileSync(join(pack, name));
      for (const length of [0, 7, whole.length >> 1, whole.length - 1]) {
        writeFileSync(join(pack, name), whole.subarray(0, length));
        const problems = await verifyVersion(pack);
        expect(problems.map((problem) => problem.file)).toEqual([name]);
        const open = await openModelpack(join(workspace, TRAIN.folder));
        expect(open.status().errors.map((error) => error.where)).toEqual([expect.stringContaining(name)]);
      }
      writeFileSync(join(pack, name), whole);
    }
  });
});

describe("a pointer that is damaged", () => {
  it.each(["", "{", '{"version": "../../etc"}', '{"version": "0123456789ab"}', "x".repeat(5000)])(
    "%j stops train with its name, and prepare mends it",
    async (text) => {
      const { workspace } = await copy();
      const pointer = join(workspace, PREPARE.folder, PREPARE.pointer);
      const before = readFileSync(pointer, "utf8");
      writeFileSync(pointer, text);
      const { status, stderr } = await modelpack(workspace, ["train"]);
      expect(status).toBe(1);
      expect(stderr).toContain(
        text.includes("0123456789ab") ? "version 0123456789ab is damaged" : "current.json names no version",
      );
      await succeed(workspace, ["prepare"]);
      expect(readFileSync(pointer, "utf8")).toBe(before);
    },
  );
});
