// SPDX-License-Identifier: Apache-2.0

// The port to an LLM: what the backfill asks and what it may be answered, without a word of HTTP.

/** One message of a chat. */
export interface Message {
  readonly role: "system" | "user";
  readonly content: string;
}

/** A JSON Schema (the part of draft 7 that servers with structured output take). */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** One question for a server: its wording and its sampling, and nothing of where it is sent or when. */
export interface CompletionRequest {
  readonly messages: readonly Message[];
  /** What the reply must be, an object; servers without structured output are only asked for it in words. */
  readonly schema: { readonly name: string; readonly body: JsonSchema };
  readonly temperature: number;
  readonly topP: number;
  /** Tokens of the reply at most. */
  readonly maxTokens: number;
  /** For the server's sampler; 31 bits. */
  readonly seed: number;
}

/** Tokens, as the server counted them. */
export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** UTF-16 units of a reply that is kept: 200 times what comes at the default of 1,024 tokens. */
export const MAX_REPLY = 1_000_000;
/** Of the name of a model or a fingerprint: an endless one is none. */
export const MAX_NAME = 1_000;
/** Tokens that no request takes, whatever a server says. */
export const MAX_TOKENS = 1_000_000_000;

/** What came of a request that a server answered, whole or not. */
export interface Completion {
  /** The reply's content, never its reasoning. */
  readonly text: string;
  /** The model as the server names it; "" where it does not. */
  readonly model: string;
  readonly fingerprint: string | null;
  /** Null where the server does not say. */
  readonly usage: Usage | null;
}

/** Why a reply can't be used, though the server did answer. */
export const REPLY_FAULTS = [
  "cut", // ended by the limit of tokens
  "filtered", // ended by the server's content filter
  "refused", // the model refuses (a refusal field)
  "empty", // no choice, no message, no text, or only calls of tools
  "thought", // text in the reasoning alone
  "blank", // white space for ever: given up
  "looping", // the same block again and again: given up
  "not_text", // bytes that are no UTF-8
  "too_large", // over the cap of bytes
] as const;
export type ReplyFault = (typeof REPLY_FAULTS)[number];

/** What came of a request. */
export type Outcome =
  | { readonly kind: "completed"; readonly completion: Completion }
  /** Another sample may do better; what came is kept for the ledger. */
  | { readonly kind: "faulty"; readonly fault: ReplyFault; readonly completion: Completion | null }
  /** The prompt is longer than the server's context: a shorter one may do. */
  | { readonly kind: "overlong" }
  /** This very request killed the server twice, or failed every time while the server was well: it is given up. */
  | { readonly kind: "poisonous" };

/** How the server takes a schema: by itself, as JSON of any shape, or in words alone. */
export type StructuredOutput = "json_schema" | "json_object" | "text";

/** What a probe found out about a server; goes to the ledger and to the report. */
export interface Capabilities {
  readonly structured: StructuredOutput;
  /** Whether replies are streamed: the server ignores `stream` otherwise. */
  readonly streams: boolean;
  /** Whether replies say how many tokens they took. */
  readonly usage: boolean;
  /** How thinking is switched off, in the server's words; "" where nothing is sent. */
  readonly thinkingOff: string;
  /** The model and the fingerprint of the probe's reply. */
  readonly model: string;
  readonly fingerprint: string | null;
  /** Tokens a second of the probe's reply, for estimates; null where it can't be told. */
  readonly tokensPerSecond: number | null;
}

/** How the talk with a server has gone so far. */
export interface ServerStatistics {
  /** Requests sent, the probe's and repeated ones among them. */
  readonly sent: number;
  /** Requests sent again after a failure. */
  readonly retries: number;
  readonly inFlight: number;
  /** Requests that may be in flight just now: at most the setting's, fewer while the server is overloaded. */
  readonly limit: number;
  /** Milliseconds that requests have waited for the server's sake. */
  readonly waitedMs: number;
}

/** A server of one model. Any number of requests may be asked at a time; it sends as many as it should. */
export interface CompletionServer {
  readonly capabilities: Capabilities;
  readonly statistics: ServerStatistics;
  /**
   * Asks until there is an answer. Aborting `signal` gives up at once.
   *
   * @throws ModelpackError LLM_UNREACHABLE, LLM_DENIED, LLM_MODEL_MISSING, LLM_INCOMPATIBLE or LLM_QUOTA where
   *   no request can succeed any more, INTERRUPTED
   */
  complete(request: CompletionRequest, signal?: AbortSignal): Promise<Outcome>;
}

/** How long a client waits, in milliseconds; tests wait less. */
export interface ServerTiming {
  /** The first wait after a failure; each next one is twice as long, up to the most. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** What of a server's Retry-After is obeyed. */
  readonly maxRetryAfterMs: number;
  /** From the request to the first token: the model may have to be loaded. */
  readonly firstTokenMs: number;
  /** Between two tokens. Comments and empty pieces are none. */
  readonly idleMs: number;
}

/** Where the server is and what it is asked for. */
export interface ServerSettings {
  /** `ollama`, `openai`, `vllm`, `llama.cpp`, or any other that speaks OpenAI's protocol. */
  readonly provider: string;
  /** Up to and with `/v1`. */
  readonly baseUrl: string;
  readonly model: string;
  /** Null where the server wants none. Never shown. */
  readonly apiKey: string | null;
  /** Name of the environment variable that the key came from, for messages. */
  readonly apiKeyEnv: string;
  /** Of one request in all, from the first byte sent to the last one read. */
  readonly timeoutMs: number;
  /** Times that a failed request is sent again. */
  readonly maxRetries: number;
  /** Requests in flight at most. */
  readonly concurrency: number;
  readonly timing: ServerTiming;
}
