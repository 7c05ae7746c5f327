// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { expect, it } from "vitest";
import { setSizes, UnionFind } from "../../src/data/union-find.ts";

const unions = fc.array(fc.tuple(fc.nat(19), fc.nat(19)), { maxLength: 40 });

/** Smallest member that each one reaches, by relaxation. */
function reached(pairs: readonly (readonly [number, number])[]): number[] {
  const root = Array.from({ length: 20 }, (_, i) => i);
  for (let pass = 0; pass < 20; pass++) {
    for (const [i, j] of pairs) {
      const least = Math.min(root[i] as number, root[j] as number);
      root[i] = least;
      root[j] = least;
    }
  }
  return root;
}

it("joins what a chain of unions connects, with the smallest member as root", () => {
  fc.assert(
    fc.property(unions, (pairs) => {
      const sets = new UnionFind(20);
      for (const [i, j] of pairs) sets.union(i, j);
      expect([...sets.roots()]).toEqual(reached(pairs));
    }),
  );
});

it("unites two partitions", () => {
  fc.assert(
    fc.property(unions, unions, (one, two) => {
      const sets = new UnionFind(20);
      const other = new UnionFind(20);
      for (const [i, j] of one) sets.union(i, j);
      for (const [i, j] of two) other.union(i, j);
      sets.unite(other);
      expect([...sets.roots()]).toEqual(reached([...one, ...two]));
    }),
  );
});

it("counts members at their root", () => {
  expect([...setSizes(Uint32Array.of(0, 0, 2, 0, 2))]).toEqual([3, 0, 2, 0, 0]);
});

it("is made anew of its roots", () => {
  fc.assert(
    fc.property(unions, unions, (pairs, more) => {
      const sets = new UnionFind(20);
      for (const [i, j] of pairs) sets.union(i, j);
      const again = UnionFind.of(sets.roots());
      for (const [i, j] of more) again.union(i, j);
      expect([...again.roots()]).toEqual(reached([...pairs, ...more]));
    }),
  );
});
