// SPDX-License-Identifier: Apache-2.0

/** What a family reads: one text, or two that are compared. */
export type InputKind = "text" | "pair";

export interface LabelDefinition {
  readonly name: string;
  /** One line of guidance, for people and for prompts. */
  readonly description: string;
}

/** A closed question: a name, the labels it can be answered with, and what to say when unsure. */
export interface TaskDefinition {
  readonly name: string;
  readonly family: string;
  readonly input: InputKind;
  readonly objective: "classification";
  readonly description: string;
  /** In the TOML's order, which is the order of classes everywhere. */
  readonly labels: readonly LabelDefinition[];
  /** What the runtime answers without a model or when unsure; null where the TOML gives none. */
  readonly default: string | null;
  /** Share of the answers that are to be right: the confidence for it is fitted. Null where none is asked for. */
  readonly targetPrecision: number | null;
  /** Share of the out-of-scope texts that the default is to answer: likewise. */
  readonly targetOutOfScopeRecall: number | null;
  /** Confidence under which the default answers, set by hand. */
  readonly minConfidence: number | null;
}

/** UTF-16 units of a label at most: each one stands in the header of the model file. */
export const MAX_LABEL_LENGTH = 4096;
/** Tasks of a family at most: each one is a bit of every feature's mask. */
export const MAX_FAMILY_TASKS = 256;
