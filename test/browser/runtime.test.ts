// SPDX-License-Identifier: Apache-2.0
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { beforeAll, describe, expect, it } from "vitest";
import { openModelpack } from "../../src/runtime/node.ts";
import { itBrowser, serveFolder, sharedBrowser } from "../support/browser.ts";
import { type FreshProject, freshProject, printAnswers } from "../support/fresh-project.ts";
import { sharedFolder } from "../support/temporary-folder.ts";

/** The files of the doors as a page without a bundler asks for them. */
const MODULES = {
  "modelpack-runtime": "/node_modules/modelpack-runtime/dist/index.js",
  "modelpack-runtime, minified": "/node_modules/modelpack-runtime/dist/min/index.js",
  "modelpack/runtime": "/node_modules/modelpack/dist/runtime/index.js",
};
/** A page that may run its own files, and nothing else: no inline script, no eval, no WebAssembly. */
const policy = (more: string) => ({ "content-security-policy": `default-src 'self'; img-src data:${more}` });
const STRICT = policy("");
const WITH_WASM = policy("; script-src 'self' 'wasm-unsafe-eval'");

const browser = sharedBrowser();
const home = sharedFolder();
let project: FreshProject;
/** What Node answers, by way of the installed package. */
let expected: string;

function write(name: string, content: string): void {
  writeFileSync(join(project.folder, name), content);
}

beforeAll(() => {
  project = freshProject(home);
  const { stdout, stderr } = project.node(["-e", printAnswers("require", "modelpack-runtime/node")]);
  expect(stderr).toBe("");
  expected = stdout;
  write("page.html", '<!doctype html><link rel=icon href=data:,><script type=module src="page.js"></script>');
});

/** Opens a page that runs this module; what it shows, and what went wrong. */
async function run(script: string, headers: Readonly<Record<string, string>> = {}) {
  const { page, problems, requests } = await browser.open();
  const url = await serveFolder(project.folder, headers);
  const show =
    'document.body.append(Object.assign(document.createElement("pre"), { textContent: await result }))';
  write("page.js", `${script}\n${show};\n`);
  await page.goto(`${url}/page.html`);
  // A locator waits without evaluating a text, which the pages under test may forbid.
  const answer = (await page.locator("pre").textContent()) ?? "";
  return { answer, problems, requests, url };
}

describe("a project of the tarballs alone", () => {
  it("answers as the checkout does, in Node, by import and by require, of both packages", async () => {
    const { version, errors, all } = JSON.parse(expected) as {
      version: string;
      errors: [];
      all: unknown[][];
    };
    expect(errors).toEqual([]);
    expect(`trained_models/${version}`).toBe(project.version);
    expect(all.map((texts) => texts.length)).toEqual([6, 6]);
    const { answers } = (await import(join(project.folder, "answers.mjs"))) as {
      answers(pack: unknown): string;
    };
    expect(answers(await openModelpack(join(project.folder, "trained_models")))).toBe(expected);
    for (const door of ["modelpack-runtime/node", "modelpack/runtime/node"])
      for (const kind of ["import", "require"] as const) {
        const { stdout, stderr } = project.node(["-e", printAnswers(kind, door)]);
        expect(stderr).toBe("");
        expect(stdout === expected, `${kind} ${door}`).toBe(true);
      }
  });

  it("answers the same where code can't be made from strings", () => {
    const flags = ["--disallow-code-generation-from-strings"];
    const evaluated = project.node([...flags, "-p", "eval('1')"]);
    expect(evaluated.stderr).toMatch(/EvalError/);
    const { stdout, stderr } = project.node([
      ...flags,
      "-e",
      printAnswers("import", "modelpack-runtime/node"),
    ]);
    expect(stderr).toBe("");
    expect(stdout === expected).toBe(true);
  });

  it("answers the same in a thread of Node that gets the bytes", () => {
    write(
      "thread.mjs",
      `import { readFileSync, readdirSync } from "node:fs";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { loadModelpack } from "modelpack-runtime";
import { answers } from "./answers.mjs";
if (isMainThread) {
  const folder = "${project.version}/";
  const files = readdirSync(folder).filter((name) => name.endsWith(".safetensors")).sort();
  const worker = new Worker(new URL(import.meta.url), { workerData: files.map((name) => readFileSync(folder + name)) });
  worker.on("message", (answer) => process.stdout.write(answer));
} else parentPort.postMessage(answers(await loadModelpack(workerData)));
`,
    );
    const { stdout, stderr } = project.node(["thread.mjs"]);
    expect(stderr).toBe("");
    // Bytes come without a manifest, so without a version.
    expect(stdout).toBe(expected.replace(/"version":"[0-9a-f]{12}"/, '"version":null'));
  });
});

