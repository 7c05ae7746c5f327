// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commitVersion, verifyVersion } from "../../src/storage/commit.ts";
import { sha256 } from "../../src/storage/digest.ts";
import { parseManifest, sealManifest } from "../../src/storage/manifest.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { OLD, request } from "../support/version.ts";

async function smallVersion(): Promise<string> {
  const write = async (folder: string): Promise<void> => {
    mkdirSync(join(folder, "report"));
    writeFileSync(join(folder, "a.bin"), Buffer.from([0, 1, 2, 253, 254, 255]));
    writeFileSync(join(folder, "report", "b.txt"), "text\n");
    writeFileSync(join(folder, "run.json"), "{}");
  };
  const manifest = (files: unknown) => ({ files, labels: ["__proto__", "10", "\ufffd"], accuracy: 0.905 });
  return commitVersion(request(temporaryFolder(), OLD, { write, manifest }));
}

describe("verifyVersion", () => {
  it.each(["a.bin", "report/b.txt", "manifest.json"])(
    "sees every change of one bit, and of one byte to space or zero, in %s",
    async (name) => {
      const folder = await smallVersion();
      const path = join(folder, name);
      const whole = readFileSync(path);
      for (let at = 0; at < whole.length; at++) {
        const was = whole.readUInt8(at);
        const others = new Set([0x20, 0, ...Array.from({ length: 8 }, (_, bit) => was ^ (1 << bit))]);
        others.delete(was);
        for (const value of others) {
          const damaged = Buffer.from(whole);
          damaged[at] = value;
          writeFileSync(path, damaged);
          const problems = await verifyVersion(folder);
          expect(
            problems.map(({ file }) => file),
            `byte ${at} as ${value}`,
          ).toEqual([name]);
        }
      }
      writeFileSync(path, whole);
      expect(await verifyVersion(folder)).toEqual([]);
    },
  );

  it.each(["a.bin", "report/b.txt", "manifest.json"])("sees %s cut or grown at any length", async (name) => {
    const folder = await smallVersion();
    const whole = readFileSync(join(folder, name));
    for (let length = 0; length <= whole.length + 1; length++) {
      writeFileSync(join(folder, name), whole);
      truncateSync(join(folder, name), length);
      const expected = length === whole.length ? [] : [name];
      expect((await verifyVersion(folder)).map(({ file }) => file)).toEqual(expected);
    }
  });

  it.each<[string, (folder: string) => void, [string, string][]]>([
    ["a missing folder", (f) => rmSync(f, { recursive: true }), [["manifest.json", "is missing"]]],
    ["a missing manifest", (f) => rmSync(join(f, "manifest.json")), [["manifest.json", "is missing"]]],
    ["a missing file", (f) => rmSync(join(f, "a.bin")), [["a.bin", "is missing"]]],
    [
      "a missing folder of files",
      (f) => rmSync(join(f, "report"), { recursive: true }),
      [["report/b.txt", "is missing"]],
    ],
    [
      "a longer file",
      (f) => writeFileSync(join(f, "a.bin"), "1234567"),
      [["a.bin", "has 7 bytes, and the manifest says 6"]],
    ],
    [
      "files too many",
      (f) => {
        writeFileSync(join(f, "report", "c"), "");
        writeFileSync(join(f, "z"), "");
      },
      [
        ["report/c", "is not in the manifest"],
        ["z", "is not in the manifest"],
      ],
    ],
    [
      "a run.json elsewhere",
      (f) => writeFileSync(join(f, "report", "run.json"), ""),
      [["report/run.json", "is not in the manifest"]],
    ],
    [
      "a link to the same bytes",
      (f) => {
        writeFileSync(join(f, "..", "copy"), readFileSync(join(f, "a.bin")));
        rmSync(join(f, "a.bin"));
        symlinkSync("../copy", join(f, "a.bin"));
      },
      [["a.bin", "is no regular file"]],
    ],
    [
      "a folder in a file's place",
      (f) => {
        rmSync(join(f, "a.bin"));
        mkdirSync(join(f, "a.bin"));
      },
      [["a.bin", "is missing"]],
    ],
    [
      "a folder in the manifest's place",
      (f) => {
        rmSync(join(f, "manifest.json"));
        mkdirSync(join(f, "manifest.json"));
      },
      [["manifest.json", "is no regular file"]],
    ],
    [
      "several things at once",
      (f) => {
        rmSync(join(f, "a.bin"));
        writeFileSync(join(f, "report", "b.txt"), "");
      },
      [
        ["a.bin", "is missing"],
        ["report/b.txt", "has 0 bytes, and the manifest says 5"],
      ],
    ],
  ])("names the file and the problem: %s", async (_, damage, problems) => {
    const folder = await smallVersion();
    damage(folder);
    expect(await verifyVersion(folder)).toEqual(problems.map(([file, problem]) => ({ file, problem })));
  });

  it("takes a version without run.json, with any run.json, and a file for a folder", async () => {
    const folder = await smallVersion();
    writeFileSync(join(folder, "run.json"), "anything");
    expect(await verifyVersion(folder)).toEqual([]);
    rmSync(join(folder, "run.json"));
    expect(await verifyVersion(folder)).toEqual([]);
    expect(await verifyVersion(join(folder, "a.bin"))).toEqual([
      { file: "manifest.json", problem: "is missing" },
    ]);
  });

  it("reads no manifest of a gigabyte", async () => {
    const folder = await smallVersion();
    truncateSync(join(folder, "manifest.json"), 2 ** 30);
    const before = process.memoryUsage().rss;
    expect(await verifyVersion(folder)).toMatchObject([{ problem: "is larger than 67108864 bytes" }]);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 2 ** 20);
  });
});

