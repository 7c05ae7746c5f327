// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withEnvFile } from "../../src/config/env-file.ts";
import { ModelpackError } from "../../src/core/error.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** A folder with that `.env`. */
function folderWith(content: string | Uint8Array): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, ".env"), content);
  return folder;
}

function errorOf(folder: string): ModelpackError {
  try {
    withEnvFile(folder, {});
  } catch (error) {
    if (error instanceof ModelpackError) return error;
    throw error;
  }
  throw new Error("expected a ModelpackError");
}

const SECRET = "canary-of-a-key";

describe("what is read", () => {
  it.each<[string, string, Record<string, string>]>([
    ["a line each", "A=1\nB=two words\n", { A: "1", B: "two words" }],
    ["Windows' line ends", 'A=1\r\nB="x"\r\n', { A: "1", B: "x" }],
    ["comments and blank lines", "# A=0\n\nA=1 # one\n", { A: "1" }],
    ["quotes", `A="a#b"\nB='c d'\n`, { A: "a#b", B: "c d" }],
    ["a value of several lines", 'A="x\ny"\nB=1', { A: "x\ny", B: "1" }],
    ["export", "export A=1", { A: "1" }],
    ["an empty value", "A=\nB=1", { A: "", B: "1" }],
    ["a byte order mark", "\ufeffA=1", { A: "1" }],
    ["names of objects", "constructor=1\n__html__=2", { constructor: "1", __html__: "2" }],
    ["no names: left out", "a.b=1\n9=2\nA=3", { A: "3" }],
    ["nothing", "", {}],
  ])("%s", (_, content, expected) => {
    expect(withEnvFile(folderWith(content), {})).toEqual(expected);
  });

  it("lies under the environment: what is set stays, even where it is empty", () => {
    const folder = folderWith("A=file\nB=file\nC=file\nD=file");
    const environment = { A: "real", B: "", C: undefined };
    expect(withEnvFile(folder, environment)).toEqual({ A: "real", B: "", C: "file", D: "file" });
    expect(environment).toEqual({ A: "real", B: "", C: undefined });
  });

  it("follows a link", () => {
    const folder = temporaryFolder();
    symlinkSync(join(folderWith("A=1"), ".env"), join(folder, ".env"));
    expect(withEnvFile(folder, {})).toEqual({ A: "1" });
  });
});

describe("what is none", () => {
  const environment = { A: "real" };

  it("a missing file, or a missing folder", () => {
    const folder = temporaryFolder();
    expect(withEnvFile(folder, environment)).toBe(environment);
    expect(withEnvFile(join(folder, "missing"), environment)).toBe(environment);
    expect(withEnvFile(join(folderWith("A=1"), ".env"), environment)).toBe(environment);
  });

  it("a folder of that name, a virtual environment of Python's", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, ".env"));
    expect(withEnvFile(folder, environment)).toBe(environment);
  });
});

describe("what can't be read is an error that names the file and shows no value", () => {
  const utf16 = Buffer.from(`A=${SECRET}\n`, "utf16le");
  it.each<[string, string | Uint8Array, string, string]>([
    ["bytes that are no UTF-8", Buffer.from([0x41, 0x3d, 0xff]), "it is not UTF-8 text", "save it as UTF-8"],
    ["NUL", `A=${SECRET}\0`, "it is not UTF-8 text", "save it as UTF-8"],
    ["UTF-16", utf16, "it is not UTF-8 text", "save it as UTF-8"],
    [
      "a large file",
      `A=${SECRET}${"x".repeat(65_536)}`,
      "it has 65553 bytes; at most 65536 are read",
      "is this the right file?",
    ],
  ])("%s", (_, content, message, hint) => {
    const folder = folderWith(content);
    const error = errorOf(folder);
    expect(error.code).toBe("CONFIG_INVALID");
    expect(error.message).toBe(`the .env file beside the config: ${message}`);
    expect(error.where).toBe(join(folder, ".env"));
    expect(error.hint).toContain(hint);
    expect(JSON.stringify([error.message, error.hint, error.stack])).not.toContain(SECRET);
  });

  it("the largest that is read", () => {
    expect(withEnvFile(folderWith(`A=${"x".repeat(65_534)}`), {}).A).toHaveLength(65_534);
  });

  it("a pipe, without waiting for it", () => {
    const folder = temporaryFolder();
    execFileSync("mkfifo", [join(folder, ".env")]);
    expect(errorOf(folder).message).toBe("the .env file beside the config: it is a pipe or a device");
  });

  it("a link in a circle", () => {
    const folder = temporaryFolder();
    symlinkSync(join(folder, ".env"), join(folder, ".env"));
    expect(errorOf(folder).message).toBe("the .env file beside the config: it can't be read (ELOOP)");
  });

  // Later versions of Node read the next line all the same.
  it("a line without =, where it would swallow the next one", () => {
    const folder = folderWith(`${SECRET}\nA=1`);
    const read = (): unknown => {
      try {
        return withEnvFile(folder, {});
      } catch (error) {
        expect(Object(error).message).toBe("the .env file beside the config: a line of it is no NAME=value");
        expect(String(Object(error).stack)).not.toContain(SECRET);
        expect(Object(error).where).toMatch(/\.env:\d+$/);
        return { A: "1" };
      }
    };
    expect(read()).toEqual({ A: "1" });
  });
});
