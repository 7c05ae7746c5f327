import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Calibration } from "../../src/model/calibration.ts";
import { calibrate, MAX_POINTS, parseCalibration } from "../../src/model/calibrator.ts";
import { moderate, softmax, topLabel } from "../../src/model/softmax-calibrator.ts";

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const scoreLists = (length: number) => fc.array(finite, { minLength: length, maxLength: length });

const slope = fc.double({ min: 5e-324, max: 1e308, noNaN: true });

/** Strictly rising x in [0, 1] and never falling y in [0, 1], of one length. */
const curve = fc
  .uniqueArray(
    fc.double({ min: 0, max: 1, noNaN: true }).map((v) => v + 0),
    { minLength: 1, maxLength: 6 },
  )
  .chain((x) =>
    fc.record({
      x: fc.constant(x.sort((a, b) => a - b)),
      y: fc
        .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: x.length, maxLength: x.length })
        .map((y) => y.sort((a, b) => a - b)),
    }),
  );

function calibrations(labels: number): fc.Arbitrary<Calibration> {
  return fc.oneof(
    fc.constant<Calibration>({ method: "none" }),
    fc
      .double({ min: 5e-324, max: 1e308, noNaN: true })
      .map((temperature): Calibration => ({ method: "temperature", temperature })),
    fc.tuple(fc.double({ min: 0.05, max: 20, noNaN: true }), slope, slope, scoreLists(labels)).map(
      ([temperature, low, high, offset]): Calibration => ({
        method: "temperature",
        temperature,
        confidence: { slopes: [low, high], offset },
      }),
    ),
    fc
      .tuple(scoreLists(labels), scoreLists(labels))
      .map(([slope, intercept]): Calibration => ({ method: "sigmoid", slope, intercept })),
    fc
      .array(curve, { minLength: labels, maxLength: labels })
      .map((all): Calibration => ({ method: "isotonic", x: all.map((c) => c.x), y: all.map((c) => c.y) })),
  );
}

const calibrationAndScores = fc
  .integer({ min: 1, max: 5 })
  .chain((labels) => fc.tuple(calibrations(labels), scoreLists(labels)));

