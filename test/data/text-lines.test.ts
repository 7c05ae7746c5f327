// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { textLines } from "../../src/data/text-lines.ts";
import { rejection } from "../support/failure.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

async function linesOf(content: string | Uint8Array, path = join(temporaryFolder(), "a.txt")) {
  writeFileSync(path, content);
  const lines: string[] = [];
  for await (const line of textLines(path)) lines.push(line);
  return lines;
}

describe("lines of a file", () => {
  it.each<[string, string, string[]]>([
    ["LF", "a\nb\n", ["a", "b"]],
    ["no last end", "a\nb", ["a", "b"]],
    ["CR LF", "a\r\nb\r\n", ["a", "b"]],
    ["CR", "a\rb\r", ["a", "b"]],
    ["all of them", "a\rb\r\nc\nd", ["a", "b", "c", "d"]],
    ["blank lines", "\n\na\r\n\r\nb", ["", "", "a", "", "b"]],
    ["other separators", "a\u2028b\u0085c\vd", ["a\u2028b\u0085c\vd"]],
    ["a mark", "\ufeffa\n", ["a"]],
    ["NUL", "a\0b\n", ["a\0b"]],
    ["nothing", "", []],
  ])("end with %s", async (_, content, expected) => {
    expect(await linesOf(content)).toEqual(expected);
  });

  it("are whole wherever the pieces of the file end", async () => {
    const path = join(temporaryFolder(), "a.txt");
    const line = fc.tuple(fc.string({ unit: fc.constantFrom("é", "😀", "x"), maxLength: 5 }), fc.nat(70_000));
    const texts = fc.array(line, { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(texts, fc.constantFrom("\n", "\r\n", "\r"), async (rows, end) => {
        const lines = rows.map(([text, length]) => `${text}${"é".repeat(length)}.`);
        expect(await linesOf(lines.map((one) => one + end).join(""), path)).toEqual(lines);
      }),
      { numRuns: 20 },
    );
  });

  it("that are no UTF-8 are an error that names the line", async () => {
    const path = join(temporaryFolder(), "a.txt");
    const latin = Buffer.concat([
      Buffer.from("good\r\nalso good\n"),
      Buffer.from("caf\u00e9\nx\n", "latin1"),
    ]);
    expect(await rejection(linesOf(latin, path))).toMatchObject({
      code: "SOURCE_UNREADABLE",
      message: "line 3 is not UTF-8",
      where: `${path}:3`,
      hint: "save the file as UTF-8",
    });
    const half = Buffer.from("ok\n\ud83d\ude00", "utf8").subarray(0, 5);
    expect(await rejection(linesOf(half, path))).toMatchObject({ message: "line 2 is not UTF-8" });
  });

  it("that never end are an error before they are in memory", async () => {
    const path = join(temporaryFolder(), "a.txt");
    const endless = Buffer.concat([Buffer.from("a\n"), Buffer.alloc(8 << 20, 0x61)]);
    expect(await rejection(linesOf(endless, path))).toMatchObject({
      message: "line 2 is longer than 3000000 bytes",
      hint: "put each text on a line of its own",
    });
  });

  it("of a folder are an error of the system", async () => {
    const work = (async () => {
      for await (const _ of textLines(temporaryFolder())) break;
    })();
    expect(await rejection(work)).toMatchObject({ code: "STORAGE" });
  });
});
