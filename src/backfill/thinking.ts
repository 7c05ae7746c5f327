// SPDX-License-Identifier: Apache-2.0
import type { ThinkingSwitch } from "./chat-body.ts";

// How each server documents that thinking is switched off for a request. What a server or a model does not know
// is a 400 (OpenAI), is ignored (llama.cpp, Ollama) or is a 400 of the chat template's (vLLM): the probe goes on to
// the next one then.

/** Ollama (docs/api/openai-compatibility), OpenAI since gpt-5.1, llama.cpp since its #26045. */
const EFFORT_NONE = { reasoning_effort: "none" };
/** OpenAI's gpt-5; its earlier models that think can only be told to think little. */
const EFFORT_LESS = [{ reasoning_effort: "minimal" }, { reasoning_effort: "low" }];
/** vLLM (docs/features/reasoning_outputs) and llama.cpp; Qwen's templates read the first, Granite's and DeepSeek's the second. */
const TEMPLATE = { chat_template_kwargs: { enable_thinking: false, thinking: false } };
const NOTHING = {};

const SWITCHES: Readonly<Record<string, readonly ThinkingSwitch[]>> = {
  ollama: [EFFORT_NONE, NOTHING],
  openai: [EFFORT_NONE, ...EFFORT_LESS, NOTHING],
  vllm: [TEMPLATE, EFFORT_NONE, NOTHING],
  "llama.cpp": [TEMPLATE, EFFORT_NONE, NOTHING],
};

/** What to try, in order. Of a server that nobody knows, thinking is switched off only once it has been seen. */
export function thinkingSwitches(provider: string): readonly ThinkingSwitch[] {
  return SWITCHES[provider] ?? [NOTHING, EFFORT_NONE, TEMPLATE];
}

/** The switch in the server's words. */
export function switchName(thinkingOff: ThinkingSwitch): string {
  return Object.keys(thinkingOff).length === 0 ? "" : JSON.stringify(thinkingOff);
}
