// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import { type ColumnRoles, MOST_LABELS, proposeRoles } from "../data/column-roles.ts";
import type { Survey } from "../data/survey.ts";
import type { InitDraft } from "../pipeline/init.ts";
import { columnTable, labelTable } from "./init-tables.ts";
import type { Interview } from "./interview.ts";

/** Shows the columns and asks which are the text and the label. */
export async function askRoles(
  interview: Interview,
  survey: Survey,
  roles: ColumnRoles,
  where: string,
): Promise<ColumnRoles> {
  interview.say(`${columnTable(survey, roles)}\n`);
  const known = new Set(survey.columns.map(({ path }) => path));
  const missing = (path: string) => (known.has(path) ? null : `there is no column ${JSON.stringify(path)}`);
  const pathsOf = (answer: string) =>
    known.has(answer) ? [answer] : answer.split(",").map((path) => path.trim());
  const texts = await interview.ask({
    text: "Column with the text (two, with a comma between them, for pairs)",
    fallback: roles.texts.join(", "),
    problem: (answer) => {
      const paths = pathsOf(answer);
      return paths.length > 2
        ? "one column, or two"
        : (paths.map(missing).find((problem) => problem !== null) ?? null);
    },
  });
  const label = await interview.ask({
    text: "Column with the label",
    fallback: roles.label,
    problem: (answer) =>
      missing(answer) ?? (pathsOf(texts).includes(answer) ? "that is the text" : unlikely(survey, answer)),
  });
  return proposeRoles(survey, { texts: pathsOf(texts), label }, where);
}

/** Why a column can't be the label; so that a person can name another. */
function unlikely({ columns }: Survey, path: string): string | null {
  const column = columns.find((one) => one.path === path);
  if (column === undefined) return null;
  if (column.distinct < 2) return `all rows that have a value there have the same one: nothing to tell apart`;
  return column.distinct > 20 && column.distinct * 1.2 > column.filled
    ? `${column.distinct} distinct values in ${column.filled} rows: labels repeat, these are names or numbers`
    : null;
}

/** Labels of which a person may want the frequent ones alone. */
const MANY_LABELS = 200;

/** Where there are very many labels, asks how many rows one must have; else all of them will do. */
export async function askMinRows(
  interview: Interview,
  { columns }: Survey,
  roles: ColumnRoles,
): Promise<number> {
  const distinct = columns.find(({ path }) => path === roles.label)?.distinct ?? 0;
  if (distinct <= MANY_LABELS) return 1;
  const answer = await interview.ask({
    text: `${distinct} labels or more (at most ${MOST_LABELS} go into a task). Leave out those with fewer rows than`,
    fallback: distinct > MOST_LABELS ? "20" : "1",
    problem: (rows) => (/^[1-9]\d{0,8}$/.test(rows) ? null : "a whole number over 0"),
  });
  return Number(answer);
}

/** Shows the labels and asks whether to write. Throws USAGE where not. */
export async function confirm(interview: Interview, draft: InitDraft, config: string): Promise<void> {
  interview.say(`\n${labelTable(draft)}\n`);
  const answer = await interview.ask({
    text: `Write ${config}?`,
    fallback: "yes",
    problem: (given) => (/^(y|yes|n|no)$/i.test(given) ? null : "yes or no"),
  });
  if (/^y/i.test(answer)) return;
  throw new ModelpackError("USAGE", "nothing was written", {
    hint: "modelpack init --help lists the flags that choose columns, name and labels",
  });
}
