#!/usr/bin/env python3
"""Instruction counts of the hot paths: exact figures that do not depend on how busy the machine is.

usage: tools/callgrind_counts.py [--config FILE] [--write] [NAME...]

bench/instructions.json holds the programs and the counts that the repository stands by:
  {"about": "which compiler the counts belong to", "tolerance": 0.02,
   "entries": [{"name": "unary, 5-byte name", "command": ["build/release/bin/x", "{N}"], "n_small": 1000, "n_large": 11000,
                "instructions": 1234.5}]}
A program does {N} repetitions. It runs twice under callgrind, and (large - small) / (n_large - n_small) is the count of one
repetition: start-up and warm-up cancel out. A count that is more than `tolerance` above or below the kept one is an error,
as is an entry without one; --write keeps the new counts. With NAMEs, only entries whose name contains one of them run.
Needs valgrind.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Failed(Exception):
    pass


def total(command, n):
    """Instructions of the whole process, all its threads."""
    words = [word.replace("{N}", str(n)) for word in command]
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder, "callgrind")
        run = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "-q", *words]
        try:
            done = subprocess.run(run, cwd=ROOT, text=True, capture_output=True, timeout=900)
        except OSError as error:
            raise Failed(f"cannot run {run[0]}: {error.strerror}; tools/setup bench installs it") from error
        if done.returncode != 0:
            raise Failed(f"`{' '.join(words)}` ended with {done.returncode} under callgrind:\n{(done.stdout + done.stderr)[-1500:]}")
        counts = [int(m) for f in pathlib.Path(folder).iterdir() for m in re.findall(r"^(?:summary|totals): (\d+)", f.read_text(), re.M)[:1]]
        if not counts:
            raise Failed(f"`{' '.join(words)}`: callgrind wrote no totals")
        return sum(counts)


def measure(entry):
    small, large = entry["n_small"], entry["n_large"]
    try:
        return (total(entry["command"], large) - total(entry["command"], small)) / (large - small)
    except Failed as problem:
        return problem


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=pathlib.Path, default=ROOT / "bench/instructions.json")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    if not options.config.exists():
        sys.exit(f"{options.config} is not there: this version keeps no instruction counts")
    config = json.loads(options.config.read_text())
    tolerance = config.get("tolerance", 0.02)
    entries = [e for e in config["entries"] if not options.names or any(name in e["name"] for name in options.names)]

    failed = changed = 0
    width = max([len(entry["name"]) for entry in entries] + [4])
    print(f"{'instructions a repetition':{width}}  {'kept':>12}  {'now':>12}  change")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for entry, now in zip(entries, pool.map(measure, entries)):
            kept = entry.get("instructions")
            if isinstance(now, Failed):
                failed += 1
                print(f"{entry['name']:{width}}  {now}")
                continue
            change = (now - kept) / kept if kept else None
            verdict = ""
            if not options.write and (change is None or abs(change) > tolerance):
                changed += 1
                verdict = "  no count is kept" if change is None else f"  beyond {tolerance:.0%}"
            print(f"{entry['name']:{width}}  {'-' if kept is None else format(kept, '12.1f'):>12}  {now:12.1f}  "
                  f"{'' if change is None else format(change, '+6.1%')}{verdict}", flush=True)
            if options.write:
                entry["instructions"] = round(now, 1)
    if options.write and not failed:
        head = "".join(f"  {json.dumps(key)}: {json.dumps(value)},\n" for key, value in config.items() if key != "entries")
        lines = ",\n".join("    " + json.dumps(entry) for entry in config["entries"])
        options.config.write_text(f'{{\n{head}  "entries": [\n{lines}\n  ]\n}}\n')
        print(f"written: {options.config}")
    if changed:
        print(f"\n{changed} of {len(entries)} counts are not what {options.config.name} keeps. If the change is meant, keep the new counts:\n"
              f"    tools/callgrind_counts.py --write\nand say why in the commit. {config.get('about', '')}".rstrip())
    if failed:
        print(f"\n{failed} of {len(entries)} programs failed: tools/build release builds them.")
    return 1 if failed or changed else 0


if __name__ == "__main__":
    sys.exit(main())
