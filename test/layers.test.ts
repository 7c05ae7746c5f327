import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../src/", import.meta.url));

// DESIGN's house: a folder may import from those it names, and from itself.
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  storage: ["core"],
  model: ["core"],
  modelpack: ["core", "model"],
  runtime: ["core", "model", "modelpack"],
  config: ["core"],
  data: ["core", "storage", "config"],
  backfill: ["core", "storage", "config", "data"],
  training: ["core", "storage", "config", "model"],
  report: ["core", "model", "training"],
  pipeline: [
    "core",
    "storage",
    "model",
    "modelpack",
    "runtime",
    "config",
    "data",
    "backfill",
    "training",
    "report",
  ],
  cli: [
    "core",
    "storage",
    "model",
    "modelpack",
    "runtime",
    "config",
    "data",
    "backfill",
    "training",
    "report",
    "pipeline",
  ],
};

/** Folders whose files run in a browser. */
const BROWSER = ["core", "model", "modelpack"];
/** Files that may import from Node although their folder runs in a browser. */
const NODE_DOOR = "runtime/node.ts";
/** The one file that wraps each package. */
const WRAPPERS: Readonly<Record<string, string>> = {
  "@duckdb/node-api": "data/engine.ts",
  "@huggingface/hub": "data/hub-api.ts",
  "apache-arrow": "data/arrow.ts",
  "cli-progress": "cli/reporter.ts",
  openai: "backfill/openai.ts",
  "p-limit": "data/pool.ts",
  "smol-toml": "config/toml.ts",
  "toml-eslint-parser": "config/position.ts",
  undici: "backfill/transport.ts",
  zod: "config/fields.ts",
};
const COMMANDER = ["cli/main.ts", "cli/program.ts", "cli/context.ts"];

interface Import {
  readonly file: string;
  readonly from: string;
}

function imports(): Import[] {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  return files.flatMap((file) => {
    const source = readFileSync(join(root, file), "utf8");
    return ts.preProcessFile(source).importedFiles.map(({ fileName }) => ({ file, from: fileName }));
  });
}

const all = imports();
const folderOf = (file: string) => (file.includes("/") ? (file.split("/")[0] as string) : "");
const targetOf = ({ file, from }: Import) => relative(root, resolve(root, dirname(file), from));

describe("the house", () => {
  it("has imports to check", () => {
    expect(all.length).toBeGreaterThan(200);
  });

  it("imports no folder from above", () => {
    const upward = all
      .filter(({ from }) => from.startsWith("."))
      .filter((one) => {
        const [from, to] = [folderOf(one.file), folderOf(targetOf(one))];
        return from !== "" && from !== to && !(MAY_IMPORT[from] ?? []).includes(to);
      });
    expect(upward).toEqual([]);
  });

  it("has no import cycle", () => {
    const edges = new Map<string, string[]>();
    for (const one of all.filter(({ from }) => from.startsWith(".")))
      edges.set(one.file, [...(edges.get(one.file) ?? []), targetOf(one)]);
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): string[] => {
      if (path.includes(file)) return [[...path.slice(path.indexOf(file)), file].join(" -> ")];
      if (done.has(file)) return [];
      const found = (edges.get(file) ?? []).flatMap((next) => visit(next, [...path, file]));
      done.add(file);
      return found;
    };
    expect([...edges.keys()].flatMap((file) => visit(file, []))).toEqual([]);
  });

  it("keeps Node and packages out of what runs in a browser", () => {
    const foreign = all.filter(({ file, from }) => {
      const browser =
        BROWSER.includes(folderOf(file)) || (folderOf(file) === "runtime" && file !== NODE_DOOR);
      return browser && !from.startsWith(".");
    });
    expect(foreign).toEqual([]);
    const door = all
      .filter(({ file, from }) => file === NODE_DOOR && !from.startsWith("."))
      .map(({ from }) => from);
    expect(door.every((from) => from.startsWith("node:"))).toBe(true);
  });

  it("wraps each package in one file", () => {
    const packages = all.filter(({ from }) => !from.startsWith(".") && !from.startsWith("node:"));
    const stray = packages.filter(({ file, from }) =>
      from === "commander" ? !COMMANDER.includes(file) : WRAPPERS[from] !== file,
    );
    expect(stray).toEqual([]);
  });

  it("closes the runtime over core, model, modelpack and runtime", () => {
    const reach = (file: string, seen = new Set<string>()): Set<string> => {
      if (seen.has(file)) return seen;
      seen.add(file);
      for (const one of all.filter((candidate) => candidate.file === file && candidate.from.startsWith(".")))
        reach(targetOf(one), seen);
      return seen;
    };
    const folders = new Set([...reach("runtime/index.ts"), ...reach("runtime/node.ts")].map(folderOf));
    expect([...folders].sort()).toEqual(["core", "model", "modelpack", "runtime"]);
  });
});
