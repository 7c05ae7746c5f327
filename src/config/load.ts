// SPDX-License-Identifier: Apache-2.0
import { dirname, resolve } from "node:path";
import { ModelpackError } from "../core/error.ts";
import { type Diagnostic, renderDiagnostics } from "./diagnostic.ts";
import { readDocument } from "./document.ts";
import { readDraft } from "./draft.ts";
import type { Node } from "./expectation.ts";
import { check } from "./fields.ts";
import { problemsOf } from "./issue.ts";
import { findSecrets } from "./leak.ts";
import { readLegacy } from "./legacy.ts";
import { normalize } from "./normalize.ts";
import { traceOrigins } from "./origins.ts";
import {
  applyOverrides,
  namedVariables,
  type Origin,
  type Override,
  type Overrides,
  readOverrides,
} from "./override.ts";
import { locate } from "./position.ts";
import { diagnose, type Problem, pathName } from "./problem.ts";
import { checkReferences } from "./reference.ts";
import { configSchema, jsonSchema, type PipelineConfig } from "./schema.ts";
import { isTooLarge, MAX_VALUES, parseToml, type SyntaxProblem, type Table } from "./toml.ts";

export type { Overrides } from "./override.ts";

/** A config that is whole and valid, and where each of its values came from. */
export interface LoadedConfig {
  readonly config: PipelineConfig;
  /** Absolute path of the TOML file. */
  readonly file: string;
  /** Its folder: what relative paths are relative to. */
  readonly folder: string;
  /** What was changed on the way, a line each: normalized ratios, a raised cap. */
  readonly notes: readonly string[];
  /** By key: `train.max_iter`, `train.overrides."family.x".alpha`, `tasks`. */
  readonly origins: ReadonlyMap<string, Origin>;
}

/** The same, or everything that is wrong with it, as data and as the text for people. */
export type Diagnosis =
  | { readonly loaded: LoadedConfig; readonly diagnostics: readonly []; readonly text: "" }
  | { readonly loaded: null; readonly diagnostics: readonly Diagnostic[]; readonly text: string };

/** Loads a config with its overrides. Throws CONFIG_INVALID, whose message shows every problem. */
export function loadConfig(file: string, overrides: Overrides = {}): LoadedConfig {
  const { loaded, text } = diagnoseConfig(file, overrides);
  if (loaded === null) throw new ModelpackError("CONFIG_INVALID", text);
  return loaded;
}

/** More errors than anyone reads at once; a hostile file could hold thousands, each with a search for a hint. */
const MAX_SHOWN = 100;

/** Loads a config and returns its problems instead of throwing them; throws where the file can't be read. */
export function diagnoseConfig(file: string, given: Overrides = {}): Diagnosis {
  return diagnoseText(readDocument(file), file, given);
}

/** Throws CONFIG_INVALID, as {@link loadConfig}, where a config's text that is still to be written is wrong. */
export function checkConfigText(source: string, file: string): void {
  const { loaded, text } = diagnoseText(source, file, {});
  if (loaded === null) throw new ModelpackError("CONFIG_INVALID", text);
}

function diagnoseText(source: string, file: string, given: Overrides): Diagnosis {
  const parsed = parseToml(source);
  if (parsed.problem !== null) return syntaxFailure(parsed.problem, file, source);
  if (isTooLarge(parsed.table)) {
    const hint = "is this the right file?";
    throw new ModelpackError("CONFIG_INVALID", `more than ${MAX_VALUES} keys and values`, {
      where: file,
      hint,
    });
  }
  const { overrides, problems, raw: written } = override(parsed.table, given);
  const { raw, isLegacy, notes } = readLegacy(written);
  problems.push(...findSecrets(parsed.table));
  const checked = check(configSchema, raw);
  if (!checked.success) {
    // The Python pipeline had its tasks in its code.
    const mayLackTasks = isLegacy && !Object.hasOwn(raw, "tasks");
    const issues = checked.issues.filter(({ path }) => !(mayLackTasks && path[0] === "tasks"));
    problems.push(...problemsOf(issues, raw, jsonSchema() as Node));
  }
  const draft = readDraft(raw, isLegacy);
  problems.push(...checkReferences(draft));
  if (problems.length > 0) {
    const positions = locate(source);
    const origins = new Map(overrides.map(({ path, origin }) => [pathName(path), origin]));
    const shown = problems.slice(0, MAX_SHOWN).map((problem) => diagnose(problem, positions, origins));
    return failure(shown, file, source, problems.length - shown.length);
  }
  const absolute = resolve(file);
  const folder = dirname(absolute);
  const origins = traceOrigins(raw, overrides);
  const normalized = normalize(draft, folder);
  return {
    loaded: { ...normalized, notes: [...notes, ...normalized.notes], file: absolute, folder, origins },
    diagnostics: [],
    text: "",
  };
}

function syntaxFailure({ message, line, column }: SyntaxProblem, file: string, source: string): Diagnosis {
  const hint = "this is TOML's own grammar: toml.io describes it on one page";
  const diagnostic = { severity: "error", message, line, column, length: 1, hint, origin: null } as const;
  return failure([diagnostic], file, source);
}

function failure(diagnostics: readonly Diagnostic[], file: string, source: string, left = 0): Diagnosis {
  return { loaded: null, diagnostics, text: renderDiagnostics(diagnostics, file, source, left) };
}

function override(
  table: Table,
  given: Overrides,
): { overrides: Override[]; problems: Problem[]; raw: Table } {
  const { overrides, problems } = readOverrides(given);
  const typed = applyOverrides(table, overrides);
  const named = namedVariables(typed, overrides, given.environment);
  return { overrides: [...overrides, ...named], problems, raw: applyOverrides(typed, named) };
}
