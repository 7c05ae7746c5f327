import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writeFamilyFile } from "../../src/modelpack/family-file.ts";
import {
  loadModelpack,
  type Modelpack,
  type OpenOptions,
  type Prediction,
  type PredictOptions,
} from "../../src/runtime/index.ts";
import { handmadeModel, starterModel, tinyModel } from "../support/model.ts";
import { petsModel } from "../support/pack.ts";

const pairFile = writeFamilyFile(await starterModel("pairs", ["conflict_detection"]));
const open = (options: OpenOptions = {}) =>
  loadModelpack([writeFamilyFile(tinyModel()), pairFile, writeFamilyFile(petsModel())], options);
const pack = await open();

/** The pack as JavaScript callers see it, who hand over anything. */
interface Untyped {
  predict(task: unknown, text: unknown, options?: unknown): Prediction;
  predictPair(task: unknown, a: unknown, b: unknown, options?: unknown): Prediction;
  predictBatch(task: unknown, inputs: unknown, options?: unknown): Prediction[];
  predictFamily(family: unknown, a: unknown, b?: unknown): Prediction[];
  explain(task: unknown, a: unknown, b?: unknown): unknown;
}
const untyped = pack as unknown as Untyped;

describe("predict", () => {
  it("answers with the model", () => {
    expect(pack.predict("query_domain", "Wire 200 euros to the bank")).toEqual({
      task: "query_domain",
      label: "finance",
      confidence: expect.closeTo(1, 4) as number,
      source: "model",
    });
    expect(pack.predict("pet", "my DOG")).toMatchObject({ label: "dog", source: "model" });
  });

  it("answers with the default where the model is not sure, and says what it would have said", () => {
    expect(pack.predict("query_domain", "something else")).toEqual({
      task: "query_domain",
      label: "general",
      confidence: 0,
      source: "default",
      reason: "low_confidence",
      model: { label: "general", confidence: expect.closeTo(0.419, 3) as number },
    });
  });

  it("answers without a feature that it knows, by the bias", () => {
    const { label, confidence, source } = pack.predict("constructor", "unheard-of");
    expect({ label, source }).toEqual({ label: "__proto__", source: "model" });
    expect(confidence).toBeCloseTo(0.3756, 3);
  });

  it.each<[unknown, unknown, string, string | null]>([
    ["query_domain", "", "empty_input", "general"],
    ["query_domain", " \t\n\u3000", "empty_input", "general"],
    ["query_domain", undefined, "invalid_input", "general"],
    ["query_domain", null, "invalid_input", "general"],
    ["query_domain", 7, "invalid_input", "general"],
    ["query_domain", 7n, "invalid_input", "general"],
    ["query_domain", Symbol("text"), "invalid_input", "general"],
    ["query_domain", { toString: () => "bank" }, "invalid_input", "general"],
    ["query_domain", ["bank"], "invalid_input", "general"],
    ["query_domain", new String("bank"), "invalid_input", "general"],
    ["query_domain", () => "bank", "invalid_input", "general"],
    ["conflict_detection", "a pair has two texts", "invalid_input", null],
    ["constructor", "", "empty_input", null],
    ["pet", Number.NaN, "invalid_input", "dog"],
    ["__proto__", "bank", "unknown_task", null],
    ["toString", "bank", "unknown_task", null],
    ["", "bank", "unknown_task", null],
    [undefined, "bank", "unknown_task", null],
    [null, "bank", "unknown_task", null],
    [7, "bank", "unknown_task", null],
    [Symbol("task"), "bank", "unknown_task", null],
    [{}, "bank", "unknown_task", null],
  ])("%s of %s: %s", (task, text, reason, label) => {
    expect(untyped.predict(task, text)).toEqual({ task, label, confidence: 0, source: "default", reason });
  });

  it.each([
    ["lone surrogates", "\ud800 bank \udc00"],
    ["control characters", "\0\x1b[31m bank"],
    ["a megabyte", "bank ".repeat(200_000)],
    ["a million accents", `bank e${"\u0301".repeat(1_000_000)}`],
    ["characters of tomorrow", "bank \u{10d50}\u{1fae9}"],
  ])("reads %s", (_, text) => {
    expect(pack.predict("query_domain", text)).toMatchObject({ label: "finance", source: "model" });
  });

  it("lists probabilities, the highest first", () => {
    const found = pack.predict("query_domain", "bank", { probabilities: true }).probabilities ?? [];
    expect(found.map((p) => p.label)).toEqual(["finance", "travel", "general"]);
    expect(found.reduce((sum, p) => sum + p.probability, 0)).toBeCloseTo(1, 12);
    const low = pack.predict("query_domain", "else", { probabilities: true });
    expect(low.reason).toBe("low_confidence");
    expect(low.probabilities?.length).toBe(3);
    expect(pack.predict("query_domain", "", { probabilities: true }).probabilities).toBeUndefined();
  });

  it("lists its answer first among labels of one probability", async () => {
    const bias = Float32Array.of(0, 0, 1);
    const task = {
      name: "topic",
      labels: ["a", "b", "c"],
      bias,
      usualShare: 0.5,
      words: { known: [1, 2, 3] },
    };
    const even = await loadModelpack(writeFamilyFile(handmadeModel("even", [task], true)));
    const { label, confidence, probabilities } = even.predict("topic", "unheard", { probabilities: true });
    expect([label, confidence]).toEqual(["c", 1 / 3]);
    expect(probabilities?.map((p) => p.label)).toEqual(["c", "a", "b"]);
  });

  it.each<[unknown, number | null]>([
    [undefined, null],
    [null, null],
    [{}, null],
    ["probabilities", null],
    [Symbol("options"), null],
    [{ probabilities: 1 }, null],
    [{ top: 2 }, null],
    [{ probabilities: true, top: undefined }, 3],
    [{ probabilities: true, top: 0 }, 0],
    [{ probabilities: true, top: 1 }, 1],
    [{ probabilities: true, top: 1.9 }, 1],
    [{ probabilities: true, top: 99 }, 3],
    [{ probabilities: true, top: Number.POSITIVE_INFINITY }, 3],
    [{ probabilities: true, top: -1 }, 3],
    [{ probabilities: true, top: Number.NaN }, 3],
    [{ probabilities: true, top: "2" }, 3],
    [{ probabilities: true, top: 2n }, 3],
    [{ probabilities: true, top: Symbol("top") }, 3],
  ])("with options %o lists %s", (options, length) => {
    const { probabilities } = untyped.predict("query_domain", "bank", options);
    expect(probabilities?.length ?? null).toBe(length);
  });

  it("keeps its answers when it is asked again", () => {
    const first = pack.predict("query_domain", "bank", { probabilities: true });
    const copy = structuredClone(first);
    pack.predict("query_domain", "flight", { probabilities: true });
    pack.predictFamily("router", "hello");
    expect(first).toEqual(copy);
  });
});

