// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { llmIdentity, llmSettings } from "../../src/backfill/llm-settings.ts";
import type { Environment } from "../../src/config/env-file.ts";
import { DEFAULT_PROMPTS } from "../../src/config/prompts.ts";
import { ModelpackError } from "../../src/core/error.ts";
import { sha256 } from "../../src/storage/digest.ts";
import { load, TASK } from "../config/fixture.ts";

const KEY = "canary-key-of-a-test";

function configOf(lines: readonly string[], environment: Environment = {}) {
  return load(`[synthetic_llm]\n${lines.join("\n")}\n${TASK}`, { environment }).config;
}

/** The settings of a [synthetic_llm] with a model, whose rows may be shared. */
function settings(lines: readonly string[], environment: Environment = {}, shareRows = true) {
  const config = configOf(['model = "m"', ...lines], environment);
  return llmSettings(config, environment, { shareRows });
}

function errorOf(work: () => unknown): ModelpackError {
  try {
    work();
  } catch (error) {
    if (error instanceof ModelpackError) return error;
    throw error;
  }
  throw new Error("expected a ModelpackError");
}

/** The one refusal, in a line: `where message | hint`. */
function refusal(work: () => unknown): string {
  const { code, where, message, hint, stack } = errorOf(work);
  expect(code).toBe("CONFIG_INVALID");
  const line = `${where}: ${message} | ${hint}`;
  expect(line + stack).not.toContain(KEY);
  return line;
}

describe("the settings", () => {
  it("of a config that says nothing but the model", () => {
    expect(settings([])).toEqual({
      provider: "ollama",
      baseUrl: "http://localhost:11434/v1",
      model: "m",
      apiKey: null,
      apiKeyEnv: "OPENAI_API_KEY",
      timeoutMs: 120_000,
      maxRetries: 3,
      concurrency: 4,
      timing: {
        backoffMs: 500,
        maxBackoffMs: 8_000,
        maxRetryAfterMs: 60_000,
        firstTokenMs: 120_000,
        idleMs: 30_000,
      },
    });
  });

  it("take numbers and times from the config; no deadline is longer than the whole one", () => {
    const { timing, ...rest } = settings(["timeout_seconds = 2.5", "max_retries = 0", "concurrency = 16"]);
    expect(rest).toMatchObject({ timeoutMs: 2500, maxRetries: 0, concurrency: 16 });
    expect(timing).toMatchObject({ firstTokenMs: 2500, idleMs: 2500 });
    expect(settings(["timeout_seconds = 0.0001"]).timeoutMs).toBe(1);
    expect(settings(["timeout_seconds = 86400"]).timeoutMs).toBeLessThan(2 ** 31);
  });

  it("take the variables that the config names", () => {
    const environment = {
      LLM_EVAL__PROVIDER: "vllm",
      LLM_EVAL__MODEL: "b",
      LLM_EVAL__BASE_URL: "http://localhost:1234/v1/",
    };
    expect(settings(['provider = "ollama"'], environment)).toMatchObject({
      provider: "vllm",
      model: "b",
      baseUrl: "http://localhost:1234/v1",
    });
  });

  it("name the provider and its address in their one form", () => {
    const found = settings(['provider = " LlamaCpp"', 'base_url = "http://LOCALHOST:80/v1//"']);
    expect([found.provider, found.baseUrl]).toEqual(["llama.cpp", "http://localhost/v1"]);
  });

  it("of a model that is missing name its variable", () => {
    expect(refusal(() => llmSettings(configOf([]), {}, { shareRows: true }))).toBe(
      "synthetic_llm.model: synthetic_llm.model is missing: which model of the server at http://localhost:11434/v1 is to be asked? | set the environment variable LLM_EVAL__MODEL, or synthetic_llm.model in the TOML; modelpack prepare --no-llm goes on without, and reports what is missing",
    );
    const other = configOf(['model_env = "MY_MODEL"']);
    expect(refusal(() => llmSettings(other, {}, { shareRows: true }))).toContain("variable MY_MODEL,");
  });
});

