// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { CompletionRequest, Outcome } from "../../src/backfill/completion.ts";
import { Inquiry } from "../../src/backfill/inquiry.ts";
import { Ledger } from "../../src/backfill/ledger.ts";
import { runSlot } from "../../src/backfill/slot.ts";
import { askedOf, completed, rowsReply, slotContextOf } from "../support/memory-fill.ts";
import { MemoryServer } from "../support/memory-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const TEXTS = ["peel three carrots", "[Name] eats", "grate some cheese", "wash the salad", "no more bread"];
type Verdict = { readonly n: unknown; readonly label: unknown };

const isJudge = ({ schema }: CompletionRequest) => schema.name === "labels";
const verdicts = (request: CompletionRequest, labels: readonly Verdict[]) =>
  completed(JSON.stringify({ canary: askedOf(request).canary, labels }));

async function slotOf(
  verify: boolean,
  judge: (request: CompletionRequest) => Outcome,
  texts = TEXTS,
  rows = 4,
) {
  const context = slotContextOf({ verify });
  const ledger = await Ledger.open(temporaryFolder(), { write: true, purpose: "test" });
  const server = new MemoryServer((request) =>
    isJudge(request) ? judge(request) : rowsReply(request, texts),
  );
  const inquiry = new Inquiry(server, ledger, context.wording, 1);
  const result = await runSlot(context, { label: 0, slot: 2, rows }, inquiry, new AbortController().signal);
  await ledger.close();
  return { ...result, rejections: result.items.map(({ rejection }) => rejection), asked: server.asked };
}
const all = (label: string) => (request: CompletionRequest) =>
  verdicts(
    request,
    [1, 2, 3].map((n) => ({ n, label })),
  );

describe("a slot", () => {
  it("is one request, and its items are checked in the order of the reply", async () => {
    const { rejections, judge, asked, items } = await slotOf(false, all("food"));
    expect(rejections).toEqual([null, "placeholder", null, null, "surplus"]);
    expect(items[2]?.row).toEqual({ text: "grate some cheese", textB: null });
    expect(judge).toBeNull();
    expect(asked).toHaveLength(1);
  });

  it("has what passed judged, blind and without chance", async () => {
    const { rejections, judge, asked } = await slotOf(true, all("food"));
    expect(rejections).toEqual([null, "placeholder", null, null, "surplus"]);
    expect(judge?.value).toHaveLength(3);
    expect(judge?.record).toMatchObject({ purpose: "judge", label: null, slot: 2 });
    const [write, second] = asked;
    expect([write?.temperature, second?.temperature, second?.topP]).toEqual([1.35, 0, 1]);
    const said = second?.messages[1]?.content ?? "";
    expect(said).toContain('1. "peel three carrots"\n2. "grate some cheese"\n3. "wash the salad"\n');
    expect(said).not.toContain("[Name]");
    expect(said).not.toContain("Label:");
  });

  it.each<[string, readonly Verdict[], readonly (string | null)[]]>([
    [
      "another label, and none",
      [
        { n: 1, label: "travel" },
        { n: 2, label: null },
        { n: 3, label: "food" },
      ],
      ["judge_disagrees", "judge_disagrees", null],
    ],
    ["nothing of one", [{ n: 3, label: "food" }], ["judge_silent", "judge_silent", null]],
    [
      "two things of one, of which the first counts",
      [
        { n: 1, label: "food" },
        { n: 1, label: "travel" },
        { n: 2, label: "travel" },
        { n: 2, label: "food" },
      ],
      [null, "judge_disagrees", "judge_silent"],
    ],
    [
      "numbers that are none, or of no text",
      [
        { n: 0, label: "food" },
        { n: "1", label: "food" },
        { n: 4, label: "food" },
        { n: 2.5, label: "food" },
      ],
      ["judge_silent", "judge_silent", "judge_silent"],
    ],
    [
      "the label in another spelling",
      [{ n: 1, label: "Food" }],
      ["judge_disagrees", "judge_silent", "judge_silent"],
    ],
  ])("takes no row of which the judge says %s", async (_, labels, expected) => {
    const { rejections } = await slotOf(true, (request) => verdicts(request, labels));
    expect(rejections.filter((one) => one !== "placeholder" && one !== "surplus")).toEqual(expected);
  });

  it("takes no row where the judge gives no answer", async () => {
    const { rejections, judge } = await slotOf(true, () => completed("they are all fine"));
    expect(rejections).toEqual(["judge_silent", "placeholder", "judge_silent", "judge_silent", "surplus"]);
    expect(judge?.value).toBeNull();
    expect(judge?.faults).toEqual(["not_json", "not_json", "not_json"]);
  });

  it("asks no judge where nothing is left to judge", async () => {
    const { judge, asked } = await slotOf(true, all("food"), ["[Name]"]);
    expect(judge).toBeNull();
    expect(asked).toHaveLength(1);
  });

  it("that is given up has no items", async () => {
    const { items, write, judge, asked } = await slotOf(true, all("food"), []);
    expect([items, write.value, judge]).toEqual([[], null, null]);
    expect(write.faults).toEqual(["no_items", "no_items", "no_items"]);
    expect(asked).toHaveLength(3);
  });
});
