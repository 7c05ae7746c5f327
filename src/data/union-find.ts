// SPDX-License-Identifier: Apache-2.0

/** Disjoint sets of 0..n-1; each set's root is its smallest member, whatever the order of unions. */
export class UnionFind {
  #parent: Uint32Array;

  constructor(n: number) {
    this.#parent = new Uint32Array(n);
    for (let i = 0; i < n; i++) this.#parent[i] = i;
  }

  /** The sets that have these {@link roots}. */
  static of(roots: Uint32Array): UnionFind {
    const sets = new UnionFind(0);
    sets.#parent = roots;
    return sets;
  }

  get length(): number {
    return this.#parent.length;
  }

  /** Root of i's set, halving the path on the way (Tarjan and van Leeuwen, JACM 1984). */
  find(i: number): number {
    const parent = this.#parent;
    let x = i;
    let up = parent[x] as number;
    while (up !== x) {
      const next = parent[up] as number;
      parent[x] = next;
      x = next;
      up = parent[x] as number;
    }
    return x;
  }

  union(i: number, j: number): void {
    const a = this.find(i);
    const b = this.find(j);
    if (a < b) this.#parent[b] = a;
    else this.#parent[a] = b;
  }

  /** Unites here whatever `other` holds together. */
  unite(other: UnionFind): void {
    for (let i = 0; i < other.length; i++) {
      const root = other.find(i);
      if (root !== i) this.union(i, root);
    }
  }

  /** Root of every member. */
  roots(): Uint32Array<ArrayBuffer> {
    const roots = new Uint32Array(this.length);
    for (let i = 0; i < roots.length; i++) roots[i] = this.find(i);
    return roots;
  }
}

/** How many members each root has, at the root's place; 0 elsewhere. */
export function setSizes(roots: Uint32Array): Uint32Array {
  const sizes = new Uint32Array(roots.length);
  for (let i = 0; i < roots.length; i++) {
    const root = roots[i] as number;
    sizes[root] = (sizes[root] as number) + 1;
  }
  return sizes;
}
