// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { setFileAside } from "../../src/storage/aside.ts";
import { sha256 } from "../../src/storage/digest.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("setFileAside", () => {
  it("renames a file to the digest of its content", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "rows.jsonl");
    writeFileSync(path, "one");
    const name = `rows-${sha256("one").slice(0, 16)}.jsonl`;
    expect(await setFileAside(path)).toBe(name);
    expect(readdirSync(folder)).toEqual([name]);
    expect(readFileSync(join(folder, name), "utf8")).toBe("one");
    expect(await setFileAside(path)).toBeNull();
    writeFileSync(path, "one"); // once more the same
    expect(await setFileAside(path)).toBe(name);
    expect(readdirSync(folder)).toEqual([name]);
  });

  it("loses nothing to a file that was edited after it was set aside", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "rows.jsonl");
    const target = join(folder, `rows-${sha256("one").slice(0, 16)}.jsonl`);
    writeFileSync(path, "one");
    writeFileSync(target, "edited");
    await expect(setFileAside(path)).rejects.toMatchObject({ code: "STORAGE", where: target });
    expect([readFileSync(path, "utf8"), readFileSync(target, "utf8")]).toEqual(["one", "edited"]);
  });
});
