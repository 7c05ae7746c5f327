// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coloursOf, painted, showsBars } from "../../src/cli/colour.ts";
import { colouredText, largestShare, sharesOf } from "../../src/cli/coloured-text.ts";
import { familyClassifier } from "../../src/model/family-classifier.ts";
import { occurrencesOf } from "../../src/model/occurrences.ts";
import { cli, jsonOf } from "../support/cli.ts";
import { starterModel, tinyModel } from "../support/model.ts";
import { FIRST, writeVersion } from "../support/pack.ts";
import { sharedFolder, temporaryFolder } from "../support/temporary-folder.ts";

const root = sharedFolder();
const pairs = await starterModel("pairs", ["conflict_detection"], "int8", 500);
writeVersion(root, FIRST, [tinyModel(), pairs]);

const terminal = (depth: number) => ({ isTTY: true, getColorDepth: () => depth });
const file = { isTTY: false };

describe("colours", () => {
  it.each([
    [terminal(24), {}, false, "many"],
    [terminal(8), { NO_COLOR: "" }, false, "many"],
    [terminal(4), {}, false, "basic"],
    [terminal(1), {}, false, "none"],
    [file, {}, false, "none"],
    [terminal(24), { NO_COLOR: "1" }, false, "none"],
    [terminal(24), { TERM: "dumb" }, false, "none"],
    [terminal(24), { FORCE_COLOR: "3" }, true, "none"],
    [file, { FORCE_COLOR: "1" }, false, "basic"],
    [file, { FORCE_COLOR: "" }, false, "many"],
    [file, { FORCE_COLOR: "true", NO_COLOR: "1" }, false, "many"],
    [terminal(24), { FORCE_COLOR: "0" }, false, "none"],
  ] as const)("of %o with %o, --no-color %o, are %s", (stream, environment, isOff, expected) => {
    expect(coloursOf(stream, environment, isOff)).toBe(expected);
  });

  it("go with bars only where a terminal can move its cursor", () => {
    expect([
      showsBars(terminal(1), {}),
      showsBars(terminal(24), { TERM: "dumb" }),
      showsBars(file, {}),
    ]).toEqual([true, false, false]);
  });

  it("are green for and red against, by strength, and nothing for nothing", () => {
    expect(painted("x", 4, "many")).toBe("\u001b[30;48;5;83mx\u001b[0m");
    expect(painted("x", -1, "basic")).toBe("\u001b[30;41mx\u001b[0m");
    expect([painted("x", 0, "many"), painted("x", 3, "none"), painted("", 3, "many")]).toEqual([
      "x",
      "x",
      "",
    ]);
  });
});

const texts = fc
  .array(
    fc.constantFrom(
      "euros",
      "Bank",
      "bänk",
      "hello",
      "ﬂight",
      "👩‍👩‍👧",
      "\u202e",
      "\u001b[31m",
      "한국",
      "\n",
    ),
    {
      maxLength: 12,
    },
  )
  .map((words) => words.join(" "));

describe("sharesOf", () => {
  it("adds up to what the n-grams of both texts contribute", () => {
    const classifier = familyClassifier(pairs);
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        const { contributions } = classifier.explain(0, a, b);
        const places = occurrencesOf(contributions, a, b);
        const shares = [sharesOf(a, "a", contributions, places), sharesOf(b, "b", contributions, places)];
        const spread = shares.flatMap((one) => [...one]).reduce((x, y) => x + y, 0);
        const placed = contributions.filter((_, i) => (places[i]?.length ?? 0) > 0);
        expect(spread).toBeCloseTo(
          placed.reduce((sum, c) => sum + c.label - c.runnerUp, 0),
          9,
        );
      }),
    );
  });

  it("spreads a contribution over all places of its n-gram", () => {
    const contributions = [
      { kind: "word", text: "ab", in: "text", hash: 1, label: 3, runnerUp: -1 },
    ] as const;
    const places = [
      [
        { in: "text", start: 0, end: 2 },
        { in: "text", start: 3, end: 5 },
      ],
    ] as const;
    expect([...sharesOf("ab ab", "text", contributions, places)]).toEqual([1, 1, 0, 1, 1]);
  });
});

/** Our own styles, as they are written. */
const STYLE = new RegExp(`${String.fromCharCode(27)}\\[(30;48;5;\\d+|0)m`, "g");

/** Whether a terminal might obey a character: controls but tab and line end, separators, marks of direction. */
function isObeyed(codePoint: number): boolean {
  const isControl =
    codePoint < 0x20 ? codePoint !== 9 && codePoint !== 10 : codePoint >= 0x7f && codePoint < 0xa0;
  const isDirection =
    (codePoint >= 0x200e && codePoint <= 0x200f) || (codePoint >= 0x2028 && codePoint <= 0x202e);
  return isControl || isDirection || codePoint === 0x61c || (codePoint >= 0x2066 && codePoint <= 0x2069);
}

