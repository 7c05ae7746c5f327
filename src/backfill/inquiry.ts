// SPDX-License-Identifier: Apache-2.0
import { canonicalJson, sha256 } from "../storage/digest.ts";
import type { Completion, CompletionRequest, CompletionServer, Outcome, Usage } from "./completion.ts";
import type { Ledger } from "./ledger.ts";
import { completionRequest, type Prompt } from "./prompt.ts";
import type { Read, ReadFault } from "./reading.ts";
import type { Purpose, RequestRecord } from "./record.ts";
import type { Wording } from "./wording.ts";

/** Samples of one slot at most: a prompt that fails three times fails for a reason. */
export const ATTEMPTS = 3;
/** Times that a prompt is halved for a small context before its slot is given up. */
const MOST_SHRINKS = 3;

/** Why a whole reply brought nothing. */
export type SlotFault = ReadFault | NonNullable<RequestRecord["fault"]>;

/** A question that is asked until it has an answer that can be read. */
export interface Question<T> {
  readonly purpose: Purpose;
  readonly task: string;
  readonly label: string | null;
  readonly slot: number;
  /** Tells its requests from those of other questions of the same slot. */
  readonly stream: string;
  /** Answered without chance: for judging. */
  readonly greedy: boolean;
  readonly prompt: (shrink: number) => Prompt;
  readonly read: (text: string, prompt: Prompt) => Read<T>;
}

/** What a question came to, and what it took. */
export interface Answer<T> {
  /** Null where the slot was given up. */
  readonly value: T | null;
  /** The prompt and the reply of the last attempt. */
  readonly prompt: Prompt;
  readonly record: RequestRecord;
  /** What was wrong with each reply that was not used, in order. */
  readonly faults: readonly SlotFault[];
  readonly usage: readonly (Usage | null)[];
  /** UTF-8 bytes of the prompts and of the replies, where the server counts no tokens. */
  readonly bytes: { readonly prompt: number; readonly reply: number };
}

/** Asks a server through the ledger: what it answered once is never asked again. */
export class Inquiry {
  readonly #server: CompletionServer;
  readonly #ledger: Ledger;
  readonly #wording: Wording;
  readonly #fill: number;

  constructor(server: CompletionServer, ledger: Ledger, wording: Wording, fill: number) {
    this.#server = server;
    this.#ledger = ledger;
    this.#wording = wording;
    this.#fill = fill;
  }

  /**
   * Asks, and asks again where a reply can't be used. A reply is on the disk before it counts, also one that
   * can't be used: a run that goes on with the fill goes the same way without asking. One that can't be used and
   * came to another fill is passed over: the server may be another by now.
   *
   * @throws what {@link CompletionServer.complete} and the ledger throw
   */
  async ask<T>(question: Question<T>, signal: AbortSignal | undefined): Promise<Answer<T>> {
    let shrink = 0;
    let maxTokens = this.#wording.maxTokens;
    const faults: SlotFault[] = [];
    const usage: (Usage | null)[] = [];
    const bytes = { prompt: 0, reply: 0 };
    for (let attempt = 0; ; attempt++) {
      const prompt = question.prompt(shrink);
      const record = await this.#settle(question, prompt, attempt, maxTokens, signal);
      const isOwn = record.fill === this.#fill;
      if (isOwn) {
        usage.push(record.usage);
        bytes.prompt += byteLength(prompt);
        bytes.reply += Buffer.byteLength(record.text ?? "");
      }
      const read = record.fault === null ? question.read(record.text ?? "", prompt) : record;
      if (read.fault === null) {
        const { value } = read as { readonly value: T };
        return { value, prompt, record, faults, usage, bytes };
      }
      if (isOwn || isFinal(read.fault)) faults.push(read.fault);
      if (read.fault === "overlong" && shrink < MOST_SHRINKS && shrinks(question, shrink)) shrink++;
      else if (isFinal(read.fault) || faults.filter((fault) => fault !== "overlong").length >= ATTEMPTS)
        return { value: null, prompt, record, faults, usage, bytes };
      // Once: a reply that is cut at twice the limit is one that never ends.
      if (read.fault === "cut") maxTokens = 2 * this.#wording.maxTokens;
    }
  }

  /** The reply to an attempt: the ledger's, or the server's. */
  async #settle<T>(
    question: Question<T>,
    prompt: Prompt,
    attempt: number,
    maxTokens: number,
    signal: AbortSignal | undefined,
  ): Promise<RequestRecord> {
    const { stream, greedy } = question;
    const request = completionRequest(this.#wording, prompt, { stream, attempt, maxTokens, greedy });
    const key = requestKey(this.#wording.model, request, question, attempt);
    const known = await this.#ledger.request(key);
    if (known !== undefined) return known;
    const outcome = await this.#server.complete(request, signal);
    const record = this.#record(question, key, prompt, attempt, outcome);
    await this.#ledger.addRequest(record);
    return record;
  }

  #record<T>(
    question: Question<T>,
    key: string,
    prompt: Prompt,
    attempt: number,
    outcome: Outcome,
  ): RequestRecord {
    const completion: Completion | null = "completion" in outcome ? outcome.completion : null;
    return {
      key,
      purpose: question.purpose,
      task: question.task,
      label: question.label,
      fill: this.#fill,
      slot: question.slot,
      attempt,
      fault: outcome.kind === "completed" ? null : outcome.kind === "faulty" ? outcome.fault : outcome.kind,
      text: completion?.text ?? null,
      usage: completion?.usage ?? null,
      model: completion?.model ?? "",
      fingerprint: completion?.fingerprint ?? null,
      prompt: prompt.digest,
    };
  }
}

/** Whether a prompt that is too long can be made shorter: the same one again would be as long. */
function shrinks<T>({ prompt }: Question<T>, shrink: number): boolean {
  return prompt(shrink + 1).digest !== prompt(shrink).digest;
}

/** Nothing that another sample would change: the prompt itself is refused, or too long, or kills the server. */
function isFinal(fault: SlotFault): boolean {
  return fault === "filtered" || fault === "refused" || fault === "poisonous" || fault === "overlong";
}

/** sha256 in hex over all that makes a request this one: DESIGN's key of the ledger. */
export function requestKey<T>(
  model: string,
  { messages, schema, temperature, topP, maxTokens, seed }: CompletionRequest,
  { purpose, task, label, slot }: Question<T>,
  attempt: number,
): string {
  const sampling = { temperature, top_p: topP, max_tokens: maxTokens, seed };
  return sha256(canonicalJson({ model, messages, schema, sampling, purpose, task, label, slot, attempt }));
}

function byteLength({ messages }: Prompt): number {
  return messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
}
