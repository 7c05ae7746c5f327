// SPDX-License-Identifier: Apache-2.0

/**
 * White space in a row that no JSON of ours has. Models with structured output fall into writing nothing else,
 * to the limit of tokens (vllm#4093; omlx#2990: 960,000 tokens in one night).
 */
const MAX_BLANKS = 200;
/** So many times the same block, in a row, is a loop that a model does not leave (ollama#3354). */
const REPEATS = 4;
/** Shorter ones repeat in honest text: indentation, a row of numbers. */
const MIN_BLOCK = 32;
/** Longer ones are no loops of a model; looking for them costs the square of the reply's length. */
const MAX_BLOCK = 2048;
/** The check is run once in so many new characters. */
const STEP = 32;

/** What a reply has fallen into. */
export type Stuck = "blank" | "looping";

/** Watches a reply as it grows. */
export class RepetitionWatch {
  /** The last characters alone: what came before repeats no more. */
  #text = "";
  #blanks = 0;
  #unchecked = 0;
  #stuck: Stuck | null = null;

  /** Adds a piece; what the reply is stuck in, once it is. */
  add(piece: string): Stuck | null {
    for (let at = 0; at < piece.length && this.#stuck === null; at += STEP)
      this.#stuck = this.#step(piece.slice(at, at + STEP));
    return this.#stuck;
  }

  #step(piece: string): Stuck | null {
    this.#text = (this.#text + piece).slice(-MAX_BLOCK * REPEATS);
    const tail = piece.length - piece.trimEnd().length;
    this.#blanks = tail === piece.length ? this.#blanks + tail : tail;
    if (this.#blanks >= MAX_BLANKS) return "blank";
    this.#unchecked += piece.length;
    if (this.#unchecked < STEP) return null;
    this.#unchecked = 0;
    return isLoop(this.#text) ? "looping" : null;
  }
}

/** Whether a text ends with {@link REPEATS} equal blocks. */
function isLoop(text: string): boolean {
  const last = text.slice(-MIN_BLOCK);
  // White space has a longer limit of its own.
  if (text.length < MIN_BLOCK * REPEATS || last.trim() === "") return false;
  const before = text.lastIndexOf(last, text.length - MIN_BLOCK - 1);
  if (before < 0) return false;
  const distance = text.length - MIN_BLOCK - before;
  // A shorter block repeats as a longer one too.
  const block = distance * Math.ceil(MIN_BLOCK / distance);
  const span = block * REPEATS;
  return text.length >= span && text.slice(-span, -block) === text.slice(block - span);
}
