import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FamilyModel, TaskModel } from "../../src/model/classifier.ts";
import { familyClassifier } from "../../src/model/family-classifier.ts";
import { blockStarts, directoryOf } from "../../src/model/opening.ts";
import { readFamilyFile, writeFamilyFile } from "../../src/modelpack/family-file.ts";
import { FILE_VERSIONS } from "../../src/modelpack/format-version.ts";
import { failure } from "../support/failure.ts";
import { bytesOfTensor, forge, forgeDescription, type Parts, takeApart } from "../support/forge.ts";
import { handmadeModel, starterModel, tinyModel } from "../support/model.ts";

const FILE = writeFamilyFile(tinyModel());
const REALS = writeFamilyFile(tinyModel(false));
const read = (file: Uint8Array) => readFamilyFile(file, "router_model.safetensors");

const manyTasks = handmadeModel(
  "many",
  Array.from({ length: 41 }, (_, t) => ({
    name: `task_${t}`,
    labels: ["a", "b", `c${t}`],
    words: { [`word${t}`]: [t, -t, 1], shared: [1, 2, t] },
  })),
  true,
);

const trained = await starterModel("router", ["query_domain", "query_intent"]);
const trainedPairs = await starterModel("pairs", ["conflict_detection"]);

describe("a family file", () => {
  it.each<[string, FamilyModel]>([
    ["int8", tinyModel()],
    ["not quantized", tinyModel(false)],
    ["41 tasks", manyTasks],
    ["trained", trained],
    ["pairs", trainedPairs],
    ["no features", handmadeModel("empty", [{ name: "t", labels: ["a"], words: {} }], true)],
  ])("gives back the model: %s", (_, model) => {
    const found = read(writeFamilyFile(model));
    const labels = model.tasks.map((task) => task.labels.length);
    const blocks = blockStarts(labels, model.weights.mask);
    const directory = directoryOf(model.hashes);
    expect(found).toEqual({ ...model, directory, blocks });
    const [before, after] = [familyClassifier(model), familyClassifier(found)];
    for (const text of ["wire 200 euros", "hello word7 shared", ""])
      expect(after.probabilitiesOfAll(text, text)).toEqual(before.probabilitiesOfAll(text, text));
  });

  it("keeps every kind of calibration", () => {
    const words = { euros: [-20, 90], hello: [80, -40] };
    const labels = ["a", "b"];
    const calibrations = [
      { method: "none" },
      { method: "temperature", temperature: 0.1 + 0.2 },
      { method: "temperature", temperature: 2, confidence: { slopes: [0.7, 1 / 3], offset: [-1e-300, 0.1] } },
      { method: "sigmoid", slope: [1e-300, -0.5], intercept: [1 / 3, 1e300] },
      { method: "isotonic", x: [[0, 0.1, 1], [0.5]], y: [[0, 0.1, 0.1], [1]] },
    ] as const;
    const tasks = calibrations.map((calibration, t) => ({ name: `t${t}`, labels, words, calibration }));
    const model = handmadeModel("router", tasks, true);
    expect(read(writeFamilyFile(model)).tasks.map((task) => task.calibration)).toEqual(calibrations);
  });

  it("is the same bytes for the same model", () => {
    expect(writeFamilyFile(tinyModel())).toEqual(FILE);
    expect(writeFamilyFile(read(FILE))).toEqual(FILE);
    expect(writeFamilyFile(manyTasks)).toEqual(writeFamilyFile(read(writeFamilyFile(manyTasks))));
  });

  it("is small", () => {
    // 5 words and 31 weights, and everything that is to be known of them.
    expect(FILE.length).toBeLessThan(2048);
  });

  const [first, second] = tinyModel().tasks as [TaskModel, TaskModel];

  it.each<[string, Partial<FamilyModel>]>([
    ["a label too long", { tasks: [{ ...first, labels: ["x".repeat(5000), "b", "c"] }, second] }],
    ["two tasks of one name", { tasks: [first, { ...second, name: first.name }] }],
    ["a default that is no label", { tasks: [{ ...first, default: "other" }, second] }],
    ["weights too few", { weights: { ...tinyModel().weights, values: new Int8Array(3) } }],
  ])("is not written where nobody could read it: %s", (_, change) => {
    expect(failure(() => writeFamilyFile({ ...tinyModel(), ...change }))).toBe("INTERNAL");
  });
});

