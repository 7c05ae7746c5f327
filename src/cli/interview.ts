// SPDX-License-Identifier: Apache-2.0
import { createInterface, type Interface } from "node:readline/promises";
import type { Readable, Writable } from "node:stream";
import { ModelpackError } from "../core/error.ts";
import { safeText } from "./printable.ts";

/** A question with the answer that a bare Enter gives. */
export interface Question {
  readonly text: string;
  readonly fallback: string;
  /** What is wrong with an answer, or null. */
  readonly problem?: (answer: string) => string | null;
}

/** Asks a person at a terminal, one question after the other. */
export class Interview {
  readonly #lines: Interface;
  readonly #output: Writable;
  readonly #signal: AbortSignal;
  /** Rejects when the input ends. */
  readonly #ended: Promise<never>;
  #isOver = false;

  constructor(input: Readable, output: Writable, signal: AbortSignal) {
    this.#lines = createInterface({ input, output, terminal: (input as { isTTY?: boolean }).isTTY === true });
    this.#output = output;
    this.#signal = signal;
    this.#ended = new Promise((_, reject) => {
      this.#lines.once("close", () => {
        this.#isOver = true;
        reject(endedEarly());
      });
    });
    // Nobody may be asking by then.
    this.#ended.catch(() => undefined);
    // A terminal that readline reads sends Ctrl-C here, not to the process.
    this.#lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  }

  say(text: string): void {
    this.#output.write(`${safeText(text)}\n`);
  }

  /** Asks until the answer will do. Throws USAGE where the input ends, and the signal's reason. */
  async ask({ text, fallback, problem }: Question): Promise<string> {
    for (;;) {
      const answer = (await this.#answer(`${safeText(text)} [${safeText(fallback)}] `)).trim() || fallback;
      const wrong = problem?.(answer) ?? null;
      if (wrong === null) return answer;
      this.say(wrong);
    }
  }

  close(): void {
    this.#lines.close();
  }

  async #answer(prompt: string): Promise<string> {
    if (this.#isOver) throw endedEarly();
    try {
      return await Promise.race([this.#lines.question(prompt, { signal: this.#signal }), this.#ended]);
    } catch (error) {
      this.say("");
      this.#signal.throwIfAborted();
      throw error;
    }
  }
}

function endedEarly(): ModelpackError {
  return new ModelpackError("USAGE", "the input ended before the last question", {
    hint: "--yes takes every proposal; the flags of modelpack init --help answer single questions",
  });
}
