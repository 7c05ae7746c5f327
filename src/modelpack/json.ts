// SPDX-License-Identifier: Apache-2.0
import type { Fail } from "./corrupt.ts";

/**
 * JSON from a stranger: refused where it nests deeper than `maxDepth`, before the parser builds it, or where
 * an object has one key twice, which two readers may understand differently.
 *
 * @param what the beginning of what `fail` is told, as "the header is "
 */
export function parseJson(text: string, maxDepth: number, what: string, fail: Fail): unknown {
  // From what stands outside of texts; these go at two strokes, as opening runs a loop of ours before it is compiled.
  let [level, depth, keys] = [0, 0, 0];
  for (const c of text.replace(/\\./gs, "").replace(/"[^"]*"|[^{}[\]:"]+/g, ""))
    if (c === ":") keys++;
    else if (c === "{" || c === "[") depth = Math.max(depth, ++level);
    else level--;
  if (depth > maxDepth) fail(`${what}nested deeper than ${maxDepth} levels`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    fail(`${what}not JSON (${clip((cause as Error).message)})`);
  }
  if (countKeys(json) !== keys) fail(`${what}an object with one key twice`);
  return json;
}

/** Text of UTF-8 bytes, a mark of their order included. */
export function decodeText(bytes: Uint8Array, what: string, fail: Fail): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    return fail(`${what}not UTF-8 (${String(cause)})`);
  }
}

/** A stranger's text, quoted, at a length that an error message can bear. */
export function quote(text: string): string {
  return JSON.stringify(clip(text));
}

function clip(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

function countKeys(json: unknown): number {
  if (typeof json !== "object" || json === null) return 0;
  const values: unknown[] = Object.values(json);
  let keys = Array.isArray(json) ? 0 : values.length;
  for (const value of values) keys += countKeys(value);
  return keys;
}
