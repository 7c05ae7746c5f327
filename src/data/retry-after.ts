// SPDX-License-Identifier: Apache-2.0

/**
 * Milliseconds that a server asks to wait: `retry-after-ms`, or `retry-after` in seconds or as a date. Null
 * where it asks for nothing, or for nonsense: a negative number, a date that has passed, a word.
 */
export function retryAfterMs(headers: Headers): number | null {
  const precise = positive(Number.parseFloat(headers.get("retry-after-ms") ?? ""));
  if (precise !== null) return precise;
  return retryAfterOf(headers.get("retry-after"));
}

/** The same of the value of `retry-after` alone. */
export function retryAfterOf(value: string | null): number | null {
  if (value === null) return null;
  const seconds = Number(value);
  if (!Number.isNaN(seconds)) return positive(seconds * 1000);
  // The one use of the wall clock: a date means nothing without it, and no output depends on a wait.
  return positive(Date.parse(value) - Date.now());
}

function positive(ms: number): number | null {
  return ms > 0 ? ms : null;
}