function run(calibration: Calibration, scores: readonly number[]): number[] {
  const out = new Float64Array(scores.length);
  calibrate(calibration, Float64Array.from(scores), out);
  return [...out];
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

describe("softmax", () => {
  it.each([
    { scores: [0, 0], expected: [0.5, 0.5] },
    { scores: [7], expected: [1] },
    { scores: [1000, 0], expected: [1, 0] },
    { scores: [1e308, -1e308], expected: [1, 0] },
    { scores: [-1e308, -1e308], expected: [0.5, 0.5] },
    { scores: [Number.NaN, 1], expected: [0.5, 0.5] },
    { scores: [Number.POSITIVE_INFINITY, 1], expected: [0.5, 0.5] },
    { scores: [Number.NEGATIVE_INFINITY, 1], expected: [0, 1] },
    { scores: [], expected: [] },
  ])("of $scores is $expected", ({ scores, expected }) => {
    const out = new Float64Array(scores.length);
    softmax(Float64Array.from(scores), out);
    expect([...out]).toEqual(expected);
  });

  it("takes single-precision scores", () => {
    const out = new Float64Array(2);
    softmax(Float32Array.of(Math.fround(Math.log(3)), 0), out);
    expect(out[0]).toBeCloseTo(0.75, 6);
  });
});

describe("calibrate", () => {
  it("answers probabilities that sum to 1 for any calibration and any finite scores", () => {
    fc.assert(
      fc.property(calibrationAndScores, ([calibration, scores]) => {
        const out = run(calibration, scores);
        expect(sum(out)).toBeCloseTo(1, 12);
        for (const p of out) expect(p >= 0 && p <= 1).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it("never answers NaN, whatever the scores", () => {
    const wild = fc.array(fc.double(), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(calibrations(3), wild, (calibration, scores) => {
        expect(run(calibration, scores).some(Number.isNaN)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it("keeps the order of the labels with a temperature", () => {
    const moderate = fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(moderate, fc.double({ min: 0.05, max: 20, noNaN: true }), (scores, temperature) => {
        const out = run({ method: "temperature", temperature }, scores);
        for (const [i, a] of scores.entries()) {
          for (const [j, b] of scores.entries())
            if (a > b) expect(out[i]).toBeGreaterThanOrEqual(out[j] ?? 1);
        }
        expect(topLabel(Float64Array.from(out), Float64Array.from(scores))).toBe(
          scores.indexOf(Math.max(...scores)),
        );
      }),
    );
  });

  it("with temperature 1 is the softmax to the bit", () => {
    const scores = [0.3, -2.25, 17.5];
    expect(run({ method: "temperature", temperature: 1 }, scores)).toEqual(run({ method: "none" }, scores));
  });

  it("divides the scores by the temperature", () => {
    expect(run({ method: "temperature", temperature: 2 }, [2, 4])).toEqual(run({ method: "none" }, [1, 2]));
  });

  it("corrects the log-odds of the top label, and leaves the others their shares of the rest", () => {
    const confidence = { slopes: [0.5, 0.25], offset: [0.1, 9, 9] } as const;
    const out = run({ method: "temperature", temperature: 2, confidence }, [8, 2, 0]);
    // softmax(4, 1, 0): the odds are e^4 / (e + 1), and their logarithm is over the bend at 2.
    const x = 4 - Math.log(Math.E + 1);
    const right = 1 / (1 + Math.exp(-(0.5 * 2 + 0.25 * (x - 2) + 0.1)));
    expect(out[0]).toBeCloseTo(right, 12);
    expect((out[1] as number) / (out[2] as number)).toBeCloseTo(Math.E, 12);
    expect(sum(out)).toBeCloseTo(1, 12);
  });

  it("leaves the top label on top, and a certain one alone", () => {
    const doubt = { slopes: [1, 1], offset: [-50, -50, -50] } as const;
    const [a, b, c] = run({ method: "temperature", temperature: 1, confidence: doubt }, [2, 1.5, -1]);
    expect(a).toBeCloseTo(b as number, 15);
    expect(c).toBeLessThan(a as number);
    expect(
      topLabel(Float64Array.of(a as number, b as number, c as number), Float64Array.of(2, 1.5, -1)),
    ).toBe(0);
    expect(run({ method: "temperature", temperature: 1, confidence: doubt }, [900, 0, 0])).toEqual([1, 0, 0]);
    expect(run({ method: "temperature", temperature: 1, confidence: doubt }, [5])).toEqual([1]);
  });

  it.each([
    [[Number.NaN, 1, 2]],
    [[1, Number.POSITIVE_INFINITY, 2]],
    [[Number.NEGATIVE_INFINITY, 0, Number.NaN]],
  ])("guesses evenly of %j, with a correction as without", (scores) => {
    const confidence = { slopes: [1, 1], offset: [1, 2, 3] } as const;
    const even = [1 / 3, 1 / 3, 1 / 3];
    expect(run({ method: "temperature", temperature: 2, confidence }, scores)).toEqual(even);
    expect(run({ method: "temperature", temperature: 2 }, scores)).toEqual(even);
  });

  it("keeps the top label and the order of confidences with any correction", () => {
    const moderate = fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { minLength: 3, maxLength: 3 });
    const moderateSlope = fc.double({ min: 0.05, max: 5, noNaN: true });
    const offset = fc.double({ min: -5, max: 5, noNaN: true });
    fc.assert(
      fc.property(moderate, moderateSlope, moderateSlope, offset, (scores, low, high, shift) => {
        const confidence = { slopes: [low, high], offset: [shift, shift, shift] } as const;
        const top = scores.indexOf(Math.max(...scores));
        const sharper = scores.map((z, k) => (k === top ? z + 1 : z));
        const [plain, more] = [scores, sharper].map((z) =>
          run({ method: "temperature", temperature: 1, confidence }, z),
        ) as [number[], number[]];
        expect(topLabel(Float64Array.from(plain), Float64Array.from(scores))).toBe(top);
        expect(more[top]).toBeGreaterThan((plain[top] as number) - 1e-12);
      }),
      { numRuns: 1000 },
    );
  });

  it("puts each score through its own sigmoid, then renormalises", () => {
    const out = run({ method: "sigmoid", slope: [1, -2], intercept: [0, 1] }, [0, 0.5]);
    // 1 / (1 + e^0) and 1 / (1 + e^-(-2 x 0.5 + 1)): both one half.
    expect(out).toEqual([0.5, 0.5]);
    const other = run({ method: "sigmoid", slope: [1, 1], intercept: [0, 0] }, [
      Math.log(3),
      Math.log(1 / 3),
    ]);
    expect(other[0]).toBeCloseTo(0.75, 12);
  });

  it("reads isotonic curves by straight lines, level beyond the ends", () => {
    const calibration: Calibration = {
      method: "isotonic",
      x: [
        [0.2, 0.6],
        [0.2, 0.6],
      ],
      y: [
        [0.1, 0.9],
        [0.1, 0.9],
      ],
    };
    const even = [0, 0]; // softmax 0.5: a value of 0.7 for both
    expect(run(calibration, even)).toEqual([0.5, 0.5]);
    const [low, high] = run(calibration, [0, 10]); // beyond both ends: 0.1 and 0.9
    expect(low).toBeCloseTo(0.1, 12);
    expect(high).toBeCloseTo(0.9, 12);
    const [quarter] = run(calibration, [0, Math.log(3)]); // 0.25 -> 0.2; 0.75 -> 0.9
    expect(quarter).toBeCloseTo(0.2 / 1.1, 12);
  });

  it("never lowers an isotonic label whose softmax probability rises", () => {
    fc.assert(
      fc.property(curve, fc.double({ min: -8, max: 8 }), fc.double({ min: 0, max: 4 }), (c, z, more) => {
        fc.pre(!Number.isNaN(z + more));
        // The other label's curve is level at 1, so that only the one at hand moves.
        const calibration: Calibration = { method: "isotonic", x: [c.x, [0]], y: [c.y, [1]] };
        expect(run(calibration, [z + more, 0])[0]).toBeGreaterThanOrEqual(run(calibration, [z, 0])[0] ?? 1);
      }),
    );
  });

  it.each<[string, Calibration]>([
    ["isotonic", { method: "isotonic", x: [[0.5], [0.5]], y: [[0], [0]] }],
    ["sigmoid", { method: "sigmoid", slope: [0, 0], intercept: [-1e6, -1e6] }],
  ])("falls back to the softmax where %s leaves nothing", (_, calibration) => {
    expect(run(calibration, [1, 2])).toEqual(run({ method: "none" }, [1, 2]));
  });
});

describe("moderate", () => {
  const shares = fc.double({ min: 0, max: 1, noNaN: true });

  it("gives probabilities that sum to 1, in their order, between what they were and an even guess", () => {
    fc.assert(
      fc.property(calibrationAndScores, shares, shares, ([calibration, scores], share, usual) => {
        const before = run(calibration, scores);
        const after = Float64Array.from(before);
        moderate(after, share, usual);
        const even = 1 / before.length;
        expect(after.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
        before.forEach((p, k) => {
          expect(after[k]).toBeGreaterThanOrEqual(Math.min(p, even) - 1e-15);
          expect(after[k]).toBeLessThanOrEqual(Math.max(p, even) + 1e-15);
          before.forEach((q, l) => {
            if (p < q) expect(after[k]).toBeLessThanOrEqual(after[l] as number);
          });
        });
      }),
    );
  });

  it.each([
    [0.8, [0.7, 0.2, 0.1]],
    [0.9, [0.7, 0.2, 0.1]],
    [0.4, [0.379167, 0.316667, 0.304167]],
    [0, [1 / 3, 1 / 3, 1 / 3]],
  ])("with a known share of %d of the usual 0.8", (share, expected) => {
    const out = Float64Array.of(0.7, 0.2, 0.1);
    moderate(out, share, 0.8);
    expected.forEach((p, k) => {
      expect(out[k]).toBeCloseTo(p, 6);
    });
  });
});

describe("topLabel", () => {
  it.each([
    { probabilities: [0.2, 0.8], scores: [9, 1], expected: 1 },
    { probabilities: [0.4, 0.4, 0.2], scores: [1, 2, 3], expected: 1 },
    { probabilities: [0.4, 0.4, 0.2], scores: [2, 2, 3], expected: 0 },
    { probabilities: [1], scores: [0], expected: 0 },
    { probabilities: [], scores: [], expected: -1 },
  ])("of $probabilities with scores $scores is $expected", ({ probabilities, scores, expected }) => {
    expect(topLabel(Float64Array.from(probabilities), Float64Array.from(scores))).toBe(expected);
  });
});

const corrected = (confidence: unknown) => ({ method: "temperature", temperature: 1, confidence });

describe("parseCalibration", () => {
  it("accepts what it could have been given, through JSON", () => {
    fc.assert(
      fc.property(calibrations(3), (calibration) => {
        const read = JSON.parse(JSON.stringify(calibration)) as unknown;
        expect(parseCalibration(read, 3)).toEqual(read);
        const lists = JSON.stringify(calibration).includes("[");
        const other = lists ? null : read;
        expect(parseCalibration(read, 4)).toEqual(other);
      }),
    );
  });

  it("leaves unknown keys out", () => {
    const value = { method: "temperature", temperature: 2, slope: [1], extra: 1 };
    expect(parseCalibration(value, 1)).toEqual({ method: "temperature", temperature: 2 });
  });

  it("accepts curves of exactly the most points", () => {
    const x = Array.from({ length: MAX_POINTS }, (_, i) => i / MAX_POINTS);
    const value = { method: "isotonic", x: [x], y: [x] };
    expect(parseCalibration(value, 1)).toEqual(value);
  });

  it("leaves unknown keys of a confidence out", () => {
    const confidence = { slopes: [1, 2], offset: [0] };
    expect(parseCalibration(corrected({ ...confidence, extra: 1 }), 1)).toEqual(corrected(confidence));
  });

  const tooLong = Array.from({ length: MAX_POINTS + 1 }, (_, i) => i / (MAX_POINTS + 1));
  it.each<[string, unknown]>([
    ["null", null],
    ["undefined", undefined],
    ["a string", "none"],
    ["a list", []],
    ["no method", {}],
    ["an unknown method", { method: "beta" }],
    ["a method of the prototype", { method: "constructor" }],
    ["no temperature", { method: "temperature" }],
    ["temperature 0", { method: "temperature", temperature: 0 }],
    ["a negative temperature", { method: "temperature", temperature: -1 }],
    ["an infinite temperature", { method: "temperature", temperature: Number.POSITIVE_INFINITY }],
    ["NaN", { method: "temperature", temperature: Number.NaN }],
    ["a temperature as text", { method: "temperature", temperature: "1" }],
    ["a confidence that is null", { method: "temperature", temperature: 1, confidence: null }],
    ["a confidence without offset", corrected({ slopes: [1, 1] })],
    ["one offset too many", corrected({ slopes: [1, 1], offset: [0, 0, 0] })],
    ["an infinite offset", corrected({ slopes: [1, 1], offset: [0, Number.POSITIVE_INFINITY] })],
    ["three slopes", corrected({ slopes: [1, 1, 1], offset: [0, 0] })],
    ["a slope of 0", corrected({ slopes: [1, 0], offset: [0, 0] })],
    ["a slope as text", corrected({ slopes: ["1", 1], offset: [0, 0] })],
    ["a short slope", { method: "sigmoid", slope: [1], intercept: [1, 2] }],
    ["a long intercept", { method: "sigmoid", slope: [1, 2], intercept: [1, 2, 3] }],
    ["no intercept", { method: "sigmoid", slope: [1, 2] }],
    ["null in a list", { method: "sigmoid", slope: [1, null], intercept: [1, 2] }],
    ["a list-like object", { method: "sigmoid", slope: { 0: 1, 1: 1, length: 2 }, intercept: [1, 2] }],
    ["too few curves", { method: "isotonic", x: [[0]], y: [[0]] }],
    ["an empty curve", { method: "isotonic", x: [[0], []], y: [[0], []] }],
    ["x and y of two lengths", { method: "isotonic", x: [[0], [0, 1]], y: [[0], [0]] }],
    ["x that stays", { method: "isotonic", x: [[0], [0.5, 0.5]], y: [[0], [0, 1]] }],
    ["x that stays at 0", { method: "isotonic", x: [[0], [0, 0]], y: [[0], [0, 1]] }],
    ["x that falls", { method: "isotonic", x: [[0], [0.5, 0.4]], y: [[0], [0, 1]] }],
    ["x over 1", { method: "isotonic", x: [[0], [0, 1.5]], y: [[0], [0, 1]] }],
    ["x under 0", { method: "isotonic", x: [[-0.5], [0]], y: [[0], [0]] }],
    ["y that falls", { method: "isotonic", x: [[0], [0, 1]], y: [[0], [1, 0]] }],
    ["y over 1", { method: "isotonic", x: [[0], [0]], y: [[0], [1.01]] }],
    ["y under 0", { method: "isotonic", x: [[0], [0]], y: [[-0.01], [1]] }],
    ["a point as text", { method: "isotonic", x: [[0], ["0"]], y: [[0], [1]] }],
    ["too many points", { method: "isotonic", x: [[0], tooLong], y: [[0], tooLong] }],
  ])("refuses %s", (_, value) => {
    expect(parseCalibration(value, 2)).toBeNull();
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 0, max: 3 }), (value, labels) => {
        expect(() => parseCalibration(value, labels)).not.toThrow();
      }),
    );
  });
});
