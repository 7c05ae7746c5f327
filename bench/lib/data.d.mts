// SPDX-License-Identifier: Apache-2.0

export const SIXTEEN: readonly string[];
export const PAIRS: readonly string[];
