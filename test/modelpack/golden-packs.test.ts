import { describe, expect, it } from "vitest";
import { FORMAT_VERSION, readFamilyFile, writeFamilyFile } from "../../src/modelpack/family-file.ts";
import { answersOf, goldenAnswers, goldenPack, writeGoldenPacks } from "../support/golden-packs.ts";
import { tinyModel } from "../support/model.ts";

// MODELPACK_WRITE_GOLDEN=1 writes them anew; see writeGoldenPacks for when that is right.
if (process.env.MODELPACK_WRITE_GOLDEN === "1") await writeGoldenPacks(FORMAT_VERSION);

describe.each(["format-1", "format-1-pair"])("%s", (name) => {
  it("opens, and answers as ever", () => {
    const answers = answersOf(readFamilyFile(goldenPack(name), name));
    const expected = goldenAnswers(name);
    expect(answers.length).toBe(expected.length);
    answers.forEach((answer, i) => {
      expect(answer).toEqual(expected[i]);
    });
  });

  it("answers different inputs differently", () => {
    expect(new Set(goldenAnswers(name).map((answer) => answer.label)).size).toBeGreaterThan(1);
  });

  it("is written again byte for byte", () => {
    const file = goldenPack(name);
    expect(Buffer.compare(writeFamilyFile(readFamilyFile(file, name)), file)).toBe(0);
  });
});

it("today's writer makes the same bytes of the same model", () => {
  expect(Buffer.compare(writeFamilyFile(tinyModel()), goldenPack("format-1"))).toBe(0);
});
