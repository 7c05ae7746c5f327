// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { baseUrl, isLocal, providerName } from "../../src/backfill/llm-address.ts";
import type { Environment } from "../../src/config/env-file.ts";
import { ModelpackError } from "../../src/core/error.ts";
import { expectLinear } from "../support/timing.ts";

interface Given {
  readonly provider?: string;
  readonly url?: string;
}

function addressOf({ provider = "ollama", url }: Given, environment: Environment = {}): string {
  return baseUrl({ provider, base_url: url, base_url_env: "LLM_EVAL__BASE_URL" }, environment);
}

/** The refusal, in a line: `where message | hint`. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ModelpackError)) throw error;
    expect(error.code).toBe("CONFIG_INVALID");
    return `${error.where}: ${error.message} | ${error.hint}`;
  }
  throw new Error("expected a ModelpackError");
}

describe("where nothing else is said", () => {
  it.each([
    ["ollama", "ollama", "http://localhost:11434/v1"],
    ["openai", "openai", "https://api.openai.com/v1"],
    [" OpenAI", "openai", "https://api.openai.com/v1"],
    ["vllm", "vllm", "http://localhost:8000/v1"],
    ["vLLM", "vllm", "http://localhost:8000/v1"],
    ["llama.cpp", "llama.cpp", "http://localhost:8080/v1"],
    ["llamacpp", "llama.cpp", "http://localhost:8080/v1"],
    ["llama-cpp", "llama.cpp", "http://localhost:8080/v1"],
  ])("%s is at its own address", (provider, name, address) => {
    expect([providerName({ provider }), addressOf({ provider })]).toEqual([name, address]);
  });

  it("another provider is nowhere", () => {
    expect(refusal(() => addressOf({ provider: "groq" }))).toBe(
      'synthetic_llm.base_url: synthetic_llm.base_url is missing: no address is known for the provider "groq" | set it or the environment variable LLM_EVAL__BASE_URL, as in http://localhost:8000/v1',
    );
    expect(refusal(() => addressOf({ provider: "olama" }))).toContain('or did you mean provider = "ollama"?');
    const url = "https://api.groq.com/openai/v1";
    expect(addressOf({ provider: "groq", url })).toBe(url);
  });
});

describe("base_url", () => {
  it.each([
    ["http://127.0.0.1:5000/v1/", "http://127.0.0.1:5000/v1"],
    ["http://LOCALHOST:80/v1//", "http://localhost/v1"],
    ["http://127.1/x", "http://127.0.0.1/x"],
    ["http://localhost:1", "http://localhost:1"],
    ["https://a/b//c/", "https://a/b//c"],
  ])("%s is %s", (url, address) => {
    expect(addressOf({ url }, { OLLAMA_HOST: "elsewhere" })).toBe(address);
  });

  it.each([
    ["http://user:canary@localhost/v1", "holds a user's name or a password"],
    ["http://canary@localhost/v1", "holds a user's name or a password"],
    ["http://localhost/v1?key=canary", "goes on after its path, with a ? or a #"],
    ["http://localhost/v1#canary", "goes on after its path, with a ? or a #"],
    ["ftp://canary/v1", "starts with neither http:// nor https://"],
    ["http://canary:x/v1", "is no URL"],
  ])("%s is refused, and not shown", (url, fault) => {
    expect(refusal(() => addressOf({ url }))).toBe(
      `synthetic_llm.base_url: the address of the LLM's server ${fault} | write it as in http://localhost:11434/v1 (in the TOML, or in the environment variable LLM_EVAL__BASE_URL); a key goes into the variable that synthetic_llm.api_key_env names`,
    );
  });
});

// The cases of Ollama's own client (envconfig.Host and its test); what a server listens on for all comers is
// this machine.
describe("OLLAMA_HOST", () => {
  it.each([
    ["127.0.0.1", "http://127.0.0.1:11434/v1"],
    ["0.0.0.0", "http://127.0.0.1:11434/v1"],
    ["0.0.0.0:8080", "http://127.0.0.1:8080/v1"],
    [":1234", "http://localhost:1234/v1"],
    ["gpu", "http://gpu:11434/v1"],
    ["gpu:1234", "http://gpu:1234/v1"],
    ["gpu/ollama/", "http://gpu:11434/ollama/v1"],
    ["http://gpu", "http://gpu/v1"],
    ["http://gpu:1234/", "http://gpu:1234/v1"],
    ["https://gpu", "https://gpu/v1"],
    ["HTTPS://gpu:8443/a/b", "https://gpu:8443/a/b/v1"],
    ["[::1]", "http://[::1]:11434/v1"],
    ["[::1]:1234", "http://[::1]:1234/v1"],
    ["::1", "http://[::1]:11434/v1"],
    ["::", "http://[::1]:11434/v1"],
    ["[::]:1234", "http://[::1]:1234/v1"],
    [' "gpu:1234" ', "http://gpu:1234/v1"],
    ["", "http://localhost:11434/v1"],
  ])("%s is %s", (host, address) => {
    expect(addressOf({}, { OLLAMA_HOST: host })).toBe(address);
  });

  it("is nobody else's", () => {
    expect(addressOf({ provider: "vllm" }, { OLLAMA_HOST: "gpu" })).toBe("http://localhost:8000/v1");
  });

  it.each([
    ["gpu:99999", "is no URL"],
    ["tcp://gpu", "is no URL"],
    ["a b", "is no URL"],
    ["user:pass@gpu", "holds a user's name or a password"],
  ])("%s is refused", (host, fault) => {
    const line = refusal(() => addressOf({}, { OLLAMA_HOST: host }));
    expect(line).toContain(`environment OLLAMA_HOST: the address of the LLM's server ${fault} |`);
    expect(line).not.toContain("pass@");
  });

  it.each(["/", ":", "a:", "::1", '"', "http://", "1:"])("takes linear time over %j", (unit) => {
    expectLinear((host) => {
      try {
        return addressOf({}, { OLLAMA_HOST: `${host}x` }) + addressOf({ url: `http://a/${host}x` });
      } catch {
        return null;
      }
    }, unit);
  });
});

describe("isLocal", () => {
  it.each<[string, boolean]>([
    ["http://localhost/v1", true],
    ["https://localhost:8443/v1", true],
    ["http://127.0.0.1:8000/v1", true],
    ["http://127.255.3.4/v1", true],
    ["http://2130706433/v1", true],
    ["http://[::1]:8000/v1", true],
    ["http://[0:0:0:0:0:0:0:1]/v1", true],
    ["http://127.0.0.1.example.com/v1", false],
    ["http://localhost.example.com/v1", false],
    ["http://128.0.0.1/v1", false],
    ["http://10.127.0.1/v1", false],
    ["http://0.0.0.0/v1", false],
    ["http://[::2]/v1", false],
    ["http://gpu/v1", false],
  ])("%s is on this machine: %s", (address, local) => {
    expect(isLocal(address)).toBe(local);
  });

  it("knows every address of the loopback network", () => {
    fc.assert(
      fc.property(fc.ipV4(), (ip) => {
        expect(isLocal(`http://${ip}/v1`)).toBe(ip.startsWith("127."));
        expect(isLocal(`http://127.${ip.split(".").slice(1).join(".")}:1/v1`)).toBe(true);
      }),
    );
  });
});
