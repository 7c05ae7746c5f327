// SPDX-License-Identifier: Apache-2.0
import { mix32 } from "../core/hash.ts";
import { hashString, step32 } from "../core/running-hash.ts";
import type { FeatureHashes } from "./analyzer.ts";
import type { HashComparison } from "./hash-comparison.ts";

/** Steps of the thermometer that a share in [0, 1] is coded with; trials found 10 to 20 alike. */
const LEVELS = 16;
/** Counts above this many are one bucket. */
export const MOST_COUNTED = 12;

const OVERLAP = 0x165667b1;

/** Something that the two texts have in common or not; the salt gives each a hash space of its own. */
export interface Fact {
  readonly name: string;
  readonly salt: number;
}

export const fact = (name: string): Fact => ({ name, salt: hashString(name, OVERLAP) });

/** The shares that a comparison gives: of all, of those of a in b, and of those of b in a. */
export interface Shares {
  readonly all: Fact;
  readonly a: Fact;
  readonly b: Fact;
}

export const shares = (name: string): Shares => ({
  all: fact(name),
  a: fact(`${name} of a in b`),
  b: fact(`${name} of b in a`),
});

export function flag({ name, salt }: Fact, level: number, out: FeatureHashes): void {
  out.push(mix32(step32(salt, level)));
  out.terms?.push({ kind: "overlap", text: `${name} ${level}`, in: "both", start: 0, end: 0 });
}

/** One feature for each level up to this one, so that a linear model can fit any monotone curve. */
export function steps(of: Fact, level: number, out: FeatureHashes): void {
  for (let l = 0; l <= level; l++) flag(of, l, out);
}

export function count(of: Fact, n: number, out: FeatureHashes): void {
  steps(of, Math.min(n, MOST_COUNTED), out);
}

/** `part` of `whole`, which is 0 of nothing. */
export function share(of: Fact, part: number, whole: number, out: FeatureHashes): void {
  steps(of, whole === 0 ? 0 : Math.round((part / whole) * LEVELS), out);
}

export function overlap(of: Shares, { both, onlyA, onlyB }: HashComparison, out: FeatureHashes): void {
  share(of.all, both.length, both.length + onlyA.length + onlyB.length, out);
  share(of.a, both.length, both.length + onlyA.length, out);
  share(of.b, both.length, both.length + onlyB.length, out);
}