describe("predictPair, predictBatch, predictFamily and explain", () => {
  it("compares two texts", () => {
    const [a, b] = ["My budget for the trip is 800 euros.", "My budget for the trip is 1,500 euros."];
    expect(pack.predictPair("conflict_detection", a, b)).toMatchObject({
      label: "conflict",
      source: "model",
    });
  });

  it.each<[unknown, unknown, unknown, string]>([
    ["conflict_detection", "a", "", "empty_input"],
    ["conflict_detection", " ", "b", "empty_input"],
    ["conflict_detection", "a", undefined, "invalid_input"],
    ["conflict_detection", "a", null, "invalid_input"],
    ["conflict_detection", 1, "b", "invalid_input"],
    ["conflict_detection", "a", ["b"], "invalid_input"],
    ["query_domain", "a", "b", "invalid_input"],
    ["query_domain", "a", null, "invalid_input"],
    ["nothing", "a", "b", "unknown_task"],
  ])("predictPair(%s, %s, %s): %s", (task, a, b, reason) => {
    expect(untyped.predictPair(task, a, b)).toMatchObject({ task, source: "default", confidence: 0, reason });
  });

  it("answers a batch as it answers each", () => {
    const texts = ["bank", "", "flight", "unheard-of", "\ud800"];
    expect(pack.predictBatch("query_domain", texts, { probabilities: true, top: 2 })).toEqual(
      texts.map((text) => pack.predict("query_domain", text, { probabilities: true, top: 2 })),
    );
    expect(pack.predictBatch("query_domain", [])).toEqual([]);
    expect(pack.predictBatch("conflict_detection", [["I am vegan.", "I eat steak."]])).toEqual([
      pack.predictPair("conflict_detection", "I am vegan.", "I eat steak."),
    ]);
  });

  it.each<[string, unknown[], string[]]>([
    ["query_domain", [null, undefined, 7, Symbol("x"), {}], new Array<string>(5).fill("invalid_input")],
    ["query_domain", [["bank"], ["bank", "x"], []], new Array<string>(3).fill("invalid_input")],
    [
      "conflict_detection",
      ["one", ["one"], [1, 2], ["", "b"]],
      ["invalid_input", "invalid_input", "invalid_input", "empty_input"],
    ],
    ["query_domain", new Array<unknown>(2), ["invalid_input", "invalid_input"]],
    ["nothing", ["a", "b"], ["unknown_task", "unknown_task"]],
  ])("a batch of %s has a reason for each bad input", (task, inputs, reasons) => {
    const found = untyped.predictBatch(task, inputs);
    expect(found.map((prediction) => prediction.reason)).toEqual(reasons);
  });

  it.each([undefined, null, 7, "bank", {}, Symbol("x")])("a batch of %s has no answers", (inputs) => {
    expect(untyped.predictBatch("query_domain", inputs)).toEqual([]);
  });

  it("answers every task of a family", () => {
    const answers = pack.predictFamily("router", "wire 200 euros");
    expect(answers).toEqual([
      pack.predict("query_domain", "wire 200 euros"),
      pack.predict("constructor", "wire 200 euros"),
    ]);
    expect(pack.predictFamily("pairs", "I am vegan.", "I eat steak.")).toEqual([
      pack.predictPair("conflict_detection", "I am vegan.", "I eat steak."),
    ]);
    expect(pack.predictFamily("router", " ").map((p) => [p.label, p.reason])).toEqual([
      ["general", "empty_input"],
      [null, "empty_input"],
    ]);
    expect(pack.predictFamily("nothing", "bank")).toEqual([]);
  });

  it.each<[unknown, unknown, unknown]>([
    ["router", 7, undefined],
    ["router", "bank", "two texts"],
    ["router", Symbol("x"), null],
    ["pairs", "one", undefined],
    ["pairs", "one", 7],
  ])("predictFamily(%s, %s, %s) is invalid", (family, a, b) => {
    const found = untyped.predictFamily(family, a, b);
    expect(found.length).toBeGreaterThan(0);
    expect(found.every((prediction) => prediction.reason === "invalid_input")).toBe(true);
    expect(untyped.predictFamily(a, b, family)).toEqual([]);
  });

  it("explains, where there is something to explain", () => {
    expect(pack.explain("query_domain", "wire 200 euros")).toMatchObject({
      label: "finance",
      runnerUp: "travel",
    });
    expect(pack.explain("conflict_detection", "a b", "b c")?.contributions.length).toBeGreaterThan(0);
    for (const [task, a, b] of [
      ["query_domain", ""],
      ["query_domain", 7],
      ["nothing", "a"],
      ["query_domain", "a", "b"],
      ["conflict_detection", "a"],
      [Symbol("x"), "a"],
    ])
      expect(untyped.explain(task, a, b)).toBeNull();
  });

  it("never throws", () => {
    const input = fc.oneof(fc.anything(), fc.string({ unit: "binary" }), fc.constantFrom("bank", "a"));
    const task = fc.oneof(
      fc.anything(),
      fc.constantFrom("query_domain", "conflict_detection", "router", "pairs"),
    );
    fc.assert(
      fc.property(task, input, input, fc.anything(), (name, a, b, options) => {
        const answers = [
          untyped.predict(name, a, options),
          untyped.predictPair(name, a, b, options),
          ...untyped.predictBatch(name, [a, b, [a, b]], options),
          ...untyped.predictFamily(name, a, b),
        ];
        for (const { source, reason } of answers) expect(source === "default").toBe(reason !== undefined);
        untyped.explain(name, a, b);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("defaults", () => {
  const given = {
    query_domain: "travel",
    constructor: "10",
    unheard: "anything",
    "10": "ten",
    ["__proto__"]: "p",
  };

  it("win over the pack's own, whatever the names", async () => {
    const own = (await open({ defaults: given })) as Modelpack;
    const label = (task: string, text: string, options: PredictOptions = {}) =>
      own.predict(task, text, options).label;
    expect(label("query_domain", "")).toBe("travel");
    expect(label("query_domain", "something else")).toBe("travel");
    expect(label("constructor", "")).toBe("10");
    expect(label("pet", "")).toBe("dog");
    expect(own.predict("unheard", "bank")).toMatchObject({ label: "anything", reason: "no_model" });
    expect(own.predict("10", "bank")).toMatchObject({ label: "ten", reason: "no_model" });
    expect(own.predict("__proto__", "bank")).toMatchObject({ label: "p", reason: "no_model" });
    expect(own.predict("toString", "bank")).toMatchObject({ label: null, reason: "unknown_task" });
    expect(own.predictFamily("router", "").map((p) => p.label)).toEqual(["travel", "10"]);
    expect(own.status().tasks.map((task) => task.default)).toEqual(["travel", "10", null, "dog"]);
  });

  it("that are no text are none", async () => {
    const own = await open({ defaults: { query_domain: 7, pet: null } as never });
    expect(own.predict("query_domain", "").label).toBe("general");
    expect(own.predict("pet", "").label).toBe("dog");
  });
});

describe("status", () => {
  it("tells families, tasks, labels and defaults in order", () => {
    const { version, families, tasks, errors } = pack.status();
    expect({ version, errors }).toEqual({ version: null, errors: [] });
    expect(families.map(({ family, tasks: names }) => [family, names])).toEqual([
      ["router", ["query_domain", "constructor"]],
      ["pairs", ["conflict_detection"]],
      ["pets", ["pet"]],
    ]);
    expect(tasks[1]).toEqual({
      task: "constructor",
      family: "router",
      input: "text",
      labels: ["__proto__", "10", "Größe"],
      default: null,
    });
    expect(tasks[2]?.input).toBe("pair");
  });
});
