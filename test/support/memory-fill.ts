// SPDX-License-Identifier: Apache-2.0
import { instructionRuns } from "../../src/backfill/acceptance.ts";
import { Budget, type BudgetSettings } from "../../src/backfill/budget.ts";
import type { CompletionRequest, Outcome } from "../../src/backfill/completion.ts";
import { Fill } from "../../src/backfill/fill.ts";
import type { FillTask, LabelFill } from "../../src/backfill/label-fill.ts";
import { Ledger } from "../../src/backfill/ledger.ts";
import { profileOf } from "../../src/backfill/profile.ts";
import type { AcceptedRow } from "../../src/backfill/record.ts";
import type { SlotContext } from "../../src/backfill/slot.ts";
import type { Wording } from "../../src/backfill/wording.ts";
import { ModelpackError } from "../../src/core/error.ts";
import type { TaskDefinition } from "../../src/core/task.ts";
import { Admission } from "../../src/data/admission.ts";
import { poolsOf, type SplitRow, splitTask, taskOf, wordingWith } from "./backfill.ts";
import { context } from "./ledger.ts";
import type { MemoryServer } from "./memory-server.ts";

/** What a task's fill is like. */
export interface TaskScene {
  readonly task?: TaskDefinition;
  readonly real?: readonly SplitRow[];
  /** Rows of a label to aim for. */
  readonly target?: number;
  readonly wording?: Partial<Wording>;
  readonly verify?: boolean;
}

/** What the slots of a task share. */
export function slotContextOf(scene: TaskScene = {}): SlotContext {
  const { task = taskOf(["food", "travel"]), real = [], verify = false } = scene;
  const wording = wordingWith({ batchSize: 4, ...scene.wording });
  const pools = poolsOf(task, real);
  return {
    wording,
    prompt: { task, pools, isHeldOut: () => false, confusable: [] },
    profile: profileOf(task, pools),
    instructions: instructionRuns([wording.prompts.write]),
    threshold: 0.8,
    verify,
  };
}

/** A task, with its rows and those accepted before, that lacks rows. */
export async function fillTaskOf(scene: TaskScene, before: readonly AcceptedRow[] = []): Promise<FillTask> {
  const { task = taskOf(["food", "travel"]), real = [], target = 10 } = scene;
  const admission = await Admission.open(splitTask(task, real), {
    seed: 1,
    ratios: { train: 0.8, test: 0.1, eval: 0.1 },
    nearDuplicateThreshold: 0.8,
    target,
    minRealHoldout: 0,
    pairGrouping: null,
  });
  for (const row of before) {
    if (row.task !== task.name) continue;
    const label = task.labels.findIndex(({ name }) => name === row.label);
    const candidate = { text: row.text, textB: row.textB, label, language: row.language };
    if (admission.refuse(candidate) === null) admission.admit(candidate);
  }
  return { ...slotContextOf({ ...scene, task }), admission };
}

/** A budget without bounds but these. */
export function budgetWith(bounds: Partial<BudgetSettings> = {}): Budget {
  return new Budget({
    maxRequests: null,
    maxDollars: null,
    maxSlotsPerLabel: 40,
    prices: null,
    requestsPerSlot: 1,
    worstSlot: { promptTokens: 0, completionTokens: 0 },
    ...bounds,
  });
}

export interface FillScene {
  /** One of two labels where none is given. */
  readonly tasks?: readonly TaskScene[];
  readonly budget?: Partial<BudgetSettings>;
  readonly concurrency?: number;
  readonly drainMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Told after every slot. */
  readonly onSettled?: (label: LabelFill) => void;
  /** Of the fill: another one begins a fill of its own. */
  readonly context?: string;
}

/** How a run of a fill ended. */
export interface FillEnd {
  /** Null where it ended by itself. */
  readonly error: ModelpackError | null;
  readonly fill: number;
  readonly labels: readonly LabelFill[];
  readonly accepted: readonly AcceptedRow[];
  /** Labels and slots in the order in which they were settled. */
  readonly settled: readonly string[];
}

/** Fills from a server in memory, with the ledger of a folder; goes on where an earlier run stopped. */
export async function fillFrom(
  server: MemoryServer,
  folder: string,
  scene: FillScene = {},
): Promise<FillEnd> {
  const ledger = await Ledger.open(folder, { write: true, purpose: "test" });
  try {
    const fill = await ledger.beginFill(context(scene.context ?? "fill"));
    const before = ledger.accepted.filter((row) => row.fill !== fill || !ledger.hasRequest(row.request));
    const tasks: FillTask[] = [];
    for (const task of scene.tasks ?? [{}]) tasks.push(await fillTaskOf(task, before));
    const settled: string[] = [];
    const work = new Fill(tasks, {
      server,
      ledger,
      fill,
      budget: budgetWith(scene.budget),
      prices: scene.budget?.prices ?? null,
      concurrency: scene.concurrency ?? 4,
      drainMs: scene.drainMs ?? 1000,
      signal: scene.signal,
      onStopping: () => undefined,
      onSettled: (label) => {
        settled.push(`${label.name} ${label.taken - 1}`);
        scene.onSettled?.(label);
      },
    });
    const error = await endOf(work.run());
    if (error === null) await ledger.endFill(fill);
    return { error, fill, labels: work.labels, accepted: ledger.accepted, settled };
  } finally {
    await ledger.close();
  }
}

function endOf(run: Promise<void>): Promise<ModelpackError | null> {
  return run.then(
    () => null,
    (error: unknown) => {
      if (error instanceof ModelpackError) return error;
      throw error;
    },
  );
}

/** Rows as `label: text`. */
export function namesOf(rows: readonly AcceptedRow[]): string[] {
  return rows.map(({ label, text }) => `${label}: ${text}`);
}

/** Statuses of labels by name. */
export function statusesOf(labels: readonly LabelFill[]): Record<string, string> {
  return Object.fromEntries(labels.map(({ name, tally }) => [name, tally.status]));
}

/** What a request for rows asks: its label, the number of rows, and the word to be repeated. */
export function askedOf({ messages, schema }: CompletionRequest): {
  readonly label: string;
  readonly rows: number;
  readonly canary: string;
} {
  const [system, user] = messages.map(({ content }) => content);
  const { properties } = schema.body as {
    readonly properties: { readonly rows?: { readonly maxItems: number } };
  };
  return {
    label: JSON.parse(/^Label: (".*")$/m.exec(user ?? "")?.[1] ?? '""') as string,
    rows: properties.rows?.maxItems ?? 0,
    canary: /^Canary: (\S+)/.exec(system ?? "")?.[1] ?? "",
  };
}

/** A whole reply of this content. */
export function completed(text: string, model = "memory"): Outcome {
  const usage = { promptTokens: 100, completionTokens: 10 };
  return { kind: "completed", completion: { text, model, fingerprint: null, usage } };
}

/** A reply of these rows to a request for rows. */
export function rowsReply(request: CompletionRequest, texts: readonly string[]): Outcome {
  return completed(
    JSON.stringify({ canary: askedOf(request).canary, rows: texts.map((text) => ({ text })) }),
  );
}
