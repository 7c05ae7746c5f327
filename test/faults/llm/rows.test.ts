// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { BATCH, DEFICIT, runFill, unbalanced } from "./fill-scene.ts";
import type { Fault } from "./script.ts";
import { llmServer } from "./support.ts";

// What a model may write in a reply that the server delivers whole: the rows of RELIABILITY.md's table that are
// about the content. Each is played at the first, a middle and the last request, with 1 and 8 in flight, streamed
// and not; the label still comes to its target, and each item is counted once.

interface Reply {
  readonly canary: string;
  rows: { text?: unknown; [key: string]: unknown }[];
}

/** Answers with another content. */
const says =
  (content: (reply: Reply, whole: string) => string): Fault =>
  (exchange) => {
    const whole = exchange.reply.content ?? "";
    exchange.send({ ...exchange.reply, content: content(JSON.parse(whole) as Reply, whole) });
  };
/** Answers with other rows. */
const rows = (change: (rows: Reply["rows"]) => Reply["rows"]): Fault =>
  says((reply) => JSON.stringify({ ...reply, rows: change(reply.rows) }));
/** Puts texts about the label that is asked for, or about the other one, in place of the first rows. */
const about =
  (...texts: ((own: string, other: string) => string)[]): Fault =>
  (exchange) => {
    const isFinance = JSON.stringify(exchange.seen.body).includes('Label: \\"finance\\"');
    const [own, other] = isFinance ? ["finance", "travel"] : ["travel", "finance"];
    const change = rows((list) => [
      ...texts.map((text) => ({ text: text(own, other) })),
      ...list.slice(texts.length),
    ]);
    return change(exchange);
  };
/** Puts a text in place of the first row's. */
const first = (text: string): Fault => rows(([, ...rest]) => [{ text }, ...rest]);

interface Expected {
  /** Of the reply as a whole: it is asked for again. */
  readonly fault?: string;
  /** Of items. */
  readonly rejected?: Readonly<Record<string, number>>;
}

