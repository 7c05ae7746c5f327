// SPDX-License-Identifier: Apache-2.0

/** An error that a server names: by a status, in a reply of 200, or in the middle of a stream. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
  /** `code`, `type` and `param` of the error, as far as it has them, in one text. */
  readonly names: string;
  readonly headers: Headers;
}

/** Statuses of the errors that servers name inside a reply of 200, where a number is missing. */
const STATUS_OF: readonly (readonly [RegExp, number])[] = [
  [/insufficient_quota|rate_limit|too_many_requests|rate limit/i, 429],
  [/invalid_api_key|authentication|unauthorized/i, 401],
  [/permission|forbidden/i, 403],
  [/model_not_found|not_found|model .{0,200}not found/i, 404],
  [/overloaded|unavailable/i, 503],
  [
    /context_length|exceed_context|context (?:length|size|window)|invalid_request|BadRequest|unsupported/i,
    400,
  ],
];

/**
 * What an error's body says. Servers word it in five ways: `{error: {message, type, code, param}}` (OpenAI),
 * `{error: "…"}` (Ollama), `{object: "error", message, code}` (vLLM), `{detail: "…"}` (FastAPI), and plain text.
 */
export function refusalOf(status: number | null, body: unknown, headers: Headers): Refusal {
  const outer = Object(body) as Readonly<Record<string, unknown>>;
  const error = outer.error ?? outer.detail ?? body;
  const inner = Object(error) as Readonly<Record<string, unknown>>;
  const message = textOf(typeof error === "string" ? error : (inner.message ?? inner.msg ?? error));
  const names = [inner.code, inner.type, inner.param].filter((one) => typeof one === "string").join(" ");
  return { status: status ?? statusOf(inner, `${names} ${message}`), message, names, headers };
}

function statusOf(error: Readonly<Record<string, unknown>>, words: string): number {
  for (const value of [error.code, error.status, error.http_status]) {
    const status = typeof value === "string" ? Number(value) : value;
    if (typeof status === "number" && status >= 400 && status <= 599) return status;
  }
  return STATUS_OF.find(([pattern]) => pattern.test(words))?.[1] ?? 500;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

// What the servers that we know say: OpenAI, vLLM, llama.cpp (exceed_context_size_error) and Ollama.
const OVERLONG =
  /context_length_exceeded|exceed_context_size|(?:context|input|prompt)[ _](?:length|size|window|limit)|maximum (?:model|context)|prompt is too long|too many (?:input )?tokens/i;
const QUOTA = /insufficient_quota|billing_|exceeded your current quota|credit balance/i;
const NO_MODEL = /model_not_found|model.{0,300}(?:not found|not exist|unknown)|(?:no such|unknown) model/i;
const CRASH =
  /runner process (?:has )?terminated|unexpected EOF|EngineDead|engine ?core|engine loop .{0,40}(?:died|dead)|connection reset/i;
const FILTER = /content_filter|content_policy|ResponsibleAI/i;
/** No server needs more of its own words to say what is wrong. */
const MAX_READ = 4000;

export type RefusalKind =
  | "overlong"
  | "quota"
  | "limited"
  | "denied"
  | "no_model"
  | "no_path"
  | "filtered"
  | "crashed"
  | "passing" // may succeed when it is sent again
  | "final" // might, but the server wants no more of it
  | "invalid"; // will not

/** What a refusal means. */
export function kindOf({ status, message, names, headers }: Refusal): RefusalKind {
  const words = `${names} ${message.slice(0, MAX_READ)}`;
  if (status === 402 || QUOTA.test(words)) return "quota";
  if (status === 429) return "limited";
  if (status === 401 || (status === 403 && !FILTER.test(words))) return "denied";
  if (status === 404) return NO_MODEL.test(words) ? "no_model" : "no_path";
  if (status === 413 || (isClient(status) && OVERLONG.test(words))) return "overlong";
  if (isClient(status) && FILTER.test(words)) return "filtered";
  if (status >= 500 && CRASH.test(words)) return "crashed";
  return ofStatus(status, headers.get("x-should-retry"));
}

// 500 too: Ollama and llama.cpp have answered so to a prompt that is too long.
function isClient(status: number): boolean {
  return [400, 403, 413, 422, 500].includes(status);
}

// As the SDK does it: these statuses, unless the server says otherwise.
function ofStatus(status: number, wish: string | null): RefusalKind {
  const isPassing = status === 408 || status === 409 || status >= 500;
  if (wish === "true") return "passing";
  if (wish === "false" && isPassing) return "final";
  return isPassing ? "passing" : "invalid";
}
