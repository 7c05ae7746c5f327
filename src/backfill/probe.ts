// SPDX-License-Identifier: Apache-2.0
import type { ModelpackError } from "../core/error.ts";
import { chatBody } from "./chat-body.ts";
import type { ServerSettings } from "./completion.ts";
import { Conversation, type Found } from "./conversation.ts";
import { Exchange, hasModel, type Settled } from "./exchange.ts";
import { isList, openaiClient } from "./openai.ts";
import { serverAddress } from "./server-address.ts";
import {
  incompatible,
  interrupted,
  modelMissing,
  type ServerSubject,
  unreachable,
} from "./server-failure.ts";
import { Trial } from "./trial.ts";
import { verdictOf } from "./verdict.ts";

/** Whoever starts a run without a server should know within 5 s. */
const KNOCK_MS = 4500;
const KNOCKS = 3;
/** Requests of a probe at most: three ways of structure, four of thinking, six fields that may be refused. */
const MAX_TRIALS = 14;

export interface ConnectOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told what a person should know and no error is. */
  readonly note?: ((message: string) => void) | undefined;
}

/**
 * Finds out what a server can do, by its list of models and a few tiny requests, and begins the talk with it.
 *
 * @throws ModelpackError CONFIG_INVALID for an address that is none, LLM_ codes, INTERRUPTED
 */
export async function connectServer(
  settings: ServerSettings,
  options: ConnectOptions = {},
): Promise<Conversation> {
  const { signal } = options;
  const address = serverAddress(settings);
  const subject: ServerSubject = { settings, address };
  const note = (message: string): void => options.note?.(address.hide(message));
  if (address.withheld) note(`no key is sent to ${address.baseUrl}: it is plain HTTP to another host`);
  const exchange = new Exchange(subject, openaiClient(address, settings.timeoutMs), note);
  const models = await knock(exchange, signal);
  if (models !== null && models.length > 0 && !hasModel(models, settings.model))
    note(`the LLM's server does not list ${settings.model}; asking it all the same`);
  return new Conversation(exchange, await probe(exchange, models ?? [], signal, note), note, signal);
}

/** The list of models, and whether anybody is there at all. Null where there is no list. */
async function knock(exchange: Exchange, signal: AbortSignal | undefined): Promise<readonly string[] | null> {
  const { subject } = exchange;
  const until = performance.now() + KNOCK_MS;
  for (let knocks = 1; ; knocks++) {
    const models = await exchange.models(signal, Math.max(1, until - performance.now()));
    if (signal?.aborted === true) throw interrupted();
    if (isList(models)) return models;
    // A list that is missing or refused says nothing yet: some servers have none.
    if (models.kind !== "fault") return null;
    const verdict = verdictOf(subject, models, false);
    if (verdict.kind === "stop") throw verdict.error;
    if (verdict.kind === "outcome") return null;
    if (knocks >= KNOCKS || performance.now() >= until) throw unreachable(subject, models.fault.message);
    await exchange.backOff(knocks, signal);
  }
}

async function probe(
  exchange: Exchange,
  models: readonly string[],
  signal: AbortSignal | undefined,
  note: (message: string) => void,
): Promise<Found> {
  const { subject } = exchange;
  const { model, provider } = subject.settings;
  const trial = new Trial(provider, note);
  for (let count = 0; count < MAX_TRIALS; count++) {
    const began = performance.now();
    const settled = await exchange.ask(chatBody(model, trial.request, trial.dialect), signal);
    if (settled.kind === "absent") throw absence(subject, models, settled);
    if (settled.kind === "exhausted") throw settled.error;
    const capabilities = trial.learn(settled, performance.now() - began);
    if (capabilities !== null) return { capabilities, dialect: trial.dialect, trial: trial.request };
  }
  throw incompatible(
    subject,
    `the LLM's server refuses each of ${MAX_TRIALS} ways to ask it`,
    "see the server's log for what it does not take",
  );
}

function absence(
  subject: ServerSubject,
  models: readonly string[],
  { model, says, error }: Extract<Settled, { kind: "absent" }>,
): ModelpackError {
  const unlisted = models.length > 0 && !hasModel(models, subject.settings.model);
  return model || unlisted ? modelMissing(subject, models, says) : error;
}
