// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect } from "vitest";
import { type AuditedTask, auditPage } from "../../src/report/audit-page.ts";
import { diffPage, type PackDiff, type TaskSide } from "../../src/report/diff-page.ts";
import { itBrowser, sharedBrowser } from "../support/browser.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const WIDTHS = [1280, 390] as const;
const browser = sharedBrowser();

const HOSTILE = [
  "<script>document.title = 'run'</script>",
  "</style><style>body { display: none }</style>",
  '"><img src=x onerror="document.title = \'run\'">',
  "javascript:alert(1)",
  "\u202eright to left\u0000",
  "unbroken".repeat(60),
];

function audited(): string {
  const task: AuditedTask = {
    task: "colour",
    family: "router",
    input: "pair",
    rows: 1000,
    idle: null,
    estimatedWrong: 17.4,
    confused: HOSTILE.map((label, i) => ({ label, suggested: HOSTILE[(i + 1) % 6] ?? "", rows: 9 - i })),
    suspects: HOSTILE.map((text, i) => ({
      id: "0".repeat(32),
      texts: [text, HOSTILE[(i + 1) % 6] ?? ""],
      label: text,
      suggested: HOSTILE[(i + 2) % 6] ?? "",
      confidence: 0.01,
      suggestedConfidence: 0.98,
      source: text,
      origin: i % 2 === 0 ? "real" : "synthetic",
      split: "test",
    })),
  };
  const idle = {
    ...task,
    task: "size",
    idle: HOSTILE[0] ?? "",
    estimatedWrong: null,
    confused: [],
    suspects: [],
  };
  return auditPage({ version: "0123456789ab", dataset: "ba9876543210", top: 5, tasks: [task, idle] });
}

function compared(): string {
  const side: TaskSide = {
    rows: 100,
    accuracy: 0.9,
    macroF1: 0.88,
    logLoss: 0.3,
    ece: 0.02,
    calibration: "temperature 1.100",
    minConfidence: 0.4,
    default: HOSTILE[0] ?? "",
  };
  const figure = { a: 0.9, b: 0.95, difference: [0.01, 0.09] } as const;
  const common = { family: "router", labels: { added: HOSTILE, removed: HOSTILE }, a: side, b: side };
  const diff: PackDiff = {
    a: { version: "0123456789ab", dataset: "ba9876543210", bytes: 123456 },
    b: { version: "0123456789ac", dataset: "ba9876543211", bytes: 123 },
    families: [{ family: "router", a: { features: 1, bytes: 2 }, b: null }],
    added: ["x"],
    removed: [],
    tasks: [
      {
        ...common,
        task: "colour",
        comparison: {
          kind: "paired",
          rows: 100,
          onlyA: 3,
          onlyB: 8,
          pValue: 0.2266,
          accuracy: figure,
          macroF1: figure,
          logLoss: figure,
          coverage: { a: 0.9, b: 0.8 },
        },
      },
      {
        ...common,
        task: "size",
        comparison: { kind: "unpaired", accuracy: [-0.1, 0.1], why: HOSTILE[2] ?? "" },
      },
    ],
    settings: HOSTILE.map((value) => ({ name: "train.alpha", a: value, b: null })),
    texts: [
      {
        task: "colour",
        texts: 6,
        repeated: 1,
        dropped: 0,
        flips: HOSTILE.map((text) => ({
          texts: [text],
          a: { label: text, confidence: 0.9, reason: null },
          b: { label: null, confidence: 0, reason: "low_confidence" },
        })),
        pairs: HOSTILE.map((a) => ({ a, b: null, texts: 1 })),
      },
    ],
  };
  return diffPage(diff);
}

describe.each([
  ["the page of an audit", audited, 6],
  ["the page of a comparison", compared, 2],
])("%s", (_name, render, marks) => {
  itBrowser("shows hostile texts as texts at both widths, with marks, no request and no error", async () => {
    const path = join(temporaryFolder(), "page.html");
    writeFileSync(path, render());
    for (const width of WIDTHS) {
      const { page, problems, requests } = await browser.open({ viewport: { width, height: 900 } });
      await page.goto(pathToFileURL(path).href);
      expect(problems).toEqual([]);
      expect(requests).toEqual([pathToFileURL(path).href]);
      expect(await page.title()).not.toBe("run");
      expect(await page.locator("main img, main script, main style").count()).toBe(0);
      expect(await page.locator("figure.chart svg .bar").count()).toBe(marks);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      expect(await page.evaluate("document.body.innerText")).toContain(
        "<script>document.title = 'run'</script>",
      );
      expect(await page.evaluate("getComputedStyle(document.body).display")).not.toBe("none");
    }
  });
});
