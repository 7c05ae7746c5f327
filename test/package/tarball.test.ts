// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { beforeAll, describe, expect, it } from "vitest";
import { CHECKOUT } from "../support/pipeline-run.ts";
import { PACKAGES, type PackageName, pack, packageJson, type Tarball } from "../support/tarballs.ts";
import { sharedFolder } from "../support/temporary-folder.ts";

/** Bytes of modelpack-runtime once it is unpacked, at most: what someone downloads who only predicts. */
const MAX_RUNTIME_PACKAGE_BYTES = 264_000;

/** Modules of the doors' declarations, and the files of their bundle. */
const DECLARED = [
  "core/error",
  "core/task",
  "model/accumulator",
  "model/analyzer",
  "model/calibration",
  "model/classifier",
  "model/linear-model",
  "model/vectorizer",
  "modelpack/modelpack",
  "runtime/index",
  "runtime/node",
];
/** Loaded once a pack, or the page, needs it. */
const PARTS = ["calibrator.js", "checksums.js", "pair-analyzer.js", "plain-accumulator.js"];
const BUNDLED = ["index.js", "node.js", ...PARTS, "runtime.js", "shared.js"];
const declarations = (folder: string) => DECLARED.map((module) => `${folder}/types/${module}.d.ts`);
const COMMONJS = ["package.json", ...BUNDLED].map((file) => `cjs/${file}`).concat(declarations("cjs"));

function compiled(): string[] {
  const sources = readdirSync(join(CHECKOUT, "src"), { recursive: true }).map(String);
  return sources
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => [name.replace(/\.ts$/, ".js"), name.replace(/\.ts$/, ".d.ts")]);
}

/** What the declarations of a door reach, door included: paths from the folder of `door`. */
function reached(door: string): string[] {
  const found = new Set<string>();
  const visit = (file: string) => {
    if (found.has(file)) return;
    found.add(file);
    for (const [, name] of readFileSync(file, "utf8").matchAll(/(?:from|import\() ?"(\.[^"]+)\.[jt]s"/g))
      visit(join(file, "..", `${name}.d.ts`));
  };
  visit(door);
  return [...found].map((file) => relative(join(door, ".."), file));
}

const expected: Readonly<Record<PackageName, () => string[]>> = {
  modelpack: () => [
    ...["LICENSE", "README.md", "model_pipeline.schema.json", "model_pipeline.toml", "package.json"],
    ...new Set(
      [
        ...[...compiled(), ...COMMONJS, "cjs/pipeline.js"],
        ...reached(join(CHECKOUT, "dist", "index.d.ts")).map((file) => `cjs/types/${file}`),
      ].map((file) => `dist/${file}`),
    ),
  ],
  "modelpack-runtime": () => [
    ...["LICENSE", "README.md", "package.json"],
    ...BUNDLED.map((file) => `dist/${file}`),
    ...["index.js", ...PARTS].map((file) => `dist/min/${file}`),
    ...COMMONJS.map((file) => `dist/${file}`),
    ...declarations("dist"),
  ],
};

const folder = sharedFolder();

describe.each(Object.keys(PACKAGES) as PackageName[])("the tarball of %s", (name) => {
  let tarball: Tarball;
  beforeAll(() => {
    tarball = pack(name, folder);
  });

  it("holds what it runs on, its types and its papers, and nothing else", () => {
    expect(tarball.files.map((file) => file.path).sort()).toEqual(expected[name]().sort());
  });

  it("names no path of this machine, and no source map", () => {
    for (const { path } of tarball.files) {
      const text = readFileSync(join(tarball.source, path), "utf8");
      expect(text.includes(CHECKOUT.replace(/\/$/, "")), path).toBe(false);
      expect(text, path).not.toMatch(/sourceMappingURL|dist\.\d+\.tmp/);
    }
  });

  it("satisfies publint", async () => {
    const { messages } = await publint({ pkgDir: tarball.source, strict: true, pack: "npm" });
    expect(messages).toEqual([]);
  });

  it("has types that are right for every way to import it", async () => {
    const data = new Uint8Array(readFileSync(tarball.path));
    const result = await checkPackage(createPackageFromTarballData(data));
    expect(result.types).not.toBe(false);
    expect("problems" in result && result.problems).toEqual([]);
    const { exports } = packageJson(tarball.source) as { exports: object };
    expect(Object.keys("entrypoints" in result ? result.entrypoints : {})).toEqual(Object.keys(exports));
  });
});

describe("modelpack-runtime", () => {
  const [main, runtime] = [packageJson(PACKAGES.modelpack), packageJson(PACKAGES["modelpack-runtime"])];

  it("has the version, the licence and the Node of modelpack, and no dependency", () => {
    for (const key of ["version", "license", "engines", "type"]) expect(runtime[key], key).toEqual(main[key]);
    expect(Object.keys(runtime).filter((key) => /dependencies/i.test(key))).toEqual([]);
    expect(readFileSync(join(PACKAGES["modelpack-runtime"], "LICENSE"), "utf8")).toBe(
      readFileSync(join(CHECKOUT, "LICENSE"), "utf8"),
    );
  });

  it("runs no script when it is installed", () => {
    const { scripts } = runtime as { scripts: object };
    // npm runs this for who packs it, never for who installs it.
    expect(Object.keys(scripts)).toEqual(["prepack"]);
  });

  it("is small", () => {
    const { unpackedSize } = pack("modelpack-runtime", folder);
    process.stdout.write(`modelpack-runtime: ${unpackedSize} bytes unpacked\n`);
    expect(unpackedSize).toBeGreaterThan(100_000);
    expect(unpackedSize).toBeLessThanOrEqual(MAX_RUNTIME_PACKAGE_BYTES);
  });

  it("has the CommonJS of modelpack, byte for byte", () => {
    for (const file of COMMONJS)
      expect(
        readFileSync(join(PACKAGES["modelpack-runtime"], "dist", file)).equals(
          readFileSync(join(CHECKOUT, "dist", file)),
        ),
        file,
      ).toBe(true);
  });
});
