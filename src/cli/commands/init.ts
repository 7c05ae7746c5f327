// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { NAME } from "../../config/form.ts";
import { checkConfigText } from "../../config/load.ts";
import { ModelpackError } from "../../core/error.ts";
import { type ColumnRoles, proposeRoles } from "../../data/column-roles.ts";
import { formatOf } from "../../data/source.ts";
import { type Survey, surveySource } from "../../data/survey.ts";
import { draftPipeline, type InitDraft, proposeTaskName } from "../../pipeline/init.ts";
import { findSources, type InitSources } from "../../pipeline/init-sources.ts";
import { writeFileAtomic } from "../../storage/commit.ts";
import { type Action, type Context, countOption, type Options } from "../context.ts";
import { askMinRows, askRoles, confirm } from "../init-questions.ts";
import { columnTable, labelTable, useOf } from "../init-tables.ts";
import { Interview } from "../interview.ts";
import { nextCommand, predictCommand } from "../next-step.ts";
import { oneLine, shownPath } from "../printable.ts";

/** `modelpack init`: rows to a commented config that `check` accepts and `prepare` runs. */
export const init: Action = async (context, options, args) => {
  const config = String(options.config);
  const isDry = options.dryRun === true;
  if (!isDry && options.force !== true) checkFree(config);
  const interview = interviewOf(context, options);
  try {
    const sources = await findSources(
      requestOf(context, options, await sourcesOf(args, interview)),
      context.reporter,
    );
    const [first] = sources.parts;
    if (first === undefined) throw new RangeError("no part");
    const survey = await surveySource(first.source, context.signal);
    const where = first.source.files.map(({ name }) => name).join(", ");
    let roles = proposeRoles(survey, given(options), where);
    if (interview !== null) roles = await askRoles(interview, survey, roles, where);
    const task = await taskOf(interview, options, proposeTaskName(roles, sources));
    const minRows = await minRowsOf(interview, options, survey, roles);
    const draft = await draftPipeline(sources, survey, { roles, task, minRows }, context.signal);
    checkConfigText(draft.toml, config);
    if (interview !== null && !isDry) await confirm(interview, draft, config);
    if (!isDry) await writeFileAtomic(config, draft.toml);
    const done: Done = { context, sources, survey, roles, draft, config, task };
    const text = isDry ? draft.toml.trimEnd() : interview === null ? summary(done) : ending(done);
    return { text, json: jsonOf(done, !isDry) };
  } finally {
    interview?.close();
  }
};

function checkFree(config: string): void {
  if (!existsSync(config)) return;
  throw new ModelpackError("USAGE", `${config} is there already`, {
    where: config,
    hint: "--force writes over it, -c other.toml writes beside it, --dry-run prints what would be written",
  });
}

/** Asks only where somebody can answer, and is not told otherwise. */
function interviewOf({ stdin, signal }: Context, options: Options): Interview | null {
  const isSilent = options.yes === true || options.json === true;
  return stdin.isTTY === true && process.stderr.isTTY === true && !isSilent
    ? new Interview(stdin, process.stderr, signal)
    : null;
}

async function sourcesOf(args: readonly string[], interview: Interview | null): Promise<readonly string[]> {
  if (args.length > 0) return args;
  const here = readdirSync(".").filter((name) => formatOf(name) !== undefined);
  const seen = here.length === 0 ? "" : `; here are ${here.slice(0, 6).join(", ")}`;
  if (interview === null)
    throw new ModelpackError("USAGE", `no file and no dataset is named${seen}`, {
      hint: `modelpack init ${here[0] ?? "rows.csv"}, or modelpack init owner/dataset for one of the Hugging Face Hub`,
    });
  const text = "File with your rows (CSV, TSV, JSONL, JSON, Parquet, Arrow), or a dataset of the Hub";
  const isMissing = (answer: string) => (answer === "" ? "a name, please" : null);
  return [await interview.ask({ text, fallback: here[0] ?? "", problem: isMissing })];
}

