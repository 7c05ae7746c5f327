// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { type Random, seededRandom } from "../../../src/core/random.ts";
import { nameOf, RUN, run } from "./cells.ts";
import { AGAIN, HANDED_ON, HASTY, OUTCOMES, SILENT, STOPS } from "./expectations.ts";
import { FAULTS, type FaultName } from "./faults.ts";
import { pick } from "./words.ts";

// Seeded scripts of several faults: whatever a server does, each request ends once, and the server is asked no more
// often than it may be.

const SCRIPTS = 200;
/** The probe's two requests are not counted; a request that fails every time asks the probe's once more. */
const TRIAL_TRIES = 1;
const OUTCOME_NAMES = Object.keys(OUTCOMES) as FaultName[];
const STOP_NAMES = Object.keys(STOPS) as FaultName[];
/** What a request may end in. */
const ENDS = new Set([
  ...["completed", "overlong", "poisonous", ...Object.values(OUTCOMES)],
  ...["LLM_UNREACHABLE", "LLM_DENIED", "LLM_MODEL_MISSING", "LLM_INCOMPATIBLE", "LLM_QUOTA"],
]);

function faultName(random: Random): FaultName {
  const dice = random.below(20);
  if (dice === 0) return pick(STOP_NAMES, random);
  if (dice === 1) return pick(SILENT, random);
  if (dice < 14) return pick(AGAIN, random);
  return dice < 18 ? pick(OUTCOME_NAMES, random) : pick(HANDED_ON, random);
}

describe.each(Array.from({ length: 10 }, (_, n) => n))("scripts of the tenth %d", (tenth) => {
  const seeds = Array.from({ length: SCRIPTS / 10 }, (_, n) => tenth * (SCRIPTS / 10) + n);
  it.each(seeds)("script %d", async (seed) => {
    const random = seededRandom(seed, "fault script");
    const names = Array.from({ length: random.below(8) }, () => faultName(random));
    const script = names.map((name) => ({ at: random.below(20), times: 1, fault: FAULTS[name].fault }));
    const cell = { at: 0, inFlight: 1 + random.below(8), streams: random.below(2) === 0 };
    const maxRetries = random.below(4);
    const { server, client, ends } = await run(() => script, cell, { ...HASTY, maxRetries });

    expect(ends).toHaveLength(RUN);
    expect(ends.map(nameOf).filter((name) => !ENDS.has(name))).toEqual([]);
    // One error ends the run for all.
    const codes = new Set(ends.flatMap((end) => ("error" in end ? [end.error.code] : [])));
    expect(codes.size).toBeLessThanOrEqual(1);
    // Those that were told to come later are no failures.
    const limited = names.filter((name) => name.startsWith("limited")).length;
    const failed = ends.filter((end) => nameOf(end) === "poisonous" || "error" in end).length;
    const most = RUN * (1 + maxRetries) + failed * (TRIAL_TRIES + maxRetries) + limited;
    expect(server.chats.length).toBeLessThanOrEqual(most);
    expect(client.statistics.retries).toBeLessThanOrEqual(most - RUN);
    if (names.length === 0) expect(server.chats.length).toBe(RUN);
  });
});
