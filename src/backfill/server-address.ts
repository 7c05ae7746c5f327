// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import type { ServerSettings } from "./completion.ts";
import { hider } from "./secrets.ts";
import { isPrivateLine } from "./transport.ts";

/** Where a server is, and what may be said about it. */
export interface ServerAddress {
  /** Up to and with `/v1`, without credentials, query and trailing slashes. */
  readonly baseUrl: string;
  readonly origin: string;
  readonly query: Readonly<Record<string, string>>;
  /** Value of the Authorization header; null where none is sent. */
  readonly authorization: string | null;
  /** Why no key is sent although there is one. */
  readonly withheld: boolean;
  /** Takes the key and the credentials out of a text. */
  readonly hide: (text: string) => string;
}

/** Reads the base URL. Credentials in it are for the server, or what stands before it, and win over the key. */
export function serverAddress({ baseUrl, apiKey, apiKeyEnv }: ServerSettings): ServerAddress {
  const url = parsed(baseUrl);
  checkKey(apiKey ?? "", apiKeyEnv);
  const user = unescaped(url.username);
  const password = unescaped(url.password);
  const basic = `${user}:${password}`;
  const secrets = [apiKey ?? "", password, url.password, basic, ...url.searchParams.values()];
  const wanted = basic !== ":" ? `Basic ${Buffer.from(basic).toString("base64")}` : bearer(apiKey);
  const allowed = isPrivateLine(url);
  return {
    baseUrl: url.origin + url.pathname.replace(/\/+$/, ""),
    origin: url.origin,
    query: Object.fromEntries(url.searchParams),
    authorization: allowed ? wanted : null,
    withheld: wanted !== null && !allowed,
    hide: hider(secrets),
  };
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function bearer(apiKey: string | null): string | null {
  return apiKey === null || apiKey === "" ? null : `Bearer ${apiKey}`;
}

/** What no header can hold, a line break above all, would be refused by fetch in words that repeat the key. */
function checkKey(apiKey: string, apiKeyEnv: string): void {
  if (/^[\x20-\x7e]*$/.test(apiKey)) return;
  throw new ModelpackError("CONFIG_INVALID", `the key in ${apiKeyEnv} has a character that no key has`, {
    where: apiKeyEnv,
    hint: "set it again, without line breaks and invisible characters",
  });
}

function parsed(baseUrl: string): URL {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null;
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  // What came may hold a password: it is not repeated.
  throw new ModelpackError("CONFIG_INVALID", "synthetic_llm.base_url is no http:// or https:// address", {
    where: "synthetic_llm.base_url",
    hint: "as in http://localhost:11434/v1",
  });
}