describe("the key", () => {
  const remote = 'base_url = "https://llm.example/v1"';

  it("comes from the variable that the config names", () => {
    const lines = ['provider = "vllm"', 'api_key_env = "MY_KEY"'];
    expect(settings(lines, { MY_KEY: ` ${KEY}\n` })).toMatchObject({ apiKey: KEY, apiKeyEnv: "MY_KEY" });
    expect(settings(lines, { MY_KEY: " " }).apiKey).toBeNull();
    expect(settings(lines, { OPENAI_API_KEY: KEY }).apiKey).toBeNull();
    expect(settings(['provider = "vllm"', 'api_key_env = "constructor"']).apiKey).toBeNull();
  });

  it("of OpenAI never goes to Ollama; one that is named for it does", () => {
    const environment = { OPENAI_API_KEY: KEY, PROXY_KEY: KEY };
    expect(settings([], environment).apiKey).toBeNull();
    expect(settings([remote], environment).apiKey).toBeNull();
    expect(settings([remote, 'api_key_env = "PROXY_KEY"'], environment).apiKey).toBe(KEY);
  });

  it("is none where its variable has no name", () => {
    const environment = { OPENAI_API_KEY: KEY };
    const lines = ['provider = "openai"', 'base_url = "http://localhost:4000/v1"', 'api_key_env = ""'];
    expect(settings(['provider = "vllm"', 'api_key_env = ""'], environment).apiKey).toBeNull();
    expect(settings(lines, environment).apiKey).toBeNull();
  });

  it("is wanted by openai", () => {
    expect(refusal(() => settings(['provider = "openai"']))).toBe(
      "environment OPENAI_API_KEY: openai wants an API key, and OPENAI_API_KEY holds none | set OPENAI_API_KEY in the environment or in the .env file beside the TOML, and let synthetic_llm.api_key_env say OPENAI_API_KEY; modelpack prepare --no-llm goes on without an LLM",
    );
    expect(refusal(() => settings(['provider = "openai"', 'api_key_env = ""']))).toContain(
      "synthetic_llm.api_key_env: openai wants an API key, and synthetic_llm.api_key_env names no variable",
    );
    expect(settings(['provider = "openai"'], { OPENAI_API_KEY: KEY }).apiKey).toBe(KEY);
  });

  it.each([
    ["a line end", `${KEY}\nx`],
    ["a letter of another script", `${KEY}é`],
    ["too many characters", KEY.repeat(300)],
  ])("with %s is refused, and not shown", (_, key) => {
    expect(refusal(() => settings(['provider = "vllm"'], { OPENAI_API_KEY: key }))).toBe(
      "environment OPENAI_API_KEY: the API key is none: too long, or with characters that no key has | copy it again from the provider's page: letters, digits and signs, on one line",
    );
  });

  it("is not sent in clear to another machine", () => {
    const lines = ['provider = "vllm"', 'base_url = "http://gpu:8000/v1"'];
    expect(refusal(() => settings(lines, { OPENAI_API_KEY: KEY }))).toBe(
      'synthetic_llm.base_url: the key in OPENAI_API_KEY would go to gpu:8000 over plain http, where anybody on the way can read it | use an https:// address or a tunnel to localhost; where the server wants no key, set synthetic_llm.api_key_env = ""',
    );
    expect(settings([...lines, 'api_key_env = ""'], { OPENAI_API_KEY: KEY }).apiKey).toBeNull();
    const local = ['provider = "vllm"', 'base_url = "http://127.0.0.1:8000/v1"'];
    expect(settings(local, { OPENAI_API_KEY: KEY }).apiKey).toBe(KEY);
    expect(settings(['provider = "vllm"', remote], { OPENAI_API_KEY: KEY }).apiKey).toBe(KEY);
  });
});

