// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { DEFAULT_AXES } from "../../src/config/axes.ts";
import { DEFAULT_PROMPTS, PLACEHOLDERS, PROMPT_KINDS, REQUIRED } from "../../src/config/prompts.ts";
import { placeholdersOf, templateProblems } from "../../src/config/template.ts";
import { tomlString } from "../../src/config/toml.ts";
import { diagnose, load, problems, TASK } from "./fixture.ts";

/** A config with one wording, in line 2. */
function prompt(kind: string, text: string): string {
  return `[synthetic_llm.prompts]\n${kind} = ${tomlString(text)}\n${TASK}`;
}

function axes(...lines: string[]): string {
  return `[synthetic_llm.axes]\n${lines.join("\n")}\n${TASK}`;
}

describe("the default wordings", () => {
  it.each(PROMPT_KINDS)("%s fills every place that there is, and no other", (kind) => {
    const template = DEFAULT_PROMPTS[kind];
    expect(templateProblems(template, PLACEHOLDERS[kind])).toEqual([]);
    expect([...new Set(placeholdersOf(template))].sort()).toEqual([...PLACEHOLDERS[kind]].sort());
  });

  it("have lines of their own for what a program reads", () => {
    expect(DEFAULT_PROMPTS.system.split("\n")[0]).toBe("Canary: {canary}");
    expect(DEFAULT_PROMPTS.write.split("\n")).toContain("Label: {label}");
    for (const kind of ["write", "judge", "label"] as const)
      expect(DEFAULT_PROMPTS[kind].split("\n").at(-1)).toBe("JSON Schema: {schema}");
  });

  it("can't lack a place that does not exist", () => {
    for (const kind of PROMPT_KINDS)
      for (const { name } of REQUIRED[kind]) expect(PLACEHOLDERS[kind]).toContain(name);
  });
});

describe("a wording of the TOML", () => {
  it("takes the place of the default, the others stay", () => {
    const { config } = load(prompt("write", "{count} of {label}, as {{}}"));
    expect(config.synthetic_llm.prompts).toEqual({
      ...DEFAULT_PROMPTS,
      write: "{count} of {label}, as {{}}",
    });
  });

  const placeholders = `{${PLACEHOLDERS.judge.join("}, {")}}`;
  it.each<[string, string, string[]]>([
    [
      "write",
      "Write {count}\nrows of {lable}",
      [
        '2:9 synthetic_llm.prompts.write has an unknown placeholder "{lable}" in line 2 of its text | did you mean {label}?',
        "2:9 synthetic_llm.prompts.write lacks the placeholder {label}: the LLM would not know what to write | put {label} where it is to stand; it may be the one that is mistyped",
      ],
    ],
    [
      "write",
      "{label}",
      [
        "2:9 synthetic_llm.prompts.write lacks the placeholder {count}: the LLM would not know how many rows to write | put {count} where it is to stand",
      ],
    ],
    [
      "system",
      "You write data.",
      [
        "2:10 synthetic_llm.prompts.system lacks the placeholder {canary}: a prompt that the server cut would not be noticed | put {canary} where it is to stand",
      ],
    ],
    [
      "judge",
      '{labels} {texts} {"label": "x"}',
      [
        '2:9 synthetic_llm.prompts.judge has an unknown placeholder "{\\"label\\": \\"x\\"}" in line 1 of its text | write {{ and }} for braces that are meant as such',
      ],
    ],
    [
      "judge",
      "{labels} {texts}\n{zzzzzz}",
      [
        `2:9 synthetic_llm.prompts.judge has an unknown placeholder "{zzzzzz}" in line 2 of its text | the placeholders here are ${placeholders}`,
      ],
    ],
    [
      "label",
      "{labels} {texts}\n}",
      [
        "2:9 synthetic_llm.prompts.label has a single } in line 2 of its text | write }} for a brace that is meant as one",
      ],
    ],
    [
      "label",
      "{{labels}} {texts}",
      [
        "2:9 synthetic_llm.prompts.label lacks the placeholder {labels}: the LLM would not know what to choose from | put {labels} where it is to stand",
      ],
    ],
    [
      "system",
      "{canary} {label}",
      [
        '2:10 synthetic_llm.prompts.system has an unknown placeholder "{label}" in line 1 of its text | the placeholders here are {canary}',
      ],
    ],
    ["wirte", "x", ["2:1 unknown key synthetic_llm.prompts.wirte | did you mean write?"]],
    [
      "judge",
      "",
      [
        '2:9 synthetic_llm.prompts.judge must be text that is not empty, got "" | Asks for the labels of rows that were written, with verify = "judge".',
      ],
    ],
  ])("%s = %j", (kind, text, expected) => {
    expect(problems(prompt(kind, text))).toEqual(expected);
  });

  it("has its caret under the text", () => {
    expect(diagnose(prompt("write", "{count} {lable} {label}")).text).toMatch(
      /^2 \| write = "\{count\} \{lable\} \{label\}"\n {2}\| {9}\^{25}$/m,
    );
  });

  it("written a section too high, says where it belongs", () => {
    expect(problems(`[synthetic_llm]\njudge = "x"\n${TASK}`)).toEqual([
      "2:1 unknown key synthetic_llm.judge | judge belongs under [synthetic_llm.prompts]",
    ]);
  });

  it("comes from --set too, and its problems name that", () => {
    const set = ["synthetic_llm.prompts.write={label}: {count}"];
    expect(load(TASK, { set }).config.synthetic_llm.prompts.write).toBe("{label}: {count}");
    expect(problems(TASK, { set: ["synthetic_llm.prompts.write={label}: {cuont}{count}"] })).toEqual([
      '--set synthetic_llm.prompts.write synthetic_llm.prompts.write has an unknown placeholder "{cuont}" in line 1 of its text | did you mean {count}?',
    ]);
  });

  it("is searched for keys like the rest of the file", () => {
    const text = "{labels} {texts} sk-abcdefghijklmnopqrstuvwx";
    const { text: shown } = diagnose(prompt("judge", text));
    expect(shown).toContain("synthetic_llm.prompts.judge holds what looks like an API key or a password");
    expect(shown).not.toContain("sk-abc");
  });
});

