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