describe("in Chromium", () => {
  const load = (module: string, manifest = `/${project.version}/manifest.json`) => `
import { loadModelpack } from "${module}";
import { answers } from "./answers.mjs";
const result = loadModelpack(${JSON.stringify(manifest)}).then(answers);`;

  for (const [name, module] of Object.entries(MODULES))
    itBrowser(`${name} answers as in Node, to the bit, from the URL of a manifest`, async () => {
      const { answer, problems, requests, url } = await run(load(module));
      expect(problems).toEqual([]);
      expect(answer === expected).toBe(true);
      expect(requests.every((request) => request.startsWith(url) || request.startsWith("data:"))).toBe(true);
    });

  itBrowser("asks for two files of the minified runtime, and for the pack once", async () => {
    const { requests, url } = await run(load(MODULES["modelpack-runtime, minified"]));
    const files = requests.map((request) => request.slice(url.length)).filter((path) => path.startsWith("/"));
    expect(files.filter((path) => path.startsWith("/node_modules/"))).toEqual([
      "/node_modules/modelpack-runtime/dist/min/index.js",
      "/node_modules/modelpack-runtime/dist/min/pair-analyzer.js",
    ]);
    expect(files.filter((path) => path.startsWith("/trained_models/")).sort()).toEqual(
      ["extractor_model.safetensors", "manifest.json", "pair_model.safetensors"].map(
        (file) => `/${project.version}/${file}`,
      ),
    );
  });

  itBrowser("answers the same from bytes", async () => {
    const files = readdirSync(join(project.folder, project.version)).filter((name) =>
      /safetensors$/.test(name),
    );
    const urls = files.sort().map((name) => `/${project.version}/${name}`);
    const { answer, problems } = await run(`
import { loadModelpack } from "${MODULES["modelpack-runtime"]}";
import { answers } from "./answers.mjs";
const bytes = ${JSON.stringify(urls)}.map(async (url) => (await fetch(url)).arrayBuffer());
const result = Promise.all(bytes).then(loadModelpack).then(answers);`);
    expect(problems).toEqual([]);
    expect(answer).toBe(expected.replace(/"version":"[0-9a-f]{12}"/, '"version":null'));
  });

  itBrowser("says what is wrong with a file that was cut, and answers for the others", async () => {
    const { answer } = await run(`
import { loadModelpack } from "${MODULES["modelpack-runtime"]}";
const cut = async (url, options) => {
  const response = await fetch(url, options);
  return url.endsWith("extractor_model.safetensors") ? new Response((await response.arrayBuffer()).slice(0, 99)) : response;
};
const pack = loadModelpack("/${project.version}/manifest.json", { fetch: cut, defaults: { pii_presence: "pii" } });
const result = pack.then((p) => JSON.stringify([
  p.status().families.map(({ family }) => family), p.status().errors, p.predict("pii_presence", "text"),
]));`);
    const [families, errors, prediction] = JSON.parse(answer) as [string[], { message: string }[], object];
    expect(families).toEqual(["pair"]);
    expect(errors).toEqual([
      {
        code: "MODEL_CORRUPT",
        message: expect.stringMatching(/^extractor_model\.safetensors: expected \d+ bytes, got 99$/),
        where: "extractor_model.safetensors",
      },
    ]);
    expect(prediction).toMatchObject({ label: "pii", source: "default", reason: "no_model" });
  });

  /** Counts the kernels that the page makes of WebAssembly, before it loads the pack. */
  const counting = (script: string) => `let kernels = 0;
const { Instance } = WebAssembly;
WebAssembly.Instance = new Proxy(Instance, { construct: (target, args) => { kernels++; return new target(...args); } });
const allowed = (() => {
  try { return Boolean(new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0))); } catch { return false; }
})();
${script.replace("const result = ", "const answered = ")}
const result = answered.then((answer) => allowed + " " + kernels + " " + answer);`;

  itBrowser("uses its kernel where a page allows WebAssembly alone", async () => {
    const { answer, problems } = await run(counting(load(MODULES["modelpack-runtime"])), WITH_WASM);
    expect(problems).toEqual([]);
    expect(answer).toBe(`true 2 ${expected}`);
  });

  itBrowser("answers the same where a page allows no code but its files: in plain loops", async () => {
    const { answer, problems } = await run(counting(load(MODULES["modelpack-runtime"])), STRICT);
    expect(answer).toBe(`false 0 ${expected}`);
    // The browser tells the page's owner of each refusal: one by this test, and one a family.
    for (const problem of problems) expect(problem).toMatch(/WebAssembly|wasm/i);
  });

  itBrowser("answers the same in a module worker", async () => {
    write(
      "worker.js",
      `import { loadModelpack } from "${MODULES["modelpack-runtime"]}";
import { answers } from "./answers.mjs";
const pack = loadModelpack("/${project.version}/manifest.json");
onmessage = async () => postMessage(answers(await pack));
`,
    );
    const { answer, problems } = await run(`
const worker = new Worker("worker.js", { type: "module" });
const result = new Promise((resolve, reject) => {
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = reject;
});
worker.postMessage("go");`);
    expect(problems).toEqual([]);
    expect(answer === expected).toBe(true);
  });

  // A service worker may not import() later on: its parts have to be in one file, which bundlers do.
  itBrowser("answers the same in a service worker, bundled into one file", async () => {
    write(
      "service-source.js",
      `import { loadModelpack } from "modelpack-runtime";
import { answers } from "./answers.mjs";
const pack = loadModelpack("/${project.version}/manifest.json");
addEventListener("message", async ({ ports }) => ports[0].postMessage(answers(await pack)));
`,
    );
    const build = await rolldown({ input: join(project.folder, "service-source.js"), platform: "browser" });
    const { output } = await build.generate({ format: "iife", codeSplitting: false, minify: true });
    write("service.js", output[0].code);
    const { answer, problems } = await run(`
await navigator.serviceWorker.register("service.js");
const { active } = await navigator.serviceWorker.ready;
const result = new Promise((resolve) => {
  const channel = new MessageChannel();
  channel.port1.onmessage = ({ data }) => resolve(data);
  active.postMessage("go", [channel.port2]);
});`);
    expect(problems).toEqual([]);
    expect(answer === expected).toBe(true);
  });
});

