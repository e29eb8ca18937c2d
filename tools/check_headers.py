#!/usr/bin/env python3
"""Checks that each header below src/godwit compiles alone, without warnings, and may be included twice.

usage: tools/check_headers.py [--root DIR] [--compiler g++] [--generated FILE] [--cache FILE]

--generated names a file with the folders of generated code, one a line (CMake writes it). A header that passed is
compiled again only when it, or a file of ours that it includes, changes.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-restrict"]


def digest(flags, files):
    state = hashlib.sha256(repr(flags).encode())
    for name in files:
        try:
            state.update(name.encode() + b"\0" + pathlib.Path(name).read_bytes())
        except OSError:
            return None
    return state.hexdigest()


def check(header, flags, include_root, cache):
    name = str(header.relative_to(include_root))
    known = cache.get(name)
    if known and digest(flags, known["files"]) == known["digest"]:
        return name, "", known
    source = f'#include "{name}"\n#include "{name}"\n'
    with tempfile.NamedTemporaryFile("r", suffix=".d") as listing:
        done = subprocess.run([*flags, "-MMD", "-MF", listing.name, "-MT", "deps", "-x", "c++", "-"], input=source, text=True,
                              capture_output=True)
        if done.returncode != 0:
            return name, done.stderr.strip(), None
        dependencies = listing.read().replace("\\\n", " ").split("deps:", 1)[1].split()
    files = sorted({f for f in dependencies if f != "-" and not f.startswith("/usr/")})
    return name, "", {"files": files, "digest": digest(flags, files)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--generated", type=pathlib.Path)
    parser.add_argument("--cache", type=pathlib.Path)
    options = parser.parse_args()
    include_root = options.root.resolve() / "src"
    generated = options.generated.read_text().split("\n") if options.generated and options.generated.exists() else []
    generated.append(str(include_root / "godwit/proto/generated"))  # the committed ones
    flags = [options.compiler, *FLAGS, f"-I{include_root}", *(f"-I{folder}" for folder in sorted(set(generated)) if folder)]
    cache = json.loads(options.cache.read_text()) if options.cache and options.cache.exists() else {}

    headers = sorted((include_root / "godwit").rglob("*.h"))
    fresh, bad, known = {}, 0, 0
    with concurrent.futures.ThreadPoolExecutor(min(os.cpu_count() or 2, 8)) as pool:
        for name, problem, entry in pool.map(lambda h: check(h, flags, include_root, cache), headers):
            if problem:
                bad += 1
                print(f"{name} does not compile alone:\n{problem}\n")
            else:
                known += entry is cache.get(name)
                fresh[name] = entry
    if options.cache:
        options.cache.parent.mkdir(parents=True, exist_ok=True)
        options.cache.write_text(json.dumps(fresh, sort_keys=True))
    print(f"headers: {len(headers)}, {known} known from an earlier run, {bad} bad")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
