// SPDX-License-Identifier: Apache-2.0
import type { ModelpackError } from "../core/error.ts";
import type { ChatBody } from "./chat-body.ts";
import type { Outcome, ServerStatistics } from "./completion.ts";
import { type Entry, Gate, type Passage } from "./gate.ts";
import { type Client, isList, listModels, sendChat } from "./openai.ts";
import { failing, interrupted, modelMissing, type ServerSubject } from "./server-failure.ts";
import { TokenWatch } from "./token-watch.ts";
import { type Verdict, verdictOf } from "./verdict.ts";

/** 429s for one request, though others pass: with the longest waits a quarter of an hour. */
const MAX_LIMITED = 16;
/** Crashes of the server over one request that are no accident: at the second it was alone with the server. */
const MAX_CRASHES = 2;

type Of<Kind extends Verdict["kind"]> = Extract<Verdict, { kind: Kind }>;

/** What came of a body that was sent as often as it may be. What ends the run is thrown. */
export type Settled =
  | Of<"outcome">
  | Of<"invalid">
  | Of<"absent">
  /** The server died of it. */
  | { readonly kind: "poisonous"; readonly error: ModelpackError }
  /** It failed every time. */
  | { readonly kind: "exhausted"; readonly error: ModelpackError };

type Step = Settled | Of<"again"> | Of<"stop">;

/** What an outcome means for the run: the error that ends it, or null. */
export type Review = (outcome: Outcome) => ModelpackError | null;

/** What has become of one body so far. */
interface Course {
  failures: number;
  limited: number;
  crashes: number;
  strange: number;
}

/** Sends bodies to a server through the gate, again where that may help, and counts. */
export class Exchange {
  readonly subject: ServerSubject;
  readonly #client: Client;
  readonly #gate: Gate;
  #sent = 0;
  #retries = 0;
  /** Whether the server has answered at all: from then on a 404 is news. */
  #known = false;
  /** Whether it has ended a stream with `[DONE]`. */
  #marksEnd = false;

  constructor(subject: ServerSubject, client: Client, note: (message: string) => void) {
    const { concurrency, timing } = subject.settings;
    this.subject = subject;
    this.#client = client;
    this.#gate = new Gate(concurrency, timing, note);
  }

  get statistics(): ServerStatistics {
    return { sent: this.#sent, retries: this.#retries, ...this.#gate.state };
  }

  /**
   * Sends `body` until it passes, can't pass, or has failed too often. What `review` says of an outcome may
   * end the run.
   */
  async ask(body: ChatBody, signal: AbortSignal | undefined, review?: Review): Promise<Settled> {
    const course: Course = { failures: 0, limited: 0, crashes: 0, strange: 0 };
    for (;;) {
      const step = await this.#pass(body, signal, course, review);
      if (step.kind === "stop") throw step.error;
      if (step.kind !== "again") return step;
      this.#retries++;
      if (step.why !== "limited") await this.#gate.backOff(course.failures, signal);
    }
  }

  /** Names of the server's models, or why there is no list of them. */
  async models(signal: AbortSignal | undefined, withinMs: number): ReturnType<typeof listModels> {
    this.#sent++;
    return listModels(this.#client, new TokenWatch(withinMs, withinMs, [signal]));
  }

  /** Waits between two tries. */
  backOff(tries: number, signal: AbortSignal | undefined): Promise<void> {
    return this.#gate.backOff(tries, signal);
  }

  /** Ends the run for all requests: whoever waits, or comes later, is thrown the first such error. */
  stop(error: ModelpackError): ModelpackError {
    this.#gate.stop(error);
    return error;
  }

  /** One attempt, in a place of its own, which is given back once it is known what follows for all. */
  async #pass(
    body: ChatBody,
    signal: AbortSignal | undefined,
    course: Course,
    review: Review | undefined,
  ): Promise<Step> {
    const ticket = await this.#gate.enter(signal, entryOf(course));
    let passage: Passage = { kind: "ended" };
    try {
      const verdict = await this.#attempt(body, signal);
      if (signal?.aborted === true) throw interrupted();
      const step = stepAfter(course, verdict, this.subject.settings.maxRetries, review);
      passage = passageOf(verdict, step);
      return step;
    } finally {
      this.#gate.leave(ticket, passage);
    }
  }

  async #attempt(body: ChatBody, signal: AbortSignal | undefined): Promise<Verdict> {
    const { timing, timeoutMs } = this.subject.settings;
    // A reply that is not streamed has no token before the last one.
    const firstMs = body.stream === true ? timing.firstTokenMs : timeoutMs;
    const watch = new TokenWatch(firstMs, timing.idleMs, [signal]);
    this.#sent++;
    const attempt = await sendChat(this.#client, body, watch);
    if (attempt.kind === "reply" && attempt.streamed && attempt.done) this.#marksEnd = true;
    const verdict = verdictOf(this.subject, attempt, this.#marksEnd);
    if (verdict.kind === "outcome") this.#known = true;
    return verdict.kind === "absent" && this.#known ? this.#lookAgain(verdict, signal) : verdict;
  }

  /** A 404 although the model has answered before: it may be gone, or be loaded anew. */
  async #lookAgain(absent: Of<"absent">, signal: AbortSignal | undefined): Promise<Verdict> {
    const { timeoutMs, model } = this.subject.settings;
    const models = await this.models(signal, timeoutMs);
    if (!isList(models)) return { kind: "stop", error: absent.error };
    if (!hasModel(models, model))
      return { kind: "stop", error: modelMissing(this.subject, models, absent.says) };
    return { kind: "again", why: "failed", waitMs: null, error: failing(this.subject, absent.says) };
  }
}

function entryOf({ crashes, failures, limited }: Course): Entry {
  // Whether the server died of this one is told by sending it with nobody else.
  if (crashes > 0) return "alone";
  return failures + limited > 0 ? "again" : "first";
}

/** Counts why a body did not pass; what follows from that. */
function stepAfter(course: Course, verdict: Verdict, maxRetries: number, review: Review | undefined): Step {
  if (verdict.kind === "outcome") {
    const error = review?.(verdict.outcome) ?? null;
    return error === null ? verdict : { kind: "stop", error };
  }
  if (verdict.kind !== "again") return verdict;
  const { why, error } = verdict;
  if (why === "limited") return ++course.limited > MAX_LIMITED ? { kind: "stop", error } : verdict;
  course.failures++;
  if (why === "crashed") course.crashes++;
  if (why === "strange") course.strange++;
  if (course.strange > 1) return { kind: "stop", error };
  if (course.crashes >= MAX_CRASHES) return { kind: "poisonous", error };
  return why === "final" || course.failures > maxRetries ? { kind: "exhausted", error } : verdict;
}

function passageOf(verdict: Verdict, step: Step): Passage {
  if (step.kind === "stop") return { kind: "stopped", error: step.error };
  if (verdict.kind !== "again") return { kind: "served" };
  const { why, waitMs, error } = verdict;
  if (why === "limited") return { kind: "limited", waitMs, error };
  return { kind: "failed", overloaded: why === "overloaded", waitMs, error };
}

/** Whether a list has the model, by its name or by Ollama's name for its newest version. */
export function hasModel(models: readonly string[], model: string): boolean {
  const name = (one: string) => one.replace(/:latest$/, "").toLowerCase();
  return models.some((one) => name(one) === name(model));
}
