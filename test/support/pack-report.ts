// SPDX-License-Identifier: Apache-2.0
import { seededRandom } from "../../src/core/random.ts";
import type { PackReport, TaskReport } from "../../src/report/pack-report.ts";
import type { AbstentionRecord } from "../../src/training/abstention.ts";
import { taskEvidence } from "../../src/training/evidence.ts";
import { overallMetrics, taskMetrics } from "../../src/training/metrics.ts";
import { classificationReport } from "../../src/training/report.ts";
import { answersIn } from "./row-answers.ts";

export interface TaskForm {
  readonly task?: string;
  readonly labels?: readonly string[];
  readonly rows?: number;
  readonly split?: "test" | "eval" | null;
  readonly minConfidence?: number | null;
  readonly abstention?: AbstentionRecord;
  readonly text?: string;
  readonly textB?: string | null;
  readonly source?: string;
  readonly description?: string;
  /** Code of each row's origin. */
  readonly origin?: (row: number) => number;
  /** What a row's wrong label may be: by default a neighbour. */
  readonly wrong?: (truth: number, draw: number, labels: number) => number;
}

const named = (labels: number) => Array.from({ length: labels }, (_, k) => `label_${k}`);

/** What a model with an accuracy of about .8 says of rows whose labels take turns. */
export function predictions(form: TaskForm) {
  const { labels = named(3), rows = 200, origin = () => 0 } = form;
  const wrong = form.wrong ?? ((truth: number, _: number, all: number) => (truth + 1) % all);
  const random = seededRandom(7, "report");
  const probabilities = new Float64Array(rows * labels.length);
  const truth = Uint32Array.from({ length: rows }, (_, row) => row % labels.length);
  truth.forEach((label, row) => {
    const sure = 0.5 + random.below(500) / 1001;
    const other = random.below(5) === 0 ? wrong(label, random.below(1000), labels.length) : label;
    for (let k = 0; k < labels.length; k++)
      probabilities[row * labels.length + k] = labels.length === 1 ? 1 : (1 - sure) / (labels.length - 1);
    probabilities[row * labels.length + other] = labels.length === 1 ? 1 : sure;
  });
  const uncalibrated = probabilities.map((p) => Math.sqrt(p) / 2);
  return {
    labels,
    truth,
    calibrated: answersIn(probabilities, labels.length, truth, uncalibrated),
    uncalibrated: answersIn(uncalibrated, labels.length, truth),
    origin: Uint8Array.from({ length: rows }, (_, row) => origin(row)),
    minConfidence: form.minConfidence ?? null,
  };
}

/** A task of a report with every part that it can have. */
export function taskReport(form: TaskForm = {}): TaskReport {
  const p = predictions(form);
  const { task = "topic", split = "test", minConfidence = null, text = "a text", source = "news" } = form;
  const evidence = taskEvidence(p);
  const { predicted } = p.calibrated;
  const figures = (loss: number) => ({ loss, accuracy: 0.8, macroF1: 0.75 + loss / 10, weightedF1: 0.8 });
  return {
    task,
    description: form.description ?? "What a text is about.",
    labels: p.labels,
    default: p.labels[0] ?? null,
    minConfidence,
    abstention: form.abstention ?? null,
    calibration: "temperature",
    alpha: 1e-5,
    features: 1234,
    measured:
      split === null
        ? null
        : {
            split,
            metrics: taskMetrics(p),
            perLabel: classificationReport(p.labels, p.truth, predicted),
            evidence,
          },
    epochs: [1, 2, 3].map((epoch) => ({
      epoch,
      train: figures(1 / epoch),
      eval: figures(1.2 / epoch),
      gap: 0.1 / epoch,
    })),
    mistakes: evidence.mistakes.map(({ truth, predicted: said, confidence }) => ({
      text,
      textB: form.textB ?? null,
      source,
      truth: p.labels[truth] ?? "",
      predicted: p.labels[said] ?? "",
      confidence,
      runnerUp: p.labels[truth] ?? null,
      reasons: [
        { kind: "word", text, weight: 0.75 },
        { kind: "characters", text: "ext", weight: -0.25 },
      ],
    })),
    rows: {
      labels: p.labels.map((label) => ({ label, train: 80, test: 10, eval: 10, deficit: 0 })),
      sources: [
        { source, origin: "real", train: 800, test: 100, eval: 100 },
        { source, origin: "synthetic", train: 50, test: 0, eval: 0 },
      ],
      labelSources: p.labels.flatMap((label) => [
        { label, source, origin: "real", train: 70, test: 10, eval: 10 },
        { label, source, origin: "synthetic", train: 10, test: 0, eval: 0 },
      ]),
      drops: [{ reason: "exact_duplicate", rows: 7, examples: [text] }],
      deduplication: [["groups", 990]],
      steppedAside: [["near_duplicate", 3]],
      cut: 5,
      outOfScope: 4,
    },
    settings: [["max_iter", "10"]],
  };
}

/** A report of one family with these tasks. */
export function packReport(
  tasks: readonly TaskReport[] = [taskReport()],
  input: "text" | "pair" = "text",
): PackReport {
  const file = { name: "router_model.safetensors", bytes: 123_456, sha256: "ab".repeat(32) };
  const measured = tasks.flatMap((task) => (task.measured?.split === "test" ? [task.measured.metrics] : []));
  return {
    version: "0123456789ab",
    dataset: "ba9876543210",
    producer: "0.1.0",
    families: [
      {
        family: "router",
        input,
        overall: overallMetrics(measured),
        features: 5000,
        weights: 20_000,
        file,
        settings: [["max_features", "250000"]],
        tasks,
        missing: [],
      },
    ],
    sources: [
      {
        name: tasks[0]?.mistakes[0]?.source ?? "news",
        license: "cc-by-4.0",
        origin: "csv",
        rows: 1100,
        sampled: 1000,
        dropped: 12,
        bytes: 54_321,
        sha256: ["cd".repeat(32)],
      },
    ],
    files: [file],
  };
}

/** What strangers put where a page might run it, load it or be turned around by it. */
export const HOSTILE = [
  "<script>window.hacked = 1</script>",
  "</style><style>body { display: none }</style>",
  `"><img src=x onerror="window.hacked = 1">`,
  "'><svg onload=window.hacked=1>",
  "javascript:window.hacked=1",
  "<a href=https://example.com>x</a>",
  "\u202eevil\u2066\u0000\u001b[31m",
  "&lt;b&gt; &amp;",
  "x".repeat(3000),
  "\ud800",
  "]]><!-- --><title>",
  "مرحبا بالعالم",
  "__proto__",
] as const;
