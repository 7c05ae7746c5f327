// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Journal } from "../../src/storage/journal.ts";
import { MAX_LINE_BYTES } from "../../src/storage/journal-scan.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const record = (value: number | string) => JSON.stringify({ value });

/** Opens a journal; `values` are what it held. */
async function opened(path: string, write = true) {
  const values: unknown[] = [];
  const journal = await Journal.open(path, write, (line) => {
    values.push((JSON.parse(line.toString()) as { value: unknown }).value);
    return true;
  });
  return { journal, values };
}

async function valuesIn(path: string): Promise<readonly unknown[]> {
  const { journal, values } = await opened(path, false);
  await journal.close();
  return values;
}

describe("Journal", () => {
  it("makes its file with the first record, and finds all again", async () => {
    const path = join(temporaryFolder(), "a.jsonl");
    const { journal } = await opened(path);
    expect(existsSync(path)).toBe(false);
    const places = [
      ...(await journal.append([record(1), record("ü")])),
      ...(await journal.append([record(3)])),
    ];
    const bytes = readFileSync(path);
    const lines = places.map(({ position, bytes: length }) =>
      bytes.toString("utf8", position, position + length),
    );
    expect(lines).toEqual(bytes.toString().split("\n").slice(0, 3));
    for (const [i, place] of places.entries()) expect((await journal.read(place)).toString()).toBe(lines[i]);
    await journal.close();
    expect(await valuesIn(path)).toEqual([1, "ü", 3]);
    const second = await opened(path);
    await second.journal.append([record(4)]);
    await second.journal.close();
    expect(await valuesIn(path)).toEqual([1, "ü", 3, 4]);
  });

  it("keeps what many append at a time in the order of their calls", async () => {
    const path = join(temporaryFolder(), "a.jsonl");
    const { journal } = await opened(path);
    const places = await Promise.all(
      Array.from({ length: 200 }, (_, i) => journal.append([record(i), record(`${i}`)])),
    );
    for (const [i, [first]] of places.entries()) {
      if (first === undefined) throw new Error("no place");
      expect(JSON.parse((await journal.read(first)).toString())).toMatchObject({ value: i });
    }
    await journal.close();
    expect(await valuesIn(path)).toEqual(Array.from({ length: 200 }, (_, i) => [i, `${i}`]).flat());
  });

  it("writes what is longer than one write", async () => {
    const path = join(temporaryFolder(), "a.jsonl");
    const { journal } = await opened(path);
    const texts = Array.from({ length: 5 }, (_, i) => `${i}`.repeat(3_000_000));
    const places = await journal.append(texts.map(record));
    expect(places.map(({ bytes }) => bytes > 3_000_000)).toEqual(texts.map(() => true));
    await journal.close();
    expect(await valuesIn(path)).toEqual(texts);
  });

  it("cuts a torn line off when it is opened for writing, and not for reading", async () => {
    const path = join(temporaryFolder(), "a.jsonl");
    const { journal } = await opened(path);
    await journal.append([record(1), record(2)]);
    await journal.close();
    const whole = readFileSync(path);
    const [first] = whole.toString().split(/(?<=\n)/);
    const start = Buffer.byteLength(first ?? "");
    for (let length = start; length <= whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length));
      const values = length < whole.length - 1 ? [1] : [1, 2];
      expect(await valuesIn(path), `${length}`).toEqual(values);
      expect(readFileSync(path)).toHaveLength(length);
      const { journal: again } = await opened(path);
      const cut = values.length === 1 ? start : length;
      expect(readFileSync(path)).toHaveLength(cut);
      expect(again.found.torn).toBe(length > start && length < whole.length - 1);
      const [place] = await again.append([record(3)]);
      if (place === undefined) throw new Error("no place");
      expect(JSON.parse((await again.read(place)).toString())).toMatchObject({ value: 3 });
      await again.close();
      expect(await valuesIn(path), `${length}`).toEqual([...values, 3]);
      expect(readFileSync(path, "utf8").split("\n")).toHaveLength(values.length + 2);
    }
  });

  it("waits on close for what is being written, takes nothing after, and closes once", async () => {
    const path = join(temporaryFolder(), "a.jsonl");
    const { journal } = await opened(path);
    const written = Array.from({ length: 20 }, (_, i) => journal.append([record(i)]));
    await journal.close();
    await journal.close();
    await Promise.all(written);
    await expect(journal.append([record(0)])).rejects.toMatchObject({ code: "INTERNAL" });
    expect(await valuesIn(path)).toHaveLength(20);
  });

  it("refuses to write what it would not read, or when it was opened for reading", async () => {
    const path = join(temporaryFolder(), "a.jsonl");
    const { journal } = await opened(path);
    await expect(journal.append([record("x".repeat(MAX_LINE_BYTES))])).rejects.toMatchObject({
      code: "INTERNAL",
    });
    await journal.append([record(1)]);
    await journal.close();
    const { journal: reading } = await opened(path, false);
    await expect(reading.append([record(2)])).rejects.toMatchObject({ code: "INTERNAL", where: path });
    await reading.close();
    expect(await valuesIn(path)).toEqual([1]);
  });

  it("says when another program changed a record while it was open", async () => {
    const path = join(temporaryFolder(), "a.jsonl");
    const { journal } = await opened(path);
    const [place] = await journal.append([record(1)]);
    if (place === undefined) throw new Error("no place");
    const other = join(temporaryFolder(), "b.jsonl");
    const { journal: second } = await opened(other);
    await second.append([record(2)]);
    await second.close();
    const changed = { code: "STORAGE", where: path, message: expect.stringContaining("another program") };
    writeFileSync(path, readFileSync(other)); // whole, and another record
    await expect(journal.read(place)).rejects.toMatchObject(changed);
    truncateSync(path, 3);
    await expect(journal.read(place)).rejects.toMatchObject(changed);
    await journal.close();
  });

  it("takes no link, folder or pipe for its file, and says so", async () => {
    const folder = temporaryFolder();
    appendFileSync(join(folder, "mine"), "mine");
    symlinkSync(join(folder, "mine"), join(folder, "link"));
    mkdirSync(join(folder, "folder"));
    execFileSync("mkfifo", [join(folder, "pipe")]);
    for (const name of ["link", "folder", "pipe"]) {
      const path = join(folder, name);
      for (const write of [true, false]) {
        await expect(opened(path, write), name).rejects.toMatchObject({ code: "STORAGE", where: path });
      }
    }
    expect(readFileSync(join(folder, "mine"), "utf8")).toBe("mine");
  });

  it("does not take over a file that another program made meanwhile", async () => {
    const path = join(temporaryFolder(), "a.jsonl");
    const { journal } = await opened(path);
    writeFileSync(path, "mine");
    await expect(journal.append([record(1)])).rejects.toMatchObject({ code: "STORAGE", where: path });
    expect(readFileSync(path, "utf8")).toBe("mine");
    await journal.close();
  });
});
