// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import { Engine, type Lend } from "./engine.ts";

/**
 * One engine for one use after another, each in a catalog of its own. Opening and closing one takes 40 ms, most of them of this
 * thread, and the next gets anew, page by page, the memory that it gave back.
 */
export class SharedEngine {
  #engine: Promise<Engine> | undefined;
  #turns: Promise<unknown> = Promise.resolve();
  #hasEnded = false;
  #stays = false;

  /**
   * Opens the engine where there is none. Each use waits for those before it, however they end.
   *
   * @throws ModelpackError INTERRUPTED after {@link end}
   */
  readonly lend: Lend = (use) =>
    this.#inTurn(async () => {
      if (this.#hasEnded) throw new ModelpackError("INTERRUPTED", "nothing more is read: the run has ended");
      try {
        this.#engine ??= Engine.open();
        const engine = await this.#engine;
        return await engine.apart(() => use(engine));
      } catch (error) {
        await this.#close().catch(() => {});
        throw error;
      }
    });

  /**
   * Closes the engine after the uses so far, and so gives its memory back; another use opens another. After {@link stay} it does
   * nothing.
   */
  async rest(): Promise<void> {
    if (!this.#stays) await this.#inTurn(() => this.#close());
  }

  /** Keeps the engine open until {@link end}: for little data, whose memory costs less than another engine does. */
  stay(): void {
    this.#stays = true;
  }

  /** Stops the use under way and closes the engine; later uses fail. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    const engine = await this.#engine?.catch(() => undefined);
    engine?.stop();
    await this.#inTurn(() => this.#close());
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const own = this.#turns.then(work);
    this.#turns = own.catch(() => {});
    return own;
  }

  async #close(): Promise<void> {
    const engine = await this.#engine?.catch(() => undefined);
    this.#engine = undefined;
    await engine?.close();
  }
}
