// SPDX-License-Identifier: Apache-2.0
// Writes what is generated from the config's schema: model_pipeline.schema.json, for editors, and
// docs/config.md. With --check it writes nothing and fails where a file is out of date.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expectation } from "../dist/config/expectation.js";
import { PLACEHOLDERS, REQUIRED } from "../dist/config/prompts.js";
import { jsonSchema } from "../dist/config/schema.js";

const schema = jsonSchema();

function overridable(prefix) {
  const { patternProperties } = schema.properties.train.properties.overrides;
  const [, form] = Object.entries(patternProperties).find(([pattern]) => pattern.startsWith(`^${prefix}`));
  return Object.keys(form.properties)
    .map((key) => `\`${key}\``)
    .join(", ");
}

const INTRODUCTION = `# The config

Generated from the schema in \`src/config\` by \`npm run schema\`; edit it there.

One TOML file says everything. Every section and key may be left out, \`[[tasks]]\` and the keys marked
required apart. Unknown keys are errors with a suggestion, and all problems are shown at once, each with its
line. \`modelpack check\` checks a file; \`modelpack check --print\` shows the effective config and where each
value came from.

A value is taken from the first of these that gives it:

1. the command line: \`--set train.max_iter=10\`, or a flag of its own such as \`--max-iter\`; where both give
   one key, \`--set\`; of two \`--set\`, the last;
2. the environment: \`MODELPACK__<SECTION>__<KEY>\`, as in \`MODELPACK__TRAIN__MAX_ITER=10\`; an empty value
   counts as none; on the command line a \`.env\` file beside the TOML gives what the environment does not set;
3. the TOML;
4. the default.

What follows \`=\` in the first two is read as TOML where the key takes that (\`true\`, \`0.5\`,
\`["router", "memory"]\`), else as plain text (\`sigmoid\`), else, for a list, as texts between commas
(\`router,memory\`). Tasks and datasets are set in the TOML only.

Editors that know TOML schemas (Even Better TOML, Taplo) complete and check the file when it starts with

\`\`\`toml
#:schema ./model_pipeline.schema.json
\`\`\`
`;

const OVERRIDES = `
### Overrides

\`\`\`toml
[train.overrides."family.router"]
max_features = 100000

[train.overrides."task.query_domain"]
alpha = 1e-5
\`\`\`

A family may set ${overridable("family.")}.

A task may set ${overridable("task.")}, and its value wins
over its family's. Features belong to the family, since its tasks share them.
`;

const MAPS = `
Which keys a map needs:

| role | task | text | label |
|---|---|---|---|
| \`train\`, \`test\`, \`eval\` | required | required | \`label\` or \`label_column\` |
| \`seed\` | optional | required | optional |
| \`out_of_scope\` | required | required | none |

"text" is \`text\` for a task with \`input = "text"\`, and \`text_a\` and \`text_b\` for \`input = "pair"\`. With
\`sql\` the SELECT names its own columns (\`text\`, or \`text_a\` and \`text_b\`; \`label\`; \`language\` and \`group\` where
wanted), so the keys that name columns can't stand beside it; \`label\` and \`language\`, which are constants,
and \`where\` can. Keys of \`label_map\` that are not bare words are quoted: \`label_map = { "10" = "ten", "card lost" = "cards" }\`.

TOML counts a key to the last header above it: keys of the dataset stand above its first
\`[[datasets.map]]\`.
`;

const DATASETS = `[datasets.md](datasets.md) shows how to add one. Keys of the Python pipeline that have no meaning here are accepted
with a note; [migration.md](migration.md) lists them.
`;

function cell(text) {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

function row(key, node, required) {
  const fallback =
    node.default === undefined ? (required ? "required" : "") : `\`${JSON.stringify(node.default)}\``;
  return `| \`${key}\` | ${cell(expectation(node))} | ${cell(fallback)} | ${cell(node.description ?? "")} |`;
}

function table(node, omit = []) {
  const rows = Object.entries(node.properties)
    .filter(([key]) => !omit.includes(key))
    .map(([key, field]) => row(key, field, node.required?.includes(key)));
  return ["| key | value | default | meaning |", "|---|---|---|---|", ...rows].join("\n");
}

function part(title, node, omit) {
  return `## ${title}\n\n${node.description}\n\n${table(node, omit)}\n`;
}

const PLACES = `
A wording may have these placeholders, and has to have those in bold. What is filled in is not looked at again:
braces in a row of yours stay as they are.

| wording | placeholders |
|---|---|
${Object.entries(PLACEHOLDERS)
  .map(([kind, names]) => `| \`${kind}\` | ${names.map((name) => placeholder(kind, name)).join(" ")} |`)
  .join("\n")}

Texts, names and descriptions come as JSON strings (a text of a dataset can't pass for a line of the prompt),
lists a line each, \`count\` as a number. The rows that were accepted stay, whatever becomes of the wording.
`;

function placeholder(kind, name) {
  const isRequired = REQUIRED[kind].some((required) => required.name === name);
  return isRequired ? `**\`{${name}}\`**` : `\`{${name}}\``;
}

function prompts({ description, properties }) {
  const wordings = Object.entries(properties).map(
    ([key, node]) => `\`${key}\`: ${node.description} The default:\n\n\`\`\`text\n${node.default}\n\`\`\`\n`,
  );
  return `### \`[synthetic_llm.prompts]\`\n\n${description}\n${PLACES}\n${wordings.join("\n")}`;
}

function axes({ description, default: values }) {
  const rows = Object.entries(values).map(([axis, list]) => `| \`${axis}\` | ${cell(list.join("; "))} |`);
  return [
    "### `[synthetic_llm.axes]`\n",
    `${description}\n`,
    "```toml",
    "[synthetic_llm.axes]",
    'register = ["formal", "casual"]',
    "situation = []",
    'channel = ["a chat", "an email"]',
    "```\n",
    "| default axis | values |",
    "|---|---|",
    ...rows,
    "",
  ].join("\n");
}

/** What stands below the table of a section. */
const BELOW = {
  train: () => OVERRIDES,
  synthetic_llm: ({ properties }) => `\n${prompts(properties.prompts)}\n${axes(properties.axes)}`,
};

function reference() {
  const { tasks, datasets, ...sections } = schema.properties;
  const label = tasks.items.properties.labels.items.anyOf.find((form) => form.properties !== undefined);
  const map = datasets.items.properties.map.items;
  return [
    INTRODUCTION,
    ...Object.entries(sections).map(
      ([name, node]) =>
        part(`\`[${name}]\``, node, ["overrides", "prompts", "axes"]) + (BELOW[name]?.(node) ?? ""),
    ),
    part("`[[tasks]]`", tasks.items),
    `### Labels\n\n${tasks.items.properties.labels.items.description}\n\n${table(label)}\n`,
    part("`[[datasets]]`", datasets.items, ["map"]),
    DATASETS,
    part("`[[datasets.map]]`", map) + MAPS,
  ].join("\n");
}

const files = {
  "../model_pipeline.schema.json": `${JSON.stringify(schema, null, 2)}\n`,
  "../docs/config.md": reference(),
};

for (const [name, text] of Object.entries(files)) {
  const path = fileURLToPath(new URL(name, import.meta.url));
  if (!process.argv.includes("--check")) {
    writeFileSync(path, text);
  } else if (readFileSync(path, "utf8") !== text) {
    console.error(`${name.slice(3)} is out of date: npm run build && npm run schema`);
    process.exitCode = 1;
  }
}
