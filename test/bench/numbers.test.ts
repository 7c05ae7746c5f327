// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { SIXTEEN } from "../../bench/lib/data.mjs";
import { allBars, numbersSection, type Results } from "../../bench/report/numbers.mjs";

type Figures = Readonly<Record<string, number>>;

/** The 16 tasks, all with the same figures but those of `other`. */
function tasks(figures: Figures, other: Readonly<Record<string, Figures>> = {}) {
  return Object.fromEntries(SIXTEEN.map((task) => [task, { ...figures, ...other[task] }]));
}

const OURS = { accuracy: 0.8, macro_f1: 0.76, ece: 0.03, ece_band_95: 0.04 };
const PEER = { accuracy: 0.79, macro_f1: 0.75 };
const cost = (seconds: number, peak_mb: number) => ({ seconds, cpu_seconds: seconds, peak_mb });

function peer(seconds: number, beside: readonly number[]) {
  return {
    peer: "best",
    tasks: tasks(PEER),
    seconds: { total: seconds, fit: seconds / 2 },
    cost: cost(seconds, 2000),
    peak_rss_mb: 2000,
    beside: beside.map((own) => cost(own, 900)),
  };
}

/** Results of two parts: a step may be replaced by another, or by one that failed. */
function results(ours: object = {}, python: object = {}): Results {
  return {
    ours: { steps: { train: { tasks: tasks(OURS), cost: cost(10, 950), pack: { models: {} } }, ...ours } },
    python: { steps: { best: peer(160, [9, 11]), ...python } },
  };
}

const barOf = (of: Results, id: string) => allBars(of).find((bar) => bar.id === id);

describe("the numbers to reach", () => {
  it("are not measured where there are no results", () => {
    expect(allBars({}).map(({ met }) => met)).toEqual(allBars({}).map(() => null));
  });

  it("compare a peer with the runs beside it, not with those of another hour", () => {
    expect(barOf(results(), "speed_best")).toMatchObject({ measured: "16 x", met: true });
    expect(barOf(results({}, { best: peer(160, [9, 13]) }), "speed_best")).toMatchObject({
      measured: "14.5 x",
      met: false,
    });
  });

  it("take the most memory that a run beside the peer had", () => {
    expect(barOf(results(), "memory")).toMatchObject({ measured: "0.45 x", met: true });
  });

  it("have no ratio to a peer without a run beside it, and say why", () => {
    const { beside: _, ...alone } = peer(160, []);
    const failed = results({}, { best: { ...alone, beside_failed: "modelpack train: exit code 1" } });
    expect(barOf(failed, "speed_best")).toMatchObject({
      measured: "modelpack train: exit code 1",
      met: null,
    });
    expect(barOf(failed, "memory")?.met).toBeNull();
  });

  it("scale what reference-loop fitted, and nothing else of it", () => {
    const loop = { ...peer(100, [10]), peer: "reference-loop", epochs: 2, seconds: { total: 99, fit: 40 } };
    // 60 s of reading and predicting, and 20 s an epoch.
    expect(barOf(results({}, { "reference-loop": loop }), "speed_loop")).toMatchObject({
      measured: "56 x",
      met: true,
    });
  });

  it("want every choice of six above the peer, not as good as it", () => {
    expect(barOf(results(), "any_six")).toMatchObject({ measured: "8008 of 8008 choices", met: true });
    const same = { train: { tasks: tasks({ ...OURS, ...PEER }), cost: cost(10, 950), pack: { models: {} } } };
    expect(barOf(results(same), "any_six")).toMatchObject({ measured: "0 of 8008 choices", met: false });
  });

  it("name the task that is too far under the peer", () => {
    const own = tasks(OURS, { cr: { accuracy: 0.78 } });
    const step = { train: { tasks: own, cost: cost(10, 950), pack: { models: {} } } };
    expect(barOf(results(step), "worst_task")).toMatchObject({ measured: "cr -.0100", met: false });
  });

  it("leave a calibration error alone that lies in its band, or where test is another distribution", () => {
    const own = tasks(OURS, {
      cr: { ece: 0.019, ece_band_95: 0.01 },
      subj: { ece: 0.05 },
      sgd_act: { ece: 0.2 },
    });
    const step = { train: { tasks: own, cost: cost(10, 950), pack: { models: {} } } };
    const told = { sgd_act: { accuracy: 0.6, rows: 400 }, subj: { accuracy: 0.56, rows: 400 } };
    const shift = { steps: { shift: { tasks: told } } };
    expect(barOf({ ...results(step), shift }, "ece")).toMatchObject({
      measured: "all of 15 but subj .0500; shifted and over it: sgd_act .2000",
      met: false,
    });
    expect(barOf(results(step), "ece")?.measured).toBe("all of 16 but sgd_act .2000, subj .0500");
  });

  it("are not measured where a step failed", () => {
    expect(barOf(results({ train: { failed: "no rows" } }), "accuracy")).toMatchObject({ met: null });
  });

  it("say of a reason for a miss which figure it is of", () => {
    const slow = results({}, { "best six-smallest": peer(20, [10]) });
    const section = (of: string) =>
      numbersSection(slow, { "speed_six-smallest": { of, why: "threads start late" } });
    expect(section("2 x")).toMatch(/\*\*missed\*\*: threads start late \|/);
    expect(section("3 x")).toMatch(/\*\*missed\*\*: threads start late \(said of 3 x\) \|/);
    expect(numbersSection(slow, {})).toMatch(/\*\*missed\*\*: why is not known yet/);
  });
});
