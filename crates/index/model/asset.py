"""Reads and writes the asset: int8 rows, a scale and a name per token (README.md has the layout)."""

import struct
from dataclasses import dataclass
from pathlib import Path

import blake3
import numpy as np

from tokens import Tokenizer

MAGIC = b"LICHENSM"
FORMAT_VERSION = 1
DIMS = 256
SIZE_MAX = 8_000_000
CHECKSUM_LEN = 8
_HEADER = struct.Struct("<8sIIII")


@dataclass
class StaticModel:
    """Token vectors as the reader sees them: `scales[i] * rows[i]` is what a token adds to a text."""

    vocabulary: list[str]
    scales: np.ndarray  # float32 [V]
    rows: np.ndarray  # int8 [V, DIMS]

    def __post_init__(self):
        self.tokenizer = Tokenizer(self.vocabulary)
        self.table = self.rows.astype(np.float32) * self.scales[:, None]

    def embed(self, texts: list[str]) -> np.ndarray:
        """L2-normalised float32 [len(texts), DIMS]; a text without known tokens is all zero."""
        out = np.zeros((len(texts), self.table.shape[1]), np.float32)
        for i, text in enumerate(texts):
            ids = self.tokenizer.encode(text)
            if ids:
                out[i] = self.table[ids].sum(axis=0)
        norms = np.linalg.norm(out, axis=1, keepdims=True)
        return out / np.where(norms > 0, norms, 1)


def quantise(vocabulary: list[str], table: np.ndarray) -> StaticModel:
    """Int8 with one step per token."""
    steps = np.abs(table).max(axis=1) / 127
    steps = np.where(steps > 0, steps, 1).astype(np.float32)
    rows = np.rint(table / steps[:, None]).astype(np.int8)
    return StaticModel(vocabulary, steps, rows)


def write(model: StaticModel, path: Path) -> int:
    """Writes the asset and returns its size in bytes."""
    count, dims = model.rows.shape
    names = "".join(token + "\n" for token in model.vocabulary).encode()
    body = _HEADER.pack(MAGIC, FORMAT_VERSION, count, dims, len(names))
    body += model.scales.astype("<f4").tobytes() + model.rows.tobytes() + names
    data = body + blake3.blake3(body).digest()[:CHECKSUM_LEN]
    if len(data) >= SIZE_MAX:
        raise ValueError(f"asset has {len(data)} bytes, the limit is {SIZE_MAX}: keep fewer tokens")
    path.write_bytes(data)
    return len(data)


def read(path: Path) -> StaticModel:
    data = Path(path).read_bytes()
    body, checksum = data[:-CHECKSUM_LEN], data[-CHECKSUM_LEN:]
    if blake3.blake3(body).digest()[:CHECKSUM_LEN] != checksum:
        raise ValueError(f"checksum of {path} does not match")
    magic, version, count, dims, names_len = _HEADER.unpack_from(body)
    if (magic, version) != (MAGIC, FORMAT_VERSION):
        raise ValueError(f"{path} is not a static model of version {FORMAT_VERSION}")
    at = _HEADER.size
    scales = np.frombuffer(body, "<f4", count, at)
    rows = np.frombuffer(body, np.int8, count * dims, at + 4 * count).reshape(count, dims)
    names = body[len(body) - names_len :].decode()
    return StaticModel(names.split("\n")[:-1], scales, rows)
