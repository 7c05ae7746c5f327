// SPDX-License-Identifier: Apache-2.0
import { SingleBar } from "cli-progress";
import type { Reporter } from "../core/reporter.ts";
import { oneLine } from "./printable.ts";

/** Milliseconds between two plain progress lines where there is no terminal. */
const PLAIN_INTERVAL = 10_000;

export interface TerminalReporter extends Reporter {
  /** Clears what is drawn; call before anything else is printed. */
  close(): void;
}

/**
 * Notes and warnings as lines on standard error, so that results on standard output can be piped; long
 * steps as a bar on a terminal, and as a line now and then elsewhere.
 */
export function terminalReporter(stream: NodeJS.WriteStream, now: () => number): TerminalReporter {
  const bar = stream.isTTY === true ? new Bar(stream) : null;
  let lastLine = now();
  const line = (text: string) => {
    bar?.hide();
    stream.write(`${oneLine(text)}\n`);
  };
  return {
    note: line,
    warn: (message) => line(`warning: ${message}`),
    progress(step, done, total) {
      if (bar !== null) bar.show(oneLine(step), done, total);
      else if (now() - lastLine > PLAIN_INTERVAL) {
        lastLine = now();
        line(total === null ? `${step} …` : `${step} (${done} of ${total})`);
      }
    },
    close: () => bar?.hide(),
  };
}

class Bar {
  readonly #stream: NodeJS.WriteStream;
  #bar: SingleBar | null = null;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(step: string, done: number, total: number | null): void {
    this.#bar ??= this.#start(total ?? 1);
    this.#bar.setTotal(total ?? 1);
    this.#bar.update(done, { step });
  }

  #start(total: number): SingleBar {
    const bar = new SingleBar({
      stream: this.#stream,
      format: "{bar} {value}/{total} {step}",
      barsize: 20,
      hideCursor: true,
      clearOnComplete: true,
    });
    bar.start(total, 0, { step: "" });
    return bar;
  }

  hide(): void {
    this.#bar?.stop();
    this.#bar = null;
  }
}
