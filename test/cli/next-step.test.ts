// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextCommand, predictCommand } from "../../src/cli/next-step.ts";

const typed = (config: string, environment = {}) => nextCommand({ environment }, "train", { config });

describe("the next command", () => {
  it("names the config that is not the default, and a pack before that", () => {
    expect(typed("model_pipeline.toml")).toBe("modelpack train");
    expect(typed("other.toml")).toBe("modelpack train -c other.toml");
    const both = { config: "other.toml", pack: "packs/1a2b" };
    expect(nextCommand({ environment: {} }, "report --open", both)).toBe(
      "modelpack report --open --pack packs/1a2b",
    );
  });

  it("goes by npx where npm runs this one: modelpack may not be on the PATH", () => {
    for (const npm_lifecycle_event of ["npx", "train", "quickstart", "a-script-of-theirs"])
      expect(typed("a.toml", { npm_lifecycle_event })).toBe("npx modelpack train -c a.toml");
    expect(typed("a.toml", { npm_lifecycle_event: "" })).toBe("modelpack train -c a.toml");
  });

  it("gives predict what its tasks read", () => {
    const environment = {};
    expect(predictCommand({ environment }, "text")).toBe('modelpack predict "your text"');
    expect(predictCommand({ environment }, "pair", { config: "a.toml" })).toBe(
      'modelpack predict --pair -c a.toml "one text" "the other"',
    );
  });

  it.skipIf(process.platform === "win32")("is one word to a shell, whatever the path", () => {
    const names = ["my folder/ä.toml", "it's.toml", "$HOME;`ls`.toml", 'a"b\\.toml', "*.toml", "~/x.toml"];
    const words = names.map((name) => typed(name).slice("modelpack train -c ".length));
    const script = `for word in "$@"; do printf '%s\\n' "$word"; done`;
    const out = execFileSync("sh", ["-c", `set -- ${words.join(" ")}\n${script}`], { encoding: "utf8" });
    expect(out.trimEnd().split("\n")).toEqual(names);
    expect(typed("plain/ä-1.toml")).toBe("modelpack train -c plain/ä-1.toml");
  });

  it("never ends a quoted word early", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (name) => {
        const word = typed(`a ${name}`).slice("modelpack train -c ".length);
        expect(word.replaceAll("'\\''", "")).toMatch(/^'[^']*'$/s);
      }),
    );
  });
});
