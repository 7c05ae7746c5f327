// SPDX-License-Identifier: Apache-2.0
import { mix32 } from "../core/hash.ts";
import { WORD } from "../core/text.ts";
import { Analyzer } from "./analyzer.ts";

/** An analyzer that also tells the tokens of the last text one by one: what a pair is compared by. */
export class WordReader extends Analyzer {
  /** Hash of token `i`. */
  hashOf(i: number): number {
    return mix32(this.tokenHash[i] as number);
  }

  /** Whether token `i` is a word or a number, not a symbol. */
  isWord(i: number): boolean {
    return this.classes[this.tokenStart[i] as number] === WORD;
  }

  /** Whether token `i` begins with one of 0 to 9. */
  startsWithDigit(i: number): boolean {
    const unit = this.units[this.tokenStart[i] as number] as number;
    return unit >= 0x30 && unit <= 0x39;
  }

  /** Token `i`, folded. */
  token(i: number): string {
    return this.slice(this.tokenStart[i] as number, this.tokenEnd[i] as number);
  }
}