describe("where there is nothing but the language and the fetch of edge runtimes", () => {
  it("answers the same: no DOM, no Node, no Web Crypto, no WebAssembly", () => {
    write(
      "edge.cjs",
      `const { readFileSync } = require("node:fs");
const { dirname, join } = require("node:path");
const vm = require("node:vm");
const globals = { TextDecoder, TextEncoder, URL };
const context = vm.createContext({ ...globals, fetch: async (url) => {
  const bytes = readFileSync(url);
  let rest = [new Uint8Array(bytes)];
  return { ok: true, body: { getReader: () => ({ read: async () => ({ value: rest.pop() }) }) } };
} }, { codeGeneration: { strings: false, wasm: false } });
const load = (file) => {
  const module = { exports: {} };
  const wrap = vm.runInContext("(function (exports, require, module) {" + readFileSync(file, "utf8") + "\\n})", context);
  wrap(module.exports, (name) => load(join(dirname(file), name)), module);
  return module.exports;
};
const { loadModelpack } = load(require.resolve("modelpack-runtime"));
import("./answers.mjs").then(async ({ answers }) =>
  process.stdout.write(answers(await loadModelpack("${project.version}/manifest.json"))));
`,
    );
    const { stdout, stderr } = project.node(["edge.cjs"]);
    expect(stderr).toBe("");
    expect(stdout === expected).toBe(true);
  });
});
