// SPDX-License-Identifier: Apache-2.0
import type { ModelpackError } from "../core/error.ts";
import { type ChatBody, chatBody, type Dialect } from "./chat-body.ts";
import type {
  Capabilities,
  Completion,
  CompletionRequest,
  CompletionServer,
  Outcome,
  ServerStatistics,
  Usage,
} from "./completion.ts";
import type { Exchange } from "./exchange.ts";
import { incompatible, type ServerSubject } from "./server-failure.ts";

/**
 * Replies in a row that are thoughts alone. A model that thinks in spite of being told not to does so each time;
 * five are no accident and cost some thousand tokens.
 */
const MAX_THOUGHTS = 5;
/**
 * Characters a token at most, over a whole prompt. Text of any language has 2 to 5; a server that counts fewer
 * tokens has cut the prompt without a word (ollama#4967: 2050 of 7900). Bytes would not do: Russian and Hindi have
 * up to 10 a token.
 */
const CHARACTERS_A_TOKEN = 6;

/** What a probe leaves for the talk. */
export interface Found {
  readonly capabilities: Capabilities;
  readonly dialect: Dialect;
  /** A request that the server has answered. */
  readonly trial: CompletionRequest;
}

/** The talk with one server, in the dialect that the probe found. */
export class Conversation implements CompletionServer {
  readonly capabilities: Capabilities;
  readonly dialect: Dialect;
  readonly #exchange: Exchange;
  readonly #trial: CompletionRequest;
  readonly #note: (message: string) => void;
  readonly #signal: AbortSignal | undefined;
  #asking: Promise<boolean> | null = null;
  #thoughts = 0;
  #changed = false;

  constructor(
    exchange: Exchange,
    found: Found,
    note: (message: string) => void,
    signal: AbortSignal | undefined,
  ) {
    this.#exchange = exchange;
    this.capabilities = found.capabilities;
    this.dialect = found.dialect;
    this.#trial = found.trial;
    this.#note = note;
    this.#signal = signal;
  }

  get statistics(): ServerStatistics {
    return this.#exchange.statistics;
  }

  async complete(request: CompletionRequest, signal?: AbortSignal): Promise<Outcome> {
    const given = [signal, this.#signal].filter((one) => one !== undefined);
    const either = given.length > 1 ? AbortSignal.any(given) : given[0];
    const settled = await this.#exchange.ask(this.#bodyOf(request), either, (outcome) =>
      this.#review(request, outcome),
    );
    if (settled.kind === "outcome") return settled.outcome;
    // Where the server answers another request this one is at fault: a run that stopped here would stop here again,
    // whenever it is resumed. Else the server is.
    const isBlamed = settled.kind === "poisonous" || settled.kind === "exhausted";
    if (isBlamed && (await this.#isHealthy(either))) return { kind: "poisonous" };
    throw this.#exchange.stop(settled.error);
  }

  #bodyOf(request: CompletionRequest): ChatBody {
    return chatBody(this.#exchange.subject.settings.model, request, this.dialect);
  }

  /** Whether the probe's request is answered; asked once for all who want to know at a time. */
  async #isHealthy(signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#asking !== null) return this.#asking;
    const asking = this.#exchange
      .ask(this.#bodyOf(this.#trial), signal)
      .then(({ kind }) => kind === "outcome")
      .finally(() => {
        this.#asking = null;
      });
    this.#asking = asking;
    return asking;
  }

  /** What a reply tells about the server; the error that ends the run. */
  #review(request: CompletionRequest, outcome: Outcome): ModelpackError | null {
    if (outcome.kind !== "completed" && outcome.kind !== "faulty") return null;
    if (outcome.completion !== null) this.#checkModel(outcome.completion);
    const thought = outcome.kind === "faulty" && outcome.fault === "thought";
    this.#thoughts = thought ? this.#thoughts + 1 : 0;
    if (this.#thoughts >= MAX_THOUGHTS) return thinksAloud(this.#exchange.subject);
    return contextFault(this.#exchange.subject, request, outcome.completion?.usage ?? null);
  }

  #checkModel({ model, fingerprint }: Completion): void {
    const before = this.capabilities;
    if (this.#changed || (model === before.model && fingerprint === before.fingerprint)) return;
    this.#changed = true;
    const now = nameOf(model, fingerprint);
    this.#note(
      `the LLM's server answers as ${now} now, and as ${nameOf(before.model, before.fingerprint)} before; each row is kept with what wrote it`,
    );
  }
}

/** A prompt of which the server read a part alone. */
function contextFault(
  subject: ServerSubject,
  { messages }: CompletionRequest,
  usage: Usage | null,
): ModelpackError | null {
  // 0: older servers do not count what they have in a cache.
  if (usage === null || usage.promptTokens === 0) return null;
  const characters = messages.reduce((sum, { content }) => sum + content.length, 0);
  if (usage.promptTokens >= characters / CHARACTERS_A_TOKEN) return null;
  const isOllama = subject.settings.provider === "ollama";
  const grow = isOllama ? "start it with OLLAMA_CONTEXT_LENGTH=16384" : "start it with a longer context";
  return incompatible(
    subject,
    `the context of the LLM's server is too small: it read ${usage.promptTokens} tokens of a prompt of ${characters} characters, and cut the rest without saying so`,
    `${grow}, or lower synthetic_llm.batch_size`,
  );
}

function thinksAloud(subject: ServerSubject): ModelpackError {
  return incompatible(
    subject,
    `the model thinks and writes nothing: ${MAX_THOUGHTS} replies in a row had text in their reasoning alone`,
    "take a model that does not think, switch thinking off in the server, or raise synthetic_llm.max_tokens",
  );
}

function nameOf(model: string, fingerprint: string | null): string {
  const name = model === "" ? "a model without a name" : model;
  return fingerprint === null ? name : `${name} (${fingerprint})`;
}
