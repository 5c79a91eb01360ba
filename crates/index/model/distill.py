"""Builds the static embedding model: teacher's token vectors, PCA, frequency weights, tuning, int8. See README.md."""

import argparse
import json
from pathlib import Path

import numpy as np

import asset
import evaluate
import pairs as pairing
import tune
import vocabulary
from teacher import Teacher
from tokens import Tokenizer

HERE = Path(__file__).parent
ASSET = HERE / "static-256.bin"
GOLDEN = HERE / "golden.json"


def teacher_vectors(teacher: Teacher, tokens: list[str], added: list[str]) -> np.ndarray:
    """What the teacher makes of every token, each alone between its two special tokens."""
    ids = {token: i for i, token in enumerate(teacher.vocabulary())}
    begin, end = ids["[CLS]"], ids["[SEP]"]
    sequences = [[begin, ids[token], end] for token in tokens]
    sequences += [e.ids for e in teacher.tokenizer.encode_batch(added)]
    return teacher.pooled(sequences)


def untuned(found: list[pairing.Pair]) -> tuple[list[str], np.ndarray]:
    """The vocabulary and its weighted vectors before tuning."""
    teacher = Teacher()
    kept = [token for token in teacher.vocabulary() if vocabulary.is_kept(token)]
    added = vocabulary.new_words(kept, found)
    table = vocabulary.reduce_dims(teacher_vectors(teacher, kept, added))
    weights = np.concatenate([vocabulary.frequency_weights(len(kept)), np.ones(len(added))])
    return kept + added, (table * weights[:, None]).astype(np.float32)


def extract(arguments: argparse.Namespace) -> None:
    """Pairs of the folders held out go to their own file: settings are chosen on those."""
    found = pairing.extract(
        arguments.code, arguments.per_folder, arguments.history, arguments.exclude, arguments.processes
    )
    for folder in arguments.dictionary:
        found += pairing.dictionary_pairs(folder)
    held_out = set(arguments.hold_out)
    pairing.write_pairs([p for p in found if p.folder not in held_out], arguments.out)
    pairing.write_pairs([p for p in found if p.folder in held_out], arguments.out.with_suffix(".held-out.jsonl"))
    print(f"{len(found)} pairs from {len({p.folder for p in found})} folders")


def build(arguments: argparse.Namespace) -> None:
    found = [pair for path in arguments.pairs for pair in pairing.read_pairs(path)]
    tokens, table = untuned(found)
    if found:
        settings, tokenizer = tune.Settings(), Tokenizer(tokens)
        watched = [pair for path in arguments.held_out for pair in pairing.read_pairs(path)]
        watch = tune.Watch(tune.tokenize_pairs(watched, tokenizer, settings))
        table = tune.tune(table, tune.tokenize_pairs(found, tokenizer, settings), tokenizer, settings, watch.report)
        watch.report(table)
    size = asset.write(asset.quantise(tokens, table), arguments.out)
    print(f"{arguments.out}: {len(tokens)} tokens, {size} bytes")


def report(arguments: argparse.Namespace) -> None:
    """One line a set; sets with streams are also averaged."""
    model = asset.read(arguments.model)
    weights = tuple(arguments.weight)
    conversations = []
    for path in arguments.sets:
        data = evaluate.read_set(path)
        found = evaluate.evaluate(model, data, weights)
        print(data.name, json.dumps(found))
        if data.streams:
            conversations.append(found)
    if len(conversations) > 1:
        print("all conversations", json.dumps(evaluate.averaged(conversations)))


def golden(arguments: argparse.Namespace) -> None:
    """Rewrites the golden file from the texts it holds."""
    model = asset.read(arguments.model)
    cases = json.loads(GOLDEN.read_text())
    for case in cases:
        ids = model.tokenizer.encode(case["text"])
        case["ids"] = ids
        case["tokens"] = [model.vocabulary[i] for i in ids]
        if "embedding" in case:
            case["embedding"] = [round(float(x), 4) for x in model.embed([case["text"]])[0]]
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    GOLDEN.write_text(f"[\n{lines}\n]\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    zero = commands.add_parser("pairs", help="extract training pairs")
    zero.add_argument("--code", type=Path, nargs="*", default=[], help="folders of source, one per project")
    zero.add_argument("--per-folder", type=int, default=2000, help="pairs that one folder gives at most")
    zero.add_argument("--history", type=Path, nargs="*", default=[], help="git repositories whose commits are read")
    zero.add_argument("--dictionary", type=Path, nargs="*", default=[], help="folders with WordNet's data files")
    zero.add_argument("--exclude", type=Path, nargs="*", default=[], help="query sets whose documents are kept out")
    zero.add_argument("--hold-out", nargs="*", default=[], help="names of folders to validate on")
    zero.add_argument("--processes", type=int, default=2)
    zero.add_argument("--out", type=Path, required=True)
    zero.set_defaults(run=extract)
    one = commands.add_parser("build", help="build the asset; untuned without pairs")
    one.add_argument("--pairs", type=Path, nargs="*", default=[])
    one.add_argument("--held-out", type=Path, nargs="*", default=[], help="pairs that every epoch is measured on")
    one.add_argument("--out", type=Path, default=ASSET)
    one.set_defaults(run=build)
    two = commands.add_parser("evaluate", help="measure an asset on labelled query sets")
    two.add_argument("sets", type=Path, nargs="+")
    two.add_argument("--model", type=Path, default=ASSET)
    two.add_argument("--weight", type=float, nargs="*", default=[1.0, 1.5], help="of the static side beside BM25")
    two.set_defaults(run=report)
    three = commands.add_parser("golden", help="rewrite the cases that the Rust reader is tested with")
    three.add_argument("--model", type=Path, default=ASSET)
    three.set_defaults(run=golden)
    return parser.parse_args()


if __name__ == "__main__":
    chosen = parse()
    chosen.run(chosen)
