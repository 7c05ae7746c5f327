// SPDX-License-Identifier: Apache-2.0
import type { InputKind } from "../core/task.ts";
import { type Analyze, type AnalyzerSettings, textAnalyzer } from "./analyzer.ts";
import { pairAnalyzer } from "./pair-analyzer.ts";

/** Reads what a family reads. The runtime has no use for this: it loads what reads pairs once a pack has them. */
export function inputAnalyzer(family: {
  readonly input: InputKind;
  readonly analyzer: AnalyzerSettings;
}): Analyze {
  return (family.input === "pair" ? pairAnalyzer : textAnalyzer)(family.analyzer);
}
