// SPDX-License-Identifier: Apache-2.0
import { MultiBar, SingleBar } from "cli-progress";
import { bytesText } from "../core/byte-count.ts";
import type { Reporter } from "../core/reporter.ts";
import { oneLine, shortened } from "./printable.ts";

/** Milliseconds between two plain progress lines where there is no terminal. */
const PLAIN_INTERVAL = 10_000;

/** Columns that the bars' texts may take: a line that wraps is not overwritten by the next one. */
const NAME_COLUMNS = 36;

export interface TerminalReporter extends Reporter {
  /** Clears what is drawn; call before anything else is printed. */
  close(): void;
}

/**
 * Notes and warnings as lines on standard error, so that results on standard output can be piped; long
 * steps as a bar on a terminal, downloads as a bar a file and one of all, and as a line now and then
 * elsewhere.
 */
export function terminalReporter(stream: NodeJS.WriteStream, now: () => number): TerminalReporter {
  const step = stream.isTTY === true ? new StepBar(stream) : null;
  const downloads = stream.isTTY === true ? new DownloadBars(stream) : null;
  let lastLine = now();
  const hide = () => {
    step?.hide();
    downloads?.hide();
  };
  const line = (text: string) => {
    hide();
    stream.write(`${oneLine(text)}\n`);
  };
  const lineNowAndThen = (text: string) => {
    if (now() - lastLine <= PLAIN_INTERVAL) return;
    lastLine = now();
    line(text);
  };
  return {
    note: line,
    warn: (message) => line(`warning: ${message}`),
    progress(what, done, total) {
      if (step === null)
        return lineNowAndThen(total === null ? `${what} …` : `${what} (${done} of ${total})`);
      downloads?.hide();
      step.show(oneLine(what), done, total);
    },
    download(file, done, total) {
      step?.hide();
      if (downloads !== null) downloads.show(file, done, total);
      else if (file === null) lineNowAndThen(`downloading: ${bytesText(done)} of ${bytesText(total)}`);
    },
    close: hide,
  };
}

/** What every bar is like: on the terminal while it lasts, and gone afterwards. */
const LOOK = { barsize: 20, hideCursor: true, clearOnComplete: true, gracefulExit: false } as const;

class StepBar {
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
    const bar = new SingleBar({ ...LOOK, stream: this.#stream, format: "{bar} {value}/{total} {step}" });
    bar.start(total, 0, { step: "" });
    return bar;
  }

  hide(): void {
    this.#bar?.stop();
    this.#bar = null;
  }
}

type FileBar = ReturnType<MultiBar["create"]>;

/** The bar of all bytes, and below it one for each file that is on its way. */
class DownloadBars {
  readonly #stream: NodeJS.WriteStream;
  #all: MultiBar | null = null;
  readonly #bars = new Map<string | null, FileBar>();

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(file: string | null, done: number, total: number): void {
    if (done >= total) {
      if (file === null) this.hide();
      else this.#remove(file);
      return;
    }
    this.#all ??= new MultiBar({ ...LOOK, stream: this.#stream, format: "{bar} {amount} {file}" });
    const bar = this.#bars.get(file) ?? this.#add(this.#all, file, total);
    bar.setTotal(total);
    bar.update(done, { amount: `${bytesText(done)} of ${bytesText(total)}` });
  }

  #add(all: MultiBar, file: string | null, total: number): FileBar {
    const name = file === null ? "in all" : shortened(oneLine(file), NAME_COLUMNS);
    const bar = all.create(total, 0, { amount: "", file: name });
    this.#bars.set(file, bar);
    return bar;
  }

  #remove(file: string): void {
    const bar = this.#bars.get(file);
    if (bar === undefined) return;
    this.#bars.delete(file);
    this.#all?.remove(bar);
  }

  hide(): void {
    this.#all?.stop();
    this.#all = null;
    this.#bars.clear();
  }
}
