// SPDX-License-Identifier: Apache-2.0
import { createHash, type Hash } from "node:crypto";
import { open } from "node:fs/promises";
import { ModelpackError } from "../core/error.ts";
import { guarded } from "./failure.ts";

const READ_BYTES = 1 << 20;

export interface FileDigest {
  /** 64 hex digits. */
  readonly sha256: string;
  readonly bytes: number;
}

/** Digest and size of a file, read in pieces: the memory does not grow with the file. */
export async function digestFile(path: string): Promise<FileDigest> {
  const hash = createHash("sha256");
  const bytes = await readInto(hash, path);
  return { sha256: hash.digest("hex"), bytes };
}

/** Git's digest of a file of `bytes` bytes, 40 hex digits. */
export async function gitBlobDigest(path: string, bytes: number): Promise<string> {
  const hash = createHash("sha1").update(`blob ${bytes}\0`);
  await readInto(hash, path);
  return hash.digest("hex");
}

/** The same of bytes in memory. */
export function gitDigest(data: Uint8Array): string {
  return createHash("sha1").update(`blob ${data.length}\0`).update(data).digest("hex");
}

/** Gives a file's bytes to `hash` and returns how many there are. */
function readInto(hash: Hash, path: string): Promise<number> {
  return guarded("read", path, async () => {
    const handle = await open(path, "r");
    try {
      const buffer = Buffer.allocUnsafe(READ_BYTES);
      for (let bytes = 0; ; ) {
        const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, bytes);
        if (bytesRead === 0) return bytes;
        hash.update(buffer.subarray(0, bytesRead));
        bytes += bytesRead;
      }
    } finally {
      await handle.close();
    }
  });
}

/** SHA-256 in hex; a string counts as its UTF-8 bytes. */
export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

interface Layout {
  /** Keys by code unit rather than as they come. */
  readonly sorted: boolean;
  /** One step of indentation; empty for no white space at all. */
  readonly step: string;
}

/**
 * JSON with one form for one value: keys sorted by code unit, no white space. A Map with text keys is an
 * object. Throws for what JSON can't say (NaN, undefined, functions, instances of classes).
 */
export function canonicalJson(value: unknown): string {
  return write(value, { sorted: true, step: "" }, "", "$");
}

/**
 * JSON for people: two spaces, keys as they come, a newline at the end. Plain objects move keys such as
 * `10` to the front; a Map keeps its order. Throws as {@link canonicalJson} does.
 */
export function prettyJson(value: unknown): string {
  return `${write(value, { sorted: false, step: "  " }, "", "$")}\n`;
}

function write(value: unknown, layout: Layout, indent: string, at: string): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number" && Number.isFinite(value)) return JSON.stringify(value);
  const inner = indent + layout.step;
  // Array.from visits holes too, and a hole is an undefined, which is refused.
  if (Array.isArray(value)) {
    const items = Array.from(value, (item, i) => write(item, layout, inner, `${at}[${i}]`));
    return enclose("[", items, "]", layout, indent);
  }
  const colon = layout.step === "" ? ":" : ": ";
  const members = entriesOf(value, at);
  if (layout.sorted) members.sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = members.map(
    ([key, item]) => `${JSON.stringify(key)}${colon}${write(item, layout, inner, `${at}.${key}`)}`,
  );
  return enclose("{", lines, "}", layout, indent);
}

function enclose(
  open: string,
  items: readonly string[],
  close: string,
  layout: Layout,
  indent: string,
): string {
  if (items.length === 0 || layout.step === "") return open + items.join(",") + close;
  const newline = `\n${indent}${layout.step}`;
  return `${open}${newline}${items.join(`,${newline}`)}\n${indent}${close}`;
}

function entriesOf(value: unknown, at: string): (readonly [string, unknown])[] {
  if (value instanceof Map) {
    return Array.from(value, ([key, item]: [unknown, unknown]) => {
      if (typeof key !== "string") throw refusal(`a key of type ${typeof key}`, at);
      return [key, item] as const;
    });
  }
  if (typeof value !== "object" || value === null) throw refusal(describe(value), at);
  const prototype: unknown = Object.getPrototypeOf(value);
  // By shape, not by identity: objects of another realm (a worker, a vm) have another Object.prototype.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw refusal(describe(value), at);
  return Object.entries(value);
}

function describe(value: unknown): string {
  if (typeof value === "object") return `an instance of ${value?.constructor.name ?? "a class"}`;
  return typeof value === "number" ? String(value) : typeof value;
}

function refusal(what: string, at: string): ModelpackError {
  return new ModelpackError("INTERNAL", `JSON has no form for ${what}`, { where: at });
}
