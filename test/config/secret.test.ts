// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { looksSecret, redact } from "../../src/config/secret.ts";
import { problems, TASK } from "./fixture.ts";

describe("looksSecret", () => {
  it.each([
    "sk-abcdefghijklmnopqrstuvwx",
    "sk-proj-abc_def-ghijklmnopqrstuv",
    "sk-ant-api03-abcdefghijklmnop",
    "hf_abcdefghijklmnopqrstuvwxyz",
    "gsk_abcdefghijklmnopqrstuvwxyz",
    `AIza${"Sy0".repeat(11)}`,
    "ghp_abcdefghijklmnopqrstuvwxyz",
    "AKIAIOSFODNN7EXAMPLE",
    "Bearer sk-abcdefghijklmnopqrstuvwx",
    "https://user:pass@host/v1",
    "https://host/x?token=hf_abcdefghijklmnopqrstuvwxyz",
  ])("finds %s", (text) => {
    expect(looksSecret(text)).toBe(true);
  });

  it.each([
    "OPENAI_API_KEY",
    "sk-learn",
    "task-classification-of-long-texts",
    "gpt-4o-mini",
    "http://localhost:11434/v1",
    "https://huggingface.co/datasets/PolyAI/banking77",
    "datasets/*/train@v2.csv",
    "",
  ])("lets %s be", (text) => {
    expect(looksSecret(text)).toBe(false);
  });
});

describe("redact", () => {
  it.each([
    ['api_key = "abc"', "api_key = *****"],
    ["api_key_env = 'MY_KEY'", "api_key_env = 'MY_KEY'"],
    ["Authorization='Bearer x' # y", "Authorization=********** # y"],
    ["max_tokens = 1024", "max_tokens = 1024"],
    ["http://u:p@h", "http://***@h"],
  ])("%s", (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it("takes linear time", () => {
    for (const unit of ["sk-", "://", "token=", "api_key ", "://a", "='"]) {
      const started = performance.now();
      redact(unit.repeat(80_000));
      expect(performance.now() - started).toBeLessThan(2_000);
    }
  });
});

it("leaves labels and mappings alone: they are data", () => {
  const key = "sk-abcdefghijklmnopqrstuvwx";
  const map = `[[datasets]]\nname = "d"\nkind = "local"\npath = "x"\n[[datasets.map]]\ntask = "mood"\ntext = "t"\nlabel = "${key}"\n`;
  expect(problems(`${TASK.replace("bad", key)}${map}`)).toEqual([]);
});
