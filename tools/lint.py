#!/usr/bin/env python3
"""clang-tidy on the C++ files that changed, or on all of them.

usage: tools/lint.py [--all] [--base COMMIT] [--seconds N] [FILE...]

Changed means: against COMMIT, by default against the merge base with the main branch of origin, or when we stand on
that branch (as a build machine does) against the newest 30 commits; files not committed yet count. A changed header is
looked at through the .cc beside it. A file that passed is not looked at again until it, or a header it includes, or
.clang-tidy changes (build/cache/lint.json). The run without --all stops after --seconds (540) and then says which files
it left out, the least recently changed ones.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/dev"
CACHE = ROOT / "build/cache/lint.json"
TIDY = "clang-tidy-19"
COMMANDS = ROOT / "build/cache/lint"
GCC_ONLY = re.compile(r"\s-f(?:no-)?(?:tree-|gcse|ipa-)\S+|\s-f(?:no-)?gcse\b")
ARGUMENTS = ["--quiet", "--extra-arg=-Wno-unknown-warning-option", "-p", str(COMMANDS)]


def git(*arguments):
    done = subprocess.run(["git", *arguments], cwd=ROOT, text=True, capture_output=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def default_base():
    head = git("rev-parse", "HEAD")
    for upstream in ("origin/HEAD", "origin/main", "main"):
        base = git("merge-base", "HEAD", upstream)
        if base and base != head:
            return base
    commits = git("rev-list", "--first-parent", "--max-count=31", "HEAD").split()
    return commits[-1] if len(commits) == 31 else "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # git's empty tree


def changed_files(base):
    names = git("log", "--format=", "--name-only", f"{base}..HEAD").split("\n") if base in git("rev-list", "HEAD") else []
    names = git("diff", "--name-only", "HEAD").split("\n") + git("ls-files", "-o", "--exclude-standard").split("\n") + \
        names + git("diff", "--name-only", base).split("\n")
    return list(dict.fromkeys(name for name in names if name))


def sources_for(names, database):
    """The translation units that show the named files, in the same order."""
    chosen = []
    for name in names:
        path = pathlib.Path(name)
        stem = path.with_suffix("")
        candidates = [name] if path.suffix == ".cc" else [f"{stem}.cc", f"{stem}_test.cc"] if path.suffix == ".h" else []
        chosen += [c for c in candidates if c in database][:1]
    return list(dict.fromkeys(chosen))


def dependencies(entry):
    """The files that a translation unit reads, as the compiler tells; system headers are left out."""
    arguments = [a for a in entry["command"].split() if a not in ("-c",)]
    if "ccache" in os.path.basename(arguments[0]):
        arguments = arguments[1:]
    at = arguments.index("-o")
    del arguments[at:at + 2]
    done = subprocess.run([*arguments, "-MM"], cwd=entry["directory"], text=True, capture_output=True)
    if done.returncode != 0:
        return None
    return sorted(done.stdout.replace("\\\n", " ").split(":", 1)[1].split())


def digest(entry):
    files = dependencies(entry)
    if files is None:
        return None
    state = hashlib.sha256(repr((ARGUMENTS[:2], entry["command"])).encode())
    for rules in sorted(ROOT.glob("src/**/.clang-tidy")):
        state.update(rules.read_bytes())
    state.update((ROOT / ".clang-tidy").read_bytes())
    for name in files:
        state.update(name.encode())
        state.update((pathlib.Path(entry["directory"]) / name).read_bytes())
    return state.hexdigest()


def check(name, entry, cache, deadline):
    if time.monotonic() > deadline:
        return name, "late", "", None
    key = digest(entry)
    if key and cache.get(name) == key:
        return name, "known", "", key
    done = subprocess.run([TIDY, *ARGUMENTS, entry["file"]], text=True, capture_output=True)
    output = done.stdout.strip()
    if done.returncode != 0 and not output:
        output = done.stderr.strip()
    return name, "good" if done.returncode == 0 else "bad", output, key


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--base", default=os.environ.get("GODWIT_LINT_BASE"))
    parser.add_argument("--seconds", type=int, default=int(os.environ.get("GODWIT_LINT_SECONDS", "540")))
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    start = time.monotonic()
    deadline = start + (1e9 if options.all else options.seconds)

    subprocess.run([ROOT / "tools/build", "dev", "godwit_generated"], check=True, stdout=subprocess.DEVNULL)
    database = {}
    entries = json.loads((BUILD / "compile_commands.json").read_text())
    COMMANDS.mkdir(parents=True, exist_ok=True)
    (COMMANDS / "compile_commands.json").write_text(json.dumps([{**e, "command": GCC_ONLY.sub("", e["command"])} for e in entries]))
    for entry in entries:
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if path.is_relative_to(ROOT) and not path.is_relative_to(ROOT / "build") and not path.name.endswith(".pb.cc"):
            database.setdefault(str(path.relative_to(ROOT)), entry)

    if options.all:
        sources = sorted(name for name in database if name.endswith(".cc"))
    elif options.files:
        sources = sources_for([os.path.relpath(os.path.abspath(f), ROOT) for f in options.files], database)
    else:
        sources = sources_for(changed_files(options.base or default_base()), database)
    print(f"clang-tidy: {len(sources)} files", flush=True)

    cache = json.loads(CACHE.read_text()) if CACHE.exists() else {}
    counts = {"good": 0, "known": 0, "bad": 0, "late": 0}
    late = []
    known = dict(cache)
    try:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
            for name, verdict, output, key in pool.map(lambda n: check(n, database[n], known, deadline), sources):
                counts[verdict] += 1
                cache.pop(name, None)
                if verdict in ("good", "known") and key:
                    cache[name] = key
                elif verdict == "bad":
                    print(f"{name}:\n{output}\n", flush=True)
                elif verdict == "late":
                    late.append(name)
    finally:
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        CACHE.write_text(json.dumps(cache, indent=0, sort_keys=True))
    if late:
        print(f"The time was up; these {len(late)} files were left out (make lint-all takes them):\n  " + "\n  ".join(late))
    print(f"clang-tidy: {counts['good'] + counts['known']} clean ({counts['known']} from an earlier run), {counts['bad']} with "
          f"findings, {counts['late']} left out, {time.monotonic() - start:.0f} s")
    return 1 if counts["bad"] else 0


if __name__ == "__main__":
    sys.exit(main())
