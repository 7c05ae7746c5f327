import { describe, expect, it } from "vitest";
import { readFamilyFile, writeFamilyFile } from "../../src/modelpack/family-file.ts";
import { failure } from "../support/failure.ts";
import { answersOf, goldenAnswers, goldenPack, writeGoldenPacks } from "../support/golden-packs.ts";
import { tinyModel } from "../support/model.ts";

// MODELPACK_WRITE_GOLDEN=1 writes them anew; see writeGoldenPacks for when that is right.
if (process.env.MODELPACK_WRITE_GOLDEN === "1") await writeGoldenPacks();

describe.each(["format-1", "format-2-pair"])("%s", (name) => {
  it("opens, and answers as ever", () => {
    const answers = answersOf(readFamilyFile(goldenPack(name), name));
    const expected = goldenAnswers(name);
    expect(answers.length).toBe(expected.length);
    answers.forEach(({ probabilities, ...answer }, i) => {
      const { probabilities: before, ...as } = expected[i] as (typeof expected)[number];
      expect(answer).toEqual(as);
      // To what 32-bit sums of scores leave of them: a later runtime may add up otherwise.
      probabilities.forEach((p, k) => {
        expect(p / (before[k] as number)).toBeCloseTo(1, 5);
      });
      expect(probabilities.length).toBe(before.length);
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

it("a pair pack of version 1, whose features were others, is refused rather than misread", () => {
  const name = "format-1-pair";
  const open = () => readFamilyFile(goldenPack(name), name);
  expect(failure(open)).toBe("MODEL_TOO_OLD");
  expect(open).toThrow("format-1-pair has format version 1; this modelpack reads version 2");
});
