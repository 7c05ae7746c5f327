// SPDX-License-Identifier: Apache-2.0

import { countText } from "../core/amount.ts";
import { bytesText } from "../core/byte-count.ts";
import { SMALL_ECE } from "../training/metrics.ts";
import { headlineTable } from "./headline.ts";
import { type Content, type Html, html } from "./html.ts";
import { labelText } from "./label-text.ts";
import { amountText } from "./number-text.ts";
import type { FamilyReport, PackReport, SourceReport } from "./pack-report.ts";
import { renderPage, type Section } from "./page.ts";
import { facts, table } from "./table.ts";
import { type TaskBudget, taskSection } from "./task-section.ts";

/** UTF-8 bytes of a report at most. */
export const MOST_BYTES = 2_000_000;

/** What a page shows of each task, from all to nothing but the headline: the first that fits is taken. */
const BUDGETS: readonly (TaskBudget | null)[] = [
  { cells: 3000, pairs: 20, labels: 500, mistakes: 10, tableLabels: 500 },
  { cells: 1500, pairs: 15, labels: 200, mistakes: 6, tableLabels: 150 },
  { cells: 600, pairs: 10, labels: 100, mistakes: 4, tableLabels: 60 },
  { cells: 200, pairs: 5, labels: 30, mistakes: 2, tableLabels: 20 },
  { cells: 0, pairs: 3, labels: 0, mistakes: 1, tableLabels: 5 },
  null,
];
/** Sources and files that are listed, whatever the budget. */
const MOST_LISTED = 500;

/** The report of a pack as one HTML document of at most {@link MOST_BYTES}; the same report gives the same bytes. */
export function renderReport(report: PackReport): string {
  for (const budget of BUDGETS) {
    const page = pageOf(report, budget);
    if (Buffer.byteLength(page) <= MOST_BYTES || budget === null) return page;
  }
  return "";
}

function pageOf(report: PackReport, budget: TaskBudget | null): string {
  const { version, dataset, families } = report;
  const tasks = families.reduce((sum, family) => sum + family.tasks.length, 0);
  const bytes = report.files.reduce((sum, file) => sum + file.bytes, 0);
  return renderPage({
    title: `Report of pack ${version}`,
    lead: `${amountText(tasks, "task")} in ${amountText(families.length, "family", "families")}, trained on dataset ${dataset} by modelpack ${report.producer}; ${bytesText(bytes)} of files.`,
    sections: [
      { id: "headline", title: "Headline", body: [legend(), families.map(familyHeadline)] },
      ...families.map((family) => familySection(family, budget)),
      { id: "data", title: "Data", body: sources(report.sources) },
      { id: "files", title: "Files", body: files(report) },
    ],
  });
}

function legend(): Html {
  return html`<p class="soft">Figures of the real test rows. <b>*</b> marks a calibration error (ECE) over ${SMALL_ECE} that is more than a perfectly calibrated model would show in 95 of 100 such samples (the band). Coverage and precision are those at the task's confidence threshold, where it has one.</p>`;
}

function familyHeadline(family: FamilyReport): Html {
  return html`<h3>${family.family}</h3>
${headlineTable(family)}`;
}

function familySection(family: FamilyReport, budget: TaskBudget | null): Section {
  const { features, weights, file, missing } = family;
  const body = [
    facts([
      ["reads", family.input === "pair" ? "pairs of texts" : "one text"],
      ["tasks", countText(family.tasks.length)],
      ["model file", file.name],
      ["size", bytesText(file.bytes)],
      ["features", countText(features)],
      ["weights", countText(weights)],
      ["sha256", html`<span class="code">${digestText([file.sha256])}</span>`],
    ]),
    missing.length === 0
      ? null
      : html`<p class="warn">${`Without train rows, and so not in the model: ${missing.join(", ")}. The runtime answers the default that the application gives.`}</p>`,
    html`<details><summary>Settings of the family</summary>${facts(family.settings)}</details>`,
    budget === null
      ? html`<p class="soft">The charts of the tasks are left out to keep this page small; the ${family.family}_*.json files have their figures.</p>`
      : null,
  ];
  const id = `family-${family.family}`;
  const title = family.family;
  return budget === null
    ? { id, title, body }
    : { id, title, body, parts: family.tasks.map((task) => taskSection(task, budget)) };
}

function sources(all: readonly SourceReport[]): Content {
  if (all.length === 0) return html`<p class="soft">The dataset names no sources.</p>`;
  const left = all.length - MOST_LISTED;
  return [
    table({
      title: "Where the rows come from",
      columns: [
        { title: "dataset", kind: "text" },
        { title: "licence", kind: "text" },
        { title: "from", kind: "text" },
        { title: "rows", kind: "number" },
        { title: "used", kind: "number", hint: "after max_rows" },
        { title: "dropped", kind: "number", hint: "by cleaning: no text, unknown label" },
        { title: "size", kind: "number" },
        { title: "sha256", kind: "text" },
      ],
      rows: all
        .slice(0, MOST_LISTED)
        .map(({ name, license, origin, rows, sampled, dropped, bytes, sha256 }) => [
          labelText(name),
          license === "" ? "not said" : labelText(license),
          labelText(origin),
          countText(rows),
          countText(sampled),
          countText(dropped),
          bytesText(bytes),
          html`<span class="code">${digestText(sha256)}</span>`,
        ]),
    }),
    left > 0
      ? html`<p class="soft">${`${countText(left)} more are in the dataset's manifest.json.`}</p>`
      : null,
  ];
}

function digestText([first = "", ...more]: readonly string[]): string {
  return `${first.slice(0, 16)}…${more.length > 0 ? ` and ${countText(more.length)} more files` : ""}`;
}

function files({ version, dataset, files: all }: PackReport): Content {
  return [
    facts([
      ["pack", version],
      ["dataset", dataset],
    ]),
    table({
      title: "Files of the pack",
      columns: [
        { title: "file", kind: "text" },
        { title: "size", kind: "number" },
        { title: "sha256", kind: "text" },
      ],
      rows: all
        .slice(0, MOST_LISTED)
        .map(({ name, bytes, sha256 }) => [
          name,
          bytesText(bytes),
          html`<span class="code">${sha256}</span>`,
        ]),
    }),
    html`<p class="soft">The application needs the model files and <span class="code">manifest.json</span>. This page holds texts of the datasets: it is not to be deployed.</p>`,
  ];
}
