// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { PartialFile } from "../../src/storage/partial.ts";
import { childScript, run } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const KEY = "a".repeat(64);
const bytes = (text: string) => Buffer.from(text);

it("grows, and becomes the file that it is to be", async () => {
  const folder = temporaryFolder();
  const partial = await PartialFile.open(join(folder, "parts"), KEY);
  await partial.append(bytes("one "));
  await partial.append(bytes("two"));
  expect(partial.bytes).toBe(7);
  await partial.restart();
  expect(partial.bytes).toBe(0);
  await partial.append(bytes("three"));
  await partial.commit(join(folder, "files", "whole"));
  expect(readFileSync(join(folder, "files", "whole"), "utf8")).toBe("three");
  expect(readdirSync(join(folder, "parts"))).toEqual([]);
});

it("goes on with what was kept; an empty one leaves nothing", async () => {
  const folder = temporaryFolder();
  const first = await PartialFile.open(folder, KEY);
  await first.append(bytes("one "));
  await first.keep();
  expect(readdirSync(folder)).toEqual([`${KEY}.part`]);
  const second = await PartialFile.open(folder, KEY);
  expect(second.bytes).toBe(4);
  await second.append(bytes("two"));
  await second.commit(join(folder, "whole"));
  expect(readFileSync(join(folder, "whole"), "utf8")).toBe("one two");
  await (await PartialFile.open(folder, KEY)).keep();
  expect(readdirSync(folder)).toEqual(["whole"]);
});

it("is its run's alone: a second one at the same time begins another", async () => {
  const folder = temporaryFolder();
  const [first, second] = [await PartialFile.open(folder, KEY), await PartialFile.open(folder, KEY)];
  await first.append(bytes("first"));
  await second.append(bytes("2"));
  expect([first.bytes, second.bytes, second.path === first.path]).toEqual([5, 1, false]);
  await first.keep();
  await second.keep();
  // The later one was kept; what matters is that it is one of them, whole.
  expect(readFileSync(join(folder, `${KEY}.part`), "utf8")).toBe("2");
});

it("takes over the longest of runs that died, and removes the others", async () => {
  const folder = temporaryFolder();
  const { signal } = run(process.execPath, [childScript("partial-child.mjs"), folder, KEY, "a", "abc", "ab"]);
  expect(signal).toBe("SIGKILL");
  expect(readdirSync(folder)).toHaveLength(3);
  writeFileSync(join(folder, `${KEY}.part`), "x");
  const partial = await PartialFile.open(folder, KEY);
  expect(readFileSync(partial.path, "utf8")).toBe("abc");
  expect(readdirSync(folder)).toHaveLength(1);
  await partial.keep();
});

it("follows no link, and takes no folder for a file", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "aside"), "mine");
  symlinkSync(join(folder, "aside"), join(folder, `${KEY}.part`));
  const first = await PartialFile.open(folder, KEY);
  expect(first.bytes).toBe(0);
  await first.append(bytes("x"));
  await first.commit(join(folder, "whole"));
  expect(readFileSync(join(folder, "aside"), "utf8")).toBe("mine");
  const other = temporaryFolder();
  mkdirSync(join(other, `${KEY}.part`));
  const second = await PartialFile.open(other, KEY);
  await second.append(bytes("x"));
  await second.keep();
  expect(existsSync(join(other, `${KEY}.part`))).toBe(true);
  expect(readdirSync(other)).toEqual([`${KEY}.part`]);
});

it("refuses a key that is no name", async () => {
  await expect(PartialFile.open(temporaryFolder(), "../x")).rejects.toMatchObject({ code: "PATH_UNSAFE" });
});
