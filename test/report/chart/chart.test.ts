// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { barChart } from "../../../src/report/chart/bar.ts";
import { heatMap } from "../../../src/report/chart/heat-map.ts";
import { lineChart } from "../../../src/report/chart/line.ts";
import { reliabilityDiagram } from "../../../src/report/chart/reliability.ts";
import { type Html, markupOf } from "../../../src/report/html.ts";

const SAYS = { title: "A chart", description: "What it shows." };
const all = (chart: Html, what: RegExp) => [...markupOf(chart).matchAll(what)].map(([, ...found]) => found);

describe("a line chart", () => {
  const chart = lineChart({
    ...SAYS,
    x: { label: "epoch", domain: [0, 2] },
    y: { label: "loss, nats", domain: [0, 1] },
    series: [
      {
        name: "train",
        points: [
          [0, 1],
          [1, 0.5],
          [2, 0],
        ],
      },
      { name: "eval", points: [[0, 0.5]] },
    ],
    marks: [{ x: 2, label: "<end>" }],
  });

  it("draws every series at its place", () => {
    // The plot is 70 to 378 across and 246 to 10 up.
    expect(all(chart, /<path class="line (s\d)" d="(M7[^"]*)"/g)).toEqual([
      ["s1", "M70 10L224 128L378 246"],
      ["s2", "M70 128"],
    ]);
    expect(all(chart, /<circle class="dot (s\d)"/g)).toEqual([["s2"]]);
  });

  it("has a name, labels with units, ticks, a legend and marks", () => {
    const markup = markupOf(chart);
    expect(markup).toContain('role="img" aria-label="A chart. What it shows."');
    for (const text of [">epoch<", ">loss, nats<", ">0.0<", ">0.4<", ">1.0<", ">train</span>", "&lt;end&gt;"])
      expect(markup).toContain(text);
    expect(all(chart, /<path class="mark" d="([^"]+)"/g)).toEqual([["M378 10V246"]]);
  });
});

describe("a bar chart", () => {
  it("stacks the parts, the longest sum over the whole width", () => {
    const chart = barChart({
      ...SAYS,
      parts: ["train", "test"],
      bars: [
        { name: "news", values: [1500, 500] },
        { name: "a name that is far too long to stand beside", values: [0, 1000] },
      ],
    });
    expect(all(chart, /<rect class="bar (s\d)" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)).toEqual([
      ["s1", "148", "145.5"],
      ["s2", "293.5", "48.5"],
      ["s2", "148", "97"],
    ]);
    expect(markupOf(chart)).toContain(">2,000</text>");
    expect(markupOf(chart)).toContain("a name that is far …");
  });

  it("has room for no bar, and for bars of nothing", () => {
    const chart = barChart({ ...SAYS, parts: ["rows"], bars: [{ name: "none", values: [0] }] });
    expect(markupOf(chart)).not.toContain("NaN");
    expect(markupOf(barChart({ ...SAYS, parts: ["rows"], bars: [] }))).toContain("<svg");
  });
});

describe("a reliability diagram", () => {
  it("has a point with Wilson's interval and a bar of rows for each bin", () => {
    const chart = reliabilityDiagram({
      ...SAYS,
      bins: [
        { rows: 10, right: 5, confidence: 0.5, accuracy: 0.5 },
        { rows: 20, right: 20, confidence: 1, accuracy: 1 },
      ],
    });
    expect(all(chart, /<circle class="dot s1" cx="([\d.]+)" cy="([\d.]+)"/g)).toEqual([
      ["224", "128"],
      ["378", "10"],
    ]);
    // Wilson's interval of 5 of 10 is .2366 to .7634; of 20 of 20, .8389 to 1.
    expect(all(chart, /class="whisker s1" d="([^"]+)"/g)).toEqual([["M224 190.16V65.84"], ["M378 48.03V10"]]);
    expect(all(chart, /<rect class="rows"[^>]* height="([\d.]+)"/g)).toEqual([["17"], ["34"]]);
    expect(markupOf(chart)).toContain(
      "confidence 50.0\u00a0%, right 50.0\u00a0% (95 % interval 23.7\u00a0% to 76.3\u00a0%), 10 rows",
    );
  });
});

describe("a heat map", () => {
  const map = (names: readonly string[]) =>
    heatMap({
      ...SAYS,
      id: "map",
      rows: { title: "true", names, totals: names.map(() => 10) },
      columns: { title: "predicted", names },
      cells: [
        { row: 0, column: 0, count: 9, share: 0.9 },
        { row: 0, column: 1, count: 1, share: 0.1 },
      ],
    });

  it("draws cells by strength, with their counts, and carries the data that the script reads", () => {
    const chart = map(["a", "b<"]);
    expect(all(chart, /<path class="((?:same|other) h\d)" d="(M[1-9]?0? ?0h10v10h-10z)"/g)).toEqual([
      ["other h3", "M10 0h10v10h-10z"],
      ["same h6", "M0 0h10v10h-10z"],
    ]);
    expect(markupOf(chart)).toContain('data-cells="0 0 9 0 1 1" data-totals="10 10"');
    expect(all(chart, /<text class="(count[^"]*)"[^>]*>(\d+)</g)).toEqual([
      ["count strong", "9"],
      ["count", "1"],
    ]);
    expect(all(chart, />(b&lt;)<\/text>/g).length).toBe(2);
    expect(markupOf(chart)).not.toContain("zoom");
  });

  it("can be zoomed where it is large, further the larger it is", () => {
    const steps = (names: number) =>
      all(map(Array.from({ length: names }, (_, i) => `n${i}`)), /type="radio"[^>]* value="(\d+)"/g).flat();
    expect(steps(30)).toEqual([]);
    expect(steps(77)).toEqual(["1", "2", "4"]);
    expect(steps(150)).toEqual(["1", "2", "4", "8"]);
    expect(steps(500)).toEqual(["1", "2", "4", "8", "16"]);
  });
});
