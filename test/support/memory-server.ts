// SPDX-License-Identifier: Apache-2.0
import type {
  Capabilities,
  CompletionRequest,
  CompletionServer,
  Outcome,
  ServerStatistics,
} from "../../src/backfill/completion.ts";
import { ModelpackError } from "../../src/core/error.ts";
import { seededRandom } from "../../src/core/random.ts";

/** What a server says to a request; `n` counts them from 0. It throws what `complete` is to throw. */
export type Answer = (request: CompletionRequest, n: number) => Outcome;

/** A server in memory, which answers what it is told to after some turns of the event loop. */
export class MemoryServer implements CompletionServer {
  readonly asked: CompletionRequest[] = [];
  readonly #answer: Answer;
  readonly #turns: (n: number) => number;
  #inFlight = 0;
  mostInFlight = 0;

  constructor(answer: Answer, turns: (n: number) => number = () => 0) {
    this.#answer = answer;
    this.#turns = turns;
  }

  readonly capabilities: Capabilities = {
    structured: "json_schema",
    streams: false,
    usage: true,
    thinkingOff: "",
    model: "memory",
    fingerprint: null,
    tokensPerSecond: null,
  };

  get statistics(): ServerStatistics {
    return { sent: this.asked.length, retries: 0, inFlight: this.#inFlight, limit: 16, waitedMs: 0 };
  }

  async complete(request: CompletionRequest, signal?: AbortSignal): Promise<Outcome> {
    const n = this.asked.length;
    this.asked.push(request);
    this.#inFlight++;
    this.mostInFlight = Math.max(this.mostInFlight, this.#inFlight);
    try {
      for (let turns = this.#turns(n); turns > 0; turns--) {
        if (signal?.aborted === true) throw new ModelpackError("INTERRUPTED", "aborted");
        await new Promise((resolve) => setImmediate(resolve));
      }
      return this.#answer(request, n);
    } finally {
      this.#inFlight--;
    }
  }
}

/** Turns of the event loop between 0 and `most`, other ones for each seed. */
export function randomTurns(seed: number, most: number): (n: number) => number {
  const random = seededRandom(seed, "turns");
  return () => random.below(most + 1);
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** Texts that share no words, by the seed of a request: the same request gives the same ones. */
export function freshTexts({ seed }: CompletionRequest, count: number): string[] {
  const random = seededRandom(seed, "fresh texts");
  const word = () => Array.from({ length: 4 + random.below(6) }, () => LETTERS[random.below(26)]).join("");
  return Array.from({ length: count }, () => Array.from({ length: 5 }, word).join(" "));
}
