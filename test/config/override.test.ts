// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { load, problems, TASK } from "./fixture.ts";

const ENVIRONMENT = { MODELPACK__TRAIN__MAX_ITER: "2" };
const TOML = `[train]\nmax_iter = 1\n${TASK}`;

describe("precedence", () => {
  it.each([
    ["default", TASK, {}, 25, "default"],
    ["toml", TOML, {}, 1, "toml"],
    ["environment", TOML, { environment: ENVIRONMENT }, 2, "environment"],
    ["flag", TOML, { environment: ENVIRONMENT, flags: { "train.max_iter": 3 } }, 3, "flag"],
    [
      "--set",
      TOML,
      {
        environment: ENVIRONMENT,
        flags: { "train.max_iter": 3 },
        set: ["train.max_iter=4", "train.max_iter=5"],
      },
      5,
      "flag",
    ],
    ["an empty variable", TOML, { environment: { MODELPACK__TRAIN__MAX_ITER: "" } }, 1, "toml"],
    ["a flag not given", TOML, { flags: { "train.max_iter": undefined } }, 1, "toml"],
  ])("%s", (_, toml, overrides, value, origin) => {
    const { config, origins } = load(toml, overrides);
    expect(config.train.max_iter).toBe(value);
    expect(origins.get("train.max_iter")).toBe(origin);
  });
});

describe("what is typed", () => {
  it.each([
    ["train.calibration_method=sigmoid", "calibration_method", "sigmoid"],
    ['train.calibration_method="sigmoid"', "calibration_method", "sigmoid"],
    ["train.alpha = 1e-5", "alpha", 1e-5],
    ["train.alpha=auto", "alpha", "auto"],
    ["train.early_stopping=false", "early_stopping", false],
    ["train.families=router", "families", ["router"]],
    ['train.families=["router"]', "families", ["router"]],
  ] as const)("%s", (typed, key, value) => {
    expect(load(TASK, { set: [typed] }).config.train[key]).toEqual(value);
  });

  it("stays text where the key takes text", () => {
    const set = ["synthetic_llm.model=7", "synthetic_llm.base_url=http://h/v1?a=b"];
    const { config } = load(TASK, { set });
    expect(config.synthetic_llm.model).toBe("7");
    expect(config.synthetic_llm.base_url).toBe("http://h/v1?a=b");
  });

  it("reaches into overrides and tables", () => {
    const set = ['train.overrides."task.mood".alpha=0.5', "multilingual.weights={ en = 1 }"];
    const { config, origins } = load(TASK, { set });
    expect(config.train.overrides).toEqual(new Map([["task.mood", { alpha: 0.5 }]]));
    expect(config.multilingual.weights).toEqual(new Map([["en", 1]]));
    expect(origins.get('train.overrides."task.mood".alpha')).toBe("flag");
  });

  it("can't smuggle in another key", () => {
    const { config } = load(TASK, { set: ["synthetic_llm.model=a\ntemperature = 0"] });
    expect(config.synthetic_llm.model).toBe("a\ntemperature = 0");
    expect(config.synthetic_llm.temperature).toBe(1.35);
  });

  it("hides a wrong value of the TOML that it replaces", () => {
    expect(
      load(`[train]\nmax_iter = "x"\n${TASK}`, { set: ["train.max_iter=4"] }).config.train.max_iter,
    ).toBe(4);
  });
});

describe("the variables that the config names", () => {
  it("win over the TOML, and lose against flags and MODELPACK__ names", () => {
    const toml = `[synthetic_llm]\nmodel = "a"\nmodel_env = "MY_MODEL"\n${TASK}`;
    const environment = { MY_MODEL: "b", LLM_EVAL__PROVIDER: "vllm" };
    const { config, origins } = load(toml, { environment });
    expect(config.synthetic_llm.model).toBe("b");
    expect(config.synthetic_llm.provider).toBe("vllm");
    expect(origins.get("synthetic_llm.model")).toBe("environment");
    const flagged = load(toml, { environment, flags: { "synthetic_llm.model": "c" } });
    expect(flagged.config.synthetic_llm.model).toBe("c");
    const named = { ...environment, MODELPACK__SYNTHETIC_LLM__MODEL: "d" };
    expect(load(toml, { environment: named }).config.synthetic_llm.model).toBe("d");
  });
});

