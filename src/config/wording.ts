// SPDX-License-Identifier: Apache-2.0
import type { Draft } from "./draft.ts";
import { type Problem, show } from "./problem.ts";
import { PLACEHOLDERS, PROMPT_KINDS, type PromptKind, REQUIRED } from "./prompts.ts";
import { nearest } from "./suggest.ts";
import { placeholdersOf, type TemplateProblem, templateProblems } from "./template.ts";

/** What [synthetic_llm.prompts] and [synthetic_llm.axes] may get wrong. */
export function checkWording(draft: Draft): Problem[] {
  return [...PROMPT_KINDS.flatMap((kind) => checkPrompt(draft, kind)), ...checkAxes(draft)];
}

function checkPrompt({ settings }: Draft, kind: PromptKind): Problem[] {
  const template = settings.synthetic_llm.prompts[kind];
  const paths = [["synthetic_llm", "prompts", kind]];
  const name = `synthetic_llm.prompts.${kind}`;
  const wrong = templateProblems(template, PLACEHOLDERS[kind]).map((problem) => ({
    message: `${name} ${complaint(problem)}`,
    hint: () => suggestion(problem, PLACEHOLDERS[kind]),
    paths,
  }));
  const found = placeholdersOf(template);
  const missing = REQUIRED[kind].filter((required) => !found.includes(required.name));
  return [
    ...wrong,
    ...missing.map((required) => ({
      message: `${name} lacks the placeholder {${required.name}}: ${required.reason}`,
      hint: () => missingHint(required.name, wrong.length),
      paths,
    })),
  ];
}

function complaint({ kind, found, line }: TemplateProblem): string {
  const what =
    kind === "brace" ? `has a single ${found}` : `has an unknown placeholder ${show(`{${found}}`)}`;
  return `${what} in line ${line} of its text`;
}

function suggestion({ kind, found }: TemplateProblem, known: readonly string[]): string {
  if (kind === "brace") return `write ${found}${found} for a brace that is meant as one`;
  const near = nearest(found.trim(), known);
  if (near !== undefined) return `did you mean {${near}}?`;
  // JSON in a prompt: its braces are meant as braces.
  if (!/^\w+$/.test(found.trim())) return "write {{ and }} for braces that are meant as such";
  return `the placeholders here are ${known.map((name) => `{${name}}`).join(", ")}`;
}

function missingHint(name: string, wrong: number): string {
  const put = `put {${name}} where it is to stand`;
  return wrong > 0 ? `${put}; it may be the one that is mistyped` : put;
}

// Languages have shares of their own: an axis would draw them a second time, evenly.
function checkAxes({ settings }: Draft): Problem[] {
  if (!settings.synthetic_llm.axes.has("language")) return [];
  return [
    {
      message:
        "synthetic_llm.axes.language is no axis: [multilingual] says in which languages rows are written",
      hint: "as in [multilingual] with enabled = true and weights = { en = 0.7, de = 0.3 }",
      paths: [["synthetic_llm", "axes", "language"]],
      key: true,
    },
  ];
}
