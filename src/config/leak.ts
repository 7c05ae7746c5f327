// SPDX-License-Identifier: Apache-2.0
import type { Path } from "./fields.ts";
import { type Problem, pathName } from "./problem.ts";
import { looksSecret } from "./secret.ts";
import type { Table } from "./toml.ts";

/** Every text of a parsed TOML that looks like a key; labels and mappings are strangers' data and exempt. */
export function findSecrets(raw: Table): Problem[] {
  const problems: Problem[] = [];
  const visit = (value: unknown, path: Path): void => {
    if (typeof value === "string" && looksSecret(value)) problems.push(leak(path));
    // No key of ours is deeper; a hostile file may be.
    if (typeof value !== "object" || value === null || path.length > 6) return;
    for (const [key, inner] of Object.entries(value)) {
      if (path.length === 0 && key === "tasks") continue;
      if (path[0] === "datasets" && key === "map") continue;
      visit(inner, [...path, Array.isArray(value) ? Number(key) : key]);
    }
  };
  visit(raw, []);
  return problems;
}

function leak(path: Path): Problem {
  return {
    message: `${pathName(path)} holds what looks like an API key or a password`,
    hint: "revoke it, put a new one into an environment variable, and name that in synthetic_llm.api_key_env",
    paths: [path],
  };
}
