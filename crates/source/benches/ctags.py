"""Compares symbols with what universal-ctags finds.

    cargo bench -p lichen-source --bench symbols -- --list FOLDER | python3 crates/source/benches/ctags.py FOLDER

For every language that both know it prints the share of ctags' definitions (functions, types, modules, macros) that we have at the
same line under the same name, and the share of ours that ctags has; with `--differences N`, N of each that the other has not.
ctags runs once for each file: its 5.9 lets a file that was read before change what it finds in the next.
"""

import argparse
import collections
import json
import subprocess
import sys

# ctags' kinds: ours. What only one of the two tells (fields, variables, impl blocks) is left out.
FUNCTIONS = {"function": "function", "method": "function", "constructor": "function"}
LANGUAGES = {
    "rust": ("Rust", {"function": "function", "method": "function", "struct": "type", "enum": "type", "interface": "type",
                      "module": "module", "macro": "macro", "union": "type"}),
    "python": ("Python", {"function": "function", "member": "function", "class": "type"}),
    "java": ("Java", {"method": "function", "class": "type", "enum": "type", "interface": "type", "annotation": "type"}),
    "c": ("C", {"function": "function", "struct": "type", "union": "type", "enum": "type", "macro": "macro", "typedef": "type"}),
    "go": ("Go", {"func": "function", "struct": "type", "interface": "type"}),
}
OURS = FUNCTIONS | {"struct": "type", "enum": "type", "union": "type", "class": "type", "interface": "type", "trait": "type",
                    "annotation": "type", "module": "module", "macro": "macro"}


def theirs(folder, path, language):
    name, kinds = LANGUAGES[language]
    command = ["ctags", "--options=NONE", f"--language-force={name}", "--output-format=json", "--fields=+n", "-f", "-", path]
    found = collections.Counter()
    for line in subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout.splitlines():
        tag = json.loads(line)
        if tag.get("_type") == "tag" and tag["kind"] in kinds and not tag["name"].startswith("__anon"):
            found[kinds[tag["kind"]], tag["name"], tag["line"]] += 1
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--differences", type=int, default=0, metavar="N")
    arguments = parser.parse_args()
    files = collections.defaultdict(collections.Counter)
    for line in sys.stdin:
        fields = line.rstrip("\n").split("\t")
        if len(fields) != 6 or fields[1] not in LANGUAGES:
            continue
        path, language, kind, name, row, _ = fields
        mapped = "type" if (language, kind) == ("c", "type") else OURS.get(kind)
        if mapped in LANGUAGES[language][1].values() and not name.startswith("anonymous "):
            files[path, language][mapped, name, int(row)] += 1
    totals = collections.defaultdict(collections.Counter)
    missing, extra = collections.defaultdict(list), collections.defaultdict(list)
    for (path, language), ours in files.items():
        tags = theirs(arguments.folder, path, language)
        both = ours & tags
        totals[language]["files"] += 1
        totals[language]["both"] += sum(both.values())
        totals[language]["ours"] += sum(ours.values())
        totals[language]["theirs"] += sum(tags.values())
        missing[language] += [(path, *key) for key in (tags - ours)]
        extra[language] += [(path, *key) for key in (ours - tags)]
    for language, total in sorted(totals.items()):
        print(f"{language}: {total['files']} files; of ctags' {total['theirs']} definitions we have "
              f"{total['both'] / max(total['theirs'], 1):.3f}; of our {total['ours']} ctags has {total['both'] / max(total['ours'], 1):.3f}")
        for title, differences in (("only ctags", missing[language]), ("only ours", extra[language])):
            for path, kind, name, row in differences[: arguments.differences]:
                print(f"  {title}: {kind} {name} at {path}:{row}")


if __name__ == "__main__":
    main()
