// SPDX-License-Identifier: Apache-2.0

/** Longer words are compared by their first characters: nobody mistypes a key of 64. */
const MAX_LENGTH = 64;

/** Fewest insertions, deletions, replacements and swaps of neighbours that turn one word into another. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const best = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + (same ? 0 : 1));
      row.push(swapped ? Math.min(best, (before[j - 2] ?? 0) + 1) : best);
    }
    before = above;
    above = row;
  }
  return above[b.length] ?? 0;
}

// maxIter, max-iter and MAX_ITER all mean max_iter.
function fold(word: string): string {
  return word
    .slice(0, MAX_LENGTH)
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .replaceAll("-", "_")
    .toLowerCase();
}

/** More candidates than this are not searched: a hundred hints over them all have to take under a second. */
const MAX_CANDIDATES = 500;

/** Shorter beginnings than this are shared by chance. */
const MIN_PREFIX = 4;

/** The candidate nearest to a mistyped word, the first of several; undefined where none is near. */
export function nearest(word: string, all: readonly string[]): string | undefined {
  const typed = fold(word);
  const candidates = all.slice(0, MAX_CANDIDATES);
  return (
    nearestBySpelling(typed, candidates) ??
    candidates.find((candidate) => sharesStart(typed, fold(candidate)))
  );
}

// api_key for api_key_env, max_iterations for max_iter.
function sharesStart(a: string, b: string): boolean {
  return Math.min(a.length, b.length) >= MIN_PREFIX && (a.startsWith(b) || b.startsWith(a));
}

function nearestBySpelling(typed: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(typed.length / 3)) + 1;
  for (const candidate of candidates) {
    const folded = fold(candidate);
    if (Math.abs(folded.length - typed.length) >= least) continue;
    const distance = editDistance(typed, folded);
    if (distance < least) {
      best = candidate;
      least = distance;
    }
  }
  return best;
}