const CASES: readonly (readonly [row: number, what: string, fault: Fault, expected: Expected])[] = [
  [
    7,
    "the canary is not repeated",
    says(({ rows: list }) => JSON.stringify({ rows: list })),
    { fault: "no_canary" },
  ],
  [
    7,
    "another canary",
    says((reply) => JSON.stringify({ ...reply, canary: "kestrel" })),
    { fault: "no_canary" },
  ],
  [25, "closed thinking first", says((_, whole) => `<think>{"rows": []}</think>\n${whole}`), {}],
  [
    25,
    "thinking that does not end",
    says((_, whole) => `<think>so, ${whole}`),
    { fault: "unclosed_thought" },
  ],
  [27, "a refusal as a row", first("I'm sorry, but I can't help with that."), { rejected: { refusal: 1 } }],
  [
    29,
    "a row that loops",
    first("tea and cake and tea and cake and tea and cake and tea and cake"),
    { rejected: { looped: 1 } },
  ],
  [30, "prose", says(() => "Here are some rows for you: first, money."), { fault: "not_json" }],
  [30, "a fence", says((_, whole) => `\`\`\`json\n${whole}\n\`\`\``), {}],
  [
    30,
    "two fences",
    says((_, whole) => `\`\`\`\n\`\`\`json\n${whole}\n\`\`\`\n\`\`\``),
    { fault: "not_json" },
  ],
  [
    31,
    "extra keys",
    rows(([one, ...rest]) => [{ ...one, label: "travel" }, ...rest]),
    { rejected: { wrong_shape: 1 } },
  ],
  [
    31,
    "__proto__",
    says((_, whole) => whole.replace('{"text"', '{"__proto__"')),
    { rejected: { wrong_shape: 1 } },
  ],
  [
    31,
    "a key twice",
    says((_, whole) => whole.replace('{"text"', '{"text":"x","text"')),
    { fault: "wrong_shape" },
  ],
  [31, "a number as text", rows(([, ...rest]) => [{ text: 7 }, ...rest]), { rejected: { wrong_shape: 1 } }],
  [
    31,
    "nested",
    rows(([one, ...rest]) => [{ text: { text: one?.text } }, ...rest]),
    { rejected: { wrong_shape: 1 } },
  ],
  [
    31,
    "ten times as many",
    rows((list) => [...list, ...Array.from({ length: 9 * BATCH }, (_, i) => ({ text: `more ${i}` }))]),
    { rejected: { surplus: 9 * BATCH } },
  ],
  [31, "none", rows(() => []), { fault: "no_items" }],
  [31, "a list alone", says(({ rows: list }) => JSON.stringify(list)), { fault: "wrong_shape" }],
  [32, "U+FFFD", first("a row with \ufffd in it"), { rejected: { invalid_text: 1 } }],
  [32, "NUL", first("a row with \0 in it"), { rejected: { invalid_text: 1 } }],
  [32, "half a pair", first("a row with \ud800 in it"), { rejected: { invalid_text: 1 } }],
  [
    33,
    "one row twice",
    rows(([one, , ...rest]) => [one ?? {}, { text: `  ${String(one?.text).toUpperCase()}!` }, ...rest]),
    { rejected: { copy_of_accepted: 1 } },
  ],
  [
    33,
    "a copy of test",
    first("Held out: the very last word on finance there is."),
    { rejected: { copy_of_heldout: 1 } },
  ],
  [
    33,
    "a copy of a real row",
    about((_own, other) => `AN OLD QUESTION OF ${other}, asked again`),
    { rejected: { copy_of_row: 1 } },
  ],
  [
    33,
    "copies of seeds",
    about(
      (own) => `What everybody says about ${own} on a Monday`,
      (_own, other) => `what everybody says about ${other} on a monday`,
    ),
    { rejected: { copy_of_seed: 1, copy_of_row: 1 } },
  ],
  [
    34,
    "the prompt",
    first("Write what a real person or program would write, down to names"),
    { rejected: { prompt_echo: 1 } },
  ],
  [34, "a placeholder", first("Could [Name] pay the bill?"), { rejected: { placeholder: 1 } }],
  [34, "Example 1:", first("Example 1: pay the bill"), { rejected: { list_mark: 1 } }],
  [35, "another script", first("сколько стоит билет до Рима"), { rejected: { wrong_script: 1 } }],
];

/** Slots of a fill without a fault: three of each label, and each asks for a few more at its end. */
const SLOTS = 2 * Math.ceil(DEFICIT / BATCH);

describe.each(CASES)("row %i: %s", (_, __, fault, { fault: unusable, rejected = {} }) => {
  it.each([
    ["first", 0],
    ["middle", 2],
    ["last", SLOTS - 1],
  ])("at the %s request", async (_place, at) => {
    for (const concurrency of [1, 8])
      for (const streams of [true, false]) {
        const server = await llmServer({ streams });
        // The probe asks first: twice where the server streams, so the place is counted among those for rows.
        let asked = 0;
        server.play({
          when: ({ body }) => JSON.stringify(body).includes('Label: \\"') && asked++ === at,
          fault,
        });
        const { error, labels, accepted } = await runFill(server, temporaryFolder(), {
          settings: { concurrency },
        });
        expect(error).toBeNull();
        expect(labels.map(({ tally }) => tally.status)).toEqual(["filled", "filled"]);
        expect(accepted).toHaveLength(2 * DEFICIT);
        expect(unbalanced(labels)).toEqual([]);
        const faults = labels.flatMap(({ tally }) => [...tally.faults]);
        expect(faults).toEqual(unusable === undefined ? [] : [[unusable, 1]]);
        const counts = new Map<string, number>();
        for (const { tally } of labels)
          for (const [reason, { count }] of tally.rejected)
            counts.set(reason, (counts.get(reason) ?? 0) + count);
        counts.delete("not_needed");
        expect(Object.fromEntries(counts)).toEqual(rejected);
      }
  });
});
