"""Writes metrics.json, isotonic.json, sigmoid.json and temperature.json beside this file: random inputs and
what scikit-learn 1.2.1 and scipy 1.10.1 (Debian 12: apt-get install python3-sklearn) say about them.

    /usr/bin/python3 make.py
"""

import json
import pathlib
import warnings

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, log_softmax
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import (
    accuracy_score,
    classification_report,
    confusion_matrix,
    f1_score,
    log_loss,
)

HERE = pathlib.Path(__file__).parent
random = np.random.default_rng(20240607)


def write(name, cases):
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    (HERE / f"{name}.json").write_text(f"[\n{lines}\n]\n")


def softmax(z):
    return np.exp(log_softmax(z, axis=1))


def ece(probabilities, truth):
    """By its definition: bins (0, 0.1], ..., (0.9, 1], gaps weighted by the rows of the bin."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    bins = np.digitize(confidence, [i / 10 for i in range(1, 10)], right=True)
    total = 0.0
    for b in range(10):
        inside = bins == b
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return float(total)


def averages(report, name):
    row = report[name]
    return {"precision": row["precision"], "recall": row["recall"], "f1": row["f1-score"], "support": int(row["support"])}


def metrics_case(rows, labels, absent, strength):
    """`absent` labels are never true, though they may be predicted."""
    truth = random.integers(0, labels - absent, rows)
    scores = random.normal(size=(rows, labels))
    scores[np.arange(rows), truth] += strength
    scores = np.round(scores, 3)
    p = np.clip(softmax(scores), 1e-15, 1)
    predicted = p.argmax(axis=1)
    supported = sorted(set(truth.tolist()))
    every = list(range(labels))
    report = classification_report(truth, predicted, labels=supported, zero_division=0, output_dict=True)
    by_label = classification_report(truth, predicted, labels=every, zero_division=0, output_dict=True)
    f1 = lambda average, over: float(f1_score(truth, predicted, average=average, labels=over, zero_division=0))
    return {
        "labels": labels,
        "truth": truth.tolist(),
        "scores": scores.ravel().tolist(),
        "expected": {
            "accuracy": float(accuracy_score(truth, predicted)),
            "macro_f1": f1("macro", supported),
            "weighted_f1": f1("weighted", supported),
            "micro_f1": f1("micro", every),
            "log_loss": float(log_loss(truth, p, labels=every)) if labels > 1 else 0.0,
            "ece": ece(p, truth),
            "confusion_matrix": confusion_matrix(truth, predicted, labels=every).tolist(),
        },
        "report": {
            "per_label": [averages(by_label, str(k)) for k in every],
            "macro_avg": averages(report, "macro avg"),
            "weighted_avg": averages(report, "weighted avg"),
        },
    }


def isotonic_case(rows, digits, weighted, binary):
    x = np.round(random.random(rows), digits)
    y = (random.random(rows) < x).astype(float) if binary else np.round(random.random(rows) * x, 3)
    weight = random.integers(0, 5, rows).astype(float) if weighted else None
    fitted = IsotonicRegression(out_of_bounds="clip").fit(x, y, sample_weight=weight)
    at = np.round(np.linspace(-0.1, 1.1, 41), 4)
    return {
        "x": x.tolist(),
        "y": y.tolist(),
        "weight": None if weight is None else weight.tolist(),
        "expected": {"x": fitted.X_thresholds_.tolist(), "y": fitted.y_thresholds_.tolist()},
        "at": at.tolist(),
        "predicted": fitted.predict(at).tolist(),
    }


def sigmoid_case(rows, share, strength, weighted):
    positive = random.random(rows) < share
    score = np.round(random.normal(size=rows) + strength * positive, 3)
    weight = random.integers(0, 5, rows).astype(float) if weighted else np.ones(rows)
    sklearn = _SigmoidCalibration().fit(score, positive.astype(int), sample_weight=weight)
    # Its optimizer stops at a gradient of 1e-5 or so: the same objective, taken to its minimum from there.
    negatives, positives = weight[~positive].sum(), weight[positive].sum()
    target = np.where(positive, (positives + 1) / (positives + 2), 1 / (negatives + 2))

    def gradient(ab):
        error = weight * (expit(ab[0] * score + ab[1]) - target)
        return np.array([(error * score).sum(), error.sum()])

    def loss(ab):
        margin = ab[0] * score + ab[1]
        return (weight * (np.logaddexp(0, margin) - target * margin)).sum()

    exact = minimize(loss, [-sklearn.a_, -sklearn.b_], jac=gradient, method="BFGS", options={"gtol": 1e-10})
    return {
        "score": score.tolist(),
        "positive": positive.astype(int).tolist(),
        "weight": weight.tolist() if weighted else None,
        "sklearn": sklearn.predict(score[:20]).tolist(),
        "exact": {"slope": float(exact.x[0]), "intercept": float(exact.x[1])},
    }


def temperature_case(rows, labels, true_temperature, weighted):
    """scipy's minimum of the objective of src/training/temperature.ts: likelihood plus the prior of ten rows."""
    scores = np.round(random.normal(size=(rows, labels)) * 3, 3)
    chances = softmax(scores / true_temperature)
    truth = np.array([random.choice(labels, p=c) for c in chances])
    weight = random.integers(0, 5, rows).astype(float) if weighted else np.ones(rows)

    def loss(b):
        likelihood = log_softmax(scores * b, axis=1)[np.arange(rows), truth]
        return -(weight * likelihood).sum() + 10 * (b - 1 - np.log(b))

    best = minimize_scalar(loss, bounds=(0.05, 20), method="bounded", options={"xatol": 1e-12})
    return {
        "labels": labels,
        "truth": truth.tolist(),
        "scores": scores.ravel().tolist(),
        "weight": weight.tolist() if weighted else None,
        "temperature": float(1 / best.x),
    }


def main():
    warnings.simplefilter("ignore")
    write(
        "metrics",
        [
            metrics_case(1, 2, 0, 1),
            metrics_case(40, 2, 0, 1),
            metrics_case(120, 5, 0, 2),
            metrics_case(90, 6, 2, 1),
            metrics_case(60, 12, 4, 0.2),
            metrics_case(80, 3, 0, 60),
            metrics_case(30, 3, 0, -40),
        ],
    )
    write(
        "isotonic",
        [
            isotonic_case(1, 2, False, True),
            isotonic_case(12, 1, False, True),
            isotonic_case(80, 2, False, True),
            isotonic_case(80, 2, True, True),
            isotonic_case(60, 4, True, False),
            isotonic_case(150, 6, False, True),
        ],
    )
    write(
        "sigmoid",
        [
            sigmoid_case(10, 0.5, 1, False),
            sigmoid_case(100, 0.1, 2, False),
            sigmoid_case(100, 0.4, 1, True),
            sigmoid_case(60, 0.5, 12, False),  # separable
            sigmoid_case(60, 0.5, -1, True),  # the wrong way round
        ],
    )
    write(
        "temperature",
        [
            temperature_case(1, 3, 1, False),
            temperature_case(60, 3, 1, False),
            temperature_case(100, 4, 4, True),
            temperature_case(100, 2, 0.3, False),
        ],
    )


main()
