// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import type { LoadedConfig } from "../config/load.ts";
import { type PipelineConfig, trainSettings } from "../config/schema.ts";
import { ModelpackError } from "../core/error.ts";
import { type Examples, ORIGINS, SPLITS } from "../core/example.ts";
import type { Reporter } from "../core/reporter.ts";
import type { TaskDefinition } from "../core/task.ts";
import { textAt } from "../core/text-column.ts";
import { readRowSources } from "../data/row-sources.ts";
import { type AuditedTask, auditPage, type SuspectRow } from "../report/audit-page.ts";
import { probeWritable, removeDeadTemporaries, writeFileAtomic } from "../storage/commit.ts";
import type { LabelQuality, Suspect } from "../training/confident-learning.ts";
import type { TaskRowsAndSettings } from "../training/family-trainer.ts";
import { joinRows } from "../training/joined-rows.ts";
import { foldsToJudge, type JudgedTask, judgeLabels } from "../training/out-of-fold.ts";
import { WorkerPool } from "../training/pool.ts";
import { auditTable } from "./audit-table.ts";
import type { SplitExamples } from "./evaluation.ts";
import { familyProblem } from "./family-training.ts";
import { openDataset, readSplit } from "./prepared-dataset.ts";
import { taskSettings } from "./trainable.ts";
import { openPack } from "./trained-pack.ts";
import { checkpoint, type OpenedVersion, type RunOptions } from "./workspace.ts";

/** Beside the versions, whose names are digests: no command takes it for one. */
const AUDIT_FOLDER = "audit";

export interface AuditOptions extends RunOptions {
  /** One task; null for every task of the pack. */
  readonly task: string | null;
  /** Rows of a task on the page at most. The table has all. */
  readonly top: number;
}

export interface AuditResult {
  readonly version: string;
  readonly dataset: string;
  /** Path of the page, and of the table with every row. */
  readonly page: string;
  readonly table: string;
  readonly tasks: readonly AuditedTask[];
}

/**
 * Looks for mislabelled rows in the dataset that the newest pack was trained on, train, test and eval alike: every row is
 * judged by fits that have not seen it. Writes a page and a table beside the versions; both follow from the
 * dataset and `[train]` alone.
 *
 * @throws ModelpackError MODEL_MISSING, MODEL_CORRUPT, DATASET_MISSING, DATASET_MISMATCH, DATASET_CORRUPT, USAGE,
 * STORAGE, INTERRUPTED
 */
export async function audit(
  loaded: LoadedConfig,
  reporter: Reporter,
  options: AuditOptions,
): Promise<AuditResult> {
  const { config } = loaded;
  const root = config.paths.trained_models_dir;
  const pack = await openPack(root);
  const dataset = await openDataset(config);
  checkSame(pack, dataset);
  const asked = tasksOf(config, pack, options.task);
  const folder = join(root, AUDIT_FOLDER, pack.version);
  await probeWritable(folder);
  await removeDeadTemporaries(folder);
  const pool = new WorkerPool(config.train.workers, options.signal);
  try {
    const tasks: AuditedTask[] = [];
    for (const family of new Set(asked.map((task) => task.family))) {
      const own = asked.filter((task) => task.family === family);
      tasks.push(...(await auditFamily({ config, dataset, pool, reporter, options }, family, own)));
    }
    checkpoint(options.signal);
    const [page, table] = [join(folder, "audit.html"), join(folder, "audit.csv")];
    await writeFileAtomic(table, auditTable(tasks));
    const shown = { version: pack.version, dataset: dataset.version, top: options.top, tasks };
    await writeFileAtomic(page, auditPage(shown));
    return { version: pack.version, dataset: dataset.version, page, table, tasks };
  } finally {
    await pool.close();
  }
}

function checkSame(pack: OpenedVersion, dataset: OpenedVersion): void {
  if (pack.manifest.dataset === dataset.version) return;
  throw new ModelpackError(
    "DATASET_MISMATCH",
    `pack ${pack.version} was trained on dataset ${String(pack.manifest.dataset)}, and the current one is ${dataset.version}`,
    { where: dataset.folder, hint: "run `modelpack train`, then the audit again" },
  );
}

function tasksOf(config: PipelineConfig, pack: OpenedVersion, asked: string | null): TaskDefinition[] {
  const families = pack.manifest.families as readonly {
    readonly tasks: readonly { readonly task: string }[];
  }[];
  const names = families.flatMap(({ tasks }) => tasks.map(({ task }) => task));
  if (asked !== null && !names.includes(asked))
    throw new ModelpackError("USAGE", `the pack has no task ${JSON.stringify(asked)}`, {
      hint: `it has ${names.join(", ")}`,
    });
  return config.tasks.filter(({ name }) => (asked === null ? names.includes(name) : name === asked));
}

