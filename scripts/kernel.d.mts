// SPDX-License-Identifier: Apache-2.0
export declare function compileKernel(): Promise<Buffer>;
export declare function kernelSource(bytes: Buffer): string;
