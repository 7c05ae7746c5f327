// SPDX-License-Identifier: Apache-2.0
// Compiles the kernels into the sources that hold their bytes: `node scripts/kernel.mjs`, after a change of one.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import asc from "assemblyscript/asc";

const root = fileURLToPath(new URL("..", import.meta.url));

/** For memories that threads work on, or that grow in their place. */
const SHARED = [
  ...["-O3", "--enable", "threads", "--sharedMemory"],
  ...["--initialMemory", "1", "--maximumMemory", "65536"],
];

/** What is compiled for speed, and what for size, into which file, and the test that compares them. */
export const KERNELS = {
  softmax: {
    target: "src/training/kernel-bytes.ts",
    test: "test/training/kernel.test.ts",
    options: SHARED,
    constant: "KERNEL",
    encoding: "base64",
  },
  analysis: {
    target: "src/training/analysis-bytes.ts",
    test: "test/training/analysis.test.ts",
    options: SHARED,
    constant: "ANALYSIS",
    encoding: "base64",
  },
  ngrams: {
    target: "src/training/ngram-bytes.ts",
    test: "test/training/ngram-kernel.test.ts",
    options: SHARED,
    constant: "NGRAMS",
    encoding: "base64",
  },
  features: {
    target: "src/training/feature-bytes.ts",
    test: "test/training/feature-kernel.test.ts",
    options: SHARED,
    constant: "FEATURES",
    encoding: "base64",
  },
  "min-hash": {
    target: "src/data/min-hash-bytes.ts",
    test: "test/data/min-hash.test.ts",
    options: ["-O3"],
    constant: "MIN_HASH",
    encoding: "base64",
  },
  opening: {
    target: "src/model/opening-bytes.ts",
    test: "test/model/opening-kernel.test.ts",
    options: ["-O3"],
    constant: "OPENING",
    encoding: "base64",
  },
  scores: {
    target: "src/model/score-bytes.ts",
    test: "test/model/model-memory.test.ts",
    options: ["-O3z"],
    constant: "SCORES",
    // A page loads it gzipped, which finds what repeats in hex digits, and does not in base64.
    encoding: "hex",
  },
};

/** The bytes of a compiled kernel. Throws with the compiler's messages where it does not compile. */
export async function compileKernel(name = "softmax") {
  const folder = mkdtempSync(join(tmpdir(), "modelpack-kernel-"));
  const file = join(folder, `${name}.wasm`);
  try {
    const { error, stderr } = await asc.main([
      join("kernel", `${name}.ts`),
      ...["--baseDir", root, "--outFile", file, "--runtime", "stub", "--importMemory", "--noExportMemory"],
      ...["--noAssert", "--enable", "simd", ...KERNELS[name].options],
    ]);
    if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Content of the source that holds these bytes. */
export function kernelSource(bytes, name = "softmax") {
  const { constant, encoding, test } = KERNELS[name];
  const lines = bytes.toString(encoding).match(/.{1,100}/g) ?? [];
  return `// SPDX-License-Identifier: Apache-2.0
// Made by scripts/kernel.mjs from kernel/${name}.ts; ${test} compares them.

/** The compiled kernel, WebAssembly as ${encoding}. */
export const ${constant} =
  ${lines.map((line) => `"${line}"`).join(" +\n  ")};
`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  for (const [name, { target }] of Object.entries(KERNELS))
    writeFileSync(join(root, target), kernelSource(await compileKernel(name), name));