describe("the axes", () => {
  it("have real values by default: six to twelve of each, none twice", () => {
    expect([...DEFAULT_AXES.keys()]).toEqual(["length", "persona", "register", "situation"]);
    for (const [name, values] of DEFAULT_AXES) {
      expect(values.length, name).toBeGreaterThanOrEqual(6);
      expect(values.length, name).toBeLessThanOrEqual(12);
      expect(new Set(values).size, name).toBe(values.length);
    }
  });

  it("of the TOML lie over the defaults: one replaced, one switched off, one new, in the order of names", () => {
    const { config } = load(
      axes('situation = ["a"]', "persona = []", 'channel = ["b", "c"]', "nothing = []"),
    );
    expect([...config.synthetic_llm.axes]).toEqual([
      ["channel", ["b", "c"]],
      ["length", DEFAULT_AXES.get("length")],
      ["register", DEFAULT_AXES.get("register")],
      ["situation", ["a"]],
    ]);
  });

  it("come from --set too, one by one or all at once", () => {
    const one = load(axes("persona = []"), { set: ['synthetic_llm.axes.register=["formal"]'] }).config;
    expect(one.synthetic_llm.axes).toEqual(
      new Map([...DEFAULT_AXES, ["register", ["formal"]]].filter(([name]) => name !== "persona") as never),
    );
    const all = load(axes("persona = []"), { set: ['synthetic_llm.axes={ register = ["formal"] }'] }).config;
    expect(all.synthetic_llm.axes).toEqual(new Map([...DEFAULT_AXES, ["register", ["formal"]]] as never));
  });

  it.each<[string, string]>([
    [
      'register = "formal"',
      '2:12 synthetic_llm.axes.register must be a list, got "formal" | The values of an axis, each as likely.',
    ],
    [
      'register = ["a", ""]',
      '2:18 synthetic_llm.axes.register[1] must be text that is not empty, got "" | One value, in a few words.',
    ],
    [
      'Register = ["a"]',
      "2:1 unknown key synthetic_llm.axes.Register | a key here is a name of a to z, 0 to 9 and _ that starts with a letter (64 characters at most)",
    ],
    [
      'language = ["en"]',
      "2:1 synthetic_llm.axes.language is no axis: [multilingual] says in which languages rows are written | as in [multilingual] with enabled = true and weights = { en = 0.7, de = 0.3 }",
    ],
  ])("%s", (line, expected) => {
    expect(problems(axes(line))).toEqual([expected]);
  });
});
