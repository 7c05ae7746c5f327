// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { serverAddress } from "../../src/backfill/server-address.ts";
import { TIMING } from "../faults/llm/support.ts";
import { failure } from "../support/failure.ts";

const SETTINGS = {
  provider: "openai",
  model: "m",
  apiKey: "sk-0123456789",
  apiKeyEnv: "OPENAI_API_KEY",
  timeoutMs: 1000,
  maxRetries: 1,
  concurrency: 1,
  timing: TIMING,
};
const addressOf = (baseUrl: string, apiKey: string | null = SETTINGS.apiKey) =>
  serverAddress({ ...SETTINGS, baseUrl, apiKey });

it.each([
  ["https://api.example/v1", "https://api.example/v1"],
  ["https://api.example/v1/", "https://api.example/v1"],
  ["https://api.example///", "https://api.example"],
  ["HTTPS://API.Example:443/v1", "https://api.example/v1"],
  ["https://user:pass@api.example/v1?key=secret-key#x", "https://api.example/v1"],
])("%s is %s", (given, expected) => {
  expect(addressOf(given).baseUrl).toBe(expected);
});

it.each([
  ["https://api.example/v1", "Bearer sk-0123456789", false],
  ["http://localhost:11434/v1", "Bearer sk-0123456789", false],
  ["http://192.168.0.2:8000/v1", null, true],
  ["https://user:p%40ss@api.example/v1", `Basic ${Buffer.from("user:p@ss").toString("base64")}`, false],
  ["https://user:p%zz@api.example/v1", `Basic ${Buffer.from("user:p%zz").toString("base64")}`, false],
  ["http://user:pass@api.example/v1", null, true],
])("at %s, %s is sent", (given, authorization, withheld) => {
  expect(addressOf(given)).toMatchObject({ authorization, withheld });
});

it("without a key nothing is sent, and nothing withheld", () => {
  for (const none of [null, ""])
    expect(addressOf("http://api.example/v1", none)).toMatchObject({ authorization: null, withheld: false });
});

it("hides the key, the credentials and what the query holds", () => {
  const { hide, query } = addressOf("https://user:password@api.example/v1?token=query-secret");
  expect(hide("sk-0123456789 password query-secret user:password")).not.toMatch(/0123|password|secret/);
  expect(query).toEqual({ token: "query-secret" });
});

it.each(["", "api.example/v1", "ftp://api.example", "http://", "file:///etc/passwd"])(
  "%j is no address",
  (given) => {
    expect(failure(() => addressOf(given))).toBe("CONFIG_INVALID");
  },
);

it.each(["sk-01234\n56789", "sk-0123456789\r\n", "sk-\u200b0123456789", "schlüssel-0123"])(
  "%j is no key",
  (key) => {
    try {
      addressOf("https://api.example/v1", key);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: "CONFIG_INVALID", where: "OPENAI_API_KEY" });
      expect(String(error)).not.toMatch(/01234/);
    }
  },
);
