// SPDX-License-Identifier: Apache-2.0

export interface Step {
  readonly at: string;
  readonly commit: string;
  readonly load: number;
  readonly machine: { readonly cores: number; readonly cpu: string; readonly node: string };
  readonly failed?: string;
  readonly value?: unknown;
}

export interface Part {
  readonly part: string;
  readonly steps: Readonly<Record<string, Step>>;
}

export function readResults(folder: string, parts: readonly string[]): Readonly<Record<string, Part>>;

export class Steps {
  constructor(folder: string, part: string, resume: boolean, log: (line: string) => void);
  begin(): void;
  keep(isKept: (step: string) => boolean): void;
  end(): void;
  stored(step: string): Step | undefined;
  run(step: string, work: () => Promise<object>): Promise<Step>;
}
