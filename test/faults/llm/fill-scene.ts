// SPDX-License-Identifier: Apache-2.0
import { instructionRuns } from "../../../src/backfill/acceptance.ts";
import { Budget } from "../../../src/backfill/budget.ts";
import type { ServerSettings } from "../../../src/backfill/completion.ts";
import { Fill } from "../../../src/backfill/fill.ts";
import type { FillTask, LabelFill } from "../../../src/backfill/label-fill.ts";
import { Ledger } from "../../../src/backfill/ledger.ts";
import { promptPools } from "../../../src/backfill/pools.ts";
import { connectServer } from "../../../src/backfill/probe.ts";
import { profileOf } from "../../../src/backfill/profile.ts";
import type { AcceptedRow } from "../../../src/backfill/record.ts";
import { ModelpackError } from "../../../src/core/error.ts";
import { Admission } from "../../../src/data/admission.ts";
import { seedPool, splitTask, taskOf, wordingWith } from "../../support/backfill.ts";
import type { LlmServer } from "./server.ts";
import { settingsFor } from "./support.ts";

/** Rows that each label lacks. */
export const DEFICIT = 12;
/** Rows of one request. */
export const BATCH = 4;
export const TASK = taskOf(["finance", "travel"]);

const REAL = TASK.labels.flatMap(({ name }) => [
  { text: `what everybody says about ${name} on a Monday`, label: name },
  { text: `an old question of ${name}, asked again`, label: name },
  { text: `nobody in this house has ever understood a single thing about ${name}`, label: name },
  { text: `held out: the very last word on ${name} there is`, label: name, split: "test" as const },
]);

/** How a run of a fill ended. */
export interface FillRun {
  /** Null where it ended by itself. */
  readonly error: ModelpackError | null;
  readonly labels: readonly LabelFill[];
  /** The ledger's rows when it was closed. */
  readonly accepted: readonly AcceptedRow[];
  readonly sent: number;
}

export interface SceneOptions {
  readonly verify?: boolean;
  readonly settings?: Partial<ServerSettings>;
  readonly signal?: AbortSignal;
}

/** Fills a small task from a server, with the ledger of a folder, and goes on where an earlier run stopped. */
export async function runFill(
  server: LlmServer,
  folder: string,
  { verify = false, settings = {}, signal }: SceneOptions = {},
): Promise<FillRun> {
  const asked = settingsFor(server, settings);
  const ledger = await Ledger.open(folder, { write: true, purpose: "test" });
  try {
    const client = await connectServer(asked, signal === undefined ? {} : { signal });
    const fill = await ledger.beginFill("c".repeat(64));
    const before = ledger.accepted.filter((row) => row.fill !== fill || !ledger.hasRequest(row.request));
    const work = new Fill([await fillTask(before, verify)], {
      server: client,
      ledger,
      fill,
      budget: new Budget({
        maxRequests: null,
        maxDollars: null,
        maxSlotsPerLabel: 40,
        prices: null,
        requestsPerSlot: verify ? 2 : 1,
        worstSlot: { promptTokens: 0, completionTokens: 0 },
      }),
      prices: null,
      concurrency: asked.concurrency,
      drainMs: asked.timeoutMs,
      signal,
      onStopping: () => undefined,
      onSettled: () => undefined,
    });
    const error = await work.run().then(
      () => null,
      (reason: unknown) => {
        if (reason instanceof ModelpackError) return reason;
        throw reason;
      },
    );
    if (error === null) await ledger.endFill(fill);
    return { error, labels: work.labels, accepted: ledger.accepted, sent: client.statistics.sent };
  } catch (error) {
    if (!(error instanceof ModelpackError)) throw error;
    return { error, labels: [], accepted: ledger.accepted, sent: 0 };
  } finally {
    await ledger.close();
  }
}

async function fillTask(before: readonly AcceptedRow[], verify: boolean): Promise<FillTask> {
  const { rows, split } = splitTask(TASK, REAL);
  const admission = await Admission.open(
    { rows, split },
    {
      seed: 1,
      ratios: { train: 0.8, test: 0.1, eval: 0.1 },
      nearDuplicateThreshold: 0.8,
      target: DEFICIT + 4,
      minRealHoldout: 0,
      pairGrouping: null,
    },
  );
  for (const { text, textB, label, language } of before) {
    const candidate = { text, textB, label: TASK.labels.findIndex(({ name }) => name === label), language };
    if (admission.refuse(candidate) === null) admission.admit(candidate);
  }
  const wording = wordingWith({ batchSize: BATCH });
  const empty = seedPool([]);
  const pools = promptPools(rows, split, { own: empty, shared: empty, loose: [] });
  return {
    wording,
    prompt: { task: TASK, pools, isHeldOut: () => false, confusable: [] },
    profile: profileOf(TASK, pools),
    instructions: instructionRuns([wording.prompts.write]),
    threshold: 0.8,
    verify,
    admission,
  };
}

/** Received = accepted + rejected, for every label. */
export function unbalanced(labels: readonly LabelFill[]): string[] {
  return labels
    .filter(({ tally }) => {
      const rejected = [...tally.rejected.values()].reduce((sum, { count }) => sum + count, 0);
      return tally.accepted + rejected !== tally.received;
    })
    .map(({ name }) => name);
}
