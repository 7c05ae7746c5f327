// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, it, onTestFinished } from "vitest";

/** Where a Chromium of the system may be; MODELPACK_CHROMIUM names another. Nothing is downloaded. */
const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

function executable(): string | null {
  const given = process.env.MODELPACK_CHROMIUM;
  if (given !== undefined) return given;
  const found = NAMES.map((name) => spawnSync("which", [name], { encoding: "utf8" }).stdout.trim());
  return found.find((path) => path !== "") ?? null;
}

const CHROMIUM = executable();

/** A test in a browser. Without Chromium it is reported as skipped; in CI it runs all the same, and fails. */
export const itBrowser = it.skipIf(CHROMIUM === null && process.env.CI !== "true");

/** A headless Chromium for all tests of a file; call it there, outside any test. */
export function sharedBrowser(args: readonly string[] = []): {
  open(options?: BrowserContextOptions): Promise<WatchedPage>;
} {
  let browser: Browser | null = null;
  beforeAll(async () => {
    if (CHROMIUM === null) return;
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", ...args] });
  });
  afterAll(() => browser?.close());
  return {
    async open(options = {}) {
      if (browser === null)
        throw new Error("no Chromium: apt-get install chromium, or set MODELPACK_CHROMIUM");
      const context = await browser.newContext(options);
      onTestFinished(() => context.close());
      return watched(await context.newPage());
    },
  };
}

/** A page, and what went wrong on it: errors of scripts and of the console, and every request beyond this machine. */
export interface WatchedPage {
  readonly page: Page;
  readonly problems: readonly string[];
  /** Every URL asked for, in order. */
  readonly requests: readonly string[];
}

function watched(page: Page): WatchedPage {
  const problems: string[] = [];
  const requests: string[] = [];
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning")
      problems.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => requests.push(request.url()));
  page.on("requestfailed", (request) => problems.push(`failed: ${request.url()}`));
  return { page, problems, requests };
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
};

/** Serves the files of a folder on loopback until the running test ends; resolves to its URL, without a slash. */
export async function serveFolder(
  folder: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const server = createServer((request, response) => {
    const path = join(
      folder,
      normalize(decodeURIComponent(new URL(request.url ?? "/", "http://x").pathname)),
    );
    const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
    response.writeHead(isFile ? 200 : 404, {
      "content-type": TYPES[extname(path)] ?? "application/octet-stream",
      ...headers,
    });
    if (isFile) createReadStream(path).pipe(response);
    else response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
    // Chromium connects ahead of what it may ask for, and a connection without a request is no idle one to close(): it was
    // waited for as long as five minutes.
    server.closeAllConnections();
    await closed;
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