const file = { name: "a", sha256: sha256("a"), bytes: 1 };

/** Sealed by hand: bytes that vouch for themselves, whatever they say. */
function sealed(json: string): Buffer {
  const tail = `"manifest_sha256": "${"0".repeat(64)}"\n}\n`;
  const bytes = Buffer.from(json + tail);
  bytes.write(sha256(bytes), bytes.length - 68, "latin1");
  return bytes;
}

describe("parseManifest", () => {
  it("reads what sealManifest writes, of an object or a Map", () => {
    expect(parseManifest(sealManifest({ files: [file], x: 1 }))).toEqual([file]);
    expect(
      parseManifest(
        sealManifest(
          new Map<string, unknown>([
            ["10", 1],
            ["files", []],
          ]),
        ),
      ),
    ).toEqual([]);
  });

  it("keeps no more of a file than is asked for", () => {
    expect(parseManifest(sealManifest({ files: [{ ...file, more: 1 }] }))).toEqual([file]);
  });

  it.each<[string, Buffer, string]>([
    ["nothing", Buffer.alloc(0), "is cut short"],
    ["another text", Buffer.alloc(500, "x"), "differs from its own manifest_sha256"],
    ["no JSON", sealed('{"files": [],, '), "is not JSON"],
    ["depth without end", sealed(`{"files": ${"[".repeat(100_000)}`), "is not JSON"],
    ["no files", sealManifest({}), "has no list of files"],
    ["files as an object", sealManifest({ files: {} }), "has no list of files"],
    ["files as a text", sealManifest({ files: "a" }), "has no list of files"],
    ["a file that is null", sealManifest({ files: [null] }), "has no name, sha256 and bytes in files[0]"],
    [
      "no digest",
      sealManifest({ files: [{ name: "a", bytes: 1 }] }),
      "has no name, sha256 and bytes in files[0]",
    ],
    [
      "a digest in capitals",
      sealManifest({ files: [{ ...file, sha256: "A".repeat(64) }] }),
      "has no name, sha256 and bytes in files[0]",
    ],
    [
      "half a byte",
      sealManifest({ files: [{ ...file, bytes: 0.5 }] }),
      "has no name, sha256 and bytes in files[0]",
    ],
    [
      "less than no bytes",
      sealManifest({ files: [{ ...file, bytes: -1 }] }),
      "has no name, sha256 and bytes in files[0]",
    ],
    [
      "a way out",
      sealManifest({ files: [{ ...file, name: "../../etc/passwd" }] }),
      "lists a file under an unsafe name in files[0]",
    ],
    [
      "an absolute path",
      sealManifest({ files: [{ ...file, name: "/etc/passwd" }] }),
      "lists a file under an unsafe name in files[0]",
    ],
    [
      "a file twice",
      sealManifest({ files: [file, file] }),
      "lists its files out of order or twice at files[1]",
    ],
    [
      "files out of order",
      sealManifest({ files: [file, { ...file, name: "B" }] }),
      "lists its files out of order or twice at files[1]",
    ],
  ])("refuses %s", (_, bytes, problem) => {
    expect(parseManifest(bytes)).toBe(problem);
  });
});
