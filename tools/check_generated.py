#!/usr/bin/env python3
"""Checks that the generated files in the repository are what their generators make today.

usage: tools/check_generated.py [--root DIR] [--bin DIR] [--write] [NAME...]

tools/generated.json lists the generators:
  {"name": "...", "command": ["{bin}/godwit", "compile", ...], "outputs": {"path in the repository": "path below {out}"}}
{root} is the repository, {bin} the folder of our built programs, {out} an empty folder that the command writes to.
--write puts the new files into the repository instead of comparing. NAMEs restrict the run to some generators.
"""
import argparse
import difflib
import json
import pathlib
import subprocess
import sys
import tempfile


def run(entry, root, programs, write):
    problems = []
    with tempfile.TemporaryDirectory() as out:
        places = {"root": str(root), "bin": str(programs), "out": out}
        command = [word.format_map(places) for word in entry["command"]]
        try:
            done = subprocess.run(command, cwd=root, text=True, capture_output=True)
        except OSError as error:
            return [f"{entry['name']}: cannot run {command[0]}: {error.strerror}"]
        if done.returncode != 0:
            return [f"{entry['name']}: `{' '.join(command)}` ended with {done.returncode}:\n{done.stdout}{done.stderr}"]
        for committed, produced in entry["outputs"].items():
            target, source = root / committed, pathlib.Path(out, produced)
            if not source.exists():
                problems.append(f"{entry['name']}: the command did not write {produced}")
                continue
            new = source.read_bytes()
            old = target.read_bytes() if target.exists() else None
            if new == old:
                continue
            if write:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(new)
                print(f"{committed}: written")
            elif old is None:
                problems.append(f"{committed}: missing; {entry['name']} makes it")
            else:
                diff = difflib.unified_diff(old.decode(errors="replace").splitlines(), new.decode(errors="replace").splitlines(),
                                            committed, "generated now", lineterm="", n=1)
                problems.append(f"{committed}: stale\n" + "\n".join(list(diff)[:20]))
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--bin", type=pathlib.Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    root = options.root.resolve()
    programs = (options.bin or root / "build/dev/bin").resolve()
    entries = json.loads((root / "tools/generated.json").read_text())
    unknown = set(options.names) - {entry["name"] for entry in entries}
    if unknown:
        parser.error(f"tools/generated.json has no {', '.join(sorted(unknown))}")
    problems = []
    for entry in entries:
        if not options.names or entry["name"] in options.names:
            problems += run(entry, root, programs, options.write)
    if problems:
        print("\n\n".join(problems))
        print("\nTo bring generated files up to date: tools/check_generated.py --write")
        return 1
    print(f"generated files: {sum(len(entry['outputs']) for entry in entries)} fresh")
    return 0


if __name__ == "__main__":
    sys.exit(main())
