// SPDX-License-Identifier: Apache-2.0

/**
 * JSON from a stranger: refused where it nests deeper than `maxDepth`, before the parser builds it, or where
 * an object has one key twice, which two readers may understand differently.
 *
 * @throws Error whose message ends the sentence "the header is …".
 */
export function parseJson(text: string, maxDepth: number): unknown {
  const { depth, keys } = shapeOf(text);
  if (depth > maxDepth) throw new Error(`nested deeper than ${maxDepth} levels`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Error(`not JSON (${clip(cause instanceof Error ? cause.message : String(cause))})`);
  }
  if (countKeys(json) !== keys) throw new Error("an object with one key twice");
  return json;
}

/** A stranger's text, quoted, at a length that an error message can bear. */
export function quote(text: string): string {
  return JSON.stringify(clip(text));
}

function clip(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** Deepest nesting of brackets, and the keys of all objects, from the characters outside strings. */
function shapeOf(text: string): { depth: number; keys: number } {
  let level = 0;
  let depth = 0;
  let keys = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === "\\") i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === "{" || c === "[") depth = Math.max(depth, ++level);
    else if (c === "}" || c === "]") level--;
    else if (c === ":") keys++;
  }
  return { depth, keys };
}

function countKeys(json: unknown): number {
  if (typeof json !== "object" || json === null) return 0;
  const values: unknown[] = Object.values(json);
  let keys = Array.isArray(json) ? 0 : values.length;
  for (const value of values) if (typeof value === "object") keys += countKeys(value);
  return keys;
}
