// SPDX-License-Identifier: Apache-2.0
// What the steps measured, one JSON file a part; each step is on disk before the next one starts.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { machine, stamp } from "./environment.mjs";

/** A part's file: {part, machine, steps: {<step>: {at, commit, load, …what it measured}}}. */
function read(folder, part) {
  try {
    return JSON.parse(readFileSync(join(folder, `${part}.json`), "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return { part, steps: {} };
    throw error;
  }
}

function write(folder, part, content) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${part}.json`);
  writeFileSync(`${path}.tmp`, `${JSON.stringify(content, null, 1)}\n`);
  renameSync(`${path}.tmp`, path);
}

/** The steps of every part that has any, for the report. */
export function readResults(folder, parts) {
  return Object.fromEntries(parts.map((part) => [part, read(folder, part)]));
}

/**
 * Runs the steps of one part. A step that fails is stored with its reason and does not end the part: the table
 * says so.
 */
export class Steps {
  #folder;
  #part;
  #resume;
  #log;

  constructor(folder, part, resume, log) {
    this.#folder = folder;
    this.#part = part;
    this.#resume = resume;
    this.#log = log;
  }

  /** Forgets the steps of an earlier run, unless it is resumed. */
  begin() {
    if (!this.#resume) write(this.#folder, this.#part, { part: this.#part, steps: {} });
  }

  /** What a step has stored, or undefined. */
  stored(step) {
    return read(this.#folder, this.#part).steps[step];
  }

  /**
   * Runs `work` and stores its value under `step`; with --resume, a step that is done gives its stored value, and one that
   * failed, or was left out (`left` tells why), has another try.
   */
  async run(step, work) {
    const before = this.stored(step);
    if (this.#resume && before !== undefined && before.failed === undefined && before.left === undefined) {
      this.#log(`${this.#part} ${step}: done before`);
      return before;
    }
    const mark = stamp();
    this.#log(`${this.#part} ${step}: started`);
    const started = performance.now();
    const value = await work().catch((error) => ({ failed: String(error.message ?? error).slice(0, 500) }));
    const content = { ...read(this.#folder, this.#part), machine: machine() };
    content.steps[step] = { ...mark, ...value };
    write(this.#folder, this.#part, content);
    const took = ((performance.now() - started) / 1000).toFixed(1);
    this.#log(
      `${this.#part} ${step}: ${value.failed === undefined ? "done" : `FAILED (${value.failed})`}, ${took} s`,
    );
    return content.steps[step];
  }
}
