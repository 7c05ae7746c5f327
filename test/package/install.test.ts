// SPDX-License-Identifier: Apache-2.0
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { type NpmResult, npm } from "../support/npm.ts";
import { CHECKOUT } from "../support/pipeline-run.ts";
import { type PackageName, pack, packageJson, projectWith } from "../support/tarballs.ts";
import { sharedFolder } from "../support/temporary-folder.ts";

const folder = sharedFolder();
const PREDICTING = ["Modelpack", "ModelpackError", "loadModelpack"];

interface Project {
  readonly folder: string;
  readonly installed: NpmResult;
}

const projects = {} as Record<PackageName, Project>;
const nodeIn = (name: PackageName, ...args: string[]) => npm(projects[name].folder, args, process.execPath);

beforeAll(() => {
  for (const name of ["modelpack", "modelpack-runtime"] as const)
    projects[name] = projectWith(join(folder, name), [pack(name, folder)]);
});

/** What a door exports, as `require` and as `import` give it, and what Node printed to say so. */
function exportsOf(name: PackageName, door: string): Record<"import" | "require", string> {
  const print = "console.log(Object.keys(door).sort().join())";
  const imported = nodeIn(name, "--input-type=module", "-e", `import * as door from "${door}"; ${print}`);
  const required = nodeIn(name, "-e", `const door = require("${door}"); ${print}`);
  return {
    import: imported.stdout + imported.stderr,
    require: required.stdout + required.stderr,
  };
}

describe("modelpack, installed in an empty project", () => {
  it("brings no development dependency", () => {
    const folders = readdirSync(join(projects.modelpack.folder, "node_modules"));
    for (const name of ["vitest", "typescript", "publint", "rolldown", "@biomejs", "@arethetypeswrong"])
      expect(folders).not.toContain(name);
    expect(readdirSync(join(projects.modelpack.folder, "node_modules", "modelpack")).sort()).toEqual([
      "LICENSE",
      "README.md",
      "dist",
      "model_pipeline.schema.json",
      "model_pipeline.toml",
      "package.json",
    ]);
  });

  it("can be imported and required, and is the same then", () => {
    const found = exportsOf("modelpack", "modelpack");
    const names = ["loadConfig", "prepare", "train", "evaluate", "ModelpackError"];
    expect(found.import.trim().split(",")).toEqual(expect.arrayContaining(names));
    expect(found.require).toBe(found.import);
    const code = 'import("modelpack").then((m) => console.log(m.train === require("modelpack").train))';
    expect(nodeIn("modelpack", "-e", code)).toEqual({ status: 0, stdout: "true\n", stderr: "" });
  });

  it("keeps its inner files to itself", () => {
    const { stdout } = nodeIn(
      "modelpack",
      ...["-e", 'import("modelpack/dist/index.js").catch((e) => console.log(e.code))'],
    );
    expect(stdout).toBe("ERR_PACKAGE_PATH_NOT_EXPORTED\n");
  });

  it("has a command", () => {
    const run = (...args: string[]) => npm(projects.modelpack.folder, ["modelpack", ...args], "npx");
    const help = run("--help");
    expect(help).toMatchObject({ status: 0 });
    const commands = [
      "check",
      "prepare",
      "label",
      "train",
      "evaluate",
      "predict",
      "explain",
      "types",
      "status",
    ];
    for (const command of commands) expect(help.stdout).toMatch(new RegExp(`^ +${command} `, "m"));
    expect(run("--version").stdout).toBe(`${packageJson(CHECKOUT).version}\n`);
  });
});

describe("modelpack-runtime, installed in an empty project", () => {
  it("is the only package there, and does not bring the database engine", () => {
    const folders = readdirSync(join(projects["modelpack-runtime"].folder, "node_modules"));
    expect(folders.filter((name) => !name.startsWith("."))).toEqual(["modelpack-runtime"]);
  });
});

