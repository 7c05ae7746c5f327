// SPDX-License-Identifier: Apache-2.0
import { type ErrorCode, ModelpackError } from "../core/error.ts";
import type { SlotFault } from "./inquiry.ts";
import type { SlotResult } from "./slot.ts";

/** Slots given up in a row, for one reason, that are no chance any more. */
const MOST_IN_A_ROW = 6;
/** The latest slots, of which more than half may not be refusals. */
const WINDOW = 10;
/** Fewer slots say nothing. */
const FEW = 4;

interface Meaning {
  readonly code: ErrorCode;
  readonly says: string;
  readonly hint: string;
}

const JSON_HINT =
  "choose a model that follows a JSON schema, or a server that enforces one (Ollama, vLLM and llama.cpp do)";

const MEANINGS: Readonly<Partial<Record<Uselessness, Meaning>>> = {
  no_canary: {
    code: "LLM_INCOMPATIBLE",
    says: "the word at the start of the prompt is not repeated: the server seems to cut prompts",
    hint: "give the server a larger context (Ollama: OLLAMA_CONTEXT_LENGTH=16384), or lower synthetic_llm.batch_size",
  },
  not_json: { code: "LLM_INCOMPATIBLE", says: "replies are not JSON", hint: JSON_HINT },
  wrong_shape: {
    code: "LLM_INCOMPATIBLE",
    says: "replies have another shape than asked for",
    hint: JSON_HINT,
  },
  unclosed_thought: {
    code: "LLM_INCOMPATIBLE",
    says: "replies are thinking that does not end",
    hint: "choose a model without thinking, or raise synthetic_llm.max_tokens",
  },
  cut: {
    code: "LLM_INCOMPATIBLE",
    says: "replies are cut at the limit of tokens",
    hint: "raise synthetic_llm.max_tokens, or lower synthetic_llm.batch_size",
  },
  unknown_labels: {
    code: "LLM_INCOMPATIBLE",
    says: "replies name none of the task's labels",
    hint: JSON_HINT,
  },
  poisonous: {
    code: "LLM_UNREACHABLE",
    says: "each request fails or takes too long, though the server answers a tiny one",
    hint: "raise synthetic_llm.timeout_seconds, or lower synthetic_llm.batch_size; the server's log may say why",
  },
  overlong: {
    code: "LLM_INCOMPATIBLE",
    says: "prompts are longer than the server's context, however short",
    hint: "give the server a larger context, or lower synthetic_llm.batch_size",
  },
};

const REFUSING = {
  code: "LLM_REFUSING",
  says: "more than half of the last requests were refused or filtered",
} as const;

/** A reply that can be read, and of which nothing can be used. */
export type Uselessness = SlotFault | "unknown_labels";

/** What a standstill ends a run with. The same replies again, from the ledger, would bring it about again. */
export class StandstillError extends ModelpackError {}

/** What is asked for, in the words of an error. */
export interface Sought {
  /** What the ledger keeps of it. */
  readonly kept: string;
  /** What to do where replies are refused. */
  readonly refused: string;
  /** Whether a fault that has no meaning of its own ends the work too. */
  readonly any: boolean;
}

const ROWS: Sought = {
  kept: "the rows",
  refused:
    "look at the examples in backfill_report.json; another model, or another wording in [synthetic_llm.prompts], may do",
  // A label whose replies bring nothing is given up by its yield.
  any: false,
};

/** Notices that a fill gets nowhere, so that it ends before it has cost a night. */
export class Standstill {
  readonly #sought: Sought;
  #fault: Uselessness | null = null;
  #inARow = 0;
  readonly #refused: boolean[] = [];

  constructor(sought: Sought = ROWS) {
    this.#sought = sought;
  }

  /** Looks at a settled slot; throws LLM_INCOMPATIBLE, LLM_UNREACHABLE or LLM_REFUSING. */
  check({ write, items }: SlotResult): void {
    const refusals = items.filter(({ rejection }) => rejection === "refusal").length;
    const fault = write.value === null ? (write.faults.at(-1) ?? null) : null;
    this.look(fault, items.length > 0 && refusals === items.length);
  }

  /** Looks at what the next request came to; a fault is why all of it is useless. Throws as {@link check} does. */
  look(fault: Uselessness | null, refusal = false): void {
    this.#inARow = fault !== null && fault === this.#fault ? this.#inARow + 1 : 1;
    this.#fault = fault;
    this.#refused.push(refusal || fault === "filtered" || fault === "refused");
    if (this.#refused.length > WINDOW) this.#refused.shift();
    const refused = this.#refused.filter(Boolean).length;
    if (this.#refused.length >= FEW && 2 * refused > this.#refused.length)
      throw this.#standing({ ...REFUSING, hint: this.#sought.refused });
    const meaning = fault === null ? undefined : this.#meaning(fault);
    if (meaning !== undefined && this.#inARow >= MOST_IN_A_ROW) throw this.#standing(meaning);
  }

  #meaning(fault: Uselessness): Meaning | undefined {
    return MEANINGS[fault] ?? (this.#sought.any ? otherMeaning(fault) : undefined);
  }

  #standing({ code, says, hint }: Meaning): StandstillError {
    return new StandstillError(code, `${says}; ${this.#sought.kept} so far are in the ledger`, {
      where: "synthetic_llm",
      hint,
    });
  }
}

function otherMeaning(fault: Uselessness): Meaning {
  return {
    code: "LLM_INCOMPATIBLE",
    says: `nothing of the replies can be used (${fault})`,
    hint: "try another model, or another wording in [synthetic_llm.prompts]",
  };
}
