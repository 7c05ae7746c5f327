// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { describe, expect, it, onTestFinished } from "vitest";
import { liveness, newRunId, ownerOf, startFromPs } from "../../src/storage/owner.ts";
import { childScript, run } from "../support/child.ts";
import { runIdWith } from "../support/run-ids.ts";

describe("a run id", () => {
  it("differs each time, names this process, and tells no host name", async () => {
    const ids = await Promise.all([newRunId(), newRunId()]);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) {
      expect(ownerOf(id)).toMatchObject({ pid: process.pid });
      if (hostname().length > 3) expect(id).not.toContain(hostname());
      expect(await liveness(id)).toBe("alive");
    }
  });

  it.skipIf(process.platform !== "linux")(
    "takes the start from the kernel's count, not the clock",
    async () => {
      const stat = readFileSync("/proc/self/stat", "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      expect(ownerOf(await newRunId())?.start).toBe(fields[19]);
    },
  );

  it.each([
    "",
    "1",
    "1-2-3-4-5-6",
    "0-1-00000000-1-00000000-0000000000000000",
    "../x",
    "-1-1-00000000-1-00000000-0000000000000000",
  ])("is not %j", async (text) => {
    expect(ownerOf(text)).toBeNull();
    expect(await liveness(text)).toBe("unknown");
  });
});

describe("liveness", () => {
  it("is dead once a process has ended, and alive while it is stopped", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    onTestFinished(() => void child.kill("SIGKILL"));
    const pid = String(child.pid);
    const start = (): string => readFileSync(`/proc/${pid}/stat`, "utf8").split(" ")[21] ?? "0";
    const id = await runIdWith({ pid, start: process.platform === "linux" ? start() : "0" });
    expect(await liveness(id)).toBe("alive");
    child.kill("SIGSTOP");
    expect(await liveness(id)).toBe("alive");
    const exit = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await exit;
    expect(await liveness(id)).toBe("dead");
  });

  it("is alive for another user's process that we may not signal", async () => {
    expect(await liveness(await runIdWith({ pid: "1", start: "0" }))).toBe("alive");
  });
});

const hasPs = (await startFromPs(process.pid)) !== null;

describe.skipIf(!hasPs)("the start that ps knows (needs ps)", () => {
  it("is the same each time, and null for a pid that nobody has", async () => {
    const start = await startFromPs(process.pid);
    expect(start).toMatch(/^[0-9A-Za-z_]{10,40}$/);
    expect(await startFromPs(process.pid)).toBe(start);
    expect(await startFromPs(2 ** 31 - 1)).toBeNull();
  });
});

describe("another process", () => {
  it("has another id, whose run is dead when it has ended", async () => {
    const { lines } = run(process.execPath, [childScript("run-id-child.mjs")]);
    const id = String(lines[0]);
    expect(ownerOf(id)).not.toBeNull();
    expect(await liveness(id)).toBe("dead");
  });
});
