// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { drawBrief, drawLanguage } from "../../src/backfill/wording.ts";
import { seededRandom } from "../../src/core/random.ts";
import { wordingWith } from "../support/backfill.ts";

const random = () => seededRandom(3, "wording");
function shares(languages: readonly (readonly [string, number])[], draws = 4000): Record<string, number> {
  const wording = wordingWith({ languages });
  const from = random();
  const counts: Record<string, number> = {};
  for (let i = 0; i < draws; i++) {
    const code = drawLanguage(wording, from);
    counts[code] = (counts[code] ?? 0) + 1 / draws;
  }
  return counts;
}

describe("a language", () => {
  it("is none where none is asked for", () => {
    expect(drawLanguage(wordingWith(), random())).toBe("");
  });

  it("is drawn by its weight, whatever the weights sum to", () => {
    const {
      de = 0,
      en = 0,
      fr = 0,
    } = shares([
      ["en", 6],
      ["de", 3],
      ["fr", 1],
    ]);
    expect([en, de, fr].map((share) => Math.round(share * 20) / 20)).toEqual([0.6, 0.3, 0.1]);
    expect(shares([["en", 0.2]])).toEqual({ en: expect.closeTo(1, 9) });
  });

  it("without weight is never drawn", () => {
    expect(
      Object.keys(
        shares([
          ["en", 0],
          ["de", 1],
          ["fr", 0],
        ]),
      ),
    ).toEqual(["de"]);
  });
});

describe("a brief", () => {
  const brief = (axes: Record<string, readonly string[]>, from = random()) =>
    drawBrief(wordingWith({ axes: new Map(Object.entries(axes)) }), from);

  it("has a value of each axis that has values, in the order of the axes", () => {
    expect(brief({ tone: ["kind"], mood: [], place: ["at sea"] })).toBe("tone: kind; place: at sea");
    expect(brief({})).toBe("");
  });

  it("is drawn anew each time, from all values", () => {
    const from = random();
    const seen = new Set(
      Array.from({ length: 60 }, () => brief({ n: ["1", "2", "3"], m: ["a", "b"] }, from)),
    );
    expect(seen.size).toBe(6);
  });
});
