// SPDX-License-Identifier: Apache-2.0
type Kernel = "softmax" | "min-hash" | "analysis" | "ngrams" | "features" | "opening" | "scores";
export function compileKernel(name?: Kernel): Promise<Buffer>;
export function kernelSource(bytes: Buffer, name?: Kernel): string;
