"""Which tokens the model keeps, and what they weigh before tuning."""

import unicodedata
from collections import Counter

import numpy as np

from asset import DIMS, SIZE_MAX
from pairs import Pair
from tokens import Tokenizer, identifier_parts, is_cjk, lower, words

SIF_A = 1e-3
FIXED_BYTES = 64
WORD_COUNT_MIN = 40
WORD_FOLDERS_MIN = 5
SCRIPTS = {"LATIN", "GREEK", "CYRILLIC", "HIRAGANA", "KATAKANA", "HANGUL"}


def is_kept(token: str) -> bool:
    """Drops special and unused tokens, punctuation, and scripts that the teacher never learned."""
    if token.startswith("[") and token.endswith("]"):
        return False
    piece = token.removeprefix("##")
    if not piece.isalnum():
        return False
    if is_cjk(piece[0]):  # CJK characters stand alone, so no word continues with one
        return not token.startswith("##")
    return piece.isascii() or unicodedata.name(piece[0], "?").split()[0] in SCRIPTS


def new_words(kept: list[str], pairs: list[Pair]) -> list[str]:
    """Frequent words of code that take several pieces, as many as the asset has room for, most frequent first."""
    tokenizer = Tokenizer(kept)
    counts, folders = Counter(), {}
    for pair in pairs:
        for word in words(pair.about + " " + pair.text):
            for part in identifier_parts(word):
                counts[part] += 1
                folders.setdefault(part, set()).add(pair.folder)
    merged: Counter = Counter()
    for part, count in counts.items():
        if part.isascii() and part.isalpha() and len(folders[part]) >= WORD_FOLDERS_MIN:
            merged[lower(part)] += count
    room = SIZE_MAX - FIXED_BYTES - sum(_row_bytes(token) for token in kept)
    found = []
    for word, count in merged.most_common():
        if count < WORD_COUNT_MIN or room < _row_bytes(word):
            break
        if len(tokenizer.encode(word)) > 1:
            found.append(word)
            room -= _row_bytes(word)
    return found


def _row_bytes(token: str) -> int:
    return 4 + DIMS + len(token.encode()) + 1


def reduce_dims(vectors: np.ndarray) -> np.ndarray:
    """PCA to the asset's dimensions."""
    centred = vectors - vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    return centred @ axes[:DIMS].T


def frequency_weights(count: int) -> np.ndarray:
    """SIF weights a / (a + p); the vocabulary is sorted by frequency, so p follows Zipf's law of the rank."""
    share = 1 / np.arange(2, count + 2)
    share /= share.sum()
    return SIF_A / (SIF_A + share)