interface AuditRun {
  readonly config: PipelineConfig;
  readonly dataset: OpenedVersion;
  readonly pool: WorkerPool;
  readonly reporter: Reporter;
  readonly options: AuditOptions;
}

async function auditFamily(
  { config, dataset, pool, reporter, options }: AuditRun,
  family: string,
  tasks: readonly TaskDefinition[],
): Promise<AuditedTask[]> {
  const step = `judging the labels of ${family}`;
  reporter.progress(step, 0, null);
  const definitions = config.tasks.filter((task) => task.family === family);
  const splits: SplitExamples[] = [];
  for (const split of SPLITS) {
    checkpoint(options.signal);
    splits.push(await readSplit(dataset.folder, family, split, definitions));
  }
  const problem = familyProblem(
    config,
    family,
    tasks[0]?.input ?? "text",
    tasks.map((task) => taskProblem(config, task, splits)),
  );
  const all = foldsToJudge(problem);
  let done = 0;
  const judged = await judgeLabels(problem, pool, () => reporter.progress(step, ++done, all));
  return Promise.all(
    problem.tasks.map((task, t) => auditedTask(dataset.folder, task, judged[t] as JudgedTask, splits)),
  );
}

/** A task with the rows of all splits as those to be judged. */
function taskProblem(
  config: PipelineConfig,
  definition: TaskDefinition,
  splits: readonly SplitExamples[],
): TaskRowsAndSettings {
  const settings = taskSettings(trainSettings(config, definition.family, definition.name));
  const train = joinRows(partsOf(definition, splits));
  const idle = { calibration: "none", syntheticFilter: "none", trust: null, eval: null } as const;
  return { definition, settings, train, ...idle };
}

/** The rows of a task by split, in the order of the splits; one may have none. */
function partsOf({ name }: TaskDefinition, splits: readonly SplitExamples[]): Examples[] {
  return splits.map(({ examples }) => examples.get(name)).filter((part) => part !== undefined);
}

async function auditedTask(
  folder: string,
  { definition, train }: TaskRowsAndSettings,
  judged: JudgedTask,
  splits: readonly SplitExamples[],
): Promise<AuditedTask> {
  const { name, family } = definition;
  const common = { task: name, family, input: definition.input, rows: train.rows };
  const { quality } = judged;
  if (quality === null)
    return { ...common, idle: judged.idle, estimatedWrong: null, confused: [], suspects: [] };
  const suspects = await suspectRows(folder, definition, quality.suspects, splits);
  const confused = confusedPairs(definition, quality);
  return { ...common, idle: null, estimatedWrong: quality.estimatedWrong, confused, suspects };
}

/** Pairs of different labels that rows count for in the confident joint, most rows first. */
function confusedPairs({ labels }: TaskDefinition, { confidentJoint }: LabelQuality) {
  const pairs: { label: string; suggested: string; rows: number }[] = [];
  confidentJoint.forEach((rows, at) => {
    const [given, counted] = [Math.floor(at / labels.length), at % labels.length];
    if (rows === 0 || given === counted) return;
    pairs.push({ label: labels[given]?.name ?? "", suggested: labels[counted]?.name ?? "", rows });
  });
  return pairs.sort((a, b) => b.rows - a.rows);
}

/** The suspects with all that their files say of them, in their order. */
async function suspectRows(
  folder: string,
  definition: TaskDefinition,
  suspects: readonly Suspect[],
  splits: readonly SplitExamples[],
): Promise<SuspectRow[]> {
  const { name, family, labels } = definition;
  const rows = new Map<Suspect, SuspectRow>();
  let from = 0;
  for (const { split, examples } of splits) {
    const part = examples.get(name);
    if (part === undefined) continue;
    const own = suspects.filter(({ row }) => row >= from && row < from + part.rows);
    const numbers = own.map(({ row }) => row - from);
    const places = numbers.map((row) => ({ task: name, row }));
    const sources = await readRowSources(folder, family, split, places);
    own.forEach((suspect, i) => {
      const at = numbers[i] as number;
      rows.set(suspect, {
        id: sources[i]?.id ?? "",
        texts: [part.text, part.textB].flatMap((column) => (column === null ? [] : [textAt(column, at)])),
        label: labels[part.label[at] as number]?.name ?? "",
        suggested: labels[suspect.suggested]?.name ?? "",
        confidence: suspect.confidence,
        suggestedConfidence: suspect.suggestedConfidence,
        source: sources[i]?.source ?? "",
        origin: ORIGINS[part.origin[at] as number] ?? "real",
        split,
      });
    });
    from += part.rows;
  }
  return suspects.flatMap((suspect) => rows.get(suspect) ?? []);
}
