// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { renderConfig } from "../../src/config/print.ts";
import { load, problems, TASK } from "./fixture.ts";

function dataset(name: string, ...lines: string[]): string {
  return `[[datasets]]\nname = "${name}"\nkind = "huggingface"\n${lines.join("\n")}\n`;
}

/** A TOML as the Python pipeline has it: every section and key that it reads. */
const LEGACY = `
[paths]
prepared_dir = "packages/models/prepared_data/modelpack"
bootstrap_prepared_dir = "packages/models/prepared_data"
trained_models_dir = "packages/models/trained_models"
datasets_cache_dir = "packages/models/datasets"

[prepare]
seed = 42
train_ratio = 8
test_ratio = 1
eval_ratio = 1
max_rows_per_source = 60000
target_per_task_label = 10000
max_per_task_label = 50000
auto_download_missing = true
require_datasets_package = true

[train]
seed = 42
families = ["router", "extractor", "pair"]
max_features = 250000
min_df = 2
ngram_min = 1
ngram_max = 2
max_iter = 25
alpha = 0.00001
predict_batch_size = 8192

[synthetic_llm]
provider_env = "LLM_EVAL__PROVIDER"
model_env = "LLM_EVAL__MODEL"
base_url_env = "LLM_EVAL__BASE_URL"
provider = "ollama"
model = ""
base_url = ""
api_key_env = "OPENAI_API_KEY"
temperature = 1.35
top_p = 0.95
max_tokens = 1024
batch_size = 24
timeout_seconds = 120
max_retries = 3
max_attempts_per_label = 80
local_raw_scan_rows_per_file = 300

${dataset(
  "banking77",
  'target = "router"',
  'link = "https://huggingface.co/datasets/banking77"',
  'dataset_id = "banking77"',
  'config = ""',
  'split = "train[:500]"',
  "max_rows = 60000",
  "enabled = true",
  "required = true",
  'usage_role = "label_source"',
)}
${dataset("ag_news", 'target = "router"', 'link = "https://huggingface.co/datasets/ag_news"', 'dataset_id = ""', 'usage_role = "seed"')}
${dataset("clinc_oos", 'target = "router"', 'dataset_id = "clinc_oos"', 'config = "plus"', "required = false", 'usage_role = "seed"')}
${dataset("ultrachat", 'target = "seed"', 'dataset_id = "HuggingFaceH4/ultrachat_200k"', 'split = "train_sft"', "enabled = false")}
`;

const NO_PYTHON =
  'no Python is needed; required = false lets prepare go on without a dataset, and kind = "local" needs no network';
const TARGET =
  'the task of a [[datasets.map]] says what a dataset feeds; for target = "seed", write role = "seed" there';
const USAGE_ROLE =
  "the role of a [[datasets.map]] says what its rows are for: train, test, eval, seed or out_of_scope";
const TOKENS = "models of spans have no counterpart: tasks are classifications of whole texts";
const LOGGING = "log_stats_every_seconds is how often a line of progress comes; run.json has the counts";
const PATHS =
  "paths: relative ones start at the folder of this file; the Python pipeline started at the root of its repository";

