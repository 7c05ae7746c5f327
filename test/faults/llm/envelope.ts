// SPDX-License-Identifier: Apache-2.0

// What OpenAI's protocol puts around a reply.

/** A reply before it is put into an envelope. */
export interface ChatReply {
  readonly content: string | null;
  readonly finish: string | null;
  readonly model: string;
  readonly fingerprint: string | null;
  readonly promptTokens: number;
  /** Null where the server counts nothing. */
  readonly completionTokens: number | null;
  /** Other fields of the message: reasoning, refusal, tool_calls. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

const PIECE = 24;

/** The whole reply as one object. */
export function chatObject(reply: ChatReply): Record<string, unknown> {
  return {
    ...head(reply, "chat.completion"),
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: reply.content, ...reply.extra },
        finish_reason: reply.finish,
      },
    ],
    ...usageOf(reply),
  };
}

/** The pieces of a stream, without the marks around them and without the last one, `[DONE]`. */
export function chatChunks(reply: ChatReply, withUsage: boolean): Record<string, unknown>[] {
  const chunk = (delta: object, finish: string | null) => ({
    ...head(reply, "chat.completion.chunk"),
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const text = reply.content ?? "";
  const pieces: Record<string, unknown>[] = [chunk({ role: "assistant", content: "" }, null)];
  if (reply.extra !== undefined) pieces.push(chunk(reply.extra, null));
  for (let at = 0; at < text.length; at += PIECE)
    pieces.push(chunk({ content: text.slice(at, at + PIECE) }, null));
  if (reply.finish !== null) pieces.push(chunk({}, reply.finish));
  if (withUsage) pieces.push({ ...head(reply, "chat.completion.chunk"), choices: [], ...usageOf(reply) });
  return pieces;
}

export function sse(chunks: readonly unknown[], done = true): string {
  const events = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`);
  return events.join("") + (done ? "data: [DONE]\n\n" : "");
}

function head({ model, fingerprint }: ChatReply, object: string) {
  // Fixed, so that the same request has the same bytes.
  return { id: "chatcmpl-1", object, created: 1_700_000_000, model, system_fingerprint: fingerprint };
}

function usageOf({ promptTokens, completionTokens }: ChatReply) {
  if (completionTokens === null) return {};
  const total = promptTokens + completionTokens;
  return {
    usage: { prompt_tokens: promptTokens, completion_tokens: completionTokens, total_tokens: total },
  };
}
