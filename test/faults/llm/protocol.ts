// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from "node:http";
import { answerOf, type Prompt } from "./model.ts";

// Reading requests and writing answers of OpenAI's protocol.

type Json = Readonly<Record<string, unknown>>;

export interface Message {
  readonly role: string;
  readonly content: string;
}

export function messagesOf({ messages }: Json): readonly Message[] {
  return Array.isArray(messages) ? (messages as Message[]) : [];
}

function promptOf(body: Json, messages: readonly Message[], readsFormat: boolean): Prompt {
  const of = (role: string) => messages.filter((one) => one.role === role).map((one) => one.content);
  const user = of("user").at(-1) ?? "";
  const line = /^JSON Schema: *(\{.*\})\s*$/m.exec(user)?.[1];
  const sent = readsFormat ? Object(Object(body.response_format).json_schema).schema : undefined;
  const schema = sent ?? (line === undefined ? null : parsed(line));
  // How the reply is sent does not change it.
  const { stream: _stream, stream_options: _options, ...rest } = body;
  return { system: of("system").join("\n"), user, schema, body: JSON.stringify(rest) };
}

/** The content of the reply, by how far the server honours `response_format`. */
export function contentFor(
  body: Json,
  messages: readonly Message[],
  structured: "json_schema" | "json_object" | "text",
): string {
  const answer = answerOf(promptOf(body, messages, structured === "json_schema"));
  if (answer === null) {
    const wantsJson = structured !== "text" && Object(body.response_format).type !== undefined;
    // JSON of some shape: the schema has not been understood.
    return wantsJson ? '{"answer":"yes"}' : "Yes, it is.";
  }
  return structured === "text" ? `\`\`\`json\n${JSON.stringify(answer)}\n\`\`\`` : JSON.stringify(answer);
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** An error as OpenAI words it. */
export function error(message: string, code: string): unknown {
  return { error: { message, type: code, param: null, code } };
}

export function parsed(text: string): Json {
  try {
    return Object(JSON.parse(text)) as Json;
  } catch {
    return {};
  }
}