describe.each([
  ["modelpack", "modelpack/runtime", "modelpack/runtime/node"],
  ["modelpack-runtime", "modelpack-runtime", "modelpack-runtime/node"],
] as const)("the doors of %s", (name, web, node) => {
  it("give the same names to import and to require, and print nothing else", () => {
    const expected = `${PREDICTING.join()}\n`;
    expect(exportsOf(name, web)).toEqual({ import: expected, require: expected });
    const more = `${[...PREDICTING, "openModelpack"].join()}\n`;
    expect(exportsOf(name, node)).toEqual({ import: more, require: more });
  });

  it.each(["module", "commonjs"])("answer with defaults where there is no pack (%s)", (type) => {
    const load = type === "module" ? `await import("${node}")` : `require("${node}")`;
    const code = `(async () => {
      const { openModelpack } = ${load};
      const pack = await openModelpack("nowhere", { defaults: { a: "x" } });
      console.log(pack.predict("a", "text").label, pack.status().errors[0].code);
    })();`;
    expect(nodeIn(name, "-e", code)).toEqual({ status: 0, stdout: "x MODEL_MISSING\n", stderr: "" });
  });

  const imports = `import { loadModelpack, type Modelpack, ModelpackError, type Prediction } from "${web}";
import { openModelpack } from "${node}";
type Labels = { readonly domain: "food" | "travel" };
async function main(): Promise<Modelpack<Labels>> {
  const pack = await openModelpack<Labels>("trained_models", { defaults: { domain: "food" } });
  const label: "food" | "travel" | null = pack.predict("domain", "text").label;
  // @ts-expect-error a task that is not in Labels
  pack.predict("weather", "text");
  // @ts-expect-error a label that is not of the task
  await openModelpack<Labels>("trained_models", { defaults: { domain: "sport" } });
  const other: Prediction = (await loadModelpack(new Uint8Array())).predict("a", label ?? "b");
  const error: Error = new ModelpackError("USAGE", other.label ?? "");
  if (error.message === "never") throw error;
  return pack;
}
export { main };
`;
  const pipeline =
    'import { loadConfig, prepare, train } from "modelpack";\nexport { loadConfig, prepare, train };\n';

  it("have types that ask for no other than JavaScript's own", () => {
    const { folder: project } = projects[name];
    writeFileSync(join(project, "bare.mts"), imports.replace("new Uint8Array()", '"pack/manifest.json"'));
    const compilerOptions = {
      ...{ module: "node16", moduleResolution: "node16", target: "es2022", lib: ["es2022"], types: [] },
      ...{ strict: true, noEmit: true, skipLibCheck: false },
    };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["bare.mts"] }));
    const tsc = join(CHECKOUT, "node_modules", "typescript", "bin", "tsc");
    expect(nodeIn(name, tsc, "-p", ".")).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  it.each([
    ["node16", "node16", ["app.mts", "app.cts"]],
    ["nodenext", "nodenext", ["app.mts", "app.cts"]],
    ["esnext", "bundler", ["app.ts"]],
    ["commonjs", "node10", ["app.ts"]],
  ])("have types for module %s, resolved as %s, in %s", (module, moduleResolution, files) => {
    const { folder: project } = projects[name];
    for (const file of files) {
      writeFileSync(join(project, file), name === "modelpack" ? imports + pipeline : imports);
    }
    const compilerOptions = {
      ...{ module, moduleResolution, target: "es2022", lib: ["es2023", "dom"], types: [] },
      // The declarations are checked themselves, once: that takes long, for it checks the browser's too.
      ...{ strict: true, noEmit: true, skipLibCheck: module !== "node16" },
      // What TypeScript 6 calls old, and many projects have.
      ignoreDeprecations: "6.0",
    };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
    const tsc = join(CHECKOUT, "node_modules", "typescript", "bin", "tsc");
    expect(nodeIn(name, tsc, "-p", ".")).toEqual({ status: 0, stdout: "", stderr: "" });
  });
});