describe("a damaged file", () => {
  it("is detected at every byte", () => {
    for (let at = 0; at < FILE.length; at++) {
      for (const xor of [1, 2, 3, 4, 8, 16, 32, 64, 128, 255]) {
        const damaged = FILE.slice();
        damaged[at] = (damaged[at] as number) ^ xor;
        expect(
          failure(() => read(damaged)),
          `byte ${at} xor ${xor}`,
        ).toBe("MODEL_CORRUPT");
      }
    }
  });

  it("is detected at every length", () => {
    for (let length = 0; length < FILE.length; length++)
      expect(
        failure(() => read(FILE.subarray(0, length))),
        `${length} bytes`,
      ).toBe("MODEL_CORRUPT");
  });

  it("never makes the reader fail in another way", () => {
    const edits = fc.array(fc.tuple(fc.nat(FILE.length - 1), fc.nat(255)), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.constantFrom(FILE, REALS), edits, (whole, all) => {
        const file = whole.slice();
        for (const [at, value] of all) if (at < file.length) file[at] = value;
        const same = file.every((byte, i) => byte === whole[i]);
        expect(failure(() => read(file))).toBe(same ? null : "MODEL_CORRUPT");
      }),
      { numRuns: 1000 },
    );
  });
});

describe("a file of another format", () => {
  it.each([
    ["2", "MODEL_TOO_NEW", /router_model.safetensors has format version 2; this modelpack reads version 1/],
    ["17", "MODEL_TOO_NEW", /format version 17/],
    ["0", "MODEL_CORRUPT", /no valid format version/],
    ["-1", "MODEL_CORRUPT", /no valid format version/],
    ["1.0", "MODEL_CORRUPT", /no valid format version/],
    ["", "MODEL_CORRUPT", /no valid format version/],
    ["x".repeat(100_000), "MODEL_CORRUPT", /^.{0,200}$/s],
  ])("%j is refused: %s", (version, code, problem) => {
    const file = forge(FILE, ({ metadata }) => Object.assign(metadata, { format_version: version }));
    expect(failure(() => read(file))).toBe(code);
    expect(() => read(file)).toThrow(problem);
  });

  it("names a newer version also where everything else changed", () => {
    const file = forge(FILE, (parts) => {
      parts.metadata.format_version = String(FILE_VERSIONS.pair + 1);
      delete parts.metadata.description;
      Object.assign(parts.tensors, { weights: { dtype: "I4", nested: {} }, more: 7 });
    });
    expect(failure(() => read(file))).toBe("MODEL_TOO_NEW");
  });

  it.each([
    ["other", /not one of modelpack/],
    [undefined, /not one of modelpack/],
  ])("of %s is refused", (format, problem) => {
    const file = forge(FILE, ({ metadata }) => Object.assign(metadata, { format }));
    expect(() => read(file)).toThrow(problem);
  });
});

const floats = (parts: Parts, name: string) => {
  const bytes = bytesOfTensor(parts, name);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};

