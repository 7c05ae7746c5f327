// SPDX-License-Identifier: Apache-2.0
import type { Dialect } from "./chat-body.ts";
import type { Capabilities, Completion, CompletionRequest, StructuredOutput } from "./completion.ts";
import type { Settled } from "./exchange.ts";
import type { Refusal } from "./refusal.ts";
import { objectOf } from "./reply.ts";
import { switchName, thinkingSwitches } from "./thinking.ts";

/** A key that no model writes unless the schema makes it. */
const KEY = "is_edible_fruit";

/** A tiny request whose reply shows whether the schema was kept to: the words do not tell the key. */
const REQUEST: CompletionRequest = {
  messages: [
    { role: "system", content: "You answer in JSON." },
    { role: "user", content: "Is a banana a fruit? Answer with a JSON object." },
  ],
  schema: {
    name: "probe",
    body: {
      type: "object",
      properties: { [KEY]: { type: "boolean" } },
      required: [KEY],
      additionalProperties: false,
    },
  },
  // No defaults: a server that refuses them is found out here, and not by the first real request.
  temperature: 0.7,
  topP: 0.9,
  // Enough for a model that thinks a little in spite of everything.
  maxTokens: 512,
  seed: 1,
};

const NEXT: Readonly<Record<StructuredOutput, StructuredOutput | null>> = {
  json_schema: "json_object",
  json_object: "text",
  text: null,
};

/** Finds the dialect of a server: asks, and changes what it did not take. */
export class Trial {
  readonly request = REQUEST;
  readonly #note: (message: string) => void;
  readonly #switches: Dialect["thinkingOff"][];
  #dialect: Dialect;
  #lengthFields: Dialect["lengthField"][];

  constructor(provider: string, note: (message: string) => void) {
    this.#note = note;
    const [thinkingOff = {}, ...others] = thinkingSwitches(provider);
    this.#switches = others;
    const names = ["max_tokens", "max_completion_tokens"] as const;
    // OpenAI's newer models refuse the older name; few others know the newer one.
    const [lengthField, other] = provider === "openai" ? ([names[1], names[0]] as const) : names;
    this.#lengthFields = [other];
    this.#dialect = {
      structured: "json_schema",
      stream: true,
      streamUsage: true,
      lengthField,
      dropped: [],
      thinkingOff,
    };
  }

  get dialect(): Dialect {
    return this.#dialect;
  }

  /** What the server can do; null where it is to be asked once more, in another way. Throws where none is left. */
  learn(settled: Exclude<Settled, { kind: "absent" | "exhausted" }>, elapsedMs: number): Capabilities | null {
    if (settled.kind === "invalid") {
      if (!this.#avoid(settled.refusal)) throw settled.error;
      return null;
    }
    if (settled.kind === "poisonous") {
      if (!this.#lessStructured()) throw settled.error;
      return null;
    }
    const { outcome, attempt } = settled;
    const completion = "completion" in outcome ? outcome.completion : null;
    const reply = attempt.kind === "reply" ? attempt.reply : null;
    const thinks = reply?.reasoned === true || /^\s*<think>/.test(completion?.text ?? "");
    if (thinks && this.#nextSwitch()) return null;
    if (
      !this.#honoured(completion?.text ?? "") &&
      !(thinks && outcome.kind === "faulty") &&
      this.#lessStructured()
    )
      return null;
    if (thinks)
      this.#note(
        "the model thinks, and nothing that its server is known to take keeps it from that: it will be slow",
      );
    const streamed = attempt.kind === "reply" && attempt.streamed;
    this.#change({ stream: this.#dialect.stream && streamed });
    return this.#capabilities(completion, streamed, elapsedMs);
  }

  #capabilities(completion: Completion | null, streams: boolean, elapsedMs: number): Capabilities {
    const usage = completion?.usage ?? null;
    const perSecond = usage === null || elapsedMs <= 0 ? null : (usage.completionTokens / elapsedMs) * 1000;
    return {
      structured: this.#dialect.structured,
      streams,
      usage: usage !== null,
      thinkingOff: switchName(this.#dialect.thinkingOff),
      model: completion?.model ?? "",
      fingerprint: completion?.fingerprint ?? null,
      tokensPerSecond: perSecond,
    };
  }

  /** Whether a reply is what the present way of structure promises. */
  #honoured(text: string): boolean {
    const { structured } = this.#dialect;
    if (structured === "text") return true;
    const object = parsedObject(text);
    if (object === null) return false;
    return structured === "json_object" || typeof object[KEY] === "boolean";
  }

  #change(change: Partial<Dialect>): true {
    this.#dialect = { ...this.#dialect, ...change };
    return true;
  }

  #lessStructured(): boolean {
    const structured = NEXT[this.#dialect.structured];
    return structured !== null && this.#change({ structured });
  }

  #nextSwitch(): boolean {
    const thinkingOff = this.#switches.shift();
    return thinkingOff !== undefined && this.#change({ thinkingOff });
  }

  /** Leaves out what a 400 names; false where there is nothing left to leave out. */
  #avoid({ names, message }: Refusal): boolean {
    const words = `${names} ${message}`;
    const field = (["temperature", "top_p", "seed"] as const).find((name) => words.includes(name));
    const { dropped, stream, streamUsage, thinkingOff } = this.#dialect;
    if (/reasoning|think|chat_template/i.test(words) && Object.keys(thinkingOff).length > 0)
      return this.#nextSwitch() || this.#change({ thinkingOff: {} });
    if (/stream_options|include_usage/.test(words) && streamUsage)
      return this.#change({ streamUsage: false });
    if (/max_(?:completion_)?tokens/.test(words)) {
      const lengthField = this.#lengthFields.shift();
      if (lengthField !== undefined) return this.#change({ lengthField });
    }
    if (field !== undefined && !dropped.includes(field)) {
      this.#note(`the LLM's server takes no ${field}: its own is used`);
      return this.#change({ dropped: [...dropped, field] });
    }
    if (/\bstream/.test(words) && stream) return this.#change({ stream: false });
    // It names nothing that we know: structured output is what servers differ in most, then what else is optional.
    if (this.#lessStructured() || this.#nextSwitch()) return true;
    return streamUsage && this.#change({ streamUsage: false });
  }
}

function parsedObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? null : objectOf(value);
  } catch {
    return null;
  }
}
