// SPDX-License-Identifier: Apache-2.0
import { DEFAULT_AXES } from "./axes.ts";
import {
  choice,
  emptyByDefault,
  flag,
  integer,
  layeredTable,
  list,
  number,
  optional,
  optionalSection,
  table,
  text,
  withDefault,
} from "./fields.ts";
import { ADDRESS, ENVIRONMENT_NAME, LANGUAGE, NAME, NO_OR_ENVIRONMENT_NAME } from "./form.ts";
import { DEFAULT_PROMPTS } from "./prompts.ts";

/** Counts fit the 32-bit indexes of columns. */
const COUNT = { min: 1, max: 0x7fff_ffff };
const PRICE = { min: 0, max: 1e6 };

const prompts = optionalSection(
  "The wording of what the LLM is told. `{name}` is filled in; `{{` and `}}` are the braces themselves.",
  {
    system: withDefault(
      text("Comes before each request: who the LLM is, and how it answers."),
      DEFAULT_PROMPTS.system,
    ),
    write: withDefault(text("Asks for rows of one label."), DEFAULT_PROMPTS.write),
    judge: withDefault(
      text('Asks for the labels of rows that were written, with verify = "judge".'),
      DEFAULT_PROMPTS.judge,
    ),
    label: withDefault(text("Asks for the labels of texts of yours."), DEFAULT_PROMPTS.label),
  },
);

const axes = layeredTable(
  "What each row to write draws a value of, so that no two requests are alike. An axis that is given here takes the place of the default one; an empty list leaves it out, a new name adds one.",
  list("The values of an axis, each as likely.", text("One value, in a few words.")),
  DEFAULT_AXES,
  NAME,
);

export const syntheticLlm = optionalSection(
  "The LLM that writes what is missing. Holds no key: only the name of its variable.",
  {
    provider_env: withDefault(
      text("Environment variable that names the provider; wins over `provider`.", ENVIRONMENT_NAME),
      "LLM_EVAL__PROVIDER",
    ),
    model_env: withDefault(
      text("Environment variable that names the model; wins over `model`.", ENVIRONMENT_NAME),
      "LLM_EVAL__MODEL",
    ),
    base_url_env: withDefault(
      text("Environment variable with the server's URL; wins over `base_url`.", ENVIRONMENT_NAME),
      "LLM_EVAL__BASE_URL",
    ),
    provider: withDefault(
      text(
        "Kind of server: ollama, openai, vllm or llama.cpp, whose addresses are known; any other that speaks OpenAI's protocol needs base_url.",
      ),
      "ollama",
    ),
    model: optional(text("Name of the model, as its server knows it.")),
    base_url: optional(text("URL of the server, up to and with `/v1`.", ADDRESS)),
    api_key_env: withDefault(
      text(
        "Environment variable that holds the API key, which itself never stands in the TOML; empty sends none. OPENAI_API_KEY is not sent to ollama.",
        NO_OR_ENVIRONMENT_NAME,
      ),
      "OPENAI_API_KEY",
    ),
    temperature: withDefault(number("Sampling temperature.", { min: 0, max: 5 }), 1.35),
    top_p: withDefault(
      number("Nucleus sampling: the probability mass kept.", { min: 0, max: 1, above: true }),
      0.95,
    ),
    max_tokens: withDefault(integer("Tokens of one reply at most.", { min: 1, max: 1_000_000 }), 1024),
    batch_size: withDefault(integer("Rows asked for in one request.", { min: 1, max: 1000 }), 24),
    concurrency: withDefault(integer("Requests in flight at most.", { min: 1, max: 1024 }), 4),
    timeout_seconds: withDefault(
      number("Seconds that one request may take in all.", { min: 0, max: 86_400, above: true }),
      120,
    ),
    max_retries: withDefault(integer("Times that a failed request is sent again.", { min: 0, max: 100 }), 3),
    max_attempts_per_label: withDefault(
      integer(
        "Requests for rows of one (task, label) in one run at most; sending one again after a failure does not count.",
        { min: 1, max: 1_000_000 },
      ),
      80,
    ),
    local_raw_scan_rows_per_file: withDefault(
      integer("Rows read from each loose file in the cache folder as seeds; 0 reads none.", {
        ...COUNT,
        min: 0,
      }),
      300,
    ),
    share_rows: withDefault(
      flag(
        "Let prompts go to a server that is not on this machine. They hold rows of the datasets, which may be private.",
      ),
      false,
    ),
    mode: withDefault(
      choice("Ask one by one, or through the provider's batch interface.", ["live", "batch"]),
      "live",
    ),
    verify: withDefault(
      choice("judge: a second question finds the label of each row blind, and has to agree.", [
        "none",
        "judge",
      ]),
      "none",
    ),
    max_requests: optional(
      integer(
        "Requests of one run at most, those that judge included; sending one again after a failure does not count. Unlimited when left out.",
        COUNT,
      ),
    ),
    max_cost_usd: optional(number("US dollars that one run may cost; needs the two prices.", PRICE)),
    price_input_per_million: optional(number("US dollars for a million tokens of prompt.", PRICE)),
    price_output_per_million: optional(number("US dollars for a million tokens of reply.", PRICE)),
    log_stats_every_seconds: withDefault(
      number("Seconds between two lines of progress.", { min: 0, max: 86_400, above: true }),
      10,
    ),
    prompts,
    axes,
  },
);

export const multilingual = optionalSection(
  "In which languages missing rows are written. Where it is off, in that of the rows that are there.",
  {
    enabled: withDefault(flag("Write rows in several languages."), false),
    weights: emptyByDefault(
      table(
        "Share of each language, by its code: each row to write draws one. Shares are relative to their sum.",
        number("The share.", { min: 0, max: 1e6 }),
        LANGUAGE,
      ),
    ),
  },
);
