import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Analyzer, FeatureHashes } from "../../src/model/analyzer.ts";
import type { Classifier, Explanation, FamilyModel } from "../../src/model/classifier.ts";
import { familyClassifier } from "../../src/model/family-classifier.ts";
import { featureTable, findOne } from "../support/feature-table.ts";
import { handmadeModel, starterModel, starterRows, tinyModel } from "../support/model.ts";

const router = await starterModel("router", ["query_domain", "query_intent"]);
const precise = await starterModel("router", ["query_domain"], "none");
const pairs = await starterModel("pairs", ["conflict_detection", "constraint_rerank"]);

const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);
const texts = [
  "Wire 200 euros to Anna.",
  "Why is the sky blue?",
  "Größe?! 😀",
  "zzz",
  "\ud800",
  "x".repeat(3000),
];

describe("a classifier", () => {
  it("learned its rows", () => {
    const classifier = familyClassifier(router);
    const rows = starterRows("query_domain");
    const right = rows.filter(({ text, label }) => {
      classifier.probabilities(0, text, "");
      return router.tasks[0]?.labels[classifier.best(0)] === label;
    });
    expect(right.length / rows.length).toBeGreaterThan(0.95);
  });

  it.each([
    ["int8", router],
    ["not quantized", precise],
    ["pairs", pairs],
  ])("gives probabilities: %s", (_, model) => {
    const classifier = familyClassifier(model);
    for (const text of texts)
      model.tasks.forEach((task, t) => {
        const probabilities = classifier.probabilities(t, text, "My budget is 800 euros.");
        expect(probabilities.length).toBe(task.labels.length);
        expect(sum(probabilities)).toBeCloseTo(1, 12);
        expect(Math.max(...probabilities)).toBe(probabilities[classifier.best(t)]);
      });
  });

  it("answers every task at once as it answers each, in any order", () => {
    const classifier = familyClassifier(router);
    for (const text of [...texts, ...texts.toReversed()]) {
      const all = classifier.probabilitiesOfAll(text, "").map((p) => [...p]);
      const fresh = familyClassifier(router);
      router.tasks.forEach((_, t) => {
        expect([...fresh.probabilities(t, text, "")]).toEqual(all[t]);
      });
    }
  });

  it("keeps int8 within what int8 costs", async () => {
    const rounded = await starterModel("router", ["query_domain"]);
    const [a, b] = [familyClassifier(rounded), familyClassifier(precise)];
    for (const { text } of starterRows("query_domain").slice(0, 100)) {
      const [p, q] = [a.probabilities(0, text, ""), b.probabilities(0, text, "")];
      p.forEach((value, k) => {
        expect(Math.abs(value - (q[k] as number))).toBeLessThan(0.03);
      });
    }
  });

  it("says which label has the highest score where probabilities are level", () => {
    const level = { method: "isotonic", x: [[0], [0], [0]], y: [[0.5], [0.5], [0.5]] } as const;
    const model = handmadeModel(
      "router",
      [
        {
          name: "t",
          labels: ["a", "b", "c"],
          calibration: level,
          words: { x: [1, 3, 2], y: [1, 2, 3], z: [0, 0, 0] },
        },
      ],
      false,
    );
    const classifier = familyClassifier(model);
    const best = (text: string) => {
      classifier.probabilities(0, text, "");
      return classifier.best(0);
    };
    expect([best("x"), best("y"), best("z")]).toEqual([1, 2, 0]);
  });
});

/** Two words with one hash, by looking at as many as it takes: some 80,000. */
function collidingWords(): readonly [string, string] {
  const analyzer = new Analyzer({ ngramMin: 1, ngramMax: 1, charNgramMin: 1, charNgramMax: 0 });
  const features = new FeatureHashes();
  const wordOf = new Map<number, string>();
  for (let i = 0; ; i++) {
    const word = `w${i.toString(36)}`;
    analyzer.analyze(word, features);
    const hash = features.hashes[0] as number;
    const known = wordOf.get(hash);
    if (known !== undefined) return [known, word];
    wordOf.set(hash, word);
  }
}

