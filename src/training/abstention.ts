// SPDX-License-Identifier: Apache-2.0

/** A share in [0, 1] with its two-sided 95 % interval; all null without rows. */
export interface Share {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/** What a threshold does to rows that a task's labels fit; every row counts once. The intervals are Wilson's. */
export interface Answered {
  readonly rows: number;
  /** Rows that the model answers: those whose confidence is not under the threshold. */
  readonly answered: number;
  /** Of these, the ones with the right label. */
  readonly right: number;
  /** answered / rows */
  readonly coverage: Share;
  /** right / answered */
  readonly precision: Share;
}

/** How confidence tells rows that no label fits from rows that one does; every row counts once. */
export interface OutOfScope {
  /** Rows that no label fits. */
  readonly rows: number;
  /** Rows that a label fits, which they are held against. */
  readonly in_scope_rows: number;
  /** Of `rows`, those under the threshold, which the default answers; null without a threshold. */
  readonly held_back: number | null;
  /** held_back / rows, Wilson's interval; null without a threshold. */
  readonly recall: Share | null;
  /**
   * Chance that a row in scope has a higher confidence than one out of scope, ties by half (Hendrycks and Gimpel, ICLR
   * 2017). The interval is that of Hanley and McNeil (Radiology 143, 1982).
   */
  readonly auroc: Share;
  /**
   * Share of the out-of-scope rows over the confidence that 95 % of the rows in scope reach: in scope is the positive
   * class (Liang, Li and Srikant, ICLR 2018). Wilson's interval, for that confidence as it is.
   */
  readonly fpr_at_95_recall: Share;
}

/** How a threshold was fitted to a target. */
export interface ThresholdFit {
  readonly target: number;
  /** Null where the rows do not show that one reaches the target. */
  readonly threshold: number | null;
  /** Rows that judged, one of a group of near-duplicates. */
  readonly rows: number;
  /** Rows that count below the line of the precision or recall: answered ones, or all out-of-scope ones. */
  readonly of: number;
  /** Rows that count above it: right ones, or out-of-scope ones held back. */
  readonly hits: number;
  /**
   * Lower end of the one-sided 95 % interval of hits / of (Clopper and Pearson, Biometrika 26, 1934); not under the
   * target where there is a threshold. Without one, that of the most promising threshold; null without rows.
   */
  readonly bound: number | null;
  /** All right or held back, so many rows would have reached the target; null for a target of 1, which none can. */
  readonly needed: number | null;
  /** False where rows that an LLM wrote judged as well, because too few real ones were there. */
  readonly real: boolean;
}

/** What F_calibration.json says of a task's threshold. */
export interface AbstentionRecord {
  /** Confidence under which the default answers, as in the model file; null for none. */
  readonly min_confidence: number | null;
  /** The key of the task that it comes from; null for none. */
  readonly set_by: "min_confidence" | "target_precision" | "target_out_of_scope_recall" | null;
  readonly target_precision: ThresholdFit | null;
  readonly target_out_of_scope_recall: ThresholdFit | null;
  /** On the real test rows (all where none is real); null without a threshold. */
  readonly test: Answered | null;
  /** On the test part of the out-of-scope rows; null without any. */
  readonly out_of_scope_test: OutOfScope | null;
}
