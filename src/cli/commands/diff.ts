// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { ModelpackError } from "../../core/error.ts";
import { diff as runDiff } from "../../pipeline/diff.ts";
import type { DiffTexts } from "../../pipeline/diff-texts.ts";
import { diffPage } from "../../report/diff-page.ts";
import { writeFileAtomic } from "../../storage/commit.ts";
import { type Action, type Context, configOf, countOption, type Options } from "../context.ts";
import { diffText } from "../diff-text.ts";
import { packFolder } from "../pack.ts";
import { shownPath } from "../printable.ts";
import { withSnakeNames } from "../snake-names.ts";

/** Flips of a task in the terminal, where nothing is said. */
const TOP = 20;

/** `modelpack diff A B`: two packs side by side, and the answers that flipped. */
export const diff: Action = async (context, options, args) => {
  const [a, b] = args;
  if (a === undefined || b === undefined || args.length > 2)
    throw new ModelpackError("USAGE", `diff takes two packs, got ${args.length}`, {
      hint: "for example modelpack diff 1a2b latest; modelpack status lists the versions",
    });
  const top = countOption(options, "top", "--top") ?? TOP;
  const out = typeof options.out === "string" ? checkedPage(options.out) : null;
  const found = await runDiff([a, b], context.reporter, {
    signal: context.signal,
    root: packFolder(context, options),
    prepared: preparedFolder(context, options),
    task: options.task === undefined ? null : String(options.task),
    texts: textsOf(options),
  });
  if (out !== null) await writeFileAtomic(out, diffPage(found));
  const page = out === null ? [] : ["", `page: ${shownPath(out)}`];
  return {
    text: [diffText(found, top), ...page].join("\n"),
    json: { ...found, tasks: withSnakeNames(found.tasks), page: out },
  };
};

function checkedPage(out: string): string {
  if (/\.html?$/i.test(out)) return out;
  throw new ModelpackError(
    "USAGE",
    `--out takes a file whose name ends in .html, got ${JSON.stringify(out)}`,
    {
      hint: "for example --out diff.html",
    },
  );
}

/** Where test rows may be; without a config nobody knows. */
function preparedFolder(context: Context, options: Options): string | null {
  const config = String(options.config);
  if (!existsSync(config) && config === "model_pipeline.toml") return null;
  return configOf(context, options).config.paths.prepared_dir;
}

function textsOf(options: Options): DiffTexts | null {
  const { texts, text, textA, textB } = options;
  const isPair = textA !== undefined || textB !== undefined;
  if (texts === undefined) {
    if (text === undefined && !isPair) return null;
    throw new ModelpackError("USAGE", "a column is named, and no file", { hint: "add --texts <file>" });
  }
  if (isPair && text !== undefined)
    throw new ModelpackError("USAGE", "--text is for one text, and --text-a and --text-b for pairs", {
      hint: "leave one of them out",
    });
  const columns = isPair ? [textA ?? "text_a", textB ?? "text_b"] : [text ?? "text"];
  return { file: String(texts), columns: columns.map(String) };
}
