// SPDX-License-Identifier: Apache-2.0

// Texts with places to fill: `{name}` is filled, `{{` and `}}` are the braces themselves.

/** A piece of a template: text as it stands, or the name of what is put in. */
type Piece = { readonly text: string } | { readonly name: string; readonly line: number };

/** What is wrong with a template, and where. */
export interface TemplateProblem {
  readonly kind: "unknown" | "brace";
  /** What stands between the braces, or the brace that stands alone. */
  readonly found: string;
  /** 1-based, within the template. */
  readonly line: number;
}

/** No name of ours is a quarter as long; more is a sentence, or JSON, whose braces were not doubled. */
const MAX_NAME = 80;

// Linear: a brace looks ahead by MAX_NAME characters at most.
const TOKEN = new RegExp(`\\{\\{|\\}\\}|\\{[^{}\\n]{0,${MAX_NAME}}\\}|[{}]`, "g");

function piecesOf(template: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let [at, line] = [0, 1];
  for (const { 0: token, index } of template.matchAll(TOKEN)) {
    const before = template.slice(at, index);
    for (const character of before) if (character === "\n") line += 1;
    pieces.push({ text: before });
    const isBrace = token === "{{" || token === "}}";
    pieces.push(isBrace ? { text: token.slice(1) } : { name: token, line });
    at = index + token.length;
  }
  return [...pieces, { text: template.slice(at) }];
}

/** The names that a template has places for, in their order, each as often as it stands there. */
export function placeholdersOf(template: string): readonly string[] {
  return piecesOf(template).flatMap((piece) =>
    "name" in piece && piece.name.length > 1 ? [piece.name.slice(1, -1)] : [],
  );
}

/** The places that none of the known names fills. */
export function templateProblems(template: string, known: readonly string[]): readonly TemplateProblem[] {
  return piecesOf(template).flatMap((piece): TemplateProblem[] => {
    if (!("name" in piece)) return [];
    const { name, line } = piece;
    if (name.length === 1) return [{ kind: "brace", found: name, line }];
    const found = name.slice(1, -1);
    return known.includes(found) ? [] : [{ kind: "unknown", found, line }];
  });
}

/**
 * Fills a template. What is put in is not looked at again, so that a text of a stranger's with braces in it
 * stays as it is. The template was checked when the config was loaded: a name without a value is a bug.
 */
export function renderTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return piecesOf(template)
    .map((piece) => {
      if (!("name" in piece)) return piece.text;
      const name = piece.name.slice(1, -1);
      const value = Object.hasOwn(values, name) ? values[name] : undefined;
      if (value === undefined) throw new RangeError(`no value for ${piece.name} of a template`);
      return value;
    })
    .join("");
}
