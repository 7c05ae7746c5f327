// SPDX-License-Identifier: Apache-2.0
// docs/benchmarks.md and its plots, from the stored figures alone.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { ROOT } from "../lib/environment.mjs";
import { prepareSection, trainingSection } from "./costs.mjs";
import { microSection } from "./micro.mjs";
import { numbersSection } from "./numbers.mjs";
import { logPlot } from "./plot.mjs";
import { jsPeersSection, peerSettings, predictingSection } from "./predicting.mjs";
import { pointsOf, scaleSection } from "./scale.mjs";
import { calibrationSection, tasksSection } from "./tasks.mjs";
import { table } from "./text.mjs";

const HEAD = `# Benchmarks

Written by \`npm run bench\` (bench/README.md); don't edit it by hand. Each part is measured on one machine, one
process at a time (the last table says on which, and when), and what counts is the ratio: seconds on another machine differ.

    npm ci && npm ci --prefix bench
    npm run bench

`;

const QUICK = `**Of a run with --quick: a few tasks and small samples under the names of the full run's tables. It shows that the
benchmark works, and nothing else.**

`;

function span(values) {
  const sorted = [...values].sort();
  const [first, last] = [sorted[0], sorted.at(-1)];
  return first === last ? first : `${first} to ${last}`;
}

function environmentSection(results) {
  const rows = Object.values(results)
    .filter(({ steps }) => Object.keys(steps).length > 0)
    .map(({ part, steps }) => {
      const all = Object.values(steps);
      const loads = all.map(({ load }) => load);
      const each = (of) => [...new Set(all.map(of))].join(", ");
      return [
        part,
        span(all.map(({ at }) => `${at.replace("T", " ")} UTC`)),
        each(({ commit }) => commit),
        each(({ machine }) => `${machine.cores} x ${machine.cpu}`),
        each(({ machine }) => `${machine.memory_gib} GiB`),
        each(({ machine }) => machine.node),
        `${Math.min(...loads)} to ${Math.max(...loads)}`,
      ];
    });
  const text =
    "The load is the average of one minute as each step of a part began, its own predecessors included.";
  return `## Where and when\n\n${text}\n\n${table(["part", "when", "commit", "cores", "memory", "Node", "load"], rows, 7)}\n`;
}

function plotOf(all, measure, scale, names) {
  const points = all.filter(({ cost }) => cost !== undefined);
  if (points.length === 0) return null;
  const labels = [...new Set(points.map((point) => point.labels))].sort((a, b) => a - b);
  const workers = [...new Set(points.map((point) => point.workers))].sort();
  const series = labels.flatMap((k, colour) =>
    workers.map((w) => ({
      name: `${k} labels, ${w} worker${w > 1 ? "s" : ""}`,
      colour,
      dashed: w === 1,
      points: points
        .filter((point) => point.labels === k && point.workers === w)
        .sort((a, b) => a.rows - b.rows)
        .map((point) => [point.rows, point.cost[measure] * scale]),
    })),
  );
  return logPlot(
    series.filter((one) => one.points.length > 0),
    names,
  );
}

function packageVersions() {
  const { dependencies } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return Object.entries(dependencies)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ");
}

/** Writes benchmarks.md and benchmarks/*.svg into `folder`; returns the path of the first, from the project. */
export async function writeReport(results, folder, quick) {
  const sections = [
    numbersSection(results),
    trainingSection(results),
    tasksSection(results),
    calibrationSection(results),
    predictingSection(results),
    jsPeersSection(results, await peerSettings(), packageVersions()),
    prepareSection(results),
    scaleSection(results, quick),
    microSection(results),
    environmentSection(results),
  ];
  mkdirSync(join(folder, "benchmarks"), { recursive: true });
  const points = pointsOf(results, quick);
  const plots = {
    "scale-seconds.svg": plotOf(points, "seconds", 1, {
      title: "Seconds of train",
      xName: "rows",
      yName: "seconds",
    }),
    "scale-memory.svg": plotOf(points, "peak_mb", 1 / 1024, {
      title: "Peak memory of train",
      xName: "rows",
      yName: "GiB",
    }),
  };
  for (const [name, svg] of Object.entries(plots))
    if (svg !== null) writeFileSync(join(folder, "benchmarks", name), svg);
  const path = join(folder, "benchmarks.md");
  writeFileSync(path, `${HEAD}${quick ? QUICK : ""}${sections.join("\n")}`);
  return relative(ROOT, path);
}
