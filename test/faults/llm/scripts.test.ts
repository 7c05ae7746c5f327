// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { ATTEMPTS } from "../../../src/backfill/inquiry.ts";
import { type Random, seededRandom } from "../../../src/core/random.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { AGAIN, HANDED_ON, HASTY, OUTCOMES, STOPS } from "./expectations.ts";
import { FAULTS, type FaultName } from "./faults.ts";
import { DEFICIT, type FillRun, runFill, unbalanced } from "./fill-scene.ts";
import type { LlmServer } from "./server.ts";
import { llmServer } from "./support.ts";
import { pick } from "./words.ts";

// A thousand seeded scripts of faults against whole fills, each ended by a run against the healthy server:
// whatever happens, nothing accepted is lost, each item counts once, and the label comes to its target.

const SCRIPTS = 1000;
const AT_A_TIME = 10;
const FAULTY = [...AGAIN, ...(Object.keys(OUTCOMES) as FaultName[]), ...HANDED_ON];
const STOPPING = Object.keys(STOPS) as FaultName[];

function faultName(random: Random): FaultName {
  return random.below(25) === 0 ? pick(STOPPING, random) : pick(FAULTY, random);
}

const textsOf = ({ accepted }: FillRun) => accepted.map(({ label, text }) => `${label}: ${text}`);
const notProbes = (server: LlmServer) =>
  server.chats.filter(({ body }) => JSON.stringify(body).includes('Label: \\"'));

async function play(seed: number): Promise<void> {
  const random = seededRandom(seed, "fault script of a fill");
  const server = await llmServer({ streams: random.below(2) === 0 });
  const names = Array.from({ length: 1 + random.below(8) }, () => faultName(random));
  const maxRetries = random.below(4);
  const concurrency = random.below(2) === 0 ? 1 : 8;
  for (const name of names) {
    const at = random.below(12);
    let asked = 0;
    server.play({
      when: ({ body }) => JSON.stringify(body).includes('Label: \\"') && asked++ === at,
      times: 1,
      fault: FAULTS[name].fault,
    });
  }
  const folder = temporaryFolder();
  const settings = { ...HASTY, concurrency, maxRetries };
  const what = `script ${seed}: ${names.join(", ")}`;
  const first = await runFill(server, folder, { settings });
  expect(unbalanced(first.labels), what).toEqual([]);
  const slots = first.labels.reduce((sum, { asked }) => sum + asked, 0);
  expect(notProbes(server).length, what).toBeLessThanOrEqual(slots * (ATTEMPTS + 3) * (1 + maxRetries) + 8);
  for (const { tally } of first.labels) expect(tally.accepted, what).toBeLessThanOrEqual(DEFICIT);
  if (first.error === null) {
    for (const { tally, remaining } of first.labels)
      expect(tally.status, what).toBe(remaining === 0 ? "filled" : "exhausted");
  } else expect(first.error.code, what).toMatch(/^LLM_/);

  await sleep(50); // one that has crashed comes back by itself
  if (server.isClosed) await server.listen();
  server.reset();
  const second = await runFill(server, folder, { settings: { ...settings, concurrency: 9 - concurrency } });
  expect(second.error, what).toBeNull();
  expect(textsOf(second), what).toEqual(expect.arrayContaining(textsOf(first)));
  expect(new Set(textsOf(second)).size, what).toBe(2 * DEFICIT);
  expect(
    second.labels.every(({ remaining }) => remaining === 0),
    what,
  ).toBe(true);
  expect(
    second.accepted.every(({ text }) => /^[^\0\ufffd]+$/u.test(text)),
    what,
  ).toBe(true);
  await server.close();
}

describe("a thousand scripts of faults", () => {
  it.each(Array.from({ length: SCRIPTS / AT_A_TIME }, (_, n) => n))("from %i0", async (ten) => {
    await Promise.all(Array.from({ length: AT_A_TIME }, (_, n) => play(ten * AT_A_TIME + n)));
  });
});
