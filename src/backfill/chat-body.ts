// SPDX-License-Identifier: Apache-2.0
import type { CompletionRequest, Message, StructuredOutput } from "./completion.ts";

/** Fields that switch thinking off, as a server documents them. */
export type ThinkingSwitch = Readonly<Record<string, unknown>>;

/** What a server takes, as the probe found out. */
export interface Dialect {
  readonly structured: StructuredOutput;
  readonly stream: boolean;
  /** `stream_options`, which asks for the usage of a stream. */
  readonly streamUsage: boolean;
  /** OpenAI's newer models take the second alone, most other servers the first. */
  readonly lengthField: "max_tokens" | "max_completion_tokens";
  /** Fields of the sampling that the server refuses: models that think take no temperature. */
  readonly dropped: readonly ("temperature" | "top_p" | "seed")[];
  readonly thinkingOff: ThinkingSwitch;
}

type ResponseFormat =
  | { readonly type: "json_object" }
  | {
      readonly type: "json_schema";
      readonly json_schema: {
        readonly name: string;
        readonly strict: true;
        readonly schema: Record<string, unknown>;
      };
    };

/** The body of a chat request. The same request and dialect give the same body. */
export interface ChatBody {
  readonly model: string;
  readonly messages: Message[];
  readonly temperature?: number;
  readonly top_p?: number;
  readonly seed?: number;
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
  readonly response_format?: ResponseFormat;
  readonly stream?: true;
  readonly stream_options?: { readonly include_usage: true };
}

/** What is sent for a request. A batch sends the same, unstreamed. */
export function chatBody(model: string, request: CompletionRequest, dialect: Dialect): ChatBody {
  const sampling = { temperature: request.temperature, top_p: request.topP, seed: request.seed };
  const format = responseFormat(request, dialect.structured);
  return {
    model,
    messages: [...request.messages],
    ...Object.fromEntries(Object.entries(sampling).filter(([name]) => !isDropped(dialect, name))),
    [dialect.lengthField]: request.maxTokens,
    ...(format === null ? {} : { response_format: format }),
    ...(dialect.stream ? { stream: true } : {}),
    ...(dialect.stream && dialect.streamUsage ? { stream_options: { include_usage: true } } : {}),
    ...dialect.thinkingOff,
  };
}

function isDropped({ dropped }: Dialect, name: string): boolean {
  return dropped.some((one) => one === name);
}

function responseFormat({ schema }: CompletionRequest, structured: StructuredOutput): ResponseFormat | null {
  if (structured === "text") return null;
  if (structured === "json_object") return { type: "json_object" };
  return {
    type: "json_schema",
    json_schema: { name: schema.name, strict: true, schema: { ...schema.body } },
  };
}
