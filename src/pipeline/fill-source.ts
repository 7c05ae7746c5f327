// SPDX-License-Identifier: Apache-2.0

import { instructionRuns } from "../backfill/acceptance.ts";
import type { FillTask } from "../backfill/label-fill.ts";
import { promptPools } from "../backfill/pools.ts";
import { profileOf } from "../backfill/profile.ts";
import type { PromptTask } from "../backfill/prompt.ts";
import type { AcceptedRow } from "../backfill/record.ts";
import type { SlotContext } from "../backfill/slot.ts";
import type { Wording } from "../backfill/wording.ts";
import type { PipelineConfig } from "../config/schema.ts";
import type { Reporter } from "../core/reporter.ts";
import { readLooseTexts } from "../data/loose-texts.ts";
import type { SharedSeeds } from "../data/shared-seeds.ts";
import { canonicalJson, sha256 } from "../storage/digest.ts";
import { type Confusions, newestConfusions } from "./confusions.ts";
import { datasetInputs, type PrepareInputs } from "./inputs.ts";
import { admitAccepted, openAdmission, type RealTask } from "./prepared-task.ts";

/** What the prompts of a fill are made from, besides the config. */
export interface FillSource {
  readonly tasks: readonly RealTask[];
  readonly shared: SharedSeeds;
  readonly loose: readonly string[];
  readonly confusions: Confusions;
  /** sha256 in hex over all of these. */
  readonly digest: string;
}

/** Gathers what prompts are made from, for the tasks of `inputs`, of which at most `sample` rows are taken. */
export async function fillSource(
  config: PipelineConfig,
  tasks: readonly RealTask[],
  shared: SharedSeeds,
  { inputs, sample }: { readonly inputs: PrepareInputs; readonly sample: number | null },
  reporter: Reporter,
): Promise<FillSource> {
  const rows = config.synthetic_llm.local_raw_scan_rows_per_file;
  const sources = inputs.datasets.flatMap(({ source }) => source.files.map(({ path }) => path));
  const { texts, problems } = await readLooseTexts(config.paths.datasets_cache_dir, rows, sources);
  for (const problem of problems) reporter.warn(`a loose file in the cache folder is left out: ${problem}`);
  const confusions = await newestConfusions(config);
  const decides = datasetInputs(config, inputs, { sample, accepted: null });
  const digest = sha256(canonicalJson({ inputs: decides, loose: texts, confusions: [...confusions] }));
  return { tasks, shared, loose: texts, confusions, digest };
}

/** The wording and the sampling that the config asks for. */
export function wordingOf(config: PipelineConfig): Wording {
  const { synthetic_llm: llm, multilingual } = config;
  return {
    prompts: llm.prompts,
    axes: llm.axes,
    languages: multilingual.enabled ? [...multilingual.weights].filter(([, weight]) => weight > 0) : [],
    temperature: llm.temperature,
    topP: llm.top_p,
    maxTokens: llm.max_tokens,
    batchSize: llm.batch_size,
    model: llm.model ?? "",
    seed: config.prepare.seed,
  };
}

/** What asking for rows of a task needs; `isHeldOut` keeps seeds that are rows of test or eval out of prompts. */
export function slotContext(
  config: PipelineConfig,
  source: FillSource,
  real: RealTask,
  isHeldOut: PromptTask["isHeldOut"],
): SlotContext {
  const { task } = real.rows;
  const wording = wordingOf(config);
  const seeds = { own: real.seeds, shared: source.shared.pool(task.input), loose: source.loose };
  const pools = promptPools(real.rows, real.split, seeds);
  const guidance = task.labels.map(({ description }) => description);
  return {
    wording,
    prompt: { task, pools, isHeldOut, confusable: source.confusions.get(task.name) ?? [] },
    profile: profileOf(task, pools),
    instructions: instructionRuns([
      wording.prompts.system,
      wording.prompts.write,
      task.description,
      ...guidance,
    ]),
    threshold: config.prepare.near_duplicate_threshold,
    verify: config.synthetic_llm.verify === "judge",
  };
}

/** The tasks whose rows, with those accepted before, are under the target. */
export async function fillTasks(
  config: PipelineConfig,
  source: FillSource,
  accepted: readonly AcceptedRow[],
): Promise<FillTask[]> {
  const tasks: FillTask[] = [];
  for (const real of source.tasks) {
    const { task } = real.rows;
    const admission = await openAdmission(config, real);
    await admitAccepted(admission, task, accepted);
    if (task.labels.every((_, label) => admission.remaining(label) === 0)) continue;
    const context = slotContext(config, source, real, (seed) => admission.isHeldOut(seed));
    tasks.push({ ...context, admission });
  }
  return tasks;
}
