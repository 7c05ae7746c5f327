// SPDX-License-Identifier: Apache-2.0
// Compiles kernel/softmax.ts into src/training/kernel-bytes.ts: `node scripts/kernel.mjs`, after a change of it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import asc from "assemblyscript/asc";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = join(root, "src", "training", "kernel-bytes.ts");

/** The bytes of the compiled kernel. Throws with the compiler's messages where it does not compile. */
export async function compileKernel() {
  const folder = mkdtempSync(join(tmpdir(), "modelpack-kernel-"));
  const file = join(folder, "softmax.wasm");
  try {
    const { error, stderr } = await asc.main([
      join("kernel", "softmax.ts"),
      ...["--baseDir", root, "--outFile", file, "--runtime", "stub", "--importMemory", "--noExportMemory"],
      ...["--noAssert", "--enable", "simd", "-O3"],
    ]);
    if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Content of kernel-bytes.ts for these bytes. */
export function kernelSource(bytes) {
  const lines = bytes.toString("base64").match(/.{1,100}/g) ?? [];
  return `// SPDX-License-Identifier: Apache-2.0
// Made by scripts/kernel.mjs from kernel/softmax.ts; test/training/kernel.test.ts compares them.

/** The compiled kernel, WebAssembly as base64. */
export const KERNEL =
  ${lines.map((line) => `"${line}"`).join(" +\n  ")};
`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  writeFileSync(target, kernelSource(await compileKernel()));
