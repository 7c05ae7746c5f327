// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { itBrowser, serveFolder, sharedBrowser } from "../support/browser.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("a watched page", () => {
  const browser = sharedBrowser();

  itBrowser("runs its script, and has no problem where nothing is wrong", async () => {
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, "index.html"),
      "<!doctype html><link rel=icon href=data:,><script>document.title = 1 + 1</script>",
    );
    const { page, problems, requests } = await browser.open();
    const url = await serveFolder(folder);
    await page.goto(`${url}/index.html`);
    expect(await page.title()).toBe("2");
    expect(problems).toEqual([]);
    expect(requests).toEqual([`${url}/index.html`, "data:,"].filter((one) => requests.includes(one)));
  });

  itBrowser("tells of an error, and of a file that is not there", async () => {
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, "bad.html"),
      "<!doctype html><script src=none.js></script><script>nothing()</script>",
    );
    const { page, problems } = await browser.open();
    await page.goto(`${await serveFolder(folder)}/bad.html`);
    expect(problems.join("\n")).toMatch(/404/);
    expect(problems.join("\n")).toMatch(/nothing is not defined/);
  });
});
