// SPDX-License-Identifier: Apache-2.0
import { hash } from "node:crypto";

export const ID_BYTES = 16;

const encoder = new TextEncoder();

/** Writes the first 128 bits of sha256 of `bytes`. "hex" is the fastest way out (0.25 us; a Buffer 0.6). */
function writeDigest(bytes: Uint8Array, into: Uint8Array, at: number): void {
  const hex = hash("sha256", bytes, "hex");
  for (let k = 0; k < ID_BYTES; k++) {
    into[at + k] = (nibble(hex.charCodeAt(2 * k)) << 4) | nibble(hex.charCodeAt(2 * k + 1));
  }
}

function nibble(code: number): number {
  return code < 0x3a ? code - 0x30 : code - 0x57;
}

/**
 * Ids of one task's rows: sha256 over the number of fields, and task, texts and label, each after its
 * length in bytes (so that no two rows share an encoding), cut to 128 bits.
 */
export class RowIdentity {
  /** Begins with the number of fields and the task, which are the same for every row. */
  #buffer = new Uint8Array(4096);
  #view = new DataView(this.#buffer.buffer);
  readonly #begun: number;
  /** Each with its length before it. */
  readonly #labels = new Map<string, Uint8Array>();

  constructor(task: string) {
    this.#reserve(8 + 3 * task.length);
    this.#begun = this.#field(task, 4);
  }

  /** 0.6 us: writes the id of a row into `into` from byte `at`; `textB` is null for single-text tasks. */
  write(into: Uint8Array, at: number, text: string, textB: string | null, label: string): void {
    const named = this.#labelField(label);
    this.#reserve(this.#begun + 8 + 3 * (text.length + (textB?.length ?? 0)) + named.length);
    this.#view.setUint32(0, textB === null ? 3 : 4, true);
    let end = this.#field(text, this.#begun);
    if (textB !== null) end = this.#field(textB, end);
    this.#buffer.set(named, end);
    writeDigest(this.#buffer.subarray(0, end + named.length), into, at);
  }

  #labelField(label: string): Uint8Array {
    const known = this.#labels.get(label);
    if (known !== undefined) return known;
    const bytes = encoder.encode(label);
    const field = new Uint8Array(4 + bytes.length);
    new DataView(field.buffer).setUint32(0, bytes.length, true);
    field.set(bytes, 4);
    this.#labels.set(label, field);
    return field;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#buffer.length) return;
    const before = this.#buffer;
    this.#buffer = new Uint8Array(bytes * 2);
    this.#buffer.set(before);
    this.#view = new DataView(this.#buffer.buffer);
  }

  /** Writes a field from byte `at` on, and returns where it ends. */
  #field(text: string, at: number): number {
    const { written } = encoder.encodeInto(text, this.#buffer.subarray(at + 4));
    this.#view.setUint32(at, written, true);
    return at + 4 + written;
  }
}

/**
 * Id of the `occurrence`-th repeat (from 1) of a row with the id at byte `at` of `ids`: official rows
 * keep their repeats, and an id stands for one row.
 */
export function writeRepeatId(
  ids: Uint8Array,
  at: number,
  occurrence: number,
  into: Uint8Array,
  to: number,
): void {
  const bytes = new Uint8Array(ID_BYTES + 4);
  bytes.set(ids.subarray(at, at + ID_BYTES));
  new DataView(bytes.buffer).setUint32(ID_BYTES, occurrence, true);
  writeDigest(bytes, into, to);
}

/** Order of the ids of rows i and j, by bytes: negative, 0 or positive. */
export function compareIds(ids: Uint8Array, i: number, j: number): number {
  const a = i * ID_BYTES;
  const b = j * ID_BYTES;
  for (let k = 0; k < ID_BYTES; k++) {
    const difference = (ids[a + k] as number) - (ids[b + k] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** First four bytes of row i's id, big-endian: sorts as the id does, up to ties. */
export function idPrefix(ids: Uint8Array, i: number): number {
  const a = i * ID_BYTES;
  return (
    (((ids[a] as number) << 24) |
      ((ids[a + 1] as number) << 16) |
      ((ids[a + 2] as number) << 8) |
      (ids[a + 3] as number)) >>>
    0
  );
}