describe("errors say where the value came from", () => {
  it.each([
    [
      { set: ["train.max_iter=0"] },
      "--set train.max_iter train.max_iter must be a whole number from 1 to 100000, got 0",
    ],
    [
      { flags: { "prepare.seed": -1 } },
      "flag prepare.seed prepare.seed must be a whole number from 0 to 4294967295, got -1",
    ],
    [
      {
        flags: { "train.max_iter": 0 },
        flagNames: { "train.max_iter": "--max-iter", "train.seed": "--seed" },
      },
      "--max-iter train.max_iter must be a whole number from 1 to 100000, got 0",
    ],
    [
      { flags: { "train.max_iter": 0 }, flagNames: { "train.seed": "--seed" } },
      "flag train.max_iter train.max_iter must be a whole number from 1 to 100000, got 0",
    ],
    [
      { environment: { MODELPACK__TRAIN__WORKERS: "many" } },
      'environment MODELPACK__TRAIN__WORKERS train.workers must be a whole number from 0 to 1024, got "many"',
    ],
    [
      { set: ["train.ngram_min=3"] },
      "--set train.ngram_min train.ngram_max must be at least train.ngram_min (3), got 2",
    ],
    [
      { environment: { LLM_EVAL__BASE_URL: "localhost" } },
      'environment LLM_EVAL__BASE_URL synthetic_llm.base_url must be an address that starts with http:// or https://, got "localhost"',
    ],
  ])("%j", (overrides, expected) => {
    expect(problems(TASK, overrides).map((problem) => problem.split(" | ")[0])).toEqual([expected]);
  });

  it.each([
    [
      { set: ["train.max_itr=1"] },
      "--set train.max_itr unknown key train.max_itr | did you mean train.max_iter?",
    ],
    [
      { set: ["prepare.max_iter=1"] },
      "--set prepare.max_iter unknown key prepare.max_iter | did you mean train.max_iter?",
    ],
    [{ set: ["max_iter=1"] }, "--set max_iter unknown key max_iter | did you mean train.max_iter?"],
    [
      { set: ["trian.max_iter=1"] },
      "--set trian.max_iter unknown key trian.max_iter | did you mean train.max_iter?",
    ],
    [
      { set: ["zzzzzzzzzz.y=1"] },
      "--set zzzzzzzzzz.y unknown key zzzzzzzzzz.y | docs/config.md lists every key",
    ],
    [
      { set: ["train.max_iter"] },
      '--set train.max_iter --set takes section.key=value, got "train.max_iter" | write --set train.max_iter=10',
    ],
    [{ set: ["=1"] }, '--set  --set takes section.key=value, got "=1" | write --set train.max_iter=10'],
    [
      { set: ['tasks=["a"]'] },
      "--set tasks tasks can't be set from outside the TOML | edit the TOML: tasks and datasets are what the versions are made of",
    ],
    [
      { flags: { "train.__proto__": 1 } },
      "flag train.__proto__ unknown key train.__proto__ | docs/config.md lists every key",
    ],
    [
      { environment: { MODELPACK__TRAIN__MAXITER: "1" } },
      "environment MODELPACK__TRAIN__MAXITER unknown environment variable MODELPACK__TRAIN__MAXITER | did you mean MODELPACK__TRAIN__MAX_ITER?",
    ],
    [
      { environment: { MODELPACK__X: "1" } },
      "environment MODELPACK__X unknown environment variable MODELPACK__X | names are MODELPACK__<SECTION>__<KEY>",
    ],
  ])("%j", (overrides, expected) => {
    expect(problems(TASK, overrides)).toEqual([expected]);
  });

  it("leaves other variables alone", () => {
    expect(problems(TASK, { environment: { PATH: "/bin", MODELPACK_HOME: "x" } })).toEqual([]);
  });
});
