// SPDX-License-Identifier: Apache-2.0
// What the steps measured, one JSON file a part; each step is on disk before the next one starts.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { machine, stamp } from "./environment.mjs";

/** A part's file: {part, steps: {<step>: {at, commit, load, machine, …what it measured}}}; null where there is none. */
function read(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
}

function write(path, content) {
  writeFileSync(`${path}.tmp`, `${JSON.stringify(content, null, 1)}\n`);
  renameSync(`${path}.tmp`, path);
}

const fileOf = (folder, part) => join(folder, `${part}.json`);

/** The steps of every part, for the report: of its last run that came to its end. */
export function readResults(folder, parts) {
  return Object.fromEntries(parts.map((part) => [part, read(fileOf(folder, part)) ?? { part, steps: {} }]));
}

/** Whether a step has figures: not one that failed, or was left out (`left` tells why). */
const isDone = (step) => step !== undefined && step.failed === undefined && step.left === undefined;

/**
 * Runs the steps of one part. Their figures lie in a file beside the part's until the part ends, so that a run that is stopped
 * takes nothing away, and --resume goes on from it. A step that fails is stored with its reason and does not end the part: the
 * table says so.
 */
export class Steps {
  #path;
  #under;
  #part;
  #resume;
  #log;

  constructor(folder, part, resume, log) {
    this.#path = fileOf(folder, part);
    this.#under = join(folder, `${part}.under-way.json`);
    this.#part = part;
    this.#resume = resume;
    this.#log = log;
    mkdirSync(folder, { recursive: true });
  }

  /** Starts from no step, or, to resume, from those of the run that was stopped, or else of the last one. */
  begin() {
    const before = this.#resume ? (read(this.#under) ?? read(this.#path)) : null;
    write(this.#under, before ?? { part: this.#part, steps: {} });
  }

  /** Keeps what the last run stored under the names that `isKept` takes: a part of which only some steps run. */
  keep(isKept) {
    const before = read(this.#path)?.steps ?? {};
    const kept = Object.entries(before).filter(([step]) => isKept(step));
    const content = read(this.#under);
    write(this.#under, { ...content, steps: { ...Object.fromEntries(kept), ...content.steps } });
  }

  /** The part's figures are those of this run from now on. */
  end() {
    renameSync(this.#under, this.#path);
  }

  /** What a step has stored, or undefined. */
  stored(step) {
    return read(this.#under).steps[step];
  }

  /**
   * Runs `work` and stores its value under `step`; with --resume, a step that is done gives its stored value, and one that
   * failed, or was left out, has another try.
   */
  async run(step, work) {
    const before = this.stored(step);
    if (this.#resume && isDone(before)) {
      this.#log(`${this.#part} ${step}: done before`);
      return before;
    }
    const mark = stamp();
    this.#log(`${this.#part} ${step}: started`);
    const started = performance.now();
    const value = await work().catch((error) => ({ failed: String(error.message ?? error).slice(0, 500) }));
    const content = read(this.#under);
    content.steps[step] = { ...mark, machine: machine(), ...value };
    write(this.#under, content);
    const took = ((performance.now() - started) / 1000).toFixed(1);
    this.#log(
      `${this.#part} ${step}: ${value.failed === undefined ? "done" : `FAILED (${value.failed})`}, ${took} s`,
    );
    return content.steps[step];
  }
}