function requestOf({ environment, signal }: Context, options: Options, sources: readonly string[]) {
  const folder = dirname(resolve(String(options.config)));
  const hubConfig = typeof options.hubConfig === "string" ? options.hubConfig : "";
  return { sources, here: process.cwd(), folder, hubConfig, environment, signal };
}

function given(options: Options) {
  const text = (name: string) => (typeof options[name] === "string" ? (options[name] as string) : null);
  const [one, a, b, label] = [text("text"), text("textA"), text("textB"), text("label")];
  const isHalf = (a === null) !== (b === null);
  if (isHalf || (one !== null && a !== null))
    throw new ModelpackError(
      "USAGE",
      isHalf ? "--text-a and --text-b go together" : "--text and --text-a exclude each other",
      {
        hint: "--text <column> for one text, --text-a <column> --text-b <column> for a pair",
      },
    );
  const texts = one !== null ? [one] : a !== null && b !== null ? [a, b] : null;
  if (label !== null && texts?.includes(label))
    throw new ModelpackError("USAGE", `column ${JSON.stringify(label)} can't be both text and label`, {
      hint: "name two columns",
    });
  return { texts, label };
}

async function taskOf(interview: Interview | null, options: Options, proposal: string): Promise<string> {
  const problem = (name: string) =>
    NAME.test(name)
      ? null
      : "a name of a to z, 0 to 9 and _ that starts with a letter, 64 characters at most";
  if (typeof options.task === "string") {
    const wrong = problem(options.task);
    if (wrong === null) return options.task;
    throw new ModelpackError("USAGE", `--task takes ${wrong}, got ${JSON.stringify(options.task)}`, {
      hint: `for example --task ${proposal}`,
    });
  }
  return interview === null
    ? proposal
    : interview.ask({ text: "Name of the question (the task)", fallback: proposal, problem });
}

async function minRowsOf(
  interview: Interview | null,
  options: Options,
  survey: Survey,
  roles: ColumnRoles,
): Promise<number> {
  const given = countOption(options, "minRows", "--min-rows");
  if (given !== null) return given;
  return interview === null ? 1 : askMinRows(interview, survey, roles);
}

interface Done {
  readonly context: Context;
  readonly sources: InitSources;
  readonly survey: Survey;
  readonly roles: ColumnRoles;
  readonly draft: InitDraft;
  readonly config: string;
  readonly task: string;
}

/** What was looked at and chosen; in an interview it has been shown already. */
function summary(done: Done): string {
  const { sources, survey, roles, draft, task } = done;
  const files = sources.parts.flatMap(({ role, source }) =>
    source.files.map(({ name }) => `${name} (${role})`),
  );
  const shown = files.slice(0, 6).join(", ") + (files.length > 6 ? ` and ${files.length - 6} more` : "");
  // The columns are those of the first part; the labels below are counted in all.
  const [first, second] = sources.parts;
  const of = first === undefined || second === undefined ? "" : `${first.role} `;
  return [
    `${oneLine(shown)}: ${survey.rows} ${of}rows, ${survey.columns.length} columns`,
    "",
    columnTable(survey, roles),
    "",
    `task ${task}, ${draft.labels.length} labels`,
    "",
    labelTable(draft),
    "",
    ending(done),
  ].join("\n");
}

function ending({ config, context, roles }: Done): string {
  const typed = (command: string) => nextCommand(context, command, { config });
  const next = ["check", "prepare", "train"].map(typed).join(" && ");
  return `wrote ${shownPath(config)}\nnext: ${next}\nthen: ${predictCommand(context, roles.texts.length > 1 ? "pair" : "text", { config })}`;
}

function jsonOf({ survey, roles, draft, config, task }: Done, isWritten: boolean) {
  const columns = survey.columns.map(({ path, kind, filled, distinct }) => ({
    path,
    kind,
    filled,
    distinct,
    used_as: useOf(path, roles),
  }));
  return {
    config,
    written: isWritten,
    task,
    texts: roles.texts,
    label: roles.label,
    rows: survey.rows,
    columns,
    labels: draft.labels,
    dropped: draft.dropped,
    notes: draft.notes,
    toml: draft.toml,
  };
}