describe("rows of datasets", () => {
  it("leave this machine only where somebody says so, in the TOML or by the flag", () => {
    const lines = ['provider = "openai"'];
    const environment = { OPENAI_API_KEY: KEY };
    expect(refusal(() => settings(lines, environment, false))).toBe(
      "synthetic_llm.share_rows: the LLM's server api.openai.com is not on this machine: its prompts would hold rows of your datasets, and these may be private | if they may leave this machine, set share_rows = true under [synthetic_llm] or add --share-rows; otherwise use a server on this machine, or modelpack prepare --no-llm",
    );
    expect(settings([...lines, "share_rows = true"], environment, false).apiKey).toBe(KEY);
    expect(settings(lines, environment, true).apiKey).toBe(KEY);
  });

  it("stay where OLLAMA_HOST is elsewhere", () => {
    expect(refusal(() => settings([], { OLLAMA_HOST: "gpu" }, false))).toContain("server gpu:11434 is not");
    expect(settings([], { OLLAMA_HOST: "0.0.0.0" }, false).baseUrl).toBe("http://127.0.0.1:11434/v1");
  });
});

describe("the identity", () => {
  const identity = (toml: string) => JSON.stringify(llmIdentity(load(`${toml}${TASK}`).config));
  const base = identity("");

  it("holds what decides the requests, in one order", () => {
    const toml = `[synthetic_llm]\nmodel = "m"\n[synthetic_llm.axes]\nzeta = ["b", "a"]\nalpha = ["c"]\nlength = []\npersona = []\nregister = []\nsituation = []
[multilingual]\nenabled = true\nweights = { fr = 0, en = 2, de = 1 }\n${TASK}`;
    expect(llmIdentity(load(toml).config)).toEqual({
      model: "m",
      temperature: 1.35,
      topP: 0.95,
      maxTokens: 1024,
      batchSize: 24,
      verify: "none",
      seedRowsPerFile: 300,
      prompts: [
        ["system", DEFAULT_PROMPTS.system],
        ["write", DEFAULT_PROMPTS.write],
        ["judge", DEFAULT_PROMPTS.judge],
        ["label", DEFAULT_PROMPTS.label],
      ],
      axes: [
        ["alpha", ["c"]],
        ["zeta", ["b", "a"]],
      ],
      languages: [
        ["de", 1],
        ["en", 2],
      ],
    });
  });

  it.each([
    'model = "other"',
    "temperature = 1",
    "top_p = 0.5",
    "max_tokens = 7",
    "batch_size = 7",
    'verify = "judge"',
    "local_raw_scan_rows_per_file = 7",
    'prompts.system = "{canary}"',
    'prompts.judge = "{labels}{texts}"',
    'axes.register = ["x"]',
    "axes.register = []",
  ])("changes with %s", (line) => {
    expect(sha256(Buffer.from(identity(`[synthetic_llm]\n${line}\n`)))).not.toBe(sha256(Buffer.from(base)));
  });

  it.each([
    'provider = "vllm"',
    'base_url = "http://localhost:1/v1"',
    'api_key_env = "X"',
    "concurrency = 7",
    "timeout_seconds = 7",
    "max_retries = 7",
    "max_requests = 7",
    "max_attempts_per_label = 7",
    "price_input_per_million = 7",
    "share_rows = true",
    'mode = "batch"',
    "log_stats_every_seconds = 7",
  ])("does not change with %s", (line) => {
    expect(identity(`[synthetic_llm]\n${line}\n`)).toBe(base);
  });

  it("changes with the languages only where they are on", () => {
    expect(identity("[multilingual]\nweights = { de = 1 }\n")).toBe(base);
    expect(identity("[multilingual]\nenabled = true\nweights = { de = 1 }\n")).not.toBe(base);
  });

  it("is the same for two orders of one table", () => {
    const [one, other] = ['b = ["2"]\na = ["1"]', 'a = ["1"]\nb = ["2"]'].map((lines) =>
      identity(`[synthetic_llm.axes]\n${lines}\n`),
    );
    expect(one).toBe(other);
  });
});
