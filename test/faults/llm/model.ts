// SPDX-License-Identifier: Apache-2.0

import { type Random, seededRandom } from "../../../src/core/random.ts";
import { hashString } from "../../../src/core/running-hash.ts";
import { FILLER, pick, wordsOf } from "./words.ts";

// What the test server's model answers: whatever the schema asks for, the same for the same request.

type Json = Readonly<Record<string, unknown>>;

/** What a request asks for, as far as the model understands it. */
export interface Prompt {
  readonly system: string;
  /** The last message of the user. */
  readonly user: string;
  /** The reply's JSON Schema; null where the request does not tell. */
  readonly schema: Json | null;
  /** Of the whole body: another seed, another temperature, other texts. */
  readonly body: string;
}

/** Items of a list that has no `maxItems`. */
const USUAL_ITEMS = 8;

/** The object that is answered; null where the request names no schema. */
export function answerOf(prompt: Prompt): unknown {
  if (prompt.schema === null) return null;
  return fill(prompt.schema, { prompt, random: seededRandom(hashString(prompt.body), "answer"), name: "" });
}

interface Place {
  readonly prompt: Prompt;
  readonly random: Random;
  /** Of the property that is filled. */
  readonly name: string;
}

function fill(schema: Json, place: Place): unknown {
  const { prompt, random, name } = place;
  if (schema.const !== undefined) return schema.const;
  if (name === "canary") return /^Canary: *(.+)$/m.exec(prompt.system)?.[1]?.trim() ?? "";
  if (name === "rows") return rows(schema, place);
  if (name === "labels") return labels(schema, place);
  if (Array.isArray(schema.enum)) return pick(schema.enum, random);
  switch (typeOf(schema)) {
    case "object":
      return fillObject(schema, place, {});
    case "array":
      return list(schema).map(() => fill(objectOf(schema.items), { ...place, name: "" }));
    case "number":
    case "integer":
      return typeof schema.maximum === "number" ? schema.maximum : 1;
    case "boolean":
      return true;
    case "null":
      return null;
    default:
      return sentence([], random);
  }
}

/** An object of the schema; what is `known` is not made up. */
function fillObject(schema: Json, place: Place, known: Json): Json {
  const properties = Object.entries(objectOf(schema.properties));
  return Object.fromEntries(
    properties.map(([name, inner]) => [name, known[name] ?? fill(objectOf(inner), { ...place, name })]),
  );
}

function rows(schema: Json, place: Place): unknown[] {
  const label = JSON.parse(/^Label: *(".*")\s*$/m.exec(place.prompt.user)?.[1] ?? '""') as string;
  const item = objectOf(schema.items);
  return list(schema).map(() => {
    if (typeOf(item) === "string") return sentence(wordsOf(label), place.random);
    const text = sentence(wordsOf(label), place.random);
    const known = { text, text_a: text, text_b: sentence(wordsOf(label), place.random) };
    return fillObject(item, place, known);
  });
}

/** A list of as many places as the schema allows. */
function list(schema: Json): undefined[] {
  const most = schema.maxItems ?? schema.minItems ?? USUAL_ITEMS;
  return Array.from({ length: Number(most) });
}

function sentence(own: readonly string[], random: Random): string {
  const words = Array.from({ length: 9 + random.below(8) }, (_, at) =>
    own.length > 0 && (at % 3 === 1 || random.below(4) === 0) ? pick(own, random) : pick(FILLER, random),
  );
  const text = words.join(" ");
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${pick([".", ".", "!", "?"], random)}`;
}

/** What a judge, or who labels texts, answers for the numbered texts of the prompt. */
function labels(schema: Json, place: Place): unknown[] {
  const item = objectOf(schema.items);
  const choices = choicesOf(item, place.prompt);
  const texts = [...place.prompt.user.matchAll(/^(\d+)\. (.*)$/gm)];
  return texts.map(([, n, text = ""]) => {
    const label = labelOf(text, choices);
    return typeOf(item) === "string" ? label : fillObject(item, place, { n: Number(n), label });
  });
}

/** The labels to choose from: the schema's, or those that the messages list. */
function choicesOf(item: Json, { system, user }: Prompt): readonly string[] {
  const ofItem = objectOf(objectOf(item.properties).label).enum ?? item.enum;
  if (Array.isArray(ofItem)) return ofItem.filter((one) => typeof one === "string");
  const messages = `${system}\n${user}`;
  const line = /^Labels: *(\[.*\])\s*$/m.exec(messages)?.[1];
  if (line !== undefined) return JSON.parse(line) as string[];
  return [...messages.matchAll(/^- ("(?:[^"\\]|\\.)*")/gm)].map(
    ([, one]) => JSON.parse(one ?? '""') as string,
  );
}

/** The label whose words a text has; without any, one that depends on the text alone. */
export function labelOf(text: string, choices: readonly string[]): string {
  const words = new Set(text.toLowerCase().match(/[a-z]+/g));
  const score = (label: string) => wordsOf(label).filter((word) => words.has(word)).length;
  const ranked = choices
    .map((label) => ({ label, score: score(label), tie: hashString(text, hashString(label)) }))
    .sort((a, b) => b.score - a.score || a.tie - b.tie);
  return ranked[0]?.label ?? "";
}

function typeOf({ type, properties }: Json): string {
  const one: unknown = Array.isArray(type) ? type[0] : type;
  return typeof one === "string" ? one : properties === undefined ? "string" : "object";
}

function objectOf(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}
