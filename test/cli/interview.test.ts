// SPDX-License-Identifier: Apache-2.0
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { Interview } from "../../src/cli/interview.ts";

function talk(signal = new AbortController().signal) {
  const input = new PassThrough();
  const output = new PassThrough();
  let said = "";
  output.on("data", (data: Buffer) => {
    said += data.toString();
  });
  return { input, said: () => said, interview: new Interview(input, output, signal) };
}

describe("an interview", () => {
  it("asks again until the answer will do, and takes the proposal for a bare Enter", async () => {
    const { input, said, interview } = talk();
    const isNumber = (answer: string) => (/^\d+$/.test(answer) ? null : "a number, please");
    const first = interview.ask({ text: "How many", fallback: "3", problem: isNumber });
    input.write("many\n");
    await new Promise((resolve) => setImmediate(resolve));
    input.write("12\n");
    expect(await first).toBe("12");
    const second = interview.ask({ text: "And now", fallback: "3", problem: isNumber });
    input.write("\n");
    expect(await second).toBe("3");
    expect(said()).toBe("How many [3] a number, please\nHow many [3] And now [3] ");
    interview.close();
  });

  it("asks as often as it takes, without a warning of Node", async () => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error) => warnings.push(name);
    process.on("warning", onWarning);
    const { input, interview } = talk();
    const answer = interview.ask({
      text: "Yes",
      fallback: "",
      problem: (given) => (given === "yes" ? null : "no"),
    });
    for (const line of [...Array(30).fill("no"), "yes"]) {
      input.write(`${line}\n`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await answer).toBe("yes");
    interview.close();
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
  });

  it("shows what a stranger wrote without obeying it", async () => {
    const { said, interview } = talk();
    interview.say("a\u001b[31mb");
    expect(said()).toBe("a\\u001b[31mb\n");
    interview.close();
  });

  it("ends with an error when its input ends, at once or while it waits", async () => {
    const { input, interview } = talk();
    const asked = interview.ask({ text: "Who", fallback: "" });
    input.end();
    await expect(asked).rejects.toMatchObject({ code: "USAGE", hint: expect.stringContaining("--yes") });
    await expect(interview.ask({ text: "Who", fallback: "" })).rejects.toMatchObject({ code: "USAGE" });
  });

  it("ends with the signal's reason", async () => {
    const stop = new AbortController();
    const { interview } = talk(stop.signal);
    const asked = interview.ask({ text: "Who", fallback: "" });
    stop.abort(new Error("stopped"));
    await expect(asked).rejects.toThrow("stopped");
    interview.close();
  });
});
