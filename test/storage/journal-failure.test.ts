// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Journal } from "../../src/storage/journal.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

type Call = "write" | "sync" | "truncate";

/** What the operating system is asked for on files, and the calls that it refuses from now on. */
const system = vi.hoisted(() => ({ calls: [] as string[], refuses: new Map<string, string>(), half: false }));

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const open = async (...args: Parameters<typeof real.open>): Promise<FileHandle> => {
    const handle = await real.open(...args);
    const write = handle.write.bind(handle) as (data: Buffer, ...rest: number[]) => Promise<unknown>;
    const sync = handle.sync.bind(handle);
    const truncate = handle.truncate.bind(handle);
    const refuse = async (call: Call, before: () => Promise<unknown>): Promise<void> => {
      system.calls.push(call);
      const errno = system.refuses.get(call);
      if (errno === undefined) return;
      await before();
      throw Object.assign(new Error(errno), { code: errno, syscall: call });
    };
    const replaced = {
      // A full disk takes what it has room for first.
      write: async (data: Buffer, at: number, length: number, position: number) => {
        const part = system.half ? Math.ceil(length / 2) : 0;
        await refuse("write", async () => (part > 0 ? write(data, at, part, position) : undefined));
        return write(data, at, part > 0 && length > 1 ? part : length, position);
      },
      sync: async () => {
        await refuse("sync", sync);
        await sync();
      },
      truncate: async (length: number) => {
        await refuse("truncate", async () => undefined);
        await truncate(length);
      },
    };
    return Object.assign(handle, replaced);
  };
  return { ...real, open };
});

beforeEach(() => {
  system.calls = [];
  system.refuses.clear();
  system.half = false;
});

const record = (value: number) => JSON.stringify({ value });

async function valuesIn(path: string): Promise<readonly unknown[]> {
  const values: unknown[] = [];
  const journal = await Journal.open(path, false, (line) => {
    values.push((JSON.parse(line.toString()) as { value: unknown }).value);
    return true;
  });
  expect(journal.found).toMatchObject({ damaged: 0, torn: false });
  await journal.close();
  return values;
}

const count = (call: Call) => system.calls.filter((each) => each === call).length;

describe("the flushes of a journal", () => {
  it("are one for all that wait: 100 records take two at most", async () => {
    const journal = await Journal.open(join(temporaryFolder(), "a"), true, () => true);
    await journal.append([record(0)]);
    expect(count("sync")).toBe(2); // the file's, and that of the folder that it was made in
    system.calls = [];
    await Promise.all(Array.from({ length: 100 }, (_, i) => journal.append([record(i)])));
    expect(count("write")).toBeLessThanOrEqual(2);
    expect(count("sync")).toBe(count("write"));
    await journal.close();
  });

  it("come before the records count", async () => {
    const path = join(temporaryFolder(), "a");
    const journal = await Journal.open(path, true, () => true);
    const at: number[] = [];
    for (let i = 0; i < 3; i++) {
      await journal.append([record(i)]);
      at.push(system.calls.lastIndexOf("sync"));
      expect(system.calls.lastIndexOf("write")).toBeLessThan(at[i] ?? -1);
    }
    expect(new Set(at).size).toBe(3);
    await journal.close();
  });
});

describe("a call that fails", () => {
  const calls: readonly [Call, string][] = [
    ["write", "ENOSPC"],
    ["write", "EDQUOT"],
    ["sync", "EIO"],
  ];
  it.each(calls)(
    "%s with %s: rejects all that wait, leaves the file as it was, and goes on after",
    async (call, errno) => {
      const path = join(temporaryFolder(), "a");
      const journal = await Journal.open(path, true, () => true);
      await journal.append([record(1)]);
      const before = readFileSync(path);
      system.half = true;
      system.refuses.set(call, errno);
      const results = await Promise.allSettled([2, 3, 4].map((i) => journal.append([record(i)])));
      for (const result of results) {
        expect(result).toMatchObject({
          status: "rejected",
          reason: {
            code: "STORAGE",
            where: path,
            message: expect.stringMatching(new RegExp(`bytes.*${errno}`)),
          },
        });
      }
      expect(readFileSync(path).equals(before)).toBe(true);
      system.refuses.clear();
      await journal.append([record(5)]);
      await journal.close();
      expect(await valuesIn(path)).toEqual([1, 5]);
    },
  );

  it("and a cut that fails too: the next append cuts first", async () => {
    const path = join(temporaryFolder(), "a");
    const journal = await Journal.open(path, true, () => true);
    await journal.append([record(1)]);
    const before = readFileSync(path);
    system.half = true;
    system.refuses.set("write", "ENOSPC").set("truncate", "EIO");
    await expect(journal.append([record(2)])).rejects.toMatchObject({
      message: expect.stringContaining("ENOSPC"),
    });
    expect(readFileSync(path).length).toBeGreaterThan(before.length);
    await expect(journal.append([record(2)])).rejects.toMatchObject({
      message: expect.stringContaining("EIO"),
    });
    system.refuses.clear();
    const [place] = await journal.append([record(3)]);
    expect(place?.position).toBe(before.length);
    await journal.close();
    expect(await valuesIn(path)).toEqual([1, 3]);
  });

  it("on the first record of a file: the next one finds it empty, and flushes its folder again", async () => {
    const path = join(temporaryFolder(), "a");
    const journal = await Journal.open(path, true, () => true);
    system.refuses.set("sync", "EIO");
    await expect(journal.append([record(1)])).rejects.toMatchObject({ code: "STORAGE" });
    system.refuses.clear();
    expect(readFileSync(path)).toHaveLength(0);
    system.calls = [];
    await journal.append([record(2)]);
    expect(count("sync")).toBe(3); // after the cut, after the write, and of the folder
    await journal.close();
    expect(await valuesIn(path)).toEqual([2]);
  });
});
