// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type OutputChunk, rolldown } from "rolldown";
import { describe, expect, it } from "vitest";
import { CHECKOUT } from "../support/pipeline-run.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/**
 * Bytes of the runtime, bundled into a page, minified and gzipped, at most: what it has today and a little. DESIGN.md
 * asks for 12 kB, which it does not reach yet; lower this with it.
 */
const MAX_RUNTIME_BYTES = 12_700;
/** Bytes of the part that a page loads once a pack has pairs. */
const MAX_PAIR_BYTES = 2450;

const gzipped = (code: string) => gzipSync(code, { level: 9 }).length;

/** A door as a page has it that imports it, and the part that is loaded later. */
async function bundle(input: string): Promise<readonly [OutputChunk, OutputChunk]> {
  const build = await rolldown({
    input,
    platform: "browser",
    external: /^node:/,
    preserveEntrySignatures: "allow-extension",
  });
  const { output } = await build.generate({ format: "esm", minify: true, comments: false });
  expect(output).toHaveLength(2);
  const [door, later] = output as [OutputChunk, OutputChunk];
  expect(door.dynamicImports).toEqual([later.fileName]);
  expect(later.imports).toEqual([door.fileName]);
  return [door, later];
}

describe.each([
  ["modelpack", "dist/runtime"],
  ["modelpack-runtime", "packages/runtime/dist"],
])("the runtime of %s, bundled", (name, folder) => {
  it("is small, and imports nothing but the part for pairs, once a pack has them", async () => {
    const [door, later] = await bundle(join(CHECKOUT, folder, "index.js"));
    const bytes = [door, later].map(({ code }) => gzipped(code)) as [number, number];
    process.stdout.write(`${name}: ${bytes[0]} bytes minified and gzipped, ${bytes[1]} for pairs\n`);
    expect(door.imports).toEqual([]);
    expect(later.moduleIds.some((id) => id.endsWith("pair-analyzer.js"))).toBe(true);
    for (const { code } of [door, later])
      expect(code).not.toMatch(/\brequire\b|\bprocess\b|\bBuffer\b|from\s*["']node:/);
    expect(bytes[0]).toBeGreaterThan(5000);
    expect(bytes[0]).toBeLessThanOrEqual(MAX_RUNTIME_BYTES);
    expect(bytes[1]).toBeGreaterThan(1000);
    expect(bytes[1]).toBeLessThanOrEqual(MAX_PAIR_BYTES);
  });

  it("imports only Node behind its other door", async () => {
    const [{ imports }] = await bundle(join(CHECKOUT, folder, "node.js"));
    expect([...imports].sort()).toEqual(["node:crypto", "node:fs/promises", "node:path"]);
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
    expect(gzipped(file("index.js"))).toBeLessThanOrEqual(MAX_RUNTIME_BYTES + 100);
    expect(gzipped(file("pair-analyzer.js"))).toBeLessThanOrEqual(MAX_PAIR_BYTES + 100);
    expect(file("pair-analyzer.js")).toContain('from"./index.js"');
  });
});
