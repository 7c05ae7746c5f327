// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import { renderReport } from "../../src/report/report-page.ts";
import { itBrowser, serveFolder, sharedBrowser, type WatchedPage } from "../support/browser.ts";
import { HOSTILE, packReport, taskReport } from "../support/pack-report.ts";
import { datasetToml, runPrepare, runTrain, taskToml, writeRows } from "../support/project.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const WIDTHS = [1280, 390] as const;
const browser = sharedBrowser();

/** Opens a page from the disk, as a person would. */
async function openFile(html: string, width: number, dark = false): Promise<WatchedPage> {
  const path = join(temporaryFolder(), "report.html");
  writeFileSync(path, html);
  const watched = await browser.open({
    viewport: { width, height: 900 },
    colorScheme: dark ? "dark" : "light",
    hasTouch: width < 600,
  });
  await watched.page.goto(pathToFileURL(path).href);
  return watched;
}

interface Look {
  readonly charts: readonly { readonly title: string; readonly name: string; readonly marks: number }[];
  /** Pixels that the page is wider than its window. */
  readonly wider: number;
  readonly back: string;
}

// As text: the types of a browser are not those of this program.
const LOOK = `(() => {
  const takesRoom = (mark) => {
    const { width, height } = mark.getBoundingClientRect();
    return width > 0 || height > 0;
  };
  // Parts out of sight have no layout until they are scrolled to.
  for (const part of document.querySelectorAll(".part")) part.style.contentVisibility = "visible";
  return {
    charts: [...document.querySelectorAll("figure.chart")].map((chart) => ({
      title: chart.querySelector("h4").textContent,
      name: chart.querySelector("svg[role=img]").getAttribute("aria-label"),
      marks: [...chart.querySelectorAll("svg[role=img] :is(.line, .bar, .dot, .same, .other)")].filter(takesRoom).length,
    })),
    wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    back: getComputedStyle(document.body).backgroundColor,
  };
})()`;

/** Charts by the number of their marks that take room, and how wide the page is. */
const look = (page: Page) => page.evaluate<Look>(LOOK);

const labels = (count: number) => Array.from({ length: count }, (_, k) => `a_label_with_a_longer_name_${k}`);
const neighbours = (truth: number, draw: number, all: number) => (truth + 1 + (draw % 7)) % all;

