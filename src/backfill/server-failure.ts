// SPDX-License-Identifier: Apache-2.0
import { type ErrorCode, ModelpackError } from "../core/error.ts";
import type { ServerSettings } from "./completion.ts";
import type { ServerAddress } from "./server-address.ts";

// The errors that end a run, with what to do next. No cause is attached: what undici and the SDK throw may hold
// headers.

/** Characters that we repeat of what a server says. */
const MAX_SAID = 300;
/** Names of models that are listed. */
const MAX_LISTED = 20;

/** A server, as its errors tell of it. */
export interface ServerSubject {
  readonly settings: ServerSettings;
  readonly address: ServerAddress;
}

/** What a server says, shortened, on one line, and without a secret that it repeats. */
export function said({ address }: ServerSubject, text: string): string {
  // Hidden before it is cut: half a key would not be found.
  const plain = address
    .hide(text.slice(0, MAX_SAID * 100))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]+/g, " ")
    .trim();
  return plain.length > MAX_SAID ? `${plain.slice(0, MAX_SAID)}…` : plain;
}

function failed(subject: ServerSubject, code: ErrorCode, message: string, hint: string): ModelpackError {
  return new ModelpackError(code, message, { where: subject.address.baseUrl, hint });
}

const PRODUCTS: Readonly<Record<string, readonly [name: string, start: (model: string) => string]>> = {
  ollama: ["Ollama", (model) => `\`ollama serve\`, and \`ollama pull ${model}\` once`],
  vllm: ["vLLM", (model) => `\`vllm serve ${model}\``],
  "llama.cpp": ["llama-server", () => "`llama-server -m <model>.gguf`"],
};

function startHint({ settings }: ServerSubject): string {
  const product = PRODUCTS[settings.provider];
  const start =
    product === undefined
      ? "check the address and the network"
      : `start it with ${product[1](settings.model)}`;
  return `${start}; or set synthetic_llm.base_url, or go on without rows of an LLM by modelpack prepare --no-llm`;
}

/** Nobody answers, or only with failures. */
export function unreachable(subject: ServerSubject, why: string): ModelpackError {
  const { settings, address } = subject;
  const product = PRODUCTS[settings.provider]?.[0];
  const question = product === undefined ? "" : `: is ${product} running at ${address.baseUrl}?`;
  return failed(
    subject,
    "LLM_UNREACHABLE",
    `the LLM's server does not answer (${said(subject, why)})${question}`,
    startHint(subject),
  );
}

/** There is an answer for most, but not any more; what came so far is kept. */
export function failing(subject: ServerSubject, why: string): ModelpackError {
  return failed(
    subject,
    "LLM_UNREACHABLE",
    `the LLM's server fails again and again: ${said(subject, why)}`,
    "see the server's log; run the same command again to go on: what was answered is kept",
  );
}

/** What TLS calls an answer that is none of its own. */
const PLAIN_HTTP = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|EPROTO/;

/** The name of the host or its certificate is wrong: waiting helps nobody. */
export function untrusted(subject: ServerSubject, why: string): ModelpackError {
  return failed(
    subject,
    "LLM_UNREACHABLE",
    `no connection to the LLM's server: ${said(subject, why)}`,
    PLAIN_HTTP.test(why)
      ? "what answers there may speak plain HTTP: try http:// in synthetic_llm.base_url"
      : "check synthetic_llm.base_url; a certificate of your own is trusted by NODE_EXTRA_CA_CERTS=<its file>",
  );
}

export function denied(subject: ServerSubject, status: number, says: string): ModelpackError {
  const { settings, address } = subject;
  const hint = address.withheld
    ? "no key was sent: the address is plain HTTP to another host; use https://"
    : address.authorization === null
      ? whereKeyGoes(settings)
      : `check the key in ${settings.apiKeyEnv}`;
  return failed(
    subject,
    "LLM_DENIED",
    `the LLM's server refuses access (${status}): ${said(subject, says)}`,
    hint,
  );
}

export function modelMissing(
  subject: ServerSubject,
  models: readonly string[],
  says: string,
): ModelpackError {
  const { provider, model } = subject.settings;
  const shown = models.slice(0, MAX_LISTED).map((name) => said(subject, name));
  const more = models.length > MAX_LISTED ? ` and ${models.length - MAX_LISTED} more` : "";
  const list = models.length === 0 ? "it lists none" : `it has ${shown.join(", ")}${more}`;
  const pull = provider === "ollama" ? `run \`ollama pull ${model}\`, or ` : "";
  return failed(
    subject,
    "LLM_MODEL_MISSING",
    `the LLM's server has no model ${JSON.stringify(model)} (${said(subject, says)}); ${list}`,
    `${pull}set synthetic_llm.model to one that it has`,
  );
}

export function incompatible(subject: ServerSubject, message: string, hint: string): ModelpackError {
  return failed(subject, "LLM_INCOMPATIBLE", said(subject, message), hint);
}

/** 404 whatever is asked for. */
export function noSuchPath(subject: ServerSubject, says: string): ModelpackError {
  const { baseUrl } = subject.address;
  return incompatible(
    subject,
    `there is no OpenAI-compatible server at ${baseUrl}: 404 ${says}`,
    /\/v\d+$/.test(baseUrl)
      ? "check synthetic_llm.base_url"
      : `synthetic_llm.base_url should end with /v1, as in ${baseUrl}/v1`,
  );
}

/** What answers is no server of an LLM. */
export function notOpenAi(subject: ServerSubject, what: string): ModelpackError {
  return incompatible(
    subject,
    `what answers at ${subject.address.baseUrl} is no OpenAI-compatible server: ${what}`,
    "check synthetic_llm.base_url: it ends with /v1, and no page of a proxy or a login stands before it",
  );
}

export function quota(subject: ServerSubject, says: string): ModelpackError {
  return failed(
    subject,
    "LLM_QUOTA",
    `the limit of the account or of the LLM's server is used up: ${said(subject, says)}`,
    "raise it, or wait; then run the same command again: what was answered is kept",
  );
}

/** `signal` was aborted, or the run's own. */
export function interrupted(): ModelpackError {
  return new ModelpackError("INTERRUPTED", "stopped while the LLM was asked", {
    hint: "run the same command again to go on: what was answered is kept",
  });
}

/** Ollama itself wants no key, and OpenAI's is not its business: that one is not sent, though it may be set. */
function whereKeyGoes({ provider, apiKeyEnv }: ServerSettings): string {
  if (apiKeyEnv === "") return "let synthetic_llm.api_key_env name the variable that holds the server's key";
  if (provider !== "ollama" || apiKeyEnv !== "OPENAI_API_KEY")
    return `put the server's key into ${apiKeyEnv}`;
  return "OPENAI_API_KEY is not sent to provider ollama: name another provider, or another variable as api_key_env";
}
