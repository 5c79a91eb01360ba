"""Text to token ids: the exact rules that the Rust reader follows (README.md states them in words)."""

import re
import unicodedata

MAX_TOKENS = 512
MAX_WORD_CHARS = 100

# A word is a run of letters and digits. Every other visible character stands alone.
_ASCII_WORDS = re.compile(r"[A-Za-z0-9]+|[^A-Za-z0-9\s]")
# lower-case run with at most one leading capital | acronym | digits
_ASCII_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

_CJK_RANGES = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)


def is_cjk(char: str) -> bool:
    code = ord(char)
    return code >= 0x3400 and any(low <= code <= high for low, high in _CJK_RANGES)


def strip_accents(text: str) -> str:
    """NFD without marks (general categories Mn, Mc, Me)."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c)[0] != "M")


def words(text: str) -> list[str]:
    """Cuts a text into words and single characters; case is kept."""
    if text.isascii():
        return _ASCII_WORDS.findall(text)
    found, word = [], []
    for char in strip_accents(text):
        if char.isalnum() and not is_cjk(char):
            word.append(char)
            continue
        if word:
            found.append("".join(word))
            word = []
        if not char.isspace():
            found.append(char)
    if word:
        found.append("".join(word))
    return found


def _kind(char: str) -> str:
    if char.isnumeric():
        return "digit"
    return "upper" if char.isupper() else "lower"


def identifier_parts(word: str) -> list[str]:
    """`HTTPServer2` -> `HTTP`, `Server`, `2`. Case is kept."""
    if word.isascii():
        return _ASCII_PARTS.findall(word)
    kinds = [_kind(char) for char in word]
    cuts = [0]
    for i in range(1, len(word)):
        before, here = kinds[i - 1], kinds[i]
        digits_end_or_begin = (before == "digit") != (here == "digit")
        hump = before == "lower" and here == "upper"
        acronym_ends = before == here == "upper" and i + 1 < len(word) and kinds[i + 1] == "lower"
        if digits_end_or_begin or hump or acronym_ends:
            cuts.append(i)
    return [word[a:b] for a, b in zip(cuts, cuts[1:] + [len(word)])]


def lower(text: str) -> str:
    """Lower case character by character (no final-sigma rule)."""
    return text.lower() if text.isascii() else "".join(char.lower() for char in text)


class Tokenizer:
    """Greedy longest-match WordPiece over a fixed vocabulary. Words are cached: source code repeats itself."""

    def __init__(self, vocabulary: list[str]):
        self.vocabulary = vocabulary
        self.ids = {token: i for i, token in enumerate(vocabulary)}
        self.longest = max(map(len, vocabulary))
        self._cache: dict[str, tuple[int, ...]] = {}

    def encode(self, text: str) -> list[int]:
        """The token ids of a text, at most MAX_TOKENS of them."""
        found: list[int] = []
        for word in words(text):
            ids = self._cache.get(word)
            if ids is None:
                ids = self._cache[word] = self._word(word)
            found.extend(ids)
            if len(found) >= MAX_TOKENS:
                return found[:MAX_TOKENS]
        return found

    def _word(self, word: str) -> tuple[int, ...]:
        if len(word) > MAX_WORD_CHARS:
            return ()
        whole = self.ids.get(lower(word))
        if whole is not None:
            return (whole,)
        if not word[0].isalnum():
            return ()
        return tuple(i for part in identifier_parts(word) for i in self._pieces(lower(part)))

    def _pieces(self, part: str) -> list[int]:
        """Greedy WordPiece of a lower-case part; nothing where a rest has no piece."""
        ids, start = [], 0
        while start < len(part):
            prefix = "##" if start else ""
            for end in range(min(len(part), start + self.longest), start, -1):
                found = self.ids.get(prefix + part[start:end])
                if found is not None:
                    ids.append(found)
                    start = end
                    break
            else:
                return []
        return ids