describe("the report in a browser", () => {
  const page = renderReport(
    packReport([
      taskReport({ minConfidence: 0.7 }),
      taskReport({ task: "intents", labels: labels(77), rows: 3000, wrong: neighbours }),
      taskReport({ task: "pairs", text: "left", textB: "right" }),
      taskReport({ task: "unmeasured", split: null }),
    ]),
  );

  itBrowser(
    "has marks in every chart at both widths, light and dark, and asks nobody for anything",
    async () => {
      const backs = new Set<string>();
      for (const width of WIDTHS)
        for (const dark of [false, true]) {
          const { page: opened, problems, requests } = await openFile(page, width, dark);
          const { charts, wider, back } = await look(opened);
          expect(charts.length).toBe(3 * 7 + 3);
          for (const { title, name, marks } of charts) {
            expect(marks, `${title} at ${width}`).toBeGreaterThan(0);
            expect(name).toContain(title);
          }
          expect(wider, `at ${width}`).toBe(0);
          expect(problems).toEqual([]);
          expect(requests.length).toBe(1);
          backs.add(back);
        }
      expect(backs.size).toBe(2);
    },
  );

  itBrowser("leads from the contents and the headline to a task", async () => {
    const { page: opened } = await openFile(page, 1280);
    await opened.click("nav a[href='#task-intents']");
    expect(await opened.evaluate("location.hash")).toBe("#task-intents");
    const top = await opened.locator("#task-intents").boundingBox();
    expect(Math.abs(top?.y ?? 1000)).toBeLessThan(60);
  });

  itBrowser("zooms a large matrix inside its box, with its names in view", async () => {
    for (const width of WIDTHS) {
      const { page: opened } = await openFile(page, width);
      const matrix = opened.locator("#confusion-intents .matrix");
      await matrix.scrollIntoViewIfNeeded();
      const cellOf = async () => ((await matrix.locator(".cells").boundingBox())?.width ?? 0) / 77;
      const fit = await cellOf();
      await opened.click("label[for='confusion-intents-zoom-4']");
      expect(await cellOf()).toBeCloseTo(fit * 4, 1);
      await opened.evaluate('document.querySelector("#confusion-intents .matrix").scrollTo(300, 200)');
      const [box, names, above] = await Promise.all(
        [matrix, matrix.locator(".names:not(.across)"), matrix.locator(".matrix-top")].map((one) =>
          one.boundingBox(),
        ),
      );
      expect(names?.x).toBeCloseTo(box?.x ?? -1, 0);
      expect(above?.y).toBeCloseTo(box?.y ?? -1, 0);
      expect((await look(opened)).wider).toBe(0);
    }
  });

  itBrowser("reads a cell out where it is pointed at or tapped", async () => {
    const { page: opened } = await openFile(page, 390);
    const cells = opened.locator("#confusion-topic .cells");
    await cells.scrollIntoViewIfNeeded();
    const box = (await cells.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    const at = (cell: number) => ((cell + 0.5) / 3) * box.width;
    await opened.touchscreen.tap(box.x + at(0), box.y + at(0));
    const said = await opened.locator("#confusion-topic output").textContent();
    expect(said).toMatch(/^true label_0, predicted label_0: \d+, [\d.]+ % of 67$/);
  });

  itBrowser("works with scripts switched off", async () => {
    const path = join(temporaryFolder(), "report.html");
    writeFileSync(path, page);
    const { page: opened, problems } = await browser.open({ javaScriptEnabled: false });
    await opened.goto(pathToFileURL(path).href);
    await opened.click("label[for='confusion-intents-zoom-2']");
    expect(await opened.locator("#confusion-intents .cells path.other").count()).toBeGreaterThan(0);
    expect(problems).toEqual([]);
  });

  itBrowser("shows 500 labels", async () => {
    const large = renderReport(
      packReport([taskReport({ labels: labels(500), rows: 10_000, wrong: neighbours })]),
    );
    const { page: opened, problems } = await openFile(large, 390);
    const { charts, wider } = await look(opened);
    expect(charts.every(({ marks }) => marks > 0)).toBe(true);
    expect(wider).toBe(0);
    await opened.click("label[for='confusion-topic-zoom-16']");
    expect(problems).toEqual([]);
  });
});

interface Active {
  readonly hacked: number | null;
  readonly foreign: number;
  readonly scripts: number;
  readonly links: number;
  readonly display: string;
}

const ACTIVE = `({
  hacked: window.hacked ?? null,
  foreign: document.querySelectorAll("img, iframe, object, embed, link, base, form, [onload], [onerror], style ~ style").length,
  scripts: document.scripts.length,
  links: [...document.links].filter((link) => !link.getAttribute("href").startsWith("#")).length,
  display: getComputedStyle(document.body).display,
})`;

/** Whether anything that strangers wrote does something. */
const active = (page: Page) => page.evaluate<Active>(ACTIVE);

const NOTHING = { hacked: null, foreign: 0, scripts: 1, links: 0 };

describe("hostile text", () => {
  itBrowser("does nothing, wherever it stands, at both widths", async () => {
    const tasks = HOSTILE.map((evil, i) =>
      taskReport({
        task: `task_${i}`,
        labels: [evil, `${evil} again`, "plain"],
        text: `${evil} and more`,
        textB: evil,
        source: evil,
        description: evil,
      }),
    );
    for (const width of WIDTHS) {
      const { page, problems, requests } = await openFile(renderReport(packReport(tasks, "pair")), width);
      expect(await active(page)).toMatchObject(NOTHING);
      expect((await active(page)).display).not.toBe("none");
      expect((await look(page)).wider, `at ${width}`).toBe(0);
      expect(problems).toEqual([]);
      expect(requests.length).toBe(1);
    }
  });

  itBrowser("does nothing when it comes through prepare and train", async () => {
    const folder = temporaryFolder();
    const evil = HOSTILE.filter((text) => !text.includes("\ud800"));
    const names = ["<script>window.hacked=1</script>", `"><img src=x onerror=window.hacked=1>`];
    // Labels say nothing of the text, so that the report has mistakes to show.
    const rows = Array.from({ length: 400 }, (_, i) => ({
      text: `${evil[i % evil.length]} word${i % 37} word${i % 53} ${i}`,
      label: names[((i * 7919) % 1009) % 2],
    }));
    writeRows(join(folder, "rows.jsonl"), rows);
    const source = "</td></table><script>window.hacked=1</script>";
    writeFileSync(
      join(folder, "model_pipeline.toml"),
      `${taskToml("topic", "router", names, `description = ${JSON.stringify(evil[0])}`)}${datasetToml(source, "rows.jsonl", "topic")}`,
    );
    await runPrepare(folder);
    const { folder: version } = await runTrain(folder);
    const html = readFileSync(join(version, "report", "report.html"), "utf8");
    expect(html).toContain("&lt;/td&gt;&lt;/table&gt;&lt;script&gt;");
    expect(html).toContain('class="card"');
    for (const width of WIDTHS) {
      const { page, problems } = await openFile(html, width);
      expect(await active(page)).toMatchObject(NOTHING);
      expect((await look(page)).wider).toBe(0);
      expect(problems).toEqual([]);
    }
  });

  itBrowser("would do nothing even if it got past the escapes: the policy of the page stops it", async () => {
    const folder = temporaryFolder();
    const html = renderReport(packReport());
    const planted = `<script>window.hacked = 1</script><img src="/x.png"><p style="display:none" onclick="window.hacked=1">`;
    writeFileSync(join(folder, "report.html"), html.replace("<main", `${planted}<main`));
    const { page, problems } = await browser.open();
    const url = await serveFolder(folder);
    await page.goto(`${url}/report.html`);
    expect((await active(page)).hacked).toBeNull();
    expect(problems.join("\n")).toMatch(/Content Security Policy/);
    // What the policy blocks is heard of as a request that failed before it was sent.
    expect(problems).toContain(`failed: ${url}/x.png`);
  });
});
