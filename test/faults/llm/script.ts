// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from "node:http";
import type { ChatReply } from "./envelope.ts";
import type { LlmServer } from "./server.ts";

// What a test tells the server to do otherwise, and when.

/** A request that came. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The parsed body; an object without keys where there is none. */
  readonly body: Readonly<Record<string, unknown>>;
  /** sha256 in hex of the body's bytes. */
  readonly digest: string;
  /** performance.now when it came. */
  readonly at: number;
  /** Number among the chat requests since the start or the last reset, from 0; -1 where it is none. */
  readonly index: number;
}

/** A chat request that is about to be answered, for a fault to answer otherwise. */
export interface Exchange {
  readonly server: LlmServer;
  readonly seen: SeenRequest;
  readonly response: ServerResponse;
  readonly reply: ChatReply;
  /** Whether the reply is to come in pieces. */
  readonly streamed: boolean;
  /** Answers as a healthy server would, with this or another reply. */
  send(reply?: ChatReply): void;
  /** Content type and bytes of the body that {@link send} would send. */
  body(reply?: ChatReply): { readonly type: string; readonly bytes: Buffer };
}

export type Fault = (exchange: Exchange) => void | Promise<void>;

/** When a fault is played. Of several rules that match, the first is played. */
export interface FaultRule {
  /** Number of the chat request, from 0; absent: every one. */
  readonly at?: number;
  /** Only for requests of this body. */
  readonly digest?: string;
  readonly when?: (seen: SeenRequest) => boolean;
  /** How often; for ever where absent. */
  readonly times?: number;
  readonly fault: Fault;
}

export interface ActiveRule extends FaultRule {
  played: number;
}

/** Whether a rule is for this request. */
export function isPlayed(rule: ActiveRule, seen: SeenRequest): boolean {
  if (rule.at !== undefined && rule.at !== seen.index) return false;
  if (rule.digest !== undefined && rule.digest !== seen.digest) return false;
  if (rule.when?.(seen) === false) return false;
  return rule.played < (rule.times ?? Number.POSITIVE_INFINITY);
}
