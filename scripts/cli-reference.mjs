// SPDX-License-Identifier: Apache-2.0
// Writes docs/cli.md from the table of commands, and from what runs with --json printed (json-examples.json, long
// lists and texts cut). With --check it writes nothing and fails where the page is out of date.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { commandOutlines } from "../dist/cli/program.js";

const INTRODUCTION = `# The command line

Generated from the table of commands in \`src/cli/program.ts\` by \`npm run schema\`; edit it there.

\`modelpack <command> --help\` says the same in the terminal, with examples. Results go to standard output;
notes, warnings, progress and errors go to standard error, so that a result can be piped. Bars are drawn on a
terminal only, and not where \`TERM=dumb\`; elsewhere there is a line now and then.

## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | failed: a file, a server, a model; what was there before is untouched |
| 2 | the command line or the config is wrong; nothing was begun |
| 3 | done, and short of what was asked: labels below their target with \`prepare.on_underfill = "fail"\`; texts that \`label\` left over, or most of them unanswered |
| 130, 143 | stopped by Ctrl-C (SIGINT), or by SIGTERM or SIGHUP; nothing half written is left |

## Colours

\`explain\` colours texts. The first of these that says something decides: \`--no-color\`; \`FORCE_COLOR\` (\`0\` for
none, \`1\` for 16 colours, all else for 256); \`NO_COLOR\`, set to anything; \`TERM=dumb\`; and whether standard output is a
terminal that shows colours. Without colours the strongest words are marked. Whatever a terminal might obey in texts,
labels and names (control characters, marks that turn the direction of writing) is shown as an escape such as
\`\\u001b\`.

## JSON

Every command takes \`--json\` and then prints one object on one line of standard output, nothing else, whatever
happens:

<!-- docs-test: skip because they are types of src/cli/json-output.ts -->
\`\`\`ts
${shapes()}
\`\`\`

\`code\` is one of the closed list in \`src/core/error.ts\`: match on it, and not on the message. The error for people
is on standard error as well. What \`--help\` and \`--version\` print stays text. Below, each command shows the object
of a real run; \`…\` stands for what was cut: more items of a list, the rest of a long text, figures as in
\`F_metrics_test.json\`.

## Completion

\`modelpack completion bash\` (or \`zsh\`, \`fish\`) prints a script that completes commands, options, files, the tasks
of the config or the pack for \`--task\`, its labels for \`--against\`, and families for \`--families\`:

<!-- docs-test: skip because they are the shells of a person; test/cli/completion.test.ts tries each -->
\`\`\`sh
eval "$(modelpack completion bash)"     # in ~/.bashrc
eval "$(modelpack completion zsh)"      # in ~/.zshrc, below compinit
modelpack completion fish | source      # in ~/.config/fish/config.fish
\`\`\`

The script asks modelpack at each Tab (some tenths of a second), so it never goes stale, also not by an update.
`;

function shapes() {
  const source = readFileSync(new URL("../src/cli/json-output.ts", import.meta.url), "utf8");
  const from = source.indexOf("/** What `--json` prints");
  return source.slice(from, source.indexOf("/** The line for a result")).trim();
}

