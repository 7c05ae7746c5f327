// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { ModelpackError } from "../core/error.ts";
import { errnoOf, storageFailure } from "../storage/failure.ts";

/** How long the client waits, and how often it tries. */
export interface HubTiming {
  /** Attempts in a row that bring nothing new, the first one included. */
  readonly tries: number;
  /** Milliseconds before the second attempt; each further wait is twice as long, up to `maxBackoffMs`. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** The longest that a server's Retry-After is obeyed, in milliseconds. */
  readonly maxRetryAfterMs: number;
  /** Without {@link IDLE_BYTES} new bytes for this long, in milliseconds, an answer is given up. */
  readonly idleMs: number;
  /** The longest that an answer of the API may take as a whole, in milliseconds. */
  readonly apiMs: number;
}

/** Where the Hub is and what may be asked of it. */
export interface HubSettings {
  /** `https://huggingface.co`, without a slash at the end. */
  readonly endpoint: string;
  /** Sent to the endpoint and to no other host; in no message and no file. */
  readonly token: string | null;
  /** No connection at all: HF_HUB_OFFLINE. */
  readonly offline: boolean;
  /** Where files are cached, by content. */
  readonly cacheDir: string;
  /** False is --disable-download: like `offline`. */
  readonly download: boolean;
  readonly timing: HubTiming;
}

/** Backoff as OpenAI's and AWS's clients have it; a minute without news is an outage, not a wait. */
const TIMING: HubTiming = {
  tries: 5,
  backoffMs: 500,
  maxBackoffMs: 8000,
  maxRetryAfterMs: 60_000,
  idleMs: 30_000,
  apiMs: 120_000,
};

const DEFAULT_ENDPOINT = "https://huggingface.co";
/** As `huggingface_hub` reads its switches. */
const TRUE = /^(?:1|true|yes|on)$/i;
/** Of a token file; what is larger is something else. */
const MAX_TOKEN_CHARACTERS = 4096;

/**
 * The settings that the environment gives, by the names that other tools of the Hub know: HF_ENDPOINT,
 * HF_TOKEN, HF_TOKEN_PATH, HF_HOME and HF_HUB_OFFLINE. Throws `CONFIG_INVALID` for an endpoint or a token that can't be one.
 */
export function hubSettings(
  env: Readonly<Record<string, string | undefined>>,
  options: { readonly cacheDir: string; readonly download: boolean },
): HubSettings {
  return {
    endpoint: endpointOf(env.HF_ENDPOINT),
    token: tokenOf(env),
    offline: TRUE.test((env.HF_HUB_OFFLINE ?? "").trim()),
    cacheDir: options.cacheDir,
    download: options.download,
    timing: TIMING,
  };
}

function endpointOf(value: string | undefined): string {
  const text = (value ?? "").trim() || DEFAULT_ENDPOINT;
  const url = parse(text);
  // Not repeated in the message: it may hold a password.
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    throw new ModelpackError("CONFIG_INVALID", "HF_ENDPOINT is no http or https address without a password", {
      where: "environment HF_ENDPOINT",
      hint: `unset it to use ${DEFAULT_ENDPOINT}, or give the address of a mirror`,
    });
  }
  return (url.origin + url.pathname).replace(/\/+$/, "");
}

function parse(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

function tokenOf(env: Readonly<Record<string, string | undefined>>): string | null {
  const [where, text] = env.HF_TOKEN?.trim() ? ["environment HF_TOKEN", env.HF_TOKEN] : tokenFile(env);
  const token = text.trim();
  if (token === "") return null;
  // Checked here, because fetch would quote a broken one in its error.
  if (/^[\x21-\x7e]+$/.test(token) && token.length <= MAX_TOKEN_CHARACTERS) return token;
  throw new ModelpackError("CONFIG_INVALID", "the token for the Hub holds characters that no token has", {
    where,
    hint: "copy it again from the Hub's settings: hf_ and letters and digits, on one line",
  });
}

function tokenFile(env: Readonly<Record<string, string | undefined>>): readonly [string, string] {
  const cache = env.XDG_CACHE_HOME ?? join(env.HOME ?? homedir(), ".cache");
  const path = env.HF_TOKEN_PATH ?? join(env.HF_HOME ?? join(cache, "huggingface"), "token");
  try {
    return [path, readFileSync(path, "utf8")];
  } catch (error) {
    // None is the usual case; a folder or a file of another user is no token either, but was it meant?
    if (env.HF_TOKEN_PATH === undefined || errnoOf(error) === "ENOENT") return [path, ""];
    throw storageFailure(error, "read the token in", path);
  }
}

/** What to do where files are needed and only what is cached may be used. */
export const DOWNLOADS_ON =
  "run once with the network: without HF_HUB_OFFLINE and --disable-download, with prepare.auto_download_missing = true";

/** Whether only what is cached may be used. */
export function isOff({ offline, download }: HubSettings): boolean {
  return offline || !download;
}
