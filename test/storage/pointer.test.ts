// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { movePointer, readPointer } from "../../src/storage/commit.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { NEW, OLD } from "../support/version.ts";

const NAME = "current.json";

describe("readPointer", () => {
  it("is null where there is no pointer or no folder", async () => {
    const root = temporaryFolder();
    expect(await readPointer(root, NAME)).toBeNull();
    expect(await readPointer(join(root, "missing"), NAME)).toBeNull();
  });

  it("takes any JSON object that names a version", async () => {
    const root = temporaryFolder();
    writeFileSync(join(root, NAME), `{"note":1,"version":"${OLD}"}`);
    expect(await readPointer(root, NAME)).toBe(OLD);
  });

  it.each<[string, string]>([
    ["nothing", ""],
    ["half of it", `{"version": "${OLD.slice(0, 6)}`],
    ["another type", '["0123456789ab"]'],
    ["null", "null"],
    ["no version", '{"__proto__": {"version": "0123456789ab"}}'],
    ["a number", '{"version": 123456789012}'],
    ["a path", '{"version": "../../../etc"}'],
    ["capitals", '{"version": "0123456789AB"}'],
    ["one digit too many", '{"version": "0123456789abc"}'],
    ["a line break after it", '{"version": "0123456789ab\\n"}'],
    ["a long tail", `{"version": "${OLD}"}${" ".repeat(2000)}`],
  ])("refuses %s, and says where it is and what to do", async (_, text) => {
    const root = temporaryFolder();
    writeFileSync(join(root, NAME), text);
    await expect(readPointer(root, NAME)).rejects.toMatchObject({
      code: "STORAGE",
      where: join(root, NAME),
      hint: expect.stringContaining("run the stage again"),
    });
  });

  it("refuses a folder in its place", async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, NAME));
    await expect(readPointer(root, NAME)).rejects.toMatchObject({ code: "STORAGE", where: join(root, NAME) });
  });
});

describe("movePointer", () => {
  it("moves back and forth, and leaves nothing else", async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, OLD));
    mkdirSync(join(root, NEW));
    for (const version of [OLD, NEW, NEW, OLD]) {
      await movePointer(root, NAME, version);
      expect(readFileSync(join(root, NAME), "utf8")).toBe(`{"version": "${version}"}\n`);
    }
    expect(readdirSync(root).sort()).toEqual([OLD, NAME, NEW]);
  });

  it("never names a version that is not there", async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, OLD));
    await movePointer(root, NAME, OLD);
    await expect(movePointer(root, NAME, NEW)).rejects.toMatchObject({
      code: "STORAGE",
      where: join(root, NEW),
    });
    expect(await readPointer(root, NAME)).toBe(OLD);
  });

  it.each(["", "..", "0123456789a", "0123456789ab/", "0123456789AB"])(
    "refuses %j as a version",
    async (version) => {
      await expect(movePointer(temporaryFolder(), NAME, version)).rejects.toMatchObject({
        code: "PATH_UNSAFE",
      });
    },
  );

  it("refuses an unsafe name of a pointer", async () => {
    await expect(movePointer(temporaryFolder(), "../x", OLD)).rejects.toMatchObject({ code: "PATH_UNSAFE" });
    await expect(readPointer(temporaryFolder(), "a/b")).rejects.toMatchObject({ code: "PATH_UNSAFE" });
  });
});
