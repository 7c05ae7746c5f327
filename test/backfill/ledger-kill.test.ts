// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { expect, it, onTestFinished } from "vitest";
import { Ledger } from "../../src/backfill/ledger.ts";
import { sha256 } from "../../src/storage/digest.ts";
import { childScript } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Runs the writing child until so many steps were acknowledged and some microseconds more. */
function killedAfter(folder: string, first: number, steps: number): Promise<readonly number[]> {
  const child = spawn(process.execPath, [childScript("ledger-child.mjs"), folder, String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  child.stdout.on("data", (data: Buffer) => {
    output += data.toString();
    if (output.split("\n").length > steps) child.kill("SIGKILL");
  });
  return new Promise((resolve) => {
    // A line that was cut is a number that was not told whole.
    child.once("close", () => resolve(output.split("\n").slice(0, -1).map(Number)));
  });
}

it("kill -9 of a writer, five times: every record that was acknowledged is there, and the fill goes on", async () => {
  const folder = temporaryFolder();
  const acknowledged: number[] = [];
  for (const [round, steps] of [1, 7, 20, 41, 90].entries()) {
    const told = await killedAfter(folder, round * 10_000, steps);
    expect(told.length).toBeGreaterThanOrEqual(steps);
    acknowledged.push(...told);
    const ledger = await Ledger.open(folder, { write: false, purpose: "check" });
    const texts = new Set(ledger.accepted.map(({ text }) => text));
    for (const i of acknowledged) {
      expect(texts.has(`row ${i}`), `row ${i}`).toBe(true);
      expect((await ledger.request(sha256(`key ${i}`)))?.text).toBe(`reply ${i} ${"x".repeat(i % 3000)}`);
    }
    expect(ledger.fills).toEqual([{ fill: 1, context: sha256("context"), ended: false }]);
    expect(ledger.notices).toEqual([]);
    await ledger.close();
  }
});
