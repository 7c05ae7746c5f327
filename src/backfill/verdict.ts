// SPDX-License-Identifier: Apache-2.0
import type { ModelpackError } from "../core/error.ts";
import { retryAfterMs } from "../data/retry-after.ts";
import type { Outcome, ReplyFault } from "./completion.ts";
import type { Attempt } from "./openai.ts";
import { kindOf, type Refusal } from "./refusal.ts";
import { outcomeOf } from "./reply.ts";
import {
  denied,
  failing,
  incompatible,
  modelMissing,
  noSuchPath,
  notOpenAi,
  quota,
  type ServerSubject,
  said,
  unreachable,
  untrusted,
} from "./server-failure.ts";

/** Why a request failed that may be sent again. */
export type Again =
  | "failed"
  | "overloaded" // too much at a time
  | "limited" // too many requests: not this one's fault
  | "crashed" // the server may have died of it
  | "final" // the server says that it would fail again
  | "strange"; // no reply of a chat server: once more at most

/** What follows from an attempt. `error` is what to throw where it ends the run. */
export type Verdict =
  /** `attempt` is what it was judged by. */
  | { readonly kind: "outcome"; readonly outcome: Outcome; readonly attempt: Attempt }
  | {
      readonly kind: "again";
      readonly why: Again;
      readonly waitMs: number | null;
      readonly error: ModelpackError;
    }
  /** 404: `model` where the server says that it lacks the model, else the path. */
  | {
      readonly kind: "absent";
      readonly says: string;
      readonly model: boolean;
      readonly error: ModelpackError;
    }
  /** The server takes no such request. */
  | { readonly kind: "invalid"; readonly refusal: Refusal; readonly error: ModelpackError }
  | { readonly kind: "stop"; readonly error: ModelpackError };

/** Judges an attempt; `marksEnd` once the server has ended a stream with `[DONE]`: one without it was cut then. */
export function verdictOf(subject: ServerSubject, attempt: Attempt, marksEnd: boolean): Verdict {
  if (attempt.kind === "refusal") return ofRefusal(subject, attempt);
  if (attempt.kind === "fault") return ofFault(subject, attempt);
  if (attempt.kind === "strange") return again("strange", notOpenAi(subject, attempt.what));
  const outcome = outcomeOf(attempt.reply, subject.address.hide);
  const cut = attempt.streamed && !attempt.done && (marksEnd || !attempt.reply.chosen);
  if (outcome === null || (cut && attempt.reply.stuck === null))
    return again("failed", failing(subject, "the stream ended before the reply did"));
  return { kind: "outcome", outcome, attempt };
}

type Of<Kind extends Attempt["kind"]> = Extract<Attempt, { kind: Kind }>;

function again(why: Again, error: ModelpackError, waitMs: number | null = null): Verdict {
  return { kind: "again", why, waitMs, error };
}

function faulty(fault: ReplyFault, attempt: Attempt): Verdict {
  return { kind: "outcome", outcome: { kind: "faulty", fault, completion: null }, attempt };
}

function ofFault(subject: ServerSubject, attempt: Of<"fault">): Verdict {
  const { kind, message } = attempt.fault;
  switch (kind) {
    case "too_large":
    case "not_text":
      return faulty(kind, attempt);
    case "unresolved":
    case "untrusted":
      return { kind: "stop", error: untrusted(subject, message) };
    case "redirected":
      return {
        kind: "stop",
        error: incompatible(
          subject,
          `the LLM's server at ${subject.address.baseUrl} redirects, and a redirect is not followed`,
          "set synthetic_llm.base_url to where it leads",
        ),
      };
    case "away":
      return again("failed", unreachable(subject, message));
    case "dropped":
      return again("crashed", failing(subject, message));
    default:
      return again("failed", failing(subject, message));
  }
}

function ofRefusal(subject: ServerSubject, attempt: Of<"refusal">): Verdict {
  const { refusal } = attempt;
  const { status, message, headers } = refusal;
  const says = `${status} ${message}`;
  const waitMs = retryAfterMs(headers);
  switch (kindOf(refusal)) {
    case "overlong":
      return { kind: "outcome", outcome: { kind: "overlong" }, attempt };
    case "filtered":
      return faulty("filtered", attempt);
    case "quota":
      return { kind: "stop", error: quota(subject, message) };
    case "denied":
      return { kind: "stop", error: denied(subject, status, message) };
    case "limited":
      return again("limited", quota(subject, message), waitMs);
    case "no_model":
      return { kind: "absent", says, model: true, error: modelMissing(subject, [], says) };
    case "no_path":
      return { kind: "absent", says, model: false, error: noSuchPath(subject, message) };
    case "crashed":
      return again("crashed", failing(subject, says), waitMs);
    case "passing":
      return again(status === 503 ? "overloaded" : "failed", failing(subject, says), waitMs);
    case "final":
      return again("final", failing(subject, says));
    case "invalid":
      return { kind: "invalid", refusal, error: refusesRequest(subject, says) };
  }
}

function refusesRequest(subject: ServerSubject, says: string): ModelpackError {
  return incompatible(
    subject,
    `the LLM's server refuses a request: ${said(subject, says)}`,
    "see the server's log for what it does not take",
  );
}
