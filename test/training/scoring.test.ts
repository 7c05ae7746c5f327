// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { expect, it, onTestFinished, vi } from "vitest";
import { Classifier, type FamilyModel } from "../../src/model/classifier.ts";
import { familyClassifier } from "../../src/model/family-classifier.ts";
import { CHUNK_INPUTS, distinctInputs, type InputChunk } from "../../src/training/inputs.ts";
import { scoreChunks } from "../../src/training/scoring.ts";
import { STAGED_NGRAMS, STAGED_ROWS } from "../../src/training/staged-rows.ts";
import { examples } from "../support/examples.ts";
import { starterModel, tinyModel } from "../support/model.ts";

const router = await starterModel("router", ["query_domain", "query_intent"]);
const precise = await starterModel("router", ["query_domain"], "none");
const pairs = await starterModel("pairs", ["conflict_detection", "constraint_rerank"]);

/** Scores the texts, each twice, and expects what the classifier says of one after another, to the bit. */
function expectScored(model: FamilyModel, texts: readonly string[], chunkInputs: number): void {
  const given = texts.map((text) => ({
    text,
    label: 0,
    ...(model.input === "pair" ? { b: texts[0] ?? "" } : {}),
  }));
  const { chunks, numbers } = distinctInputs([examples([...given, ...given])], chunkInputs);
  // Every other input is nothing to the last task.
  const isWanted = (task: number, input: number) =>
    task === 0 || task < model.tasks.length - 1 || input % 2 === 0;
  const scored = scoreChunks(
    model,
    chunks.map((chunk, c) => ({
      chunk,
      wanted: model.tasks.map((_, t) =>
        Uint8Array.from({ length: chunk.inputs }, (_, i) => (isWanted(t, c * chunkInputs + i) ? 1 : 0)),
      ),
    })),
  );
  const classifier = familyClassifier(model);
  const byInput = new Map(given.map((row, i) => [numbers[0]?.[i] as number, row]));
  model.tasks.forEach((task, t) => {
    const wanted = [...byInput].sort(([a], [b]) => a - b).filter(([input]) => isWanted(t, input));
    const plain = wanted.map(([, { text, b }]) => ({
      scores: Array.from(classifier.scores(t, text, b ?? ""), Math.fround),
      known: classifier.knownShare(t),
    }));
    expect(scored.flatMap((of) => [...(of[t]?.scores ?? [])])).toEqual(plain.flatMap(({ scores }) => scores));
    expect(scored.flatMap((of) => [...(of[t]?.knownShare ?? [])])).toEqual(plain.map(({ known }) => known));
    expect(plain.length * task.labels.length).toBeGreaterThan(0);
  });
}

const WORDS = [
  "wire",
  "euros",
  "why is the sky blue?",
  "Größe",
  "😀",
  "zzz",
  "\t",
  "hotel",
  "I prefer",
  "no",
];

it.each([
  ["int8", router],
  ["not quantized", precise],
  ["a tiny family", tinyModel()],
  ["pairs", pairs],
])("says what the classifier says: %s", (_, model) => {
  const text = fc.array(fc.constantFrom(...WORDS), { maxLength: 12 }).map((words) => words.join(" "));
  fc.assert(
    fc.property(
      fc.array(text, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 5 }),
      (texts, size) => expectScored(model, texts, size),
    ),
    { numRuns: 40 },
  );
});

it("counts an unknown n-gram as often as a text has it, however often that is", () => {
  const often = (times: number) => `wire ${"qqqq ".repeat(times)}euros`;
  const texts = ["wire euros", often(254), often(255), often(256), often(3000), "euros"];
  expectScored(router, texts, 4);
  const classifier = familyClassifier(router);
  const share = (text: string) => {
    classifier.scores(0, text, "");
    return classifier.knownShare(0);
  };
  // What training counts at most would make these two the same.
  expect(share(often(3000))).toBeLessThan(share(often(256)) / 2);
});

it("counts an n-gram that is known by what its value grows with", () => {
  const often = (times: number) => `euros ${"wire ".repeat(times)}`;
  expectScored(router, [often(253), often(254), often(255), often(256), often(900)], 5);
});

it("leaves reading to the kernels, but for texts that have an n-gram too often", () => {
  const read = vi.spyOn(Classifier.prototype, "read");
  onTestFinished(() => read.mockRestore());
  const texts = Array.from({ length: STAGED_ROWS + 200 }, (_, i) => `wire ${i} euros`);
  const score = (given: readonly string[]) => {
    const { chunks } = distinctInputs([examples(given.map((text) => ({ text, label: 0 })))], given.length);
    const wanted = router.tasks.map(() => new Uint8Array(given.length).fill(1));
    read.mockClear();
    scoreChunks(router, [{ chunk: chunks[0] as InputChunk, wanted }]);
    return read.mock.calls.length;
  };
  expect(score(texts)).toBe(0);
  expect(score([...texts, "wire ".repeat(300), "euros ".repeat(200)])).toBe(1);
});

it.each([3, STAGED_ROWS + 7, CHUNK_INPUTS + 9])("scores %i inputs at a time", (inputs) => {
  const texts = Array.from({ length: CHUNK_INPUTS + 50 }, (_, i) => `wire ${i % 997} euros ${i}`);
  expectScored(tinyModel(), texts.slice(0, inputs * 2 + 1), inputs);
});

it("scores texts that are larger than what is worked on at a time", () => {
  const words = Array.from({ length: STAGED_NGRAMS }, (_, i) => `${(i * 7919) % 100_003}`);
  const long = `${words.join(" ")} euros`.slice(0, 99_000);
  expectScored(router, ["wire", long, "euros", `${long} wire`, "why"], 5);
});
