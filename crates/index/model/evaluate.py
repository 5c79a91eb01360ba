"""Measures a static model on labelled query sets, alone and beside BM25.

A set is a JSON file: {"documents": [{"id", "text"}] or "messages": [{"id", "stream", "author", "text"}],
"queries": [{"text", "relevant": [id]}]}.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import snowballstemmer
from scipy import sparse

from asset import StaticModel
from tokens import identifier_parts

CUT = 10
BM25_K1 = 1.2
BM25_B = 0.75
STOP_WORDS = frozenset(
    "a an and are as at be been but by can could did do does for from had has have he her his how i if in into is it"
    " its me my no not of on or our she should so some than that the their them then there these they this to up us"
    " was we were what when where which who why will with would you your".split()
)


@dataclass
class QuerySet:
    """Texts, questions and, for each question, the positions of the right texts."""

    name: str
    texts: list[str]
    streams: list[str] | None
    queries: list[str]
    relevant: list[list[int]]


def read_set(path: Path) -> QuerySet:
    data = json.loads(Path(path).read_text())
    items = data.get("documents") or data["messages"]
    texts = [f"{m['author']}: {m['text']}" if "author" in m else m["text"] for m in items]
    streams = [m["stream"] for m in items] if "stream" in items[0] else None
    at = {m["id"]: i for i, m in enumerate(items)}
    queries = [q for q in data["queries"] if any(r in at for r in q["relevant"])]
    relevant = [[at[r] for r in q["relevant"] if r in at] for q in queries]
    return QuerySet(Path(path).stem, texts, streams, [q["text"] for q in queries], relevant)


class Bm25:
    """BM25 over stemmed words with identifiers split and stop words left out."""

    def __init__(self, texts: list[str]):
        self._stemmer = snowballstemmer.stemmer("english")
        self._stems: dict[str, str] = {}
        self.columns: dict[str, int] = {}
        bags = [Counter(self._terms(text)) for text in texts]
        for bag in bags:
            for term in bag:
                self.columns.setdefault(term, len(self.columns))
        self._matrix = self._weigh(bags)

    def _terms(self, text: str) -> list[str]:
        found = []
        for word in re.findall(r"[^\W_]+", text):
            for part in identifier_parts(word):
                part = part.lower()
                if part not in STOP_WORDS:
                    stem = self._stems.get(part)
                    if stem is None:
                        stem = self._stems[part] = self._stemmer.stemWord(part)
                    found.append(stem)
        return found

    def _weigh(self, bags: list[Counter]) -> sparse.csr_matrix:
        lengths = np.array([sum(bag.values()) for bag in bags], np.float32)
        norm = BM25_K1 * (1 - BM25_B + BM25_B * lengths / max(lengths.mean(), 1))
        seen = Counter(term for bag in bags for term in bag)
        rows, columns, values = [], [], []
        for row, bag in enumerate(bags):
            for term, count in bag.items():
                idf = np.log(1 + (len(bags) - seen[term] + 0.5) / (seen[term] + 0.5))
                rows.append(row)
                columns.append(self.columns[term])
                values.append(idf * count * (BM25_K1 + 1) / (count + norm[row]))
        shape = (len(bags), len(self.columns))
        return sparse.csr_matrix((values, (rows, columns)), shape, dtype=np.float32)

    def scores(self, query: str) -> np.ndarray:
        columns = [self.columns[t] for t in set(self._terms(query)) if t in self.columns]
        return np.asarray(self._matrix[:, columns].sum(axis=1)).ravel()


def z_scores(scores: np.ndarray) -> np.ndarray:
    return (scores - scores.mean()) / (scores.std() + 1e-9)


def _ranked_streams(order: np.ndarray, streams: list[str]) -> list[str]:
    """Streams by their best message."""
    return list(dict.fromkeys(streams[i] for i in order))


def measure(data: QuerySet, score_rows: list[np.ndarray]) -> dict[str, float]:
    """MRR, recall@10 and, where texts have streams, the recall of streams among the ten best streams."""
    reciprocal, recall, stream_recall = [], [], []
    for scores, relevant in zip(score_rows, data.relevant):
        order = np.argsort(-scores, kind="stable")
        place = np.empty(len(order), int)
        place[order] = np.arange(len(order))
        reciprocal.append(1 / (1 + place[relevant].min()))
        recall.append(np.mean(place[relevant] < CUT))
        if data.streams:
            best = set(_ranked_streams(order, data.streams)[:CUT])
            wanted = {data.streams[i] for i in relevant}
            stream_recall.append(len(wanted & best) / len(wanted))
    found = {"queries": len(recall), "mrr": np.mean(reciprocal), "recall": np.mean(recall)}
    if data.streams:
        found["stream_recall"] = np.mean(stream_recall)
    return {k: round(float(v), 4) for k, v in found.items()}


def evaluate(model: StaticModel, data: QuerySet, weights: tuple[float, ...] = (1.0, 1.5)) -> dict[str, dict]:
    """The static model alone, BM25 alone, and sums of z-scores with the static side weighted."""
    vectors = model.embed(data.texts)
    static = list(model.embed(data.queries) @ vectors.T)
    bm25 = Bm25(data.texts)
    text = [bm25.scores(query) for query in data.queries]
    found = {"static": measure(data, static), "bm25": measure(data, text)}
    for weight in weights:
        fused = [z_scores(t) + weight * z_scores(s) for t, s in zip(text, static)]
        found[f"bm25 + {weight} x static"] = measure(data, fused)
    return found


def averaged(reports: list[dict[str, dict]]) -> dict[str, dict]:
    """Several sets as one: every query counts the same."""
    out: dict[str, dict] = {}
    for way in reports[0]:
        total = sum(r[way]["queries"] for r in reports)
        out[way] = {"queries": total}
        for key in reports[0][way]:
            if key != "queries":
                out[way][key] = round(sum(r[way][key] * r[way]["queries"] for r in reports) / total, 4)
    return out
