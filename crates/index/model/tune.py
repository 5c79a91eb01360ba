"""Tunes token vectors so that what is written about a thing lies near the thing (InfoNCE with in-batch negatives)."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from pairs import Pair
from tokens import Tokenizer

WARM_UP_STEPS = 50

# How people ask a search engine for code. `{}` is what the doc comment says.
QUESTION_FRAMES = (
    "{}",
    "how to {}",
    "{lang} {}",
    "{} in {lang}",
    "{} {lang}",
    "how to {} in {lang}",
    "{lang} how to {}",
    "{lang} code to {}",
)


@dataclass
class Settings:
    """Chosen on held-out repositories, never on the evaluation sets."""

    epochs: int = 3
    batch: int = 512
    neighbours: int = 32  # pairs of one folder that stay together in a batch: hard negatives
    temperature: float = 0.08
    rate: float = 4e-3
    framed: float = 0.6  # share of doc comments turned into questions
    dropped: float = 0.3  # most of the tokens a description may lose
    documented: float = 0.5  # share of code that keeps a part of its doc comment
    text_tokens_max: int = 200
    blend: float = 0.6  # share of the tuned vectors in the result; the rest are those before tuning
    seed: int = 1


@dataclass
class TokenPairs:
    """Pairs as token ids; `order` groups them by language and folder."""

    about: list[np.ndarray]
    text: list[np.ndarray]
    kinds: list[str]
    languages: list[str]
    folders: list[str]


def tokenize_pairs(pairs: list[Pair], tokenizer: Tokenizer, settings: Settings) -> TokenPairs:
    about = [np.array(tokenizer.encode(p.about), np.int32) for p in pairs]
    text = [np.array(tokenizer.encode(p.text)[: settings.text_tokens_max], np.int32) for p in pairs]
    whole = [i for i in range(len(pairs)) if len(about[i]) > 0 and len(text[i]) > 2]
    return TokenPairs(
        [about[i] for i in whole],
        [text[i] for i in whole],
        [pairs[i].kind for i in whole],
        [pairs[i].language for i in whole],
        [pairs[i].folder for i in whole],
    )


class Framer:
    """Turns descriptions and code into what a batch sees; every epoch sees another version."""

    def __init__(self, data: TokenPairs, tokenizer: Tokenizer, settings: Settings):
        self.data, self.settings = data, settings
        self.rng = np.random.default_rng(settings.seed)
        self.frames = {
            language: [self._frame(frame, language, tokenizer) for frame in QUESTION_FRAMES]
            for language in set(data.languages)
        }

    @staticmethod
    def _frame(frame: str, language: str, tokenizer: Tokenizer) -> tuple[np.ndarray, np.ndarray]:
        before, after = frame.replace("{lang}", language).split("{}")
        return np.array(tokenizer.encode(before), np.int32), np.array(tokenizer.encode(after), np.int32)

    def about(self, i: int) -> np.ndarray:
        ids = self._thin(self.data.about[i], self.rng.random() * self.settings.dropped)
        if self.data.kinds[i] in ("doc", "name") and self.rng.random() < self.settings.framed:
            frames = self.frames[self.data.languages[i]]
            before, after = frames[self.rng.integers(len(frames))]
            ids = np.concatenate([before, ids[:24], after])
        return ids

    def text(self, i: int) -> np.ndarray:
        ids = self.data.text[i]
        if self.data.kinds[i] == "doc" and self.rng.random() < self.settings.documented:
            ids = np.concatenate([ids, self._thin(self.data.about[i], 0.3 + 0.6 * self.rng.random())])
        return ids

    def _thin(self, ids: np.ndarray, share: float) -> np.ndarray:
        kept = ids[self.rng.random(len(ids)) >= share]
        return kept if len(kept) else ids


def batches(data: TokenPairs, settings: Settings, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Batches of one language each, made of small runs of pairs from one folder."""
    by_language: dict[str, list[int]] = {}
    for i in rng.permutation(len(data.about)):
        by_language.setdefault(data.languages[i], []).append(i)
    found = []
    for members in by_language.values():
        by_folder = sorted(members, key=lambda i: data.folders[i])
        runs = [by_folder[a : a + settings.neighbours] for a in range(0, len(by_folder), settings.neighbours)]
        rng.shuffle(runs)
        flat = np.array([i for run in runs for i in run])
        found += [flat[a : a + settings.batch] for a in range(0, len(flat) - settings.batch // 2, settings.batch)]
    rng.shuffle(found)
    yield from found


def bags(texts: list[np.ndarray], width: int) -> sparse.csr_matrix:
    """One row of token counts a text."""
    offsets = np.cumsum([0] + [len(t) for t in texts])
    ids = np.concatenate(texts)
    return sparse.csr_matrix((np.ones(len(ids), np.float32), ids, offsets), (len(texts), width))


def _normalised(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    norms = np.linalg.norm(x, axis=1, keepdims=True) + 1e-9
    return x / norms, norms


def _through_norm(gradient: np.ndarray, unit: np.ndarray, norms: np.ndarray) -> np.ndarray:
    return (gradient - unit * (gradient * unit).sum(axis=1, keepdims=True)) / norms


def _softmax(x: np.ndarray) -> np.ndarray:
    x = np.exp(x - x.max(axis=1, keepdims=True))
    return x / x.sum(axis=1, keepdims=True)


def info_nce(about: np.ndarray, text: np.ndarray, temperature: float) -> tuple[float, np.ndarray, np.ndarray]:
    """The loss in both directions, and its gradients for the two (unnormalised) sides."""
    a, a_norms = _normalised(about)
    t, t_norms = _normalised(text)
    scores = a @ t.T / temperature
    forward, backward = _softmax(scores), _softmax(scores.T)
    loss = -np.log(np.diag(forward) + 1e-9).mean() - np.log(np.diag(backward) + 1e-9).mean()
    error = forward + backward.T
    error[np.diag_indices(len(error))] -= 2
    error /= 2 * temperature * len(error)
    return loss / 2, _through_norm(error @ t, a, a_norms), _through_norm(error.T @ a, t, t_norms)


class RowAdam:
    """Adam that touches only the rows of a batch."""

    def __init__(self, table: np.ndarray):
        self.mean = np.zeros_like(table)
        self.square = np.zeros_like(table)
        self.steps = 0

    def step(self, table: np.ndarray, rows: np.ndarray, gradient: np.ndarray, rate: float) -> None:
        self.steps += 1
        mean = 0.9 * self.mean[rows] + 0.1 * gradient
        square = 0.999 * self.square[rows] + 0.001 * gradient * gradient
        self.mean[rows], self.square[rows] = mean, square
        mean /= 1 - 0.9**self.steps
        square /= 1 - 0.999**self.steps
        table[rows] -= rate * mean / (np.sqrt(square) + 1e-8)


class Watch:
    """Mean reciprocal rank of held-out texts given their descriptions, by kind."""

    GROUP_MAX = 3000

    def __init__(self, data: TokenPairs):
        self.data = data
        groups: dict[str, list[int]] = {}
        for i, kind in enumerate(data.kinds):
            name = f"{kind} {'python' if data.languages[i] == 'python' else 'other'}"
            groups.setdefault(name, []).append(i)
        self.groups = {name: members[: self.GROUP_MAX] for name, members in groups.items()}

    def report(self, table: np.ndarray) -> None:
        found = {name: round(self._mrr(table, members), 4) for name, members in sorted(self.groups.items())}
        if found:
            print("held out:", found, flush=True)

    def _mrr(self, table: np.ndarray, members: list[int]) -> float:
        about = _normalised(bags([self.data.about[i] for i in members], len(table)) @ table)[0]
        text = _normalised(bags([self.data.text[i] for i in members], len(table)) @ table)[0]
        scores = about @ text.T
        return float((1 / (1 + (scores > np.diag(scores)[:, None]).sum(axis=1))).mean())


def tune(table: np.ndarray, data: TokenPairs, tokenizer: Tokenizer, settings: Settings, after_epoch=None) -> np.ndarray:
    """Returns the tuned table, blended with the one before tuning; `after_epoch(table)` is called for measuring."""
    table = (table / np.linalg.norm(table, axis=1).mean()).astype(np.float32)
    before = table.copy()
    framer, adam = Framer(data, tokenizer, settings), RowAdam(table)
    rng = np.random.default_rng(settings.seed)
    steps = settings.epochs * sum(1 for _ in batches(data, settings, np.random.default_rng(0)))
    done, started = 0, time.monotonic()
    for epoch in range(settings.epochs):
        losses = []
        for members in batches(data, settings, rng):
            rate = settings.rate * min(1.0, (done + 1) / WARM_UP_STEPS) * max(0.02, 1 - done / steps)
            losses.append(_step(table, members, framer, adam, rate, settings))
            done += 1
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.3f}, {time.monotonic() - started:.0f} s", flush=True)
        if after_epoch:
            after_epoch(table)
    return settings.blend * table + (1 - settings.blend) * before


def _step(table, members, framer: Framer, adam: RowAdam, rate: float, settings: Settings) -> float:
    size = len(members)
    bag = bags([framer.about(i) for i in members] + [framer.text(i) for i in members], len(table))
    rows, columns = np.unique(bag.indices, return_inverse=True)
    bag = sparse.csr_matrix((bag.data, columns, bag.indptr), (2 * size, len(rows)))
    sums = bag @ table[rows]
    loss, for_about, for_text = info_nce(sums[:size], sums[size:], settings.temperature)
    gradient = bag.T @ np.concatenate([for_about, for_text]).astype(np.float32)
    adam.step(table, rows, gradient, rate)
    return loss
