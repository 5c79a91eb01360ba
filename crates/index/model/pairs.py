"""Training pairs from public code: what somebody wrote about a thing, and the thing.

Kinds: `doc` (doc comment, code), `name` (name in words, body), `comment` (comment inside a function, the lines
after it), `section` (heading, text under it), `commit` (subject line, changed lines) and `word` (words of one meaning,
what a dictionary says of them), which keeps everyday language from drifting.
"""

import ast
import hashlib
import json
import random
import re
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from multiprocessing import Pool
from pathlib import Path

from tokens import identifier_parts

FILE_BYTES_MAX = 150_000
QUERY_CHARS_MAX = 400
CODE_CHARS_MAX = 2_000
CODE_LINES_MIN = 2
QUERY_WORDS_MIN = 3
COMMITS_PER_REPOSITORY = 600

LANGUAGES = {
    ".py": "python",
    ".rs": "rust",
    ".js": "javascript",
    ".ts": "typescript",
    ".java": "java",
    ".go": "go",
    ".c": "c",
    ".h": "c",
    ".cc": "c++",
    ".cpp": "c++",
    ".hpp": "c++",
}
PROSE = {".md", ".rst"}


@dataclass
class Pair:
    """`about` is prose, `text` the thing it is about; pairs of one `folder` make hard negatives for each other."""

    kind: str
    language: str
    folder: str
    about: str
    text: str


def first_paragraph(doc: str) -> str:
    """The prose a doc comment opens with, before fields, examples and headings."""
    paragraph = re.split(r"\n\s*\n|\n\s*(?:@|:param|:return|>>>|Args:|Parameters|Returns|Example|#)", doc.strip())[0]
    paragraph = re.sub(r"</?\w+[^>]*>|\{@\w+|[`*{}]", " ", paragraph)
    return " ".join(paragraph.split())[:QUERY_CHARS_MAX]


def _usable(about: str, text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip()]
    return len(about.split()) >= QUERY_WORDS_MIN and len(lines) >= CODE_LINES_MIN and about.isascii()


def _name_in_words(name: str) -> str:
    return " ".join(part.lower() for word in re.findall(r"[^\W_]+", name) for part in identifier_parts(word))


# --- Python: through its own parser


def _without_docstring(node: ast.AST, lines: list[str]) -> str:
    first = node.body[0]
    start, end = node.lineno - 1, node.end_lineno
    return "\n".join(lines[start : first.lineno - 1] + lines[first.end_lineno : end])


