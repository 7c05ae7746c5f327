// SPDX-License-Identifier: Apache-2.0
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { itBrowser, serveFolder, sharedBrowser } from "../support/browser.ts";
import { type FreshProject, freshProject } from "../support/fresh-project.ts";
import { CHECKOUT } from "../support/pipeline-run.ts";
import { sharedFolder } from "../support/temporary-folder.ts";

// The examples of docs/runtime.md, as they stand there, in a project of the tarballs.

const page = readFileSync(join(CHECKOUT, "docs", "runtime.md"), "utf8");
const browser = sharedBrowser();
const home = sharedFolder();
let project: FreshProject;

/** The examples that say of themselves which file they are, and the modules for Node that do not. */
const files = new Map(
  [...page.matchAll(/<!-- docs-test: file (\S+) -->\n```js\n([\s\S]*?)```\n/g)].map(([, name, code]) => [
    name as string,
    code as string,
  ]),
);
const modules = [...page.matchAll(/(?<!-->\n)```js\n([\s\S]*?)```\n/g)].map(([, code]) => code as string);

beforeAll(() => {
  project = freshProject(home);
  for (const [name, code] of files) writeFileSync(join(project.folder, name), code);
  cpSync(
    join(project.folder, "node_modules/modelpack-runtime/dist/min"),
    join(project.folder, "modelpack-runtime"),
    {
      recursive: true,
    },
  );
  cpSync(join(project.folder, project.version), join(project.folder, "models"), { recursive: true });
});

describe("docs/runtime.md", () => {
  it("has the examples that are tried here", () => {
    expect([...files.keys()]).toEqual(["app.cjs", "page.js", "worker.js", "asking.js", "handler.mjs"]);
    expect(modules).toHaveLength(5);
  });

  it("runs in Node as it says, with either package", () => {
    const said = ["modelpack/runtime", "modelpack-runtime"].map((name) =>
      modules.map((code, i) => {
        writeFileSync(join(project.folder, `example-${i}.mjs`), code.replaceAll("modelpack/runtime", name));
        const { status, stdout, stderr } = project.node([`example-${i}.mjs`]);
        expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
        return stdout;
      }),
    );
    expect(said[0]).toEqual(said[1]);
    const [first, thread, missing, reloaded, counted] = said[0] as string[];
    expect(first).toMatch(/^(pii|no_pii) 0\.\d+ model\n$/);
    expect(thread).toMatch(/^\[ '(pii|no_pii)', '(pii|no_pii)' \]\n$/);
    expect(missing).toMatch(/label: 'pii',[^]*reason: 'no_model'[^]*MODEL_MISSING no pack in no-such-folder/);
    expect(missing).toMatch(/MODEL_MISSING train a version/);
    expect(reloaded).toBe(`${project.version.slice(-12)}\n`);
    expect(counted).toContain("[ 'pii_presence model', 1 ], [ 'pii_presence empty_input', 1 ]");
    expect(project.node(["app.cjs"])).toMatchObject({
      status: 0,
      stderr: "",
      stdout: expect.stringMatching(/^(no_)?conflict\n$/),
    });
  });

  itBrowser.each([
    ["page.js", "model"],
    ["asking.js", "model,model"],
  ])("runs %s in a page", async (script, title) => {
    const html = `<!doctype html><link rel=icon href=data:,><script type=module src="/${script}"></script>`;
    writeFileSync(join(project.folder, "index.html"), html);
    const { page, problems } = await browser.open();
    await page.goto(`${await serveFolder(project.folder)}/index.html`);
    await page.waitForFunction("document.title !== ''");
    expect(await page.title()).toBe(title);
    expect(problems).toEqual([]);
  });

  it("runs the handler of an edge function, which tries again after a failure", async () => {
    const url = await serveFolder(project.folder);
    const { default: handler } = (await import(join(project.folder, "handler.mjs"))) as {
      default: { fetch(request: Request, env: object): Promise<Response> };
    };
    const ask = async (models: string) => {
      const request = new Request("http://edge/", { method: "POST", body: "Call me at 555-0100." });
      return (await (await handler.fetch(request, { MODELS_URL: models })).json()) as { source: string };
    };
    expect(await ask(`${url}/nowhere/manifest.json`)).toMatchObject({
      source: "default",
      reason: "no_model",
    });
    expect(await ask(`${url}/models/manifest.json`)).toMatchObject({ source: "model" });
  });
});
