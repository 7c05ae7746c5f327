// SPDX-License-Identifier: Apache-2.0
import { onTestFinished } from "vitest";
import type { CompletionRequest, ServerSettings, ServerTiming } from "../../../src/backfill/completion.ts";
import { type LlmOptions, LlmServer } from "./server.ts";

/** A key that must never be seen anywhere. */
export const KEY = "sk-canary-7f3Qx9Zp+/secret=key";

/** Waits of a test: short between tries, and for silence longer than a busy machine is silent. */
export const TIMING: ServerTiming = {
  backoffMs: 10,
  maxBackoffMs: 40,
  maxRetryAfterMs: 200,
  firstTokenMs: 10_000,
  idleMs: 10_000,
};

/** A server that ends with the running test. */
export async function llmServer(options: LlmOptions = {}): Promise<LlmServer> {
  const server = await LlmServer.start(options);
  onTestFinished(() => server.close());
  return server;
}

/** Settings for a test server. */
export function settingsFor(server: LlmServer, changes: Partial<ServerSettings> = {}): ServerSettings {
  return {
    provider: "ollama",
    baseUrl: server.baseUrl,
    model: server.model,
    apiKey: KEY,
    apiKeyEnv: "TEST_LLM_KEY",
    timeoutMs: 20_000,
    maxRetries: 3,
    concurrency: 4,
    timing: TIMING,
    ...changes,
  };
}

/** The `index`-th request for rows of a label. */
export function rowsRequest(index: number, label = "finance", rows = 4): CompletionRequest {
  const canary = `kestrel${index}`;
  return {
    messages: [
      { role: "system", content: `You write rows.\nCanary: ${canary}` },
      { role: "user", content: `Write ${rows} texts.\nLabel: ${JSON.stringify(label)}\nTone: ${index % 3}` },
    ],
    schema: {
      name: "rows",
      body: {
        type: "object",
        properties: {
          canary: { type: "string", const: canary },
          rows: {
            type: "array",
            minItems: rows,
            maxItems: rows,
            items: { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
          },
        },
        required: ["canary", "rows"],
      },
    },
    temperature: 1.35,
    topP: 0.95,
    maxTokens: 1024,
    seed: 1000 + index,
  };
}
