// SPDX-License-Identifier: Apache-2.0
import { normalize } from "node:path";
import type { Draft } from "./draft.ts";
import type { Path } from "./fields.ts";
import { type Problem, show } from "./problem.ts";
import { type TrainSettings, trainSettings } from "./schema.ts";
import { looksSecret } from "./secret.ts";

/** Settings that are each in range and don't fit together. */
export function checkRanges(draft: Draft): Problem[] {
  return [
    ...checkPaths(draft),
    ...checkPrepare(draft),
    ...checkNgrams(draft),
    ...checkLlm(draft),
    ...checkMultilingual(draft),
  ];
}

function checkPaths({ settings: { paths } }: Draft): Problem[] {
  if (normalize(`${paths.prepared_dir}/`) !== normalize(`${paths.trained_models_dir}/`)) return [];
  const message = `paths.prepared_dir and paths.trained_models_dir are one folder: ${show(paths.prepared_dir)}`;
  const hint = "datasets and models have versions of their own: give each a folder";
  return [
    {
      message,
      hint,
      paths: [
        ["paths", "trained_models_dir"],
        ["paths", "prepared_dir"],
      ],
    },
  ];
}

function checkPrepare({ settings: { prepare } }: Draft): Problem[] {
  const keys = ["train_ratio", "test_ratio", "eval_ratio"] as const;
  const paths = keys.map((key) => ["prepare", key]);
  if (keys.every((key) => prepare[key] === 0)) {
    const message = "prepare.train_ratio, test_ratio and eval_ratio are all 0";
    return [{ message, hint: "give each split its share, as in 0.8, 0.1 and 0.1", paths }];
  }
  if (prepare.train_ratio > 0) return [];
  return [
    {
      message: "prepare.train_ratio must be above 0, got 0",
      hint: "without train rows nothing is learned",
      paths,
    },
  ];
}

function checkNgrams(draft: Draft): Problem[] {
  const { train } = draft.settings;
  const places = [
    { settings: trainSettings({ train }, ""), base: ["train"] },
    ...[...train.overrides.keys()]
      .filter((key) => key.startsWith("family."))
      .map((key) => ({
        settings: trainSettings({ train }, key.slice("family.".length)),
        base: ["train", "overrides", key],
      })),
  ];
  return places.flatMap(({ settings, base }, i) => {
    // A family that sets none of them would only repeat what is said of [train].
    const own = train.overrides.get(base[2] ?? "") ?? {};
    if (i > 0 && !Object.keys(own).some((key) => key.includes("ngram"))) return [];
    return checkNgramRange(settings, base);
  });
}

function checkNgramRange(settings: TrainSettings, base: readonly string[]): Problem[] {
  const problems: Problem[] = [];
  for (const kind of ["ngram", "char_ngram"] as const) {
    const least = settings[`${kind}_min`];
    const most = settings[`${kind}_max`];
    if (most === 0 || most >= least) continue;
    const name = base.length > 1 ? `train.overrides."${base[2]}".${kind}` : `train.${kind}`;
    const message = `${name}_max must be at least ${name}_min (${least}), got ${most}`;
    const paths = [`${kind}_max`, `${kind}_min`].flatMap((key) => [
      [...base, key],
      ["train", key],
    ]);
    problems.push({ message, hint: `raise ${kind}_max or lower ${kind}_min`, paths: inOrder(paths) });
  }
  if (settings.ngram_max === 0 && settings.char_ngram_max === 0) {
    const message = "ngram_max and char_ngram_max are both 0: no features are left";
    const paths = inOrder([
      [...base, "ngram_max"],
      [...base, "char_ngram_max"],
    ]);
    problems.push({ message, hint: "leave one of them above 0", paths });
  }
  return problems;
}

// The keys of the place itself before those that it inherits.
function inOrder(paths: readonly string[][]): Path[] {
  return [...paths].sort((a, b) => b.length - a.length);
}

function checkLlm({ settings: { synthetic_llm: llm } }: Draft): Problem[] {
  const problems: Problem[] = [];
  if (llm.max_cost_usd !== undefined) {
    for (const key of ["price_input_per_million", "price_output_per_million"] as const) {
      if (llm[key] !== undefined) continue;
      const message = `synthetic_llm.max_cost_usd needs synthetic_llm.${key}`;
      problems.push({
        message,
        hint: "give both prices; 0 is a price",
        paths: [["synthetic_llm", "max_cost_usd"]],
      });
    }
  }
  if (llm.base_url !== undefined && !URL.canParse(llm.base_url) && !looksSecret(llm.base_url)) {
    const message = `synthetic_llm.base_url is no URL: ${show(llm.base_url)}`;
    problems.push({
      message,
      hint: "as in http://localhost:11434/v1",
      paths: [["synthetic_llm", "base_url"]],
    });
  }
  return problems;
}

function checkMultilingual({ settings: { multilingual } }: Draft): Problem[] {
  if (!multilingual.enabled || [...multilingual.weights.values()].some((weight) => weight > 0)) return [];
  const message = "multilingual.enabled is true, and no language has a weight above 0";
  const hint = "add weights, as in weights = { en = 0.7, de = 0.3 }";
  return [
    {
      message,
      hint,
      paths: [
        ["multilingual", "weights"],
        ["multilingual", "enabled"],
      ],
    },
  ];
}
