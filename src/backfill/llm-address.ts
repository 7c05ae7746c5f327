// SPDX-License-Identifier: Apache-2.0
import { isIPv6 } from "node:net";
import type { Environment } from "../config/env-file.ts";
import { nearest } from "../config/suggest.ts";
import { ModelpackError } from "../core/error.ts";

type LlmSection = {
  readonly provider: string;
  readonly base_url?: string | undefined;
  readonly base_url_env: string;
};

/** Where a server listens when it was started without options, by its provider. */
const ADDRESSES: ReadonlyMap<string, string> = new Map([
  ["ollama", "http://localhost:11434/v1"],
  ["openai", "https://api.openai.com/v1"],
  ["vllm", "http://localhost:8000/v1"],
  ["llama.cpp", "http://localhost:8080/v1"],
]);

/** Other names of the same. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["llamacpp", "llama.cpp"],
  ["llama-cpp", "llama.cpp"],
]);

const OLLAMA_PORT = 11434;

/** The provider's name in its one form: `OpenAI` is openai, `llamacpp` is llama.cpp. */
export function providerName({ provider }: Pick<LlmSection, "provider">): string {
  const name = provider.trim().toLowerCase();
  return ALIASES.get(name) ?? name;
}

/**
 * The server's address, up to and with `/v1` and without a slash at its end: base_url, or where the provider
 * listens by itself; for ollama, where OLLAMA_HOST says.
 *
 * @throws ModelpackError CONFIG_INVALID where none is known, or it is none for a server of an LLM
 */
export function baseUrl(llm: LlmSection, environment: Environment): string {
  if (llm.base_url !== undefined) return checked(llm.base_url, "synthetic_llm.base_url", llm.base_url_env);
  const provider = providerName(llm);
  const host = unquoted(environment.OLLAMA_HOST ?? "");
  if (provider === "ollama" && host !== "")
    return checked(ollamaAddress(host), "environment OLLAMA_HOST", llm.base_url_env);
  const known = ADDRESSES.get(provider);
  if (known === undefined) throw withoutAddress(llm, provider);
  return known;
}

function withoutAddress(llm: LlmSection, provider: string): ModelpackError {
  const near = nearest(provider, [...ADDRESSES.keys()]);
  const meant = near === undefined ? "" : `, or did you mean provider = ${JSON.stringify(near)}?`;
  return new ModelpackError(
    "CONFIG_INVALID",
    `synthetic_llm.base_url is missing: no address is known for the provider ${JSON.stringify(llm.provider)}`,
    {
      where: "synthetic_llm.base_url",
      hint: `set it or the environment variable ${llm.base_url_env}, as in http://localhost:8000/v1${meant}`,
    },
  );
}

function unquoted(value: string): string {
  return value.trim().replace(/^["']|["']$/g, "");
}

/**
 * OLLAMA_HOST as an address: `host`, `host:port`, `:port`, `scheme://host:port/path`, with the defaults that
 * Ollama's own client has (its envconfig): 11434 without a scheme, 80 and 443 with one.
 */
function ollamaAddress(host: string): string {
  const [, scheme, rest = ""] = /^(?:(https?):\/\/)?(.*)$/is.exec(host) ?? [];
  const [authority = "", ...path] = rest.split("/");
  const { name, port } = isIPv6(authority) ? { name: `[${authority}]`, port: "" } : partsOf(authority);
  const end = port === "" && scheme === undefined ? `:${OLLAMA_PORT}` : port;
  const tail = path.filter((part) => part !== "").map((part) => `/${part}`);
  return `${scheme ?? "http"}://${reachable(name)}${end}${tail.join("")}/v1`;
}

function partsOf(authority: string): { readonly name: string; readonly port: string } {
  const port = /:\d{1,5}$/.exec(authority)?.[0] ?? "";
  return { name: authority.slice(0, authority.length - port.length), port };
}

// What a server listens on for all comers is no place to connect to.
function reachable(name: string): string {
  if (name === "") return "localhost";
  if (name === "0.0.0.0") return "127.0.0.1";
  return name === "[::]" ? "[::1]" : name;
}

// The address itself is not shown: it may hold a password.
function checked(address: string, where: string, variable: string): string {
  const url = URL.canParse(address) ? new URL(address) : null;
  const fault = url === null ? "is no URL" : faultOf(url);
  if (url !== null && fault === null) return url.origin + url.pathname.replace(/(?<!\/)\/+$/, "");
  throw new ModelpackError("CONFIG_INVALID", `the address of the LLM's server ${fault}`, {
    where,
    hint: `write it as in http://localhost:11434/v1 (in the TOML, or in the environment variable ${variable}); a key goes into the variable that synthetic_llm.api_key_env names`,
  });
}

function faultOf({ protocol, username, password, search, hash }: URL): string | null {
  if (protocol !== "http:" && protocol !== "https:") return "starts with neither http:// nor https://";
  if (username !== "" || password !== "") return "holds a user's name or a password";
  return search !== "" || hash !== "" ? "goes on after its path, with a ? or a #" : null;
}

/** Whether an address is this machine's: a rule of names alone, so that no name server decides it. */
export function isLocal(address: string): boolean {
  // URL writes every form of an IPv4 address as four decimal numbers.
  const { hostname } = new URL(address);
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