describe("the TOML of the Python pipeline", () => {
  const { config, notes } = load(LEGACY);

  it("loads, with every key that has a meaning", () => {
    expect(config.prepare).toMatchObject({ train_ratio: 0.8, test_ratio: 0.1, eval_ratio: 0.1 });
    expect(config.prepare).toMatchObject({ max_rows_per_source: 60000, auto_download_missing: true });
    expect(config.train).toMatchObject({ alpha: 0.00001, families: ["router", "extractor", "pair"] });
    expect(config.synthetic_llm).toMatchObject({ provider: "ollama", local_raw_scan_rows_per_file: 300 });
    expect([config.synthetic_llm.model, config.synthetic_llm.base_url]).toEqual([undefined, undefined]);
    const [banking, news, clinc, chat] = config.datasets;
    expect(banking).toMatchObject({
      name: "banking77",
      kind: "huggingface",
      dataset_id: "banking77",
      link: "https://huggingface.co/datasets/banking77",
      config: "",
      split: "train",
      slice: { from: 0, to: 500, unit: "rows" },
      max_rows: 60000,
      enabled: true,
      required: true,
      map: [],
    });
    expect(news).toMatchObject({ dataset_id: "ag_news", split: "train", slice: null });
    expect(clinc).toMatchObject({ config: "plus", required: false });
    expect(chat).toMatchObject({ split: "train_sft", enabled: false });
  });

  it("says what replaces each key without one, and what it lacks", () => {
    expect(notes).toEqual([
      `prepare.require_datasets_package has no meaning here: ${NO_PYTHON}`,
      `datasets.target of "banking77", "ag_news", "clinc_oos" and 1 more has no meaning here: ${TARGET}`,
      `datasets.usage_role of "banking77", "ag_news", "clinc_oos" has no meaning here: ${USAGE_ROLE}`,
      PATHS,
      "prepare: the ratios 8, 1 and 1 do not sum to 1; normalized to 0.8, 0.1, 0.1",
      "there are no [[tasks]], which the Python pipeline had in its code: those of the model_pipeline.toml that comes with modelpack are a start",
      'nothing is taken from "banking77", "ag_news", "clinc_oos" without a [[datasets.map]], which says what columns feed which task',
    ]);
  });

  it("is printed without them", () => {
    const printed = renderConfig(load(LEGACY));
    expect(printed).toContain('split = "train[:500]"');
    expect(printed).not.toMatch(/target = |usage_role|require_datasets_package/);
  });
});

describe("its keys beside tasks and maps", () => {
  const map = '[[datasets.map]]\ntask = "mood"\ntext = "text"\nlabel = "good"\n';
  const hub = 'dataset_id = "o/d"';

  it.each([
    [
      "[prepare]\nrequire_datasets_package = false\n",
      "",
      `prepare.require_datasets_package has no meaning here: ${NO_PYTHON}`,
    ],
    [
      "[prepare]\nsamples_per_task_label = 5000\n",
      "",
      "prepare.samples_per_task_label has no meaning here: set target_per_task_label, max_per_task_label and max_rows_per_source, each by itself",
    ],
    ["[prepare.token]\nmax_spans_per_example = 16\n", "", `prepare.token has no meaning here: ${TOKENS}`],
    ["[train.token]\nstride = 64\n", "", `train.token has no meaning here: ${TOKENS}`],
    ...["log_zero_progress_every = 5", "parse_failure_log_every = 20", "log_request_failures = true"].map(
      (line): [string, string, string] => [
        `[synthetic_llm]\n${line}\n`,
        "",
        `synthetic_llm.${line.split(" ")[0]} has no meaning here: ${LOGGING}`,
      ],
    ),
    ["", 'target = "router"', `datasets.target of "d" has no meaning here: ${TARGET}`],
    ["", 'usage_role = "seed"', `datasets.usage_role of "d" has no meaning here: ${USAGE_ROLE}`],
    [
      "",
      "require_datasets_package = true",
      `datasets.require_datasets_package of "d" has no meaning here: ${NO_PYTHON}`,
    ],
  ])("%s%s", (section, key, note) => {
    const { config, notes } = load(`${section}${TASK}${dataset("d", hub, key)}${map}`);
    expect(notes).toEqual([note]);
    expect(config.datasets[0]?.map).toHaveLength(1);
  });

  it("leave every other rule as it is", () => {
    expect(problems(`${TASK}${dataset("d", hub, 'targt = "router"')}${map}`)).toEqual([
      "10:1 unknown key datasets[0].targt | the keys here are name, kind, dataset_id, link, config, split, revision, path, delimiter, max_rows, sample, enabled, required, license, map",
    ]);
    expect(problems(dataset("d", hub, 'target = "router"', "max_rows = 0"))).toEqual([
      "6:12 datasets[0].max_rows must be a whole number from 1 to 2147483647, got 0 | Rows taken at most, where that is below prepare.max_rows_per_source.",
    ]);
    expect(problems(`tasks = []\n${dataset("d", hub, 'target = "router"')}`)).toHaveLength(1);
  });

  it("without one of them, tasks and maps are wanted", () => {
    const lines = problems(dataset("d", hub));
    expect(lines[0]).toContain("no [[tasks]]: a pipeline needs one at least");
    expect(lines[1]).toContain('dataset "d" has no [[datasets.map]]');
  });
});
