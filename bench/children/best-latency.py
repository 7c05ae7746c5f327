#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""p50 of one prediction by the strongest Python peer's recipe (`best` of peer.py) on banking77, one text at a time.

  /usr/bin/python3 best-latency.py SHARED
"""
import gzip, json, os, sys, time

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_union
from sklearn.svm import LinearSVC

# Calls that warm up, and are left out.
WARM = 300


def rows(split):
    with gzip.open(os.path.join(sys.argv[1], "data", "banking77", f"{split}.jsonl.gz"), "rt", encoding="utf-8") as f:
        return [json.loads(line) for line in f]


train = rows("train")
words = dict(lowercase=True, strip_accents="unicode", sublinear_tf=True)
vectorizer = make_union(
    TfidfVectorizer(ngram_range=(1, 2), **words),
    TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, max_features=500000, **words))
model = LinearSVC(C=0.5).fit(vectorizer.fit_transform([f"[text] {r['text']}" for r in train]), [r["label"] for r in train])
test = [f"[text] {r['text']}" for r in rows("test")]
times = []
for text in test[:WARM] + test:
    start = time.perf_counter()
    model.predict(vectorizer.transform([text]))
    times.append((time.perf_counter() - start) * 1e6)
times = sorted(times[WARM:])
print(json.dumps({"p50_us": times[len(times) // 2], "p99_us": times[int(len(times) * 0.99)], "calls": len(times)}))
