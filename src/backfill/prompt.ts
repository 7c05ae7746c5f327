// SPDX-License-Identifier: Apache-2.0

import { renderTemplate } from "../config/template.ts";
import { type Random, seededRandom } from "../core/random.ts";
import { hashString } from "../core/running-hash.ts";
import type { LabelDefinition, TaskDefinition } from "../core/task.ts";
import { canonicalJson, sha256 } from "../storage/digest.ts";
import type { CompletionRequest, JsonSchema, Message } from "./completion.ts";
import type { PromptPools, Shown } from "./pools.ts";
import { drawBrief, drawLanguage, type Wording } from "./wording.ts";

/** Real rows of the label in one prompt: few-shot examples help most where rows are few (arXiv 2408.16502). */
const EXAMPLES = 4;
/** Texts from elsewhere that a prompt takes its subjects from. */
const SEEDS = 3;
/** Labels that a prompt says to keep clear of. */
const CONFUSABLE = 3;
/** Of so many requests, one asks for rows near the border to another label (arXiv 2310.14192). */
const BOUNDARY_EVERY = 4;
/** UTF-16 units of a text in a prompt: enough to see what it is like. */
const MAX_SHOWN = 600;

/** What the prompts of a task are made of. */
export interface PromptTask {
  readonly task: TaskDefinition;
  readonly pools: PromptPools;
  /** Whether a seed is a row of test or eval, or near one: it is not shown then. */
  readonly isHeldOut: (seed: Shown) => boolean;
  /** For each label the labels that it is most confused with, the worst first; empty where nobody knows. */
  readonly confusable: readonly (readonly number[])[];
}

/** Which request of a label: all that its prompt follows from, besides the config and the rows. */
export interface WriteSlot {
  readonly label: number;
  readonly slot: number;
  /** Rows asked for. */
  readonly rows: number;
}

/** A prompt, and what of it the check of its reply needs. */
export interface Prompt {
  readonly messages: readonly Message[];
  readonly schema: CompletionRequest["schema"];
  /** A word that the reply must repeat: who can't has not seen the beginning of the prompt. */
  readonly canary: string;
  /** Language code that rows are asked for in; "" where none is. */
  readonly language: string;
  /** Texts of datasets in it, which no reply may copy. */
  readonly shown: readonly Shown[];
  /** sha256 in hex of the messages. */
  readonly digest: string;
}

/**
 * The prompt of a request for rows. A function of config, rows and slot; `shrink` halves what it shows, for
 * servers whose context is too small.
 */
export function writePrompt(wording: Wording, of: PromptTask, slot: WriteSlot, shrink = 0): Prompt {
  const { task, pools } = of;
  const label = task.labels[slot.label] as LabelDefinition;
  const random = seededRandom(wording.seed, `write ${task.name} ${label.name} ${slot.slot}`);
  const language = drawLanguage(wording, random);
  const boundary = random.below(BOUNDARY_EVERY) === 0;
  const others = confusableLabels(of, slot.label, random);
  const examples = pools.examples[slot.label]?.draw(EXAMPLES, random) ?? [];
  const seeds = drawSeeds(of, slot.label, random);
  const briefs = Array.from({ length: slot.rows }, () => drawBrief(wording, random));
  const keep = (texts: readonly Shown[]) =>
    texts.slice(0, texts.length >> shrink).map((one) => cut(one, shrink));
  const shown = [...keep(examples), ...keep(seeds)];
  const schema = rowsSchema(task, slot.rows);
  const values = {
    ...taskValues(task),
    label: JSON.stringify(label.name),
    label_description: label.description || "(no guidance is given)",
    confusable: others.length === 0 ? "(none)" : labelLines(others),
    boundary: boundaryLine(boundary, others.length),
    examples: textLines(keep(examples)),
    seeds: textLines(keep(seeds)),
    briefs: briefs.map((brief, i) => `${i + 1}. ${brief}`.trimEnd()).join("\n"),
    count: String(slot.rows),
    language: languageLine(language),
    fields: task.input === "pair" ? '"text_a" and "text_b"' : '"text"',
    schema: JSON.stringify(schema.body),
  };
  return assemble(wording, "write", values, schema, {
    stream: `${task.name} ${label.name} ${slot.slot}`,
    language,
    shown,
  });
}

/**
 * The prompt of a request for the labels of texts, which knows nothing of the labels that they should have.
 * `reversed` turns the order of the labels around.
 */
export function judgePrompt(
  wording: Wording,
  task: TaskDefinition,
  texts: readonly Shown[],
  purpose: "judge" | "label",
  stream: string,
  reversed = false,
): Prompt {
  const random = seededRandom(wording.seed, `${purpose} ${task.name} ${stream}`);
  // In another order each time: a model that prefers the first label gives itself away.
  const order = [...task.labels];
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j] as LabelDefinition, order[i] as LabelDefinition];
  }
  if (reversed) order.reverse();
  const schema = labelsSchema(task, texts.length);
  const values = {
    ...taskValues(task),
    labels: labelLines(order),
    texts: texts.map((one, i) => `${i + 1}. ${textLine(cut(one, 0))}`).join("\n"),
    schema: JSON.stringify(schema.body),
  };
  return assemble(wording, purpose, values, schema, {
    stream: `${purpose} ${stream}`,
    language: "",
    shown: texts,
  });
}