const examples = JSON.parse(readFileSync(new URL("json-examples.json", import.meta.url), "utf8"));
const FILES = `### Files

\`--file\` reads rows and writes them, in their order, with the answers: for each task \`<task>_label\`,
\`<task>_confidence\` (0 to 1; 0 where the default answered) and \`<task>_reason\` (empty where a model answered, else
\`empty_input\` or \`low_confidence\`); \`--top 2\` adds \`<task>_top_1\`, \`<task>_top_1_probability\` and so on. Without
\`--task\`, all tasks that read one text are answered, or, with \`--text-a\`, \`--text-b\` or \`--pair\`, all that read
two.

- A row without a text (empty, or null) gets the default, with the reason \`empty_input\`.
- All other columns stay as they are. Of CSV and TSV every value stays as it is written (\`010\`, \`TRUE\`), but for the
  quotes that it did not need; of two columns with one name the second gets a number. Objects of JSON keep
  every byte but line ends between members: numbers of any length, nulls, members that only some rows have. Parquet
  and Arrow keep their types. From one format to another types follow what the new one can hold.
- What separates the columns of a \`.csv\` (comma, semicolon, \`|\` or tab) is found in its header, and a \`.csv\` that is
  written from it keeps that.
- A new column whose name is there already ends the run before it begins: \`--prefix\` gives the new ones other names.
- \`.txt\` has a text a line, and becomes a CSV with the column \`text\` where no format is named. \`--out labels.txt\` gets
  a label a line, in the order of the texts, for one task: an empty line where there is no label.
- The file of \`--out\` appears when all rows are in it, and a run that is stopped leaves the old one. One that is
  there is replaced with \`--force\` only, and a file that is read never. Without \`--out\` the rows go to standard
  output once all are predicted; Parquet and Arrow need a file.
- Several files of one format are read one after the other, into one result: repeat \`--file\`, or give a pattern in
  quotes. Only Arrow files become Arrow files, and only text files text files.
- Rows stream: memory does not grow with their number.
`;

/** What stands below a command's options. */
const BELOW = { predict: FILES };

function cell(text) {
  return text.replaceAll("|", "\\|").replaceAll("<", "\\<");
}

function optionRow({ flag, doc, fallback }) {
  const value = typeof fallback === "string" ? `\`${fallback}\`` : "";
  return `| \`${flag.replaceAll("|", "\\|")}\` | ${value} | ${cell(doc)} |`;
}

function optionTable(options) {
  return ["| option | default | meaning |", "|---|---|---|", ...options.map(optionRow)].join("\n");
}

const isOwn = ({ group }) => group === "Options:";

function reach(options) {
  const shared = options.filter(({ group }) => group === "Config:").length;
  if (shared === 0) return "";
  if (shared > 2) return "\nIt takes [the options of the config](#options-of-the-config) as well.\n";
  return "\nIt takes `--config` and `--set` as well.\n";
}

function section({ name, args, description, options, examples: lines }) {
  const own = options.filter(isOwn);
  const found = examples[name];
  if (found === undefined) throw new Error(`scripts/json-examples.json has no run of ${name}`);
  const json = found.map((example) => `\`\`\`json\n${JSON.stringify(example, null, 1)}\n\`\`\``);
  return [
    `## \`modelpack ${name}${args === "" ? "" : ` ${args}`}\`\n`,
    `${cell(description)}\n`,
    ...(own.length > 0 ? [`${optionTable(own)}\n`] : []),
    reach(options).trimStart(),
    "<!-- docs-test: skip because they are of --help, which test/cli/usage.test.ts reads -->\n" +
      `\`\`\`sh\n${lines.join("\n")}\n\`\`\`\n`,
    ...(BELOW[name] === undefined ? [] : [`${BELOW[name].trim()}\n`]),
    `<details><summary>with <code>--json</code></summary>\n\n${json.join("\n\n")}\n\n</details>\n`,
  ]
    .filter((part) => part !== "")
    .join("\n");
}

const commands = commandOutlines();
const shared = commands.find(({ name }) => name === "train").options.filter((option) => !isOwn(option));
const page = [
  INTRODUCTION,
  `## Options of the config\n\n[config.md](config.md) has all keys and says what wins over what.\n\n${optionTable(shared)}\n`,
  ...commands.map(section),
].join("\n");

const path = fileURLToPath(new URL("../docs/cli.md", import.meta.url));
if (!process.argv.includes("--check")) writeFileSync(path, page);
else if (readFileSync(path, "utf8") !== page) {
  console.error("docs/cli.md is out of date: npm run build && npm run schema");
  process.exitCode = 1;
}