describe("colouredText", () => {
  it("paints each character by its share, clusters as one, and indents lines", () => {
    const text = "ab\u001b👩‍👩‍👧\nc";
    const shares = Float64Array.from(
      [...text].flatMap((c) => (c === "a" ? [1] : Array(c.length).fill(-0.5))),
    );
    const emoji = "👩‍👩‍👧";
    expect(colouredText(text, shares, 1, "many")).toBe(
      `  ${painted("a", 4, "many")}${painted(`b\\u001b${emoji}`, -2, "many")}\n  ${painted("c", -2, "many")}`,
    );
  });

  it("marks the strongest words where there are no colours", () => {
    const text = "good fair bad";
    const shares = new Float64Array(13).fill(0.25, 0, 4).fill(0.01, 5, 9).fill(-0.3, 10);
    expect(colouredText(text, shares, largestShare(shares), "none")).toBe("  {+good+} fair [-bad-]");
  });

  it("lets nothing through that a terminal obeys, whatever the text, and cuts a long one", () => {
    fc.assert(
      fc.property(fc.oneof(texts, fc.string({ unit: "binary" })), (text) => {
        const shares = Float64Array.from({ length: text.length }, (_, i) => Math.sin(i));
        for (const colours of ["none", "many"] as const) {
          const ours = colouredText(text, shares, 1, colours).replaceAll(STYLE, "");
          expect([...ours].filter((character) => isObeyed(character.codePointAt(0) ?? 0))).toEqual([]);
        }
      }),
    );
    const long = "x".repeat(5000);
    expect(colouredText(long, new Float64Array(5000), 0, "many")).toMatch(
      /^ {2}x{4000}… \(1000 more characters\)$/,
    );
  });
});

const explain = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  cli(root, ["explain", "--pack", root, ...args], { env: { FORCE_COLOR: "0", ...env } });

describe("modelpack explain", () => {
  it("shows the text, marked or coloured, what the marks mean, and the n-grams", () => {
    const args = ["--task", "query_domain", "Euros, bank\u202e hello"];
    expect(explain(args).out.split("\n").slice(0, 7)).toEqual([
      expect.stringMatching(/^query_domain: finance \([01]\.\d{3}\), against general$/),
      "",
      "  {+Euros,+} {+bank\\u202e+} [-hello-]",
      "",
      "  marked are the strongest words: {+for finance+}, [-for general-]",
      "",
      "n-gram   kind  finance  general  difference",
    ]);
    const coloured = explain(args, { FORCE_COLOR: "3" }).out;
    expect(coloured.match(STYLE)?.length).toBeGreaterThan(8);
    expect(coloured.replaceAll(STYLE, "")).toContain("\n  Euros, bank\\u202e hello\n");
    expect(coloured).not.toContain("\u202e");
    expect(explain([...args, "--no-color"], { FORCE_COLOR: "3" }).out).toBe(explain(args).out);
  });

  it("takes the only task of a pack where none is named, and lists several", () => {
    const single = temporaryFolder();
    writeVersion(single, FIRST, [pairs]);
    const texts = ["I moved to Oslo", "I live in Rome now"];
    const run = (...args: readonly string[]) => cli(root, ["explain", "--pack", single, "--json", ...args]);
    expect(jsonOf(run(...texts))).toMatchObject({ ok: true, task: "conflict_detection" });
    expect(run(...texts).out).toBe(run("--task", "conflict_detection", ...texts).out);
    expect(run("--task", "", ...texts).err).toBe(
      'error: the pack has no task ""\n   = hint: it has conflict_detection\n',
    );
    expect(explain(["euros bank"])).toEqual({
      code: 2,
      out: "",
      err: "error: the pack has 3 tasks, and --task is left out\n   = hint: name one with --task: query_domain, constructor, conflict_detection\n",
    });
  });

  it("compares with the label that is asked for, and refuses one that is none", () => {
    const args = ["--task", "query_domain", "euros bank flight"];
    const found = jsonOf<{ label: string; runnerUp: string }>(
      explain([...args, "--against", "general", "--json"]),
    );
    expect([found.label, found.runnerUp]).toEqual(["finance", "general"]);
    const refused = explain([...args, "--against", "sports"]);
    expect(refused.code).toBe(2);
    expect(refused.err).toContain('task "query_domain" has no label "sports"');
    expect(refused.err).toContain('its labels are "general", "finance", "travel"');
  });

  it("refuses to compare the predicted label with itself, and names the second likeliest", () => {
    const args = ["--task", "query_domain", "euros bank flight"];
    const { code, out, err } = explain([...args, "--against", "finance"]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain('error: "finance" is the predicted label itself\n');
    const { runnerUp } = jsonOf<{ runnerUp: string }>(explain([...args, "--json"]));
    expect(err).toContain(
      `hint: name another label, or leave --against out: it is then the second likeliest, "${runnerUp}"\n`,
    );
  });

  it("says of a text without a known n-gram that it guesses", () => {
    const { out } = explain(["--task", "query_domain", "\u65e5\u672c\u8a9e"]);
    expect(out).toContain("\n  the model knows no n-gram of it: what is left is the bias");
    expect(out).not.toContain("marked are");
    expect(out).toMatch(/^score +/m);
  });

  it("says where a low confidence makes predict answer the default", () => {
    const { out } = explain(["--task", "query_domain", "unheard of"]);
    expect(out).toContain("that is too little confidence: predict answers the default, general");
  });

  it("says of a pair which text has what", () => {
    const { out } = explain(["--task", "conflict_detection", "I moved to Oslo", "I live in Rome now"]);
    expect(out).toMatch(/^A: .*\nB: .*$/m);
    expect(out).toMatch(/^n-gram +in +kind +/m);
    expect(out).toMatch(/^"same beginning \d+" +both +overlap +/m);
  });
});
