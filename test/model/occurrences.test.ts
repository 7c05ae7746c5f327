import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldText } from "../../src/core/text.ts";
import { familyClassifier } from "../../src/model/family-classifier.ts";
import { occurrencesOf } from "../../src/model/occurrences.ts";
import { starterModel } from "../support/model.ts";

const router = familyClassifier(await starterModel("router", ["query_domain"]));
const pairs = familyClassifier(await starterModel("pairs", ["conflict_detection"]));

/** What each contribution's n-grams are in the texts as given. */
function located(a: string, b: string | null) {
  const { contributions } = (b === null ? router : pairs).explain(0, a, b ?? "");
  const places = occurrencesOf(contributions, a, b);
  return contributions.map((contribution, i) => ({
    contribution,
    found: (places[i] ?? []).map((place) => ({
      in: place.in,
      text: (place.in === "b" ? (b ?? "") : a).slice(place.start, place.end),
    })),
  }));
}

const texts = fc
  .array(
    fc.constantFrom(
      "Wire",
      "200",
      "EUROS",
      "bänk",
      "don't",
      "ﬂight",
      "ΟΔΟΣ",
      "你好",
      "😀",
      "?",
      "the",
      "sky",
    ),
    {
      maxLength: 9,
    },
  )
  .map((words) => words.join(" "));

const bare = (text: string) => foldText(text).replace(/\s+/g, "");

describe("occurrencesOf", () => {
  it("finds every n-gram of a text where it stands", () => {
    fc.assert(
      fc.property(texts, (text) => {
        for (const { contribution, found } of located(text, null)) {
          expect(found.length, contribution.text).toBeGreaterThan(0);
          for (const { in: side, text: source } of found) {
            expect(side).toBe("text");
            // A ligature is the source of each of its letters, so more than the n-gram may be found.
            expect(bare(source)).toContain(bare(contribution.text));
          }
        }
      }),
    );
  });

  it("finds each of several", () => {
    const one = located("Euros, euros and EUROS", null).find(
      ({ contribution }) => contribution.kind === "word" && contribution.text === "euros",
    );
    expect(one?.found).toEqual(["Euros", "euros", "EUROS"].map((text) => ({ in: "text", text })));
  });

  it("finds those of a pair in the text that has them, and none for what is counted", () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        for (const { contribution, found } of located(a, b)) {
          const sides = new Set(found.map((place) => place.in));
          const { kind, in: owner, text } = contribution;
          if (kind === "overlap") expect(found).toEqual([]);
          else expect([...sides].sort(), `${kind} ${text}`).toEqual(owner === "both" ? ["a", "b"] : [owner]);
        }
      }),
    );
  });
});
