// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { expect, it } from "vitest";
import { hider } from "../../src/backfill/secrets.ts";

const KEY = "sk-canary+key/with=signs";

it.each([
  ["in clear", KEY],
  ["in a header", `Authorization: Bearer ${KEY}`],
  ["in a URL", `https://x/?key=${encodeURIComponent(KEY)}&y`],
  ["in JSON", JSON.stringify({ KEY })],
  ["in base64", Buffer.from(KEY).toString("base64")],
  ["in base64 for URLs", Buffer.from(KEY).toString("base64url")],
  ["as a user's password, in base64", Buffer.from(`user:${KEY}`).toString("base64")],
  ["with a letter before, in base64", Buffer.from(`x${KEY}y`).toString("base64")],
])("hides a secret %s", (_, text) => {
  const hidden = hider([KEY])(text);
  expect(hidden).toContain("[hidden]");
  expect(hidden).not.toContain("canary");
  // Of base64, the ends may stay: they depend on what stands beside the secret too.
  expect(hidden.replace("[hidden]", "").length).toBeLessThan(text.length - KEY.length + 8);
});

it("leaves a text without secrets, and placeholders, as they are", () => {
  const text = "is Ollama running? ollama serve; EMPTY; none";
  expect(hider(["ollama", "EMPTY", "none", ""])(text)).toBe(text);
  expect(hider([KEY])(text)).toBe(text);
  expect(hider([])(KEY)).toBe(KEY);
});

it("hides every secret wherever it stands", () => {
  const secret = fc.string({ minLength: 8, maxLength: 40, unit: "binary-ascii" });
  fc.assert(
    fc.property(secret, fc.string(), fc.string(), (key, before, after) => {
      fc.pre(!"[hidden]".includes(key) && !(before + after).includes(key));
      expect(hider([key])(`${before}${key}${after}`)).not.toContain(key);
      const packed = Buffer.from(`${before}${key}${after}`);
      const core = packed.toString("base64");
      expect(hider([key])(core)).not.toBe(core);
    }),
    { seed: 3 },
  );
});

it("takes no longer for twice the text than twice as long", () => {
  const hide = hider([KEY]);
  const time = (length: number): number => {
    const text = "sk-canary+key/with=sign".repeat(length / 23);
    return Math.min(
      ...Array.from({ length: 5 }, () => {
        const began = performance.now();
        hide(text);
        return performance.now() - began;
      }),
    );
  };
  time(80_000);
  expect(time(160_000)).toBeLessThan(Math.max(20, time(80_000) * 4));
});