function assemble(
  wording: Wording,
  which: "write" | "judge" | "label",
  values: Readonly<Record<string, string>>,
  schema: Prompt["schema"],
  { stream, ...rest }: { readonly stream: string } & Pick<Prompt, "language" | "shown">,
): Prompt {
  const canary = canaryOf(wording.seed, stream);
  const messages: readonly Message[] = [
    { role: "system", content: renderTemplate(wording.prompts.system, { canary }) },
    { role: "user", content: renderTemplate(wording.prompts[which], values) },
  ];
  return { messages, schema, canary, ...rest, digest: sha256(canonicalJson(messages)) };
}

/** Sampling of one attempt: the same attempt is the same request, and the next one another sample. */
export function completionRequest(
  wording: Wording,
  prompt: Prompt,
  options: {
    readonly stream: string;
    readonly attempt: number;
    readonly maxTokens: number;
    readonly greedy: boolean;
  },
): CompletionRequest {
  const { stream, attempt, maxTokens, greedy } = options;
  return {
    messages: prompt.messages,
    schema: prompt.schema,
    temperature: greedy ? 0 : wording.temperature,
    topP: greedy ? 1 : wording.topP,
    maxTokens,
    seed: hashString(`${stream} ${attempt}`, wording.seed) >>> 1,
  };
}

function taskValues(task: TaskDefinition): Readonly<Record<string, string>> {
  return {
    task: task.name,
    task_description: task.description || task.name,
    labels: labelLines(task.labels),
  };
}

function labelLines(labels: readonly LabelDefinition[]): string {
  return labels
    .map(
      ({ name, description }) => `- ${JSON.stringify(name)}${description === "" ? "" : `: ${description}`}`,
    )
    .join("\n");
}

/** The labels to keep clear of: those that models confuse it with, or any others where no model is known. */
function confusableLabels(of: PromptTask, label: number, random: Random): readonly LabelDefinition[] {
  const { labels } = of.task;
  const known = of.confusable[label] ?? [];
  if (known.length > 0) return known.slice(0, CONFUSABLE).map((k) => labels[k] as LabelDefinition);
  const others = labels.filter((_, k) => k !== label);
  while (others.length > CONFUSABLE) others.splice(random.below(others.length), 1);
  return others;
}

function boundaryLine(boundary: boolean, others: number): string {
  if (others === 0) return "";
  return boundary
    ? "Write texts close to the border: at first sight one of those labels would do, yet a careful reader decides for this one."
    : "Keep clear of those labels: nobody should take a text for one of them.";
}

function drawSeeds({ pools, isHeldOut }: PromptTask, label: number, random: Random): readonly Shown[] {
  const own = pools.seeds[label]?.draw(SEEDS, random) ?? [];
  const sets = pools.unlabelled;
  const set = sets.length === 0 ? undefined : sets[random.below(sets.length)];
  const others = set?.draw(SEEDS - own.length, random) ?? [];
  return [...own, ...others].filter((seed) => !isHeldOut(seed));
}

function languageLine(code: string): string {
  return code === ""
    ? "that of the real texts (English where there are none)"
    : `the one with the code "${code}"`;
}

function cut({ text, textB }: Shown, shrink: number): Shown {
  const most = MAX_SHOWN >> shrink;
  // Between characters: half a surrogate pair is no text.
  const part = (whole: string) =>
    whole.length <= most ? whole : whole.slice(0, most).replace(/[\ud800-\udbff]$/, "");
  return { text: part(text), textB: textB === null ? null : part(textB) };
}

function textLine({ text, textB }: Shown): string {
  return JSON.stringify(textB === null ? text : { text_a: text, text_b: textB });
}

function textLines(texts: readonly Shown[]): string {
  return texts.length === 0 ? "(none)" : texts.map((one) => `- ${textLine(one)}`).join("\n");
}

/** Parts of canaries: no word of any language, so that none is in a prompt by chance. */
const SYLLABLES = [
  "zu",
  "mo",
  "va",
  "ki",
  "ro",
  "pe",
  "xi",
  "dal",
  "fen",
  "gub",
  "hox",
  "jit",
  "lyr",
  "nab",
  "qes",
  "tov",
];

function canaryOf(seed: number, stream: string): string {
  const random = seededRandom(seed, `canary ${stream}`);
  return Array.from({ length: 4 }, () => SYLLABLES[random.below(SYLLABLES.length)]).join("");
}

function object(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: "object", properties, required: Object.keys(properties), additionalProperties: false };
}

const TEXT: JsonSchema = { type: "string" };

// No minItems: a model that has run dry should say less, not pad. The canary is any text: a server that
// enforces the schema would write a fixed one by itself, whatever it has seen.
function rowsSchema({ input }: TaskDefinition, rows: number): Prompt["schema"] {
  const row = object(input === "pair" ? { text_a: TEXT, text_b: TEXT } : { text: TEXT });
  return {
    name: "rows",
    body: object({ canary: TEXT, rows: { type: "array", items: row, maxItems: rows } }),
  };
}

function labelsSchema(task: TaskDefinition, texts: number): Prompt["schema"] {
  const names = task.labels.map(({ name }) => name);
  const item = object({
    n: { type: "integer" },
    label: { type: ["string", "null"], enum: [...names, null] },
    confidence: { type: "number" },
  });
  return {
    name: "labels",
    body: object({ canary: TEXT, labels: { type: "array", items: item, maxItems: texts } }),
  };
}