describe("a hostile file with right checksums", () => {
  it.each<[string, Uint8Array, (parts: Parts) => void, RegExp]>([
    ["NaN in a scale", FILE, (p) => floats(p, "scales").setFloat32(4, Number.NaN, true), /scales holds NaN/],
    [
      "Infinity in a bias",
      FILE,
      (p) => floats(p, "biases").setFloat32(0, 1 / 0, true),
      /biases holds NaN or Infinity/,
    ],
    [
      "NaN in a weight",
      REALS,
      (p) => floats(p, "weights").setFloat32(8, Number.NaN, true),
      /weights holds NaN/,
    ],
    [
      "-Infinity in a weight",
      REALS,
      (p) => floats(p, "weights").setFloat32(0, -1 / 0, true),
      /weights holds NaN/,
    ],
    [
      "equal hashes",
      FILE,
      (p) => floats(p, "feature_hashes").setUint32(0, floats(p, "feature_hashes").getUint32(4, true), true),
      /hashes do not ascend/,
    ],
    [
      "hashes that fall",
      FILE,
      (p) => floats(p, "feature_hashes").setUint32(0, 0xffffffff, true),
      /hashes do not ascend/,
    ],
    [
      "a mask that calls for more",
      FILE,
      (p) => bytesOfTensor(p, "feature_tasks").fill(3),
      /weights, expected 3\d/,
    ],
    [
      "a mask that calls for less",
      FILE,
      (p) => bytesOfTensor(p, "feature_tasks").fill(0),
      /weights, expected 0/,
    ],
    [
      "a mask of tasks that are not there",
      FILE,
      (p) => {
        bytesOfTensor(p, "feature_tasks")[0] = 0x80;
      },
      /weights, expected 21474836/,
    ],
    ["no weights", FILE, (p) => rename(p, "weights", "wights"), /weights is missing or has another type/],
    ["no hashes", FILE, (p) => rename(p, "feature_hashes", "f"), /feature_hashes is missing/],
    [
      "biases of another type",
      FILE,
      (p) => Object.assign(p.tensors.biases ?? {}, { dtype: "U32" }),
      /biases is missing or has another type/,
    ],
    [
      "unsigned weights",
      FILE,
      (p) => Object.assign(p.tensors.weights ?? {}, { dtype: "U8" }),
      /weights is missing or has another type/,
    ],
    [
      "fewer codes than features",
      FILE,
      (p) => swap(p, "feature_weights", "feature_hashes"),
      /another type|differ in their features/,
    ],
  ])("%s", (_, whole, change, problem) => {
    const file = forge(whole, change);
    expect(failure(() => read(file))).toBe("MODEL_CORRUPT");
    expect(() => read(file)).toThrow(problem);
  });

  const task = (d: Record<string, unknown>) => (d.tasks as Record<string, unknown>[])[0] ?? {};

  it.each<[string, (d: Record<string, unknown>) => void, RegExp]>([
    ["no family", (d) => delete d.family, /family or its input/],
    ["an input of another kind", (d) => Object.assign(d, { input: "image" }), /family or its input/],
    ["no analyzer", (d) => delete d.analyzer, /analyzer is invalid/],
    [
      "n-grams of 10^9",
      (d) => Object.assign(d.analyzer as object, { charNgramMax: 1e9 }),
      /analyzer is invalid/,
    ],
    ["n-grams of 1.5", (d) => Object.assign(d.analyzer as object, { ngramMin: 1.5 }), /analyzer is invalid/],
    ["n-grams below 0", (d) => Object.assign(d.analyzer as object, { ngramMin: -1 }), /analyzer is invalid/],
    [
      "endless feature weights",
      (d) => Object.assign(d, { feature_weight: [1, 1e300] }),
      /feature weights are invalid/,
    ],
    ["one feature weight", (d) => Object.assign(d, { feature_weight: [1] }), /feature weights are invalid/],
    ["no tasks", (d) => Object.assign(d, { tasks: [] }), /tasks are invalid/],
    ["tasks that are no list", (d) => Object.assign(d, { tasks: { length: 2 } }), /tasks are invalid/],
    [
      "257 tasks",
      (d) =>
        Object.assign(d, { tasks: Array.from({ length: 257 }, (_, i) => ({ ...task(d), name: `t${i}` })) }),
      /tasks are invalid/,
    ],
    ["a task that is null", (d) => Object.assign(d, { tasks: [null, task(d)] }), /a task is invalid/],
    [
      "two tasks of one name",
      (d) => Object.assign(d, { tasks: [task(d), task(d)] }),
      /two tasks have one name/,
    ],
    ["a task without a name", (d) => Object.assign(task(d), { name: "" }), /a task is invalid/],
    ["labels twice", (d) => Object.assign(task(d), { labels: ["a", "b", "a"] }), /a task is invalid/],
    ["labels that are numbers", (d) => Object.assign(task(d), { labels: [1, 2, 3] }), /a task is invalid/],
    ["an empty label", (d) => Object.assign(task(d), { labels: ["a", "", "c"] }), /a task is invalid/],
    ["no labels", (d) => Object.assign(task(d), { labels: [] }), /a task is invalid/],
    [
      "more labels than scales",
      (d) => Object.assign(task(d), { labels: ["general", "b", "c", "d"] }),
      /weights, expected|differ from the labels/,
    ],
    ["a default that is no label", (d) => Object.assign(task(d), { default: "x" }), /a task is invalid/],
    ["no default", (d) => delete task(d).default, /a task is invalid/],
    ["a usual share of 0", (d) => Object.assign(task(d), { usual_share: 0 }), /a task is invalid/],
    ["a usual share of text", (d) => Object.assign(task(d), { usual_share: "1" }), /a task is invalid/],
    ["a confidence over 1", (d) => Object.assign(task(d), { min_confidence: 1.5 }), /a task is invalid/],
    [
      "a temperature of 0",
      (d) => Object.assign(task(d), { calibration: { method: "temperature", temperature: 0 } }),
      /"query_domain" has an invalid calibration/,
    ],
    [
      "a calibration of other labels",
      (d) => Object.assign(task(d), { calibration: { method: "sigmoid", slope: [1], intercept: [0] } }),
      /invalid calibration/,
    ],
    ["no calibration", (d) => delete task(d).calibration, /invalid calibration/],
    [
      "an analyzer in its prototype",
      (d) =>
        Object.defineProperty(Object.assign(d, { analyzer: undefined }), "__proto__", {
          value: { analyzer: tinyModel().analyzer },
          enumerable: true,
        }),
      /analyzer is invalid/,
    ],
  ])("whose description has %s", (_, change, problem) => {
    const file = forgeDescription(FILE, change);
    expect(failure(() => read(file))).toBe("MODEL_CORRUPT");
    expect(() => read(file)).toThrow(problem);
  });

  it.each([
    ["", /description is not JSON/],
    ["null", /family or its input/],
    ["7", /family or its input/],
    ["[".repeat(4_000_000), /description is nested deeper/],
    ['{"family":"a","family":"b"}', /one key twice/],
  ])("whose description is %.20s", (description, problem) => {
    const file = forge(FILE, ({ metadata }) => Object.assign(metadata, { description }));
    expect(failure(() => read(file))).toBe("MODEL_CORRUPT");
    expect(() => read(file)).toThrow(problem);
  });

  it("that is only strange is read: the smallest and the largest numbers there are", () => {
    const file = forge(REALS, (parts) => {
      floats(parts, "weights").setFloat32(0, 3.4e38, true);
      floats(parts, "weights").setFloat32(4, 1e-45, true);
      floats(parts, "scales").setFloat32(0, 3.4e38, true);
    });
    const classifier = familyClassifier(read(file));
    for (const p of classifier.probabilities(0, "euros bank flight hello wire", "")) {
      expect(p).toBeGreaterThanOrEqual(0);
      expect(p).toBeLessThanOrEqual(1);
    }
  });
});

function rename(parts: Parts, from: string, to: string): void {
  const span = parts.tensors[from];
  if (span === undefined) throw new Error(from);
  delete parts.tensors[from];
  parts.tensors[to] = span;
}

function swap(parts: Parts, one: string, other: string): void {
  const [a, b] = [parts.tensors[one], parts.tensors[other]];
  if (a === undefined || b === undefined) throw new Error(one);
  Object.assign(parts.tensors, { [one]: b, [other]: a });
}

it("takeApart and forge leave a file as it is", () => {
  expect(forge(FILE, () => {})).toEqual(FILE);
  expect(Object.keys(takeApart(FILE).tensors)).toContain("weights");
});