def _python_functions(source: str) -> Iterator[tuple[str, str, str]]:
    """(kind, about, text) of each function."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return
    lines = source.splitlines()
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        doc = ast.get_docstring(node)
        if doc:
            yield "doc", first_paragraph(doc), _without_docstring(node, lines)
        elif not isinstance(node, ast.ClassDef):
            body = "\n".join(lines[node.body[0].lineno - 1 : node.end_lineno])
            yield "name", _name_in_words(node.name), body


# --- other languages: a doc comment and the block after it

_DOC_COMMENT = re.compile(r"(?:^[ \t]*///?(?!/).*\n)+|^[ \t]*/\*\*?[^/][\s\S]*?\*/[ \t]*\n", re.MULTILINE)
_COMMENT_MARKS = re.compile(r"^[ \t]*(?:///?!?|/\*\*?|\*/|\*)[ \t]?|\*/[ \t]*$", re.MULTILINE)


def _block(lines: list[str]) -> str:
    """Lines up to where the braces close again, or to a blank line outside braces."""
    depth, taken = 0, []
    for line in lines[:60]:
        taken.append(line)
        depth += line.count("{") - line.count("}")
        if depth <= 0 and ("}" in line or not line.strip()):
            break
    return "\n".join(taken)


def _commented_blocks(source: str) -> Iterator[tuple[str, str, str]]:
    for found in _DOC_COMMENT.finditer(source):
        about = first_paragraph(_COMMENT_MARKS.sub("", found.group()))
        if "copyright" in about.lower() or "licen" in about.lower():
            continue
        rest = source[found.end() : found.end() + 3 * CODE_CHARS_MAX]
        inside = found.group()[:1] in " \t" and not found.group().lstrip().startswith(("///", "/**"))
        yield "comment" if inside else "doc", about, _block(rest.splitlines())


# --- comments inside Python, and prose

_HASH_COMMENT = re.compile(r"^([ \t]+)# ?(\w.*)\n((?:\1[ \t]*[^#\s].*\n){2,8})", re.MULTILINE)
_SECTION = re.compile(r"^(?:#{1,4} +(.+)|(\w.{3,60})\n[=\-~^]{4,})\n+((?:(?!#{1,4} ).+\n+){1,6})", re.MULTILINE)


def _inner_comments(source: str) -> Iterator[tuple[str, str, str]]:
    for found in _HASH_COMMENT.finditer(source):
        yield "comment", found.group(2), found.group(3)


def _sections(source: str) -> Iterator[tuple[str, str, str]]:
    for found in _SECTION.finditer(source):
        yield "section", found.group(1) or found.group(2), found.group(3)


def _file_pairs(path: Path) -> Iterator[tuple[str, str, str]]:
    source = path.read_text(errors="replace").replace("\r\n", "\n")
    if path.suffix in PROSE:
        yield from _sections(source)
    elif path.suffix == ".py":
        yield from _python_functions(source)
        yield from _inner_comments(source)
    else:
        yield from _commented_blocks(source)


def _source_files(folder: Path) -> list[Path]:
    """Files worth reading, in a random order that is the same every time."""
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if (path.suffix in LANGUAGES or path.suffix in PROSE) and ".min." not in path.name and "test" not in path.name
    ]
    random.Random(folder.name).shuffle(found)
    return found


def folder_pairs(folder: Path, count_max: int) -> list[Pair]:
    """Pairs of a folder without repetitions, from files taken at random until there are enough."""
    found: dict[str, Pair] = {}
    for path in _source_files(folder):
        if len(found) >= count_max:
            break
        if not path.is_file() or path.stat().st_size > FILE_BYTES_MAX:
            continue
        language = LANGUAGES.get(path.suffix, "prose")
        for kind, about, text in _file_pairs(path):
            if _usable(about, text):
                pair = Pair(kind, language, folder.name, about[:QUERY_CHARS_MAX], text[:CODE_CHARS_MAX])
                found.setdefault(about if kind != "name" else text, pair)
    return list(found.values())


def history_pairs(repository: Path) -> list[Pair]:
    """(subject, changed lines) of a repository's newest commits."""
    command = ["git", "-C", str(repository), "log", "-p", "-U0", "--no-merges", "--no-color", "--no-ext-diff"]
    command += [f"-{COMMITS_PER_REPOSITORY}", "--format=%x01%s", "--", "*.py", "*.rs", "*.go", "*.java", "*.js", "*.ts"]
    log = subprocess.run(command, capture_output=True, check=True).stdout.decode(errors="replace")
    name = repository.parent.name if repository.name in ("repo", ".git") else repository.name
    found = []
    for commit in log.split("\x01")[1:]:
        subject, _, diff = commit.partition("\n")
        subject = re.sub(r"\(?#\d+\)?", "", subject).strip()
        changed = [line[1:] for line in diff.splitlines() if re.match(r"[+-](?![+-]{2} )", line)]
        text = "\n".join(changed)[:CODE_CHARS_MAX]
        if _usable(subject, text):
            found.append(Pair("commit", "diff", name, subject, text))
    return found


# --- everyday language

_SYNSET = re.compile(r"^\d{8} \d\d \w ([0-9a-f]{2}) (.*?) \| (.*)$")


def dictionary_pairs(folder: Path) -> list[Pair]:
    """(words of one meaning, gloss) and (words and definition, example) from WordNet's data files."""
    found = []
    for path in sorted(folder.glob("data.*")):
        for line in path.read_text(errors="replace").splitlines():
            synset = _SYNSET.match(line)
            if not synset:
                continue
            count, fields, gloss = int(synset[1], 16), synset[2].split(), synset[3]
            synonyms = " ".join(fields[0 : 2 * count : 2]).replace("_", " ")
            definition, *examples = gloss.split('; "')
            found.append(Pair("word", "prose", path.name, synonyms, definition))
            found += [Pair("word", "prose", path.name, f"{synonyms} {definition}", e.strip(' "')) for e in examples]
    return found


# --- what must not be trained on


def _fingerprints(about: str, text: str) -> set[str]:
    squeezed = re.sub(r"\s+", "", text)
    return {hashlib.sha1(s.encode()).hexdigest() for s in (squeezed, about.lower()) if len(s) > 20}


def excluded_fingerprints(query_sets: list[Path]) -> set[str]:
    """Fingerprints of the documents of evaluation sets."""
    found: set[str] = set()
    for path in query_sets:
        for document in json.loads(path.read_text()).get("documents", []):
            for _, about, text in _python_functions(document["text"]):
                found |= _fingerprints(about, text)
    return found


def extract(
    folders: list[Path], per_folder: int, histories: list[Path], exclude: list[Path], processes: int
) -> list[Pair]:
    """Pairs of folders and histories, without those that occur in the query sets to exclude."""
    with Pool(processes) as pool:
        lists = pool.starmap(folder_pairs, [(folder, per_folder) for folder in folders], chunksize=1)
        lists += pool.map(history_pairs, histories, chunksize=1)
    banned = excluded_fingerprints(exclude)
    return [p for pairs in lists for p in pairs if not _fingerprints(p.about, p.text) & banned]


def write_pairs(pairs: list[Pair], path: Path) -> None:
    with path.open("w") as out:
        for pair in pairs:
            out.write(json.dumps(asdict(pair)) + "\n")


def read_pairs(path: Path) -> list[Pair]:
    with path.open() as lines:
        return [Pair(**json.loads(line)) for line in lines]
