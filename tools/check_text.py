#!/usr/bin/env python3
"""Checks the text of the repository: no paths of somebody's machine, no left-overs, no conflict marks, no stray white
space, no file that has grown too long.

usage: tools/check_text.py [--root DIR]

Looks at the files that git knows or would add. What came from others, and data, is left out.
"""
import argparse
import pathlib
import re
import subprocess
import sys

LONG = 500          # worth a thought: two duties are two files
TOO_LONG = 1200     # an error

# Paths (prefixes, or endings with a *) that are not our own prose or code.
FOREIGN = ("protos/google/", "protos/grpc/", "LICENSE", "fuzz/corpus/", "tests/golden/", "examples/data/")
DATA = ("*.json", "*.bin", "*.pem", "*.txt", "*.svg", "*.proto.bin", "*.png")
# Long because they are tables or written by a program.
GENERATED = ("*.pb.h", "*.pb.cc", "*_table.inc", "*_table.cc", "*_tables.cc", "*_generated.cc", "*_generated.h")

# Spelled in parts, so that this file passes its own check.
LEFTOVERS = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b|not implemented " r"yet|Co-Authored" r"-By", re.A)
MACHINE_PATHS = re.compile(r"(?<![\w.$}])/(?:work|root|home/\w+|Users/\w+)(?:/|\b)(?!\*)|\b[A-Z]:\\\\?Users\b")
CONFLICT = re.compile(r"^(?:<{7} |>{7} |={7}$)", re.M)
TRAILING = re.compile(r"[ \t]+$", re.M)

# File: {rule: reason}
EXCEPT = {
    "tools/fresh_check.sh": {"machine path": "the home folder inside the fresh root"},
}


def matches(name, patterns):
    return any(name.endswith(p[1:]) if p.startswith("*") else name.startswith(p) for p in patterns)


def check(name, data):
    """The problems of one file, as (line, rule, text)."""
    if b"\0" in data[:8192]:
        return
    text = data.decode(errors="replace")

    def line_of(match):
        return text.count("\n", 0, match.start()) + 1

    for match in CONFLICT.finditer(text):
        if not name.endswith((".md", ".rst")):
            yield line_of(match), "conflict mark", "a merge was left half done"
    if matches(name, DATA):
        return
    foreign_comments = matches(name, GENERATED)  # those of .proto files come along
    for match in () if foreign_comments else LEFTOVERS.finditer(text):
        yield line_of(match), "left-over", f"`{match[0]}`: do it, or name the limit in an error and in the documents"
    for match in MACHINE_PATHS.finditer(text):
        yield line_of(match), "machine path", f"`{match[0]}...` exists on one machine only"
    match = TRAILING.search(text)
    if match:
        yield line_of(match), "white space", "white space at the end of a line"
    if "\r" in text:
        yield text.count("\n", 0, text.index("\r")) + 1, "white space", "a carriage return"
    if text and not text.endswith("\n"):
        yield text.count("\n") + 1, "white space", "no line break at the end of the file"
    lines = text.count("\n")
    if lines > TOO_LONG and not matches(name, GENERATED):
        yield lines, "length", f"{lines} lines, at most {TOO_LONG}: part it by duties"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    root = parser.parse_args().root.resolve()
    listed = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=root, capture_output=True, check=True)
    problems, files, long_files = 0, 0, []
    for name in sorted(set(listed.stdout.decode().split("\0")) - {""}):
        path = root / name
        if matches(name, FOREIGN) or not path.is_file() or path.is_symlink():
            continue
        files += 1
        data = path.read_bytes()
        if LONG < data.count(b"\n") <= TOO_LONG and not matches(name, GENERATED + DATA):
            long_files.append(f"{name} ({data.count(10)})")
        for line, rule, text in check(name, data):
            if rule in EXCEPT.get(name, {}):
                continue
            problems += 1
            print(f"{name}:{line}: {rule}: {text}")
    if long_files:
        print(f"Over {LONG} lines, worth a thought: {', '.join(long_files)}")
    print(f"text: {files} files, {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
