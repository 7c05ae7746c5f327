// SPDX-License-Identifier: Apache-2.0
import { MultiBar, SingleBar } from "cli-progress";
import { dollarsText, durationText, tokensText } from "../backfill/cost.ts";
import { bytesText } from "../core/byte-count.ts";
import type { FillProgress, Reporter } from "../core/reporter.ts";
import { showsBars } from "./colour.ts";
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
export function terminalReporter(
  stream: NodeJS.WriteStream,
  now: () => number,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): TerminalReporter {
  const isDrawn = showsBars(stream, environment);
  const step = isDrawn ? new StepBar(stream) : null;
  const bars = isDrawn ? new Bars(stream) : null;
  let lastLine = now();
  const hide = () => {
    step?.hide();
    bars?.hide();
  };
  const line = (text: string) => {
    hide();
    stream.write(`${oneLine(text)}\n`);
  };
  const lineNowAndThen = (text: () => string, interval = PLAIN_INTERVAL) => {
    if (now() - lastLine <= interval) return;
    lastLine = now();
    line(text());
  };
  return {
    note: line,
    warn: (message) => line(`warning: ${message}`),
    progress(what, done, total) {
      if (step === null)
        return lineNowAndThen(() => (total === null ? `${what} …` : `${what} (${done} of ${total})`));
      bars?.hide();
      step.show(oneLine(what), done, total);
    },
    download(file, done, total) {
      step?.hide();
      const amount = () => `${bytesText(done)} of ${bytesText(total)}`;
      if (bars !== null) bars.show(file, done, total, amount());
      else if (file === null) lineNowAndThen(() => `downloading: ${amount()}`);
    },
    fill(label, progress, everySeconds) {
      step?.hide();
      if (bars !== null) bars.show(label, progress.done, progress.total, fillText(label, progress));
      else if (label === null) lineNowAndThen(() => `LLM: ${fillText(label, progress)}`, everySeconds * 1000);
    },
    close: hide,
  };
}

/** Rows of a label; of all of them also how fast, how many of what came was taken, and what it took. */
function fillText(label: string | null, progress: FillProgress): string {
  const { done, total, received, rowsPerSecond, tokens, dollars, secondsLeft } = progress;
  const rows = `${done} of ${total} rows`;
  const accepted = received === 0 ? "" : `, ${Math.round((100 * done) / received)} % accepted`;
  if (label !== null) return rows + accepted;
  const cost = dollars === null ? "" : `, ${dollarsText(dollars)}`;
  const left = secondsLeft === null ? "" : `, ${durationText(secondsLeft)} left`;
  return `${rows}, ${rowsPerSecond.toFixed(1)} rows/s${accepted}${left}, ${tokensText(tokens)}${cost}`;
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
    // Of a step of unknown length, what is done is all that there is to say.
    if (total === null) {
      this.#bar ??= this.#start(1);
      this.#bar.setTotal(1);
      this.#bar.update(0, { amount: "", step });
      return;
    }
    this.#bar ??= this.#start(total);
    this.#bar.setTotal(total);
    this.#bar.update(done, { amount: `${done}/${total} `, step });
  }

  #start(total: number): SingleBar {
    const bar = new SingleBar({ ...LOOK, stream: this.#stream, format: "{bar} {amount}{step}" });
    bar.start(total, 0, { amount: "", step: "" });
    return bar;
  }

  hide(): void {
    this.#bar?.stop();
    this.#bar = null;
  }
}

type Bar = ReturnType<MultiBar["create"]>;
/** Bars at a time at most. */
const MOST_BARS = 16;

/** Bars of things that go on at a time: one for all of them, and below it one for each. */
class Bars {
  readonly #stream: NodeJS.WriteStream;
  #all: MultiBar | null = null;
  readonly #bars = new Map<string | null, Bar>();

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** `name` is null for the bar of all; one that is done goes away. */
  show(name: string | null, done: number, total: number, amount: string): void {
    if (done >= total) {
      if (name === null) this.hide();
      else this.#remove(name);
      return;
    }
    this.#all ??= new MultiBar({ ...LOOK, stream: this.#stream, format: "{bar} {amount} {name}" });
    const bar = this.#bars.get(name) ?? this.#add(this.#all, name, total);
    bar?.setTotal(total);
    bar?.update(done, { amount });
  }

  #add(all: MultiBar, name: string | null, total: number): Bar | undefined {
    // More bars than lines would scroll: whatever has no line is in the bar of all.
    if (name !== null && this.#bars.size >= MOST_BARS) return undefined;
    const shown = name === null ? "in all" : shortened(oneLine(name), NAME_COLUMNS);
    const bar = all.create(total, 0, { amount: "", name: shown });
    this.#bars.set(name, bar);
    return bar;
  }

  #remove(name: string): void {
    const bar = this.#bars.get(name);
    if (bar === undefined) return;
    this.#bars.delete(name);
    this.#all?.remove(bar);
  }

  hide(): void {
    this.#all?.stop();
    this.#all = null;
    this.#bars.clear();
  }
}
