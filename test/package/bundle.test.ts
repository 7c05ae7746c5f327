// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type OutputChunk, rolldown } from "rolldown";
import { describe, expect, it } from "vitest";
import { CHECKOUT } from "../support/pipeline-run.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Bytes of the runtime, minified and gzipped, at most: bundled into a page, and as modelpack-runtime ships it. */
const MAX_RUNTIME_BYTES = 12_000;
/** Bytes of each part that is loaded once a pack, or the page, needs it. */
const MAX_PART_BYTES: Readonly<Record<string, number>> = {
  "pair-analyzer": 2650,
  checksums: 700,
  calibrator: 620,
  "plain-accumulator": 340,
};

const gzipped = (code: string) => gzipSync(code, { level: 9 }).length;

interface Bundle {
  readonly door: OutputChunk;
  /** By name, those that are loaded later. */
  readonly parts: Readonly<Record<string, OutputChunk>>;
}

/** A door as a page has it that imports it, and the parts that are loaded later. */
async function bundle(input: string): Promise<Bundle> {
  const build = await rolldown({
    input,
    platform: "browser",
    external: /^node:/,
    preserveEntrySignatures: "allow-extension",
  });
  const { output } = await build.generate({ format: "esm", minify: true, comments: false });
  const [door, ...later] = output as [OutputChunk, ...OutputChunk[]];
  expect([...door.dynamicImports].sort()).toEqual(later.map(({ fileName }) => fileName).sort());
  // Each comes by itself: one that waited for another would be loaded in two steps.
  for (const { imports } of later) expect([door.fileName]).toEqual(expect.arrayContaining([...imports]));
  return { door, parts: Object.fromEntries(later.map((part) => [part.name, part])) };
}

describe.each([
  ["modelpack", "dist/runtime"],
  ["modelpack-runtime", "packages/runtime/dist"],
])("the runtime of %s, bundled", (name, folder) => {
  it("is small, and imports nothing but parts, once they are needed", async () => {
    const { door, parts } = await bundle(join(CHECKOUT, folder, "index.js"));
    const bytes = Object.entries(parts).map(([part, { code }]) => [part, gzipped(code)] as const);
    const size = gzipped(door.code);
    const later = bytes.map(([part, more]) => `${more} for ${part}`).join(", ");
    process.stdout.write(`${name}: ${size} bytes minified and gzipped; later ${later}\n`);
    expect(door.imports).toEqual([]);
    expect(Object.keys(parts).sort()).toEqual(Object.keys(MAX_PART_BYTES).sort());
    for (const { code } of [door, ...Object.values(parts)])
      expect(code).not.toMatch(/\brequire\b|\bprocess\b|\bBuffer\b|from\s*["']node:/);
    expect(size).toBeGreaterThan(5000);
    expect(size).toBeLessThanOrEqual(MAX_RUNTIME_BYTES);
    for (const [part, more] of bytes) {
      expect(more, part).toBeGreaterThan(200);
      expect(more, part).toBeLessThanOrEqual(MAX_PART_BYTES[part] ?? 0);
    }
  });

  it("imports only Node behind its other door", async () => {
    const { door } = await bundle(join(CHECKOUT, folder, "node.js"));
    expect([...door.imports].sort()).toEqual(["node:crypto", "node:fs/promises", "node:path"]);
  });

  it("leaves a page that imports nothing of it nothing of it", async () => {
    const build = await rolldown({
      input: "page",
      plugins: [
        {
          name: "page",
          resolveId: (id) => (id === "page" ? id : null),
          load: (id) =>
            id === "page"
              ? `import { ModelpackError } from ${JSON.stringify(join(CHECKOUT, folder, "index.js"))};
                 console.log(ModelpackError.name);`
              : null,
        },
      ],
    });
    const { output } = await build.generate({ format: "esm", minify: true, dir: temporaryFolder() });
    // The error type alone: neither the reader nor the tables come along.
    expect(output[0].code.length).toBeLessThan(1500);
  });
});

describe("the minified runtime of modelpack-runtime", () => {
  it("is what a bundler makes of the door, but for the notice of its licence", () => {
    const file = (name: string) =>
      readFileSync(join(CHECKOUT, "packages", "runtime", "dist", "min", name), "utf8");
    expect(file("index.js")).toMatch(/^\/\*! modelpack \d+\.\d+\.\d+, Apache-2\.0 \*\/\n/);
    expect(gzipped(file("index.js"))).toBeLessThanOrEqual(MAX_RUNTIME_BYTES);
    for (const [part, most] of Object.entries(MAX_PART_BYTES)) {
      expect(gzipped(file(`${part}.js`)), part).toBeLessThanOrEqual(most + 100);
      for (const [, from] of file(`${part}.js`).matchAll(/from"([^"]*)"/g)) expect(from).toBe("./index.js");
    }
  });
});