/** One side's score is the sum of its parts, up to what so many additions in 32 bits are off by. */
function expectSum({ contributions, bias, score }: Explanation, side: "label" | "runnerUp"): void {
  const parts = contributions.map((c) => c[side]);
  const unit = 2 ** -24 * Math.max(...parts.map(Math.abs), Math.abs(score[side] - bias[side]));
  const off = Math.abs(sum(parts) + bias[side] - score[side]);
  expect(off).toBeLessThanOrEqual(8 * Math.sqrt(parts.length + 1) * unit + 1e-9);
}

/** Checks that an explanation accounts for the whole score. */
function expectWhole(classifier: Classifier, t: number, a: string, b: string): void {
  const found = classifier.explain(t, a, b);
  const scores = classifier.scores(t, a, b);
  const task = classifier.model.tasks[t];
  const label = task?.labels.indexOf(found.label) ?? -1;
  expect(found.score.label).toBe(scores[label]);
  expectSum(found, "label");
  if (found.runnerUp !== null) {
    const second = task?.labels.indexOf(found.runnerUp) ?? -1;
    expect(second).not.toBe(label);
    expect(found.score.runnerUp).toBe(scores[second]);
    expectSum(found, "runnerUp");
  }
  const gains = found.contributions.map((c) => c.label - c.runnerUp);
  expect(gains).toEqual(gains.toSorted((x, y) => y - x));
}

// Odd Unicode on purpose: marks, ligatures, letters of two units, halves of such, controls, right-to-left, ZWJ.
const oddTexts = fc.oneof(
  fc
    .array(
      fc.constantFrom(
        ..."I wire 200 euros bank don't Été ﬁne ŉ ΟΔΟΣ 你好 한국 नमस्ते 👩‍👩‍👧 e\u0301\u0323 \u202eabc \u0000 \ud800".split(
          " ",
        ),
        "  ",
        "\u3000",
      ),
      { maxLength: 12 },
    )
    .map((words) => words.join(" ")),
  fc.string({ unit: "binary", maxLength: 40 }),
);

