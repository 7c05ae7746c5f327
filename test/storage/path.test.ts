// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, posix, win32 } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelpackError } from "../../src/core/error.ts";
import { containedPath, safeName } from "../../src/storage/path.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const refused: readonly [string, string][] = [
  ["", "empty"],
  [".", "a folder above"],
  ["..", "a folder above"],
  ["../x", "separator"],
  ["a/b", "separator"],
  ["/etc/passwd", "separator"],
  ["a\\b", "separator"],
  ["\\\\server\\share", "separator"],
  ["C:x", "one of"],
  ["c:", "one of"],
  ["a:stream", "one of"],
  ["a*", "one of"],
  ["a?", "one of"],
  ["%2e%2e", "percent"],
  ["a%2Fb", "percent"],
  ["a%00", "percent"],
  ["a\0", "control"],
  ["\n", "control"],
  ["a\u007f", "control"],
  ["a\u0085", "control"],
  ["a\u202etxt", "invisible"],
  ["\ufeffa", "invisible"],
  ["a\u200d", "invisible"],
  ["a.", "dot or a space"],
  ["...", "dot or a space"],
  ["a ", "dot or a space"],
  ["CON", "device"],
  ["con.txt", "device"],
  ["con .txt", "device"],
  ["Nul", "device"],
  ["aux", "device"],
  ["prn.", "dot or a space"],
  ["com1", "device"],
  ["LPT9.log", "device"],
  ["COM²", "device"],
  ["CONIN$", "device"],
  ["\ud800", "half a character"],
  ["a\udc00", "half a character"],
  ["a".repeat(129), "128 characters"],
  ["语".repeat(86), "255 bytes"],
];

const accepted = [
  "a",
  "router_train.parquet",
  "run.json",
  ".gitkeep",
  "constructor",
  "__proto__",
  "10",
  "console",
  "common1",
  "com10",
  "a..b",
  "100%",
  "語",
  "a b",
  "\u{1f600}",
  "é",
  "e\u0301",
  "a".repeat(128),
];

describe("safeName", () => {
  it.each(refused)("refuses %j: %s", (name, because) => {
    expect(() => safeName(name)).toThrow(
      expect.objectContaining({ code: "PATH_UNSAFE", message: expect.stringContaining(because) }),
    );
  });

  it.each(accepted)("takes %j as it is", (name) => {
    expect(safeName(name)).toBe(name);
  });

  it("lets nothing through that is more than one part of a path, on any system", () => {
    const parts = fc.constantFrom("..", ".", "/", "\\", ":", "%2e", "\0", "con", "a", " ", "C", "\u2028");
    const names = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(parts).map((list) => list.join("")),
    );
    fc.assert(
      fc.property(names, (name) => {
        try {
          safeName(name);
        } catch (error) {
          expect(error).toBeInstanceOf(ModelpackError);
          return;
        }
        expect(posix.relative("/root", posix.resolve("/root", name))).toBe(name);
        expect(win32.relative("C:\\root", win32.resolve("C:\\root", name))).toBe(name);
        expect(Buffer.from(name).toString()).toBe(name);
      }),
      { numRuns: 3000 },
    );
  });

  it("shows a hostile name short and escaped", () => {
    const hostile = `\u001b[2J${"x".repeat(1_000_000)}`;
    expect(() => safeName(hostile)).toThrow(/^"\\u001b\[2Jx{56}…" can't be a file name/);
  });

  it("takes time in line with the length of what it refuses", () => {
    for (const unit of ["a", " ", ".", "%", "com", "con ", "\ud800"]) {
      expect(() => safeName(unit.repeat(1_000_000))).toThrow("128 characters");
    }
  });
});

describe("containedPath", () => {
  it("joins safe parts, whether or not they are there", () => {
    const root = temporaryFolder();
    mkdirSync(join(root, "report"));
    expect(containedPath(root, "report/a.html")).toBe(join(root, "report", "a.html"));
    expect(containedPath(root, "x/y/z")).toBe(join(root, "x", "y", "z"));
    expect(containedPath(join(root, "missing"), "a")).toBe(join(root, "missing", "a"));
  });

  it.each(["../a", "a/../../b", "/a", "a//b", "a/", "C:/a", "a/CON", ""])("refuses %j", (name) => {
    expect(() => containedPath(temporaryFolder(), name)).toThrow(
      expect.objectContaining({ code: "PATH_UNSAFE" }),
    );
  });

  it("follows links that stay inside, and no others", () => {
    const outside = temporaryFolder();
    const root = join(temporaryFolder(), "root");
    mkdirSync(join(root, "inner"), { recursive: true });
    mkdirSync(`${root}-sibling`);
    writeFileSync(join(outside, "secret"), "s");
    symlinkSync("inner", join(root, "good"));
    symlinkSync(outside, join(root, "folder"));
    symlinkSync(join(outside, "secret"), join(root, "file"));
    symlinkSync(`${root}-sibling`, join(root, "sibling"));
    symlinkSync(join(outside, "new"), join(root, "dangling"));
    symlinkSync("circle", join(root, "circle"));
    expect(containedPath(root, "good/a")).toBe(join(root, "good", "a"));
    for (const name of [
      "folder",
      "folder/a",
      "folder/a/b",
      "file",
      "sibling/a",
      "dangling",
      "circle",
      "circle/a",
    ]) {
      expect(() => containedPath(root, name), name).toThrow(expect.objectContaining({ code: "PATH_UNSAFE" }));
    }
  });

  it("says so where a folder on the way is a file", () => {
    const root = temporaryFolder();
    writeFileSync(join(root, "a"), "");
    expect(() => containedPath(root, "a/b")).toThrow(/ENOTDIR/);
    expect(() => containedPath(root, "a/b")).toThrow(expect.objectContaining({ code: "STORAGE" }));
  });

  it("takes a root that is itself a link", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "real"));
    symlinkSync("real", join(folder, "link"));
    writeFileSync(join(folder, "real", "a"), "");
    expect(containedPath(join(folder, "link"), "a")).toBe(join(folder, "link", "a"));
  });
});
