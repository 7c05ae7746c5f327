import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FeatureHashes } from "../../src/model/analyzer.ts";
import { SparseVector, Vectorizer } from "../../src/model/vectorizer.ts";
import { featureTable, findOne } from "../support/feature-table.ts";

const u32 = fc.nat(0xffffffff);
const edge = fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff);
/** Hashes huddled together, as no analyzer and only a hostile file has them. */
const cluster = u32.chain((base) =>
  fc.array(fc.nat(300), { maxLength: 200 }).map((offsets) => offsets.map((offset) => (base + offset) >>> 0)),
);
const hashSets = fc
  .oneof(fc.array(fc.oneof(u32, edge), { maxLength: 100 }), cluster)
  .map((hashes) => Uint32Array.from(new Set(hashes)).sort());

describe("FeatureTable", () => {
  it("finds what a map finds", () => {
    fc.assert(
      fc.property(hashSets, fc.array(fc.oneof(u32, edge)), (hashes, others) => {
        const table = featureTable(hashes);
        const map = new Map([...hashes].map((hash, i) => [hash, i]));
        const near = [...hashes].flatMap((hash) => [hash, (hash + 1) >>> 0, (hash - 1) >>> 0]);
        const asked = Uint32Array.from([...near, ...others]);
        const from = Math.min(2, asked.length);
        const to = Math.max(from, asked.length - 1);
        const found = new Uint32Array(asked.length + 3).fill(7);
        const end = table.find(asked, from, to, found, 3);
        const expected = [...asked.subarray(from, to)].map((hash) => map.get(hash) ?? -1);
        const known = expected.filter((id) => id >= 0);
        expect([...found.subarray(0, end)]).toEqual([7, 7, 7, ...known]);
        expect([...found.subarray(end)].every((id) => id === 7)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    { hashes: [], absent: [0, 1, 0x80000000, 0xffffffff] },
    { hashes: [0], absent: [1, 0x80000000, 0xffffffff] },
    { hashes: [0xffffffff], absent: [0, 1, 0xfffffffe] },
    { hashes: [0, 0xffffffff], absent: [1, 0x7fffffff, 0xfffffffe] },
  ])("of $hashes", ({ hashes, absent }) => {
    const table = featureTable(Uint32Array.from(hashes));
    hashes.forEach((hash, i) => {
      expect(findOne(table, hash)).toBe(i);
    });
    for (const hash of absent) expect(findOne(table, hash)).toBe(-1);
  });

  it("finds all of 200,000 evenly spread hashes", () => {
    const hashes = Uint32Array.from({ length: 200_000 }, (_, i) => i * 21_474);
    const table = featureTable(hashes);
    const found = new Uint32Array(hashes.length);
    expect(table.find(hashes, 0, hashes.length, found, 0)).toBe(hashes.length);
    for (let i = 0; i < hashes.length; i++) if (found[i] !== i) expect.fail(`feature ${i}`);
    const beside = hashes.map((hash) => hash + 1);
    expect(table.find(beside, 0, beside.length, found, 0)).toBe(0);
  });

  it("is not slowed by hashes that share a bucket", () => {
    const hashes = Uint32Array.from({ length: 200_000 }, (_, i) => i);
    const huddled = featureTable(hashes);
    const found = new Uint32Array(hashes.length);
    const start = performance.now();
    expect(huddled.find(hashes, 0, hashes.length, found, 0)).toBe(hashes.length);
    // A scan of the bucket takes 10 seconds and more.
    expect(performance.now() - start).toBeLessThan(1000);
    expect(found).toEqual(hashes);
  });
});

interface Input {
  /** Hashes of each namespace. */
  readonly namespaces: readonly (readonly number[])[];
}

function featuresOf({ namespaces }: Input): FeatureHashes {
  const features = new FeatureHashes();
  features.reset(false);
  for (const hashes of namespaces) {
    for (const hash of hashes) features.push(hash);
    features.close();
  }
  return features;
}

/** The vector as the description has it: a map a namespace, then numbers. */
function naive(hashes: readonly number[], weights: readonly number[], { namespaces }: Input) {
  const taken = new Set<number>();
  const counts = new Map<number, number>();
  for (const all of namespaces)
    for (const hash of all) counts.set(hashes.indexOf(hash), (counts.get(hashes.indexOf(hash)) ?? 0) + 1);
  return namespaces.map((all) => {
    const ids = [...new Set(all.map((hash) => hashes.indexOf(hash)))].filter(
      (id) => id >= 0 && !taken.has(id),
    );
    for (const id of ids) taken.add(id);
    const values = ids.map((id) => (1 + Math.log(counts.get(id) as number)) * (weights[id] as number));
    const norm = Math.hypot(...values);
    return new Map(ids.map((id, i) => [id, (values[i] as number) / norm]));
  });
}

function byNamespace(vector: SparseVector) {
  return vector.ends.map((end, n) => {
    const from = vector.ends[n - 1] ?? 0;
    return new Map(
      Array.from({ length: end - from }, (_, i) => [
        vector.ids[from + i] as number,
        vector.values[from + i] as number,
      ]),
    );
  });
}

const HASHES = [0, 5, 9, 1000, 70_000, 0x80000000, 0xffffffff];
const CODES = [0, 51, 102, 153, 204, 255, 10];
const weightOf = (code: number) => 0.5 + (1.5 * code) / 255;
const table = () =>
  new Vectorizer(featureTable(Uint32Array.from(HASHES)), {
    codes: Uint8Array.from(CODES),
    low: 0.5,
    high: 2,
  });
const inputs = fc.record({
  namespaces: fc.array(fc.array(fc.oneof(fc.constantFrom(...HASHES), u32), { maxLength: 20 }), {
    maxLength: 6,
  }),
});

describe("Vectorizer", () => {
  it("gives what the description gives, and leaves no trace in the next one", () => {
    const vectorizer = table();
    const vector = new SparseVector();
    fc.assert(
      fc.property(inputs, (input) => {
        vectorizer.vectorize(featuresOf(input), vector);
        const expected = naive(HASHES, CODES.map(weightOf), input);
        const found = byNamespace(vector);
        expect(found.map((part) => [...part.keys()])).toEqual(expected.map((part) => [...part.keys()]));
        found.forEach((part, n) => {
          for (const [id, value] of part) expect(value).toBeCloseTo(expected[n]?.get(id) ?? Number.NaN, 12);
        });
      }),
      { numRuns: 500 },
    );
  });

  it("scales every namespace that has a feature to length 1", () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const vector = new SparseVector();
        table().vectorize(featuresOf(input), vector);
        for (const part of byNamespace(vector)) {
          const norm = Math.hypot(...part.values());
          if (part.size > 0) expect(norm).toBeCloseTo(1, 12);
        }
      }),
    );
  });

  it.each([
    ["nothing", [], []],
    ["only hashes that it does not have", [[1, 2, 3], [4]], [0, 0]],
    ["a feature of two namespaces, which stands in the first", [[5], [5, 9]], [1, 2]],
  ])("of %s", (_, namespaces, ends) => {
    const vector = new SparseVector();
    table().vectorize(featuresOf({ namespaces }), vector);
    expect(vector.ends).toEqual(ends);
    expect(vector.length).toBe(ends.at(-1) ?? 0);
  });

  it("weighs by 1 + ln of the count, no more than for 255", () => {
    for (const count of [1, 2, 255, 256, 5000]) {
      const vector = new SparseVector();
      table().vectorize(featuresOf({ namespaces: [[9, ...new Array<number>(count).fill(5)]] }), vector);
      const [one, many] = vector.values;
      const ratio = (many as number) / (one as number);
      expect(ratio).toBeCloseTo(((1 + Math.log(Math.min(count, 255))) * weightOf(51)) / weightOf(102), 12);
    }
  });

  it("keeps weights of zero finite", () => {
    const vectorizer = new Vectorizer(featureTable(Uint32Array.of(7)), {
      codes: Uint8Array.of(0),
      low: 0,
      high: 1,
    });
    const vector = new SparseVector();
    vectorizer.vectorize(featuresOf({ namespaces: [[7]] }), vector);
    expect([...vector.values.subarray(0, vector.length)]).toEqual([0]);
  });

  it("makes room for more features than it ever had", () => {
    const hashes = Uint32Array.from({ length: 5000 }, (_, i) => i);
    const vectorizer = new Vectorizer(featureTable(hashes), {
      codes: new Uint8Array(5000),
      low: 1,
      high: 1,
    });
    const vector = new SparseVector();
    vectorizer.vectorize(featuresOf({ namespaces: [[...hashes]] }), vector);
    expect(vector.length).toBe(5000);
    expect(vector.values[4999]).toBeCloseTo(1 / Math.sqrt(5000), 12);
  });
});
