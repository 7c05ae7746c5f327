// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { jsonSchema } from "../../src/config/schema.ts";
import { parseToml } from "../../src/config/toml.ts";
import { CHECKOUT } from "../support/pipeline-run.ts";

const { config, notes } = loadConfig(join(CHECKOUT, "model_pipeline.toml"));

const DOMAINS = ["general", "food", "travel", "finance", "health", "work", "tech", "social"];
const BINS = ["low", "medium", "high"];
const DECAYS = ["very_fast", "fast", "medium", "slow", "very_slow"];
const DIMENSIONS = ["policy", "goal", "value", "causal", "state", "other"];
const KINDS = ["policy", "goal", "value", "causal", "state", "preference", "constraint_other", "none"];
const FACTS = ["none", "other_fact", "preference", "identity", "location", "occupation"];
const INTENTS = ["constraint_check", "tool_query", "planning", "factual", "conversation"];
const MEMORIES =
  `episodic_event semantic_fact preference constraint procedure hypothesis task_state conversation
  message tool_result reasoning_step scratch knowledge observation plan`.split(/\s+/);

/** Task, family, labels in their order, default. */
const TASKS: readonly (readonly [string, string, readonly string[], string])[] = [
  ["memory_type", "router", MEMORIES, "observation"],
  ["query_intent", "router", INTENTS, "conversation"],
  ["query_domain", "router", DOMAINS, "general"],
  ["constraint_dimension", "router", DIMENSIONS, "other"],
  ["context_tag", "router", DOMAINS, "general"],
  ["salience_bin", "router", BINS, "medium"],
  ["importance_bin", "router", BINS, "medium"],
  ["confidence_bin", "router", BINS, "medium"],
  ["decay_profile", "router", DECAYS, "medium"],
  ["constraint_type", "extractor", KINDS, "none"],
  ["constraint_scope", "extractor", ["none", ...DOMAINS], "none"],
  ["constraint_stability", "extractor", ["stable", "semi_stable", "volatile"], "semi_stable"],
  ["fact_type", "extractor", FACTS, "none"],
  ["pii_presence", "extractor", ["pii", "no_pii"], "pii"],
  ["conflict_detection", "pair", ["conflict", "no_conflict"], "no_conflict"],
  ["constraint_rerank", "pair", ["relevant", "not_relevant"], "relevant"],
  ["scope_match", "pair", ["match", "no_match"], "match"],
  ["supersession", "pair", ["supersedes", "no_supersedes"], "no_supersedes"],
];

describe("the shipped TOML", () => {
  it("asks 18 questions in three families, each with the labels that it should have, in order", () => {
    const found = config.tasks.map((task) => [
      task.name,
      task.family,
      task.labels.map(({ name }) => name),
      task.default,
    ]);
    expect(found).toEqual(TASKS);
    expect(config.tasks.map(({ input }) => input)).toEqual(
      TASKS.map(([, family]) => (family === "pair" ? "pair" : "text")),
    );
  });

  it("has one line of guidance for each task and each label, none of them twice in a task", () => {
    for (const { name, description, labels } of config.tasks) {
      const lines = labels.map((label) => label.description);
      for (const line of [description, ...lines]) expect(line, name).toMatch(/^[A-Z][^\n]{15,120}[.?]$/);
      expect(new Set(lines).size, name).toBe(lines.length);
    }
  });

  it("names 13 datasets of the Hub: id, config, split, licence, and whether prepare can do without", () => {
    const found = config.datasets.map(({ dataset_id, config: name, split, license, required, kind }) => [
      dataset_id,
      name,
      split,
      license,
      required,
      kind,
    ]);
    const hub = "huggingface";
    expect(found).toEqual([
      ["PolyAI/banking77", "", "train", "cc-by-4.0", true, hub],
      ["fancyzhx/ag_news", "", "train", "unknown", true, hub],
      ["fancyzhx/dbpedia_14", "", "train", "cc-by-sa-3.0", true, hub],
      ["clinc/clinc_oos", "plus", "train", "cc-by-3.0", true, hub],
      ["google-research-datasets/go_emotions", "simplified", "train", "apache-2.0", true, hub],
      ["ai4privacy/pii-masking-200k", "", "train", "other (the LICENSE file of its repository)", true, hub],
      ["stanfordnlp/snli", "", "train", "cc-by-sa-4.0", true, hub],
      ["nyu-mll/multi_nli", "", "train", "cc-by-3.0, cc-by-sa-3.0, mit, other (by genre)", true, hub],
      ["facebook/anli", "", "train_r3", "cc-by-nc-4.0", true, hub],
      ["microsoft/ms_marco", "v1.1", "train", "not stated", true, hub],
      ["sentence-transformers/quora-duplicates", "pair-class", "train", "not stated", true, hub],
      ["HuggingFaceH4/ultrachat_200k", "", "train_sft", "mit", false, hub],
      ["OpenAssistant/oasst1", "", "train", "apache-2.0", false, hub],
    ]);
  });

  it("says which tasks have to be written by an LLM, and nothing else", () => {
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/^no enabled dataset has train rows for "constraint_dimension", /);
  });
});

const examples = readdirSync(join(CHECKOUT, "examples")).map((name) => join("examples", name));

it.each(["model_pipeline.toml", ...examples])("%s is valid, for editors too", (path) => {
  const file = join(CHECKOUT, path);
  expect(loadConfig(file).config.tasks.length).toBeGreaterThan(0);
  const validate = new Ajv({ strict: false }).compile(jsonSchema());
  const { table } = parseToml(readFileSync(file, "utf8"));
  expect(validate(JSON.parse(JSON.stringify(table))), JSON.stringify(validate.errors)).toBe(true);
});
