// SPDX-License-Identifier: Apache-2.0
import type { Environment } from "../config/env-file.ts";
import { PROMPT_KINDS } from "../config/prompts.ts";
import type { PipelineConfig } from "../config/schema.ts";
import { ModelpackError } from "../core/error.ts";
import type { ServerSettings, ServerTiming } from "./completion.ts";
import { baseUrl, isLocal, providerName } from "./llm-address.ts";

type LlmSection = PipelineConfig["synthetic_llm"];

/** The default of api_key_env, which names the key of one provider. */
const OPENAI_KEY = "OPENAI_API_KEY";
/** Of a key; what is longer is something else. */
const MAX_KEY_CHARACTERS = 4096;

/** First and longest wait after a failure: those of OpenAI's own clients. */
const BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 8_000;
/** What of Retry-After is obeyed: limits by the minute are over by then, and days would be a hang. */
const MAX_RETRY_AFTER_MS = 60_000;
/** A server that has begun to answer writes several tokens a second; this is for one that swaps. */
const IDLE_MS = 30_000;

/**
 * Where the LLM is and how it is asked, from a config and its environment.
 *
 * @throws ModelpackError CONFIG_INVALID where the model, the address or the key is missing, or where rows or
 *   the key would go where they must not
 */
export function llmSettings(
  config: PipelineConfig,
  environment: Environment,
  options: { readonly shareRows: boolean },
): ServerSettings {
  const llm = config.synthetic_llm;
  const url = baseUrl(llm, environment);
  const model = modelOf(llm, url);
  const apiKey = keyOf(llm, environment);
  if (!isLocal(url)) {
    if (!llm.share_rows && !options.shareRows) throw unshared(url);
    if (apiKey !== null && new URL(url).protocol === "http:") throw keyInClear(llm, url);
  }
  return {
    provider: providerName(llm),
    baseUrl: url,
    model,
    apiKey,
    apiKeyEnv: llm.api_key_env,
    timeoutMs: milliseconds(llm),
    maxRetries: llm.max_retries,
    concurrency: llm.concurrency,
    timing: timingOf(milliseconds(llm)),
  };
}

function milliseconds({ timeout_seconds }: LlmSection): number {
  return Math.max(1, Math.round(timeout_seconds * 1000));
}

// A model that is not in memory is loaded before its first token, and one request may wait for others: there
// the deadline of the whole is the only one that fits every server.
function timingOf(timeoutMs: number): ServerTiming {
  return {
    backoffMs: BACKOFF_MS,
    maxBackoffMs: MAX_BACKOFF_MS,
    maxRetryAfterMs: MAX_RETRY_AFTER_MS,
    firstTokenMs: timeoutMs,
    idleMs: Math.min(timeoutMs, IDLE_MS),
  };
}

function modelOf(llm: LlmSection, url: string): string {
  if (llm.model !== undefined) return llm.model;
  throw new ModelpackError(
    "CONFIG_INVALID",
    `synthetic_llm.model is missing: which model of the server at ${url} is to be asked?`,
    {
      where: "synthetic_llm.model",
      hint: `set the environment variable ${llm.model_env}, or synthetic_llm.model in the TOML; modelpack prepare --no-llm goes on without, and reports what is missing`,
    },
  );
}

function keyOf(llm: LlmSection, environment: Environment): string | null {
  const name = llm.api_key_env;
  const provider = providerName(llm);
  // Ollama wants no key. The one of OpenAI is not its business; one that a proxy before it wants may be named.
  if (provider === "ollama" && name === OPENAI_KEY) return null;
  const key = (Object.hasOwn(environment, name) ? environment[name] : undefined)?.trim() ?? "";
  if (key === "") {
    // A server of one's own that takes OpenAI's place may do without: an empty name says so.
    const isOptional = provider !== "openai" || (name === "" && llm.base_url !== undefined);
    if (isOptional) return null;
    throw withoutKey(name);
  }
  // Checked here, because fetch would quote a broken one in its error.
  if (/^[\x21-\x7e]+$/.test(key) && key.length <= MAX_KEY_CHARACTERS) return key;
  throw new ModelpackError(
    "CONFIG_INVALID",
    "the API key is none: too long, or with characters that no key has",
    {
      where: `environment ${name}`,
      hint: "copy it again from the provider's page: letters, digits and signs, on one line",
    },
  );
}

function withoutKey(name: string): ModelpackError {
  const holder = name === "" ? "synthetic_llm.api_key_env names no variable" : `${name} holds none`;
  const variable = name === "" ? OPENAI_KEY : name;
  return new ModelpackError("CONFIG_INVALID", `openai wants an API key, and ${holder}`, {
    where: name === "" ? "synthetic_llm.api_key_env" : `environment ${name}`,
    hint: `set ${variable} in the environment or in the .env file beside the TOML, and let synthetic_llm.api_key_env say ${variable}; modelpack prepare --no-llm goes on without an LLM`,
  });
}

function unshared(url: string): ModelpackError {
  return new ModelpackError(
    "CONFIG_INVALID",
    `the LLM's server ${new URL(url).host} is not on this machine: its prompts would hold rows of your datasets, and these may be private`,
    {
      where: "synthetic_llm.share_rows",
      hint: "if they may leave this machine, set share_rows = true under [synthetic_llm] or add --share-rows; otherwise use a server on this machine, or modelpack prepare --no-llm",
    },
  );
}

function keyInClear(llm: LlmSection, url: string): ModelpackError {
  return new ModelpackError(
    "CONFIG_INVALID",
    `the key in ${llm.api_key_env} would go to ${new URL(url).host} over plain http, where anybody on the way can read it`,
    {
      where: "synthetic_llm.base_url",
      hint: 'use an https:// address or a tunnel to localhost; where the server wants no key, set synthetic_llm.api_key_env = ""',
    },
  );
}

/** The settings that decide what is asked; the other ones only decide where, when and how often. */
export interface LlmIdentity {
  readonly model: string | null;
  readonly temperature: number;
  readonly topP: number;
  readonly maxTokens: number;
  readonly batchSize: number;
  readonly verify: string;
  readonly seedRowsPerFile: number;
  /** By kind, in a fixed order. */
  readonly prompts: readonly (readonly [kind: string, wording: string])[];
  /** In the order of their names. */
  readonly axes: readonly (readonly [axis: string, values: readonly string[]])[];
  /** Languages with a share, in the order of their codes; null where rows are written in no particular one. */
  readonly languages: readonly (readonly [code: string, weight: number])[] | null;
}

/** What a digest of the context of a fill holds of the config: arrays only, whose order JSON keeps. */
export function llmIdentity({ synthetic_llm: llm, multilingual }: PipelineConfig): LlmIdentity {
  return {
    model: llm.model ?? null,
    temperature: llm.temperature,
    topP: llm.top_p,
    maxTokens: llm.max_tokens,
    batchSize: llm.batch_size,
    verify: llm.verify,
    seedRowsPerFile: llm.local_raw_scan_rows_per_file,
    prompts: PROMPT_KINDS.map((kind) => [kind, llm.prompts[kind]]),
    axes: byName(llm.axes),
    languages: multilingual.enabled ? byName(multilingual.weights).filter(([, weight]) => weight > 0) : null,
  };
}

function byName<T>(map: ReadonlyMap<string, T>): readonly (readonly [string, T])[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
