// SPDX-License-Identifier: Apache-2.0
import type { LabelDefinition } from "../core/task.ts";
import { type Checked, checkItems } from "./acceptance.ts";
import type { Answer, Inquiry, Question } from "./inquiry.ts";
import type { Shown } from "./pools.ts";
import type { TaskProfile } from "./profile.ts";
import { judgePrompt, type PromptTask, type WriteSlot, writePrompt } from "./prompt.ts";
import { type Judgement, type ReplyItem, readJudgements, readRows } from "./reading.ts";
import type { Wording } from "./wording.ts";

/** What the slots of a task share. */
export interface SlotContext {
  readonly wording: Wording;
  readonly prompt: PromptTask;
  readonly profile: TaskProfile;
  /** Runs of words of the instructions. */
  readonly instructions: ReadonlySet<string>;
  /** Jaccard from which on two texts are near-copies. */
  readonly threshold: number;
  /** Whether a second call labels each text blind. */
  readonly verify: boolean;
}

/** What a slot brought, as far as that does not depend on other slots. */
export interface SlotResult {
  readonly slot: WriteSlot;
  /** In the order of the reply; none where the slot was given up. */
  readonly items: readonly Checked[];
  readonly write: Answer<readonly ReplyItem[]>;
  /** Null where nothing was judged. */
  readonly judge: Answer<readonly (Judgement | null)[]> | null;
}

/** Asks for the rows of a slot and checks them. Throws what {@link Inquiry.ask} throws. */
export async function runSlot(
  context: SlotContext,
  slot: WriteSlot,
  inquiry: Inquiry,
  signal: AbortSignal,
): Promise<SlotResult> {
  const { prompt, profile, instructions, threshold } = context;
  const write = await inquiry.ask(writeQuestion(context, slot), signal);
  const label = profile.names[slot.label];
  if (write.value === null || label === undefined) return { slot, items: [], write, judge: null };
  const check = { profile, label, prompt: write.prompt, instructions, threshold, rows: slot.rows };
  const items = checkItems(write.value, check);
  const passed = items.filter(({ rejection }) => rejection === null);
  if (!context.verify || passed.length === 0) return { slot, items, write, judge: null };
  const texts = passed.map(({ row }) => row as Shown);
  const judge = await inquiry.ask(judgeQuestion(context, slot, texts), signal);
  const name = prompt.task.labels[slot.label]?.name ?? "";
  return { slot, items: judged(items, judge.value ?? [], name), write, judge };
}

/** The question for the rows of a slot. */
export function writeQuestion(context: SlotContext, slot: WriteSlot): Question<readonly ReplyItem[]> {
  const { task } = context.prompt;
  const { name } = task.labels[slot.label] as LabelDefinition;
  return {
    purpose: "write",
    task: task.name,
    label: name,
    slot: slot.slot,
    stream: `write ${task.name} ${name} ${slot.slot}`,
    greedy: false,
    prompt: (shrink) => writePrompt(context.wording, context.prompt, slot, shrink),
    read: (text, { canary }) => readRows(text, task, canary),
  };
}

function judgeQuestion(
  { wording, prompt: { task } }: SlotContext,
  slot: WriteSlot,
  texts: readonly Shown[],
): Question<readonly (Judgement | null)[]> {
  const { name } = task.labels[slot.label] as LabelDefinition;
  const stream = `${name} ${slot.slot}`;
  // Its prompt has no examples to leave out; one that is too long is given up.
  const prompt = judgePrompt(wording, task, texts, "judge", stream);
  return {
    purpose: "judge",
    task: task.name,
    label: null,
    slot: slot.slot,
    stream: `judge ${task.name} ${stream}`,
    greedy: true,
    prompt: () => prompt,
    read: (text, { canary }) => readJudgements(text, canary),
  };
}

/** The items with the judge's word on those that had passed; the first word on a text counts. */
function judged(
  items: readonly Checked[],
  judgements: readonly (Judgement | null)[],
  label: string,
): readonly Checked[] {
  const verdicts = new Map<number, string | null>();
  for (const one of judgements) if (one !== null && !verdicts.has(one.n)) verdicts.set(one.n, one.label);
  let n = 0;
  return items.map((item): Checked => {
    if (item.rejection !== null) return item;
    n++;
    const verdict = verdicts.get(n);
    if (verdict === label) return item;
    return { row: item.row, rejection: verdict === undefined ? "judge_silent" : "judge_disagrees" };
  });
}
