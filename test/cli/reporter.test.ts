// SPDX-License-Identifier: Apache-2.0
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { terminalReporter } from "../../src/cli/reporter.ts";

/** A stream that keeps what is written, as a terminal or as a file. */
function output(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 120 });
  let said = "";
  stream.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  return { stream: stream as unknown as NodeJS.WriteStream, said: () => said };
}

/** Longer than cli-progress waits between two drawings. */
const drawn = () => new Promise((resolve) => setTimeout(resolve, 250));

describe("steps", () => {
  it("count where their length is known, and only speak where it is not", async () => {
    const { stream, said } = output(true);
    const reporter = terminalReporter(stream, () => 0);
    reporter.progress("predicting, 6144 rows so far", 6144, null);
    await drawn();
    expect(said()).toContain("-------------------- predicting, 6144 rows so far");
    expect(said()).not.toMatch(/\d\/\d/);
    reporter.progress("predicting", 30, 60);
    await drawn();
    expect(said()).toContain("==========---------- 30/60 predicting");
    reporter.close();
  });
});

describe("downloads", () => {
  it("are a bar of all bytes and one for each file on its way, on a terminal", async () => {
    const { stream, said } = output(true);
    const reporter = terminalReporter(stream, () => 0);
    reporter.download(null, 0, 3000);
    reporter.download("a/one.parquet", 500, 1000);
    reporter.download(`${"long/".repeat(20)}two.parquet`, 0, 2000);
    await drawn();
    expect(said()).toContain("0 bytes of 3.0 kB in all");
    expect(said()).toContain("500 bytes of 1.0 kB a/one.parquet");
    expect(said()).toContain(`0 bytes of 2.0 kB ${"long/".repeat(7)}…`);
    const before = said().length;
    reporter.download("a/one.parquet", 1000, 1000);
    reporter.download(null, 1000, 3000);
    await drawn();
    const after = said().slice(before);
    expect(after).toContain("1.0 kB of 3.0 kB in all");
    expect(after).not.toContain("one.parquet");
    reporter.close();
    const end = said();
    expect(end.endsWith("\u001b[0J")).toBe(true); // what was drawn is cleared
    await drawn();
    expect(said()).toBe(end);
  });

  it("give way to a note, and to the steps after them", async () => {
    const { stream, said } = output(true);
    const reporter = terminalReporter(stream, () => 0);
    reporter.download(null, 0, 10);
    reporter.note("a note\u001b[31m");
    expect(said()).toContain("\u001b[0Ja note\\u001b[31m\n");
    reporter.download(null, 1, 10);
    reporter.progress("reading", 1, 2);
    await drawn();
    expect(said()).toContain("1/2 reading");
    const before = said().length;
    await drawn();
    expect(said().slice(before)).not.toContain("in all");
    reporter.close();
  });

  it("are a line about all bytes every ten seconds elsewhere", () => {
    const { stream, said } = output(false);
    let now = 0;
    const reporter = terminalReporter(stream, () => now);
    for (now = 0; now <= 30_000; now += 1000) {
      reporter.download("one.parquet", now, 30_000);
      reporter.download(null, now * 100, 3_000_000);
    }
    reporter.close();
    expect(said()).toBe("downloading: 1.1 MB of 3.0 MB\ndownloading: 2.2 MB of 3.0 MB\n");
  });
});

describe("a fill", () => {
  const progress = {
    done: 30,
    total: 120,
    received: 40,
    rowsPerSecond: 2,
    tokens: 12_345,
    dollars: 1.5,
    secondsLeft: 45,
  };
  const ALL = "30 of 120 rows, 2.0 rows/s, 75 % accepted, about 45 seconds left, 12,345 tokens, $1.50";

  it("is a bar of all rows and one for each label, on a terminal, until it has its rows", async () => {
    const { stream, said } = output(true);
    const reporter = terminalReporter(stream, () => 0);
    reporter.fill('topic "a\n"', { ...progress, done: 10, total: 40 }, 10);
    reporter.fill(null, progress, 10);
    await drawn();
    expect(said()).toContain(`${ALL} in all`);
    expect(said()).toContain('10 of 40 rows, 25 % accepted topic "a\\n"');
    const before = said().length;
    reporter.fill('topic "a\n"', { ...progress, done: 40, total: 40 }, 10);
    reporter.fill(null, { ...progress, done: 60 }, 10);
    await drawn();
    expect(said().slice(before)).toContain("60 of 120 rows");
    expect(said().slice(before)).not.toContain("topic");
    reporter.close();
  });

  it("is a line about all rows as often as the config says elsewhere", () => {
    const { stream, said } = output(false);
    let now = 0;
    const reporter = terminalReporter(stream, () => now);
    for (now = 0; now <= 9000; now += 1000) {
      reporter.fill("topic a", progress, 4);
      reporter.fill(null, progress, 4);
    }
    expect(said()).toBe(`LLM: ${ALL}\n`);
  });

  it("says nothing of what is not known yet", () => {
    const { stream, said } = output(false);
    let now = 0;
    const reporter = terminalReporter(stream, () => now);
    now = 2000;
    const unknown = { ...progress, done: 0, received: 0, rowsPerSecond: 0, dollars: null, secondsLeft: null };
    reporter.fill(null, unknown, 1);
    expect(said()).toBe("LLM: 0 of 120 rows, 0.0 rows/s, 12,345 tokens\n");
  });
});