describe("explain", () => {
  it.each([
    ["int8", router],
    ["not quantized", precise],
    ["pairs", pairs],
  ])("accounts for the whole score of any text: %s", (_, model) => {
    const classifier = familyClassifier(model);
    fc.assert(
      fc.property(oddTexts, oddTexts, (a, b) => {
        model.tasks.forEach((__, t) => {
          expectWhole(classifier, t, a, b);
        });
      }),
    );
  });

  it("accounts for it against every other label", () => {
    const classifier = familyClassifier(router);
    const labels = router.tasks[0]?.labels ?? [];
    const text = "Wire 200 euros to Anna, please.";
    const best = classifier.explain(0, text, "");
    labels.forEach((label, k) => {
      const found = classifier.explain(0, text, "", k);
      expect(found.label).toBe(best.label);
      expect(found.runnerUp).toBe(label === best.label ? best.runnerUp : label);
      expectSum(found, "runnerUp");
      expect(found.score.runnerUp).toBe(classifier.scores(0, text, "")[labels.indexOf(found.runnerUp ?? "")]);
    });
  });

  it("names both n-grams where two have one hash, and counts them once", () => {
    const [one, other] = collidingWords();
    const words = { [one]: [2, -1], [other]: [2, -1] };
    const model = handmadeModel("one", [{ name: "t", labels: ["a", "b"], words }], false);
    const classifier = familyClassifier(model);
    expect(model.hashes.length).toBe(1);
    const { contributions } = classifier.explain(0, `${one} and ${other}`, "");
    expect(contributions).toMatchObject([{ kind: "word", text: one, others: [other] }]);
    expectWhole(classifier, 0, `${one} and ${other}`, "");
  });

  it("says of a pair which text has what", () => {
    const [a, b] = ["My budget is 800 euros.", "My budget is 1500 euros now."];
    const { contributions } = familyClassifier(pairs).explain(0, a, b);
    const has = (owner: string, word: string) =>
      contributions.some((c) => c.in === owner && c.kind === "word" && c.text === word);
    expect([has("both", "is"), has("a", "is"), has("b", "now"), has("a", "now")]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    for (const { kind, in: owner } of contributions)
      if (kind === "overlap" || kind === "exchange") expect(owner).toBe("both");
  });

  it.each([
    ["int8", router],
    ["not quantized", precise],
    ["pairs", pairs],
  ])("accounts for the whole score: %s", (_, model) => {
    const classifier = familyClassifier(model);
    for (const text of texts)
      model.tasks.forEach((__, t) => {
        expectWhole(classifier, t, text, "I have 2 cats and no 3rd one.");
      });
  });

  it("names each feature of the text that the task knows, once", () => {
    const classifier = familyClassifier(router);
    const text = "Can I move 200 euros to savings? Can I?";
    const features = new FeatureHashes();
    new Analyzer(router.analyzer).analyze(text, features, true);
    const table = featureTable(router.hashes);
    const known = new Set(
      [...features.hashes.subarray(0, features.length)].map((h) => findOne(table, h)).filter((id) => id >= 0),
    );
    const { contributions } = classifier.explain(0, text, "");
    expect(contributions.length).toBeGreaterThan(20);
    expect(contributions.length).toBeLessThanOrEqual(known.size);
    const names = contributions.map((c) => `${c.kind}: ${c.text}`);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain("word: euros");
  });

  it("tells what speaks for the label, and against it", () => {
    const classifier = familyClassifier(tinyModel());
    const found = classifier.explain(0, "hello bank, euros", "");
    expect(found).toMatchObject({
      label: "finance",
      runnerUp: "general",
      bias: { label: 0, runnerUp: 0.125 },
    });
    expect(found.contributions.map((c) => c.text)).toEqual(["bank", "euros", "hello"]);
    expect(found.contributions.map((c) => Math.sign(c.label))).toEqual([1, 1, -1]);
  });

  it("has no runner-up where there is one label", () => {
    const words = { x: [3] };
    const model: FamilyModel = handmadeModel("one", [{ name: "t", labels: ["only"], words }], false);
    const found = familyClassifier(model).explain(0, "x y", "");
    expect(found).toMatchObject({
      label: "only",
      runnerUp: null,
      confidence: 1,
      score: { label: 3.125, runnerUp: 0 },
    });
  });

  it("has nothing but the bias for a text that nobody knows", () => {
    const found = familyClassifier(tinyModel()).explain(0, "unheard-of", "");
    expect(found.contributions).toEqual([]);
    expect(found.score).toEqual(found.bias);
  });
});

describe("a text unlike those that taught the model", () => {
  const usual: FamilyModel = {
    ...router,
    tasks: router.tasks.map((task) => ({ ...task, usualShare: 0.9 })),
  };

  it("gets no more than an even guess where no n-gram is known, and keeps its label", () => {
    const [classifier, before] = [familyClassifier(usual), familyClassifier(router)];
    usual.tasks.forEach(({ labels }, t) => {
      const probabilities = classifier.probabilities(t, "ξψχω", "");
      before.probabilities(t, "ξψχω", "");
      expect(classifier.knownShare(t)).toBe(0);
      expect([...probabilities]).toEqual(labels.map(() => 1 / labels.length));
      expect(classifier.best(t)).toBe(before.best(t));
    });
  });

  it("is told by the share of its n-grams that each task knows", () => {
    const classifier = familyClassifier(tinyModel());
    // Of euros, hello and zzz: three words by themselves, two pairs of words, first, first two and last.
    const share = (t: number) => {
      classifier.probabilities(t, "euros hello zzz", "");
      return classifier.knownShare(t);
    };
    const [first, second] = [share(0), share(1)];
    expect(first).toBeGreaterThan(second);
    expect(second).toBeGreaterThan(0);
    expect(second / first).toBeCloseTo(1 / 2, 12);
    classifier.probabilitiesOfAll("euros hello zzz", "");
    expect([classifier.knownShare(0), classifier.knownShare(1)]).toEqual([first, second]);
  });

  it("has the confidence that the explanation gives", () => {
    const classifier = familyClassifier(usual);
    const text = "Wire qqxz zzkv 200 ξψ.";
    const confidence = Math.max(...classifier.probabilities(0, text, ""));
    expect(classifier.knownShare(0)).toBeLessThan(0.9);
    expect(classifier.explain(0, text, "").confidence).toBe(confidence);
  });
});
