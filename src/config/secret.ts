// SPDX-License-Identifier: Apache-2.0

/**
 * Tokens by the prefixes that their issuers give them (OpenAI and compatible, Anthropic, Hugging Face,
 * Groq, Google, GitHub, xAI, AWS), long enough that no name or path is meant.
 */
const TOKEN =
  /\b(?:sk-[A-Za-z0-9_-]{16,}|hf_[A-Za-z0-9]{20,}|gsk_[A-Za-z0-9]{20,}|AIza[A-Za-z0-9_-]{30,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|xai-[A-Za-z0-9]{20,}|AKIA[A-Z0-9]{16})/g;

/** user:password@ in a URL. */
const CREDENTIALS = /(:\/\/)([^\s/@"']{1,256})@/g;

/** What is written after a key whose name says that it holds a secret (`api_key_env` holds a name only). */
const ASSIGNED =
  /((?:api_?key|token|secret|password|passwd|authorization)["']?\s{0,8}=\s{0,8})("[^"]*"?|'[^']*'?|[^\s#]+)/gi;

/** Whether a text holds what looks like a key or a password. */
export function looksSecret(text: string): boolean {
  return text.search(TOKEN) >= 0 || text.search(CREDENTIALS) >= 0;
}

/** The same text with secrets starred out, character for character, so that columns stay. */
export function redact(text: string): string {
  const stars = (found: string) => "*".repeat(found.length);
  return text
    .replace(TOKEN, stars)
    .replace(CREDENTIALS, (_, slashes: string, user: string) => `${slashes}${stars(user)}@`)
    .replace(ASSIGNED, (_, key: string, value: string) => key + stars(value));
}
