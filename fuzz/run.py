#!/usr/bin/env python3
"""make fuzz: every fuzzer for a while under ASan and UBSan, and the lines that the committed corpora reach.

fuzz/run.py [--seconds N] [--no-coverage] [NAME...]; N is FUZZ_SECONDS of the environment, or 60.

Ends with 1 when a fuzzer finds something (its input is left in build/fuzz-findings) or when a corpus reaches less than
80 % of the lines of one of its engine's folders. New inputs stay in build/fuzz-corpus; worth committing are those that reach new lines
(`-merge=1` of libFuzzer finds them).
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parent.parent
WANTED = 80.0
# What each corpus is measured against: the sources of the engine, folder by folder; each must be reached that far.
ENGINES = {
    "hpack": ["src/godwit/http2/hpack"],
    "frame": ["src/godwit/http2/frame"],
    "connection": ["src/godwit/http2/connection", "src/godwit/http2/stream", "src/godwit/http2/flow_control", "src/godwit/http2/limits"],
    "proto_source": [f"src/godwit/compiler/{folder}" for folder in
                     ("source", "lexer", "parser", "descriptor", "linker", "options", "report", "codegen")],
    "schema": ["src/godwit/proto/schema"],
    "json": ["src/godwit/proto/json", "src/godwit/base/json"],
    "wire": ["src/godwit/proto/wire", "src/godwit/proto/message"],
    "message": ["src/godwit/rpc/message_assembler"],
}


def build(preset, folder, flags=""):
    configure = ["cmake", "--preset", preset, "-B", str(root / folder)]
    if flags:
        configure += [f"-DCMAKE_CXX_FLAGS={flags}", f"-DCMAKE_EXE_LINKER_FLAGS={flags}"]
    subprocess.run(configure, cwd=root, check=True, stdout=subprocess.DEVNULL)
    targets = [f"{name}_fuzz" for name in ENGINES]
    subprocess.run(["cmake", "--build", str(root / folder), "-j", str(os.cpu_count()), "--target", *targets], cwd=root, check=True)
    return root / folder / "bin"


def fuzz(binary, name, seconds):
    grown = root / "build/fuzz-corpus" / name
    findings = root / "build/fuzz-findings"
    grown.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([str(binary), f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
                           f"-artifact_prefix={findings}/{name}-", str(grown), str(root / "fuzz/corpus" / name)],
                          capture_output=True, text=True)
    runs = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    if done.returncode == 0:
        print(f"{name:14} {int(runs[1]) if runs else 0:>10,} runs in {seconds} s, nothing found", flush=True)
        return True
    print(done.stderr[-4000:])
    print(f"{name:14} FOUND SOMETHING: the input is in {findings.relative_to(root)}", flush=True)
    return False


def lines_of(binary, profile):
    """{file: (lines, lines that were not reached)} of the whole program, files named from the repository's root."""
    report = subprocess.run(["llvm-cov-19", "report", str(binary), f"-instr-profile={profile}"],
                            check=True, capture_output=True, text=True, cwd=root).stdout
    files = {}
    for row in report.splitlines():
        columns = row.split()
        # Filename Regions Missed Cover Functions Missed Executed Lines Missed Cover ...
        if len(columns) < 10 or not columns[7].isdigit() or columns[0] == "TOTAL":
            continue
        path = columns[0] if columns[0].startswith("src/") else "src/godwit/" + columns[0].split("src/godwit/")[-1]
        files[path] = (int(columns[7]), int(columns[8]))
    return files


def coverage(binaries, name):
    profile = binaries / f"{name}.profraw"
    subprocess.run([str(binaries / f"{name}_fuzz"), "-runs=0", str(root / "fuzz/corpus" / name)], check=True,
                   env={**os.environ, "LLVM_PROFILE_FILE": str(profile)}, capture_output=True)
    merged = profile.with_suffix(".profdata")
    subprocess.run(["llvm-profdata-19", "merge", "-o", str(merged), str(profile)], check=True)
    files = lines_of(binaries / f"{name}_fuzz", merged)
    enough = True
    for folder in ENGINES[name]:
        ours = {path: count for path, count in files.items() if path.startswith(folder) and "_test" not in path}
        # A source that the program does not need is not linked into it, and so not among the lines.
        sources = [str(path.relative_to(root)) for path in (root / folder).parent.rglob("*.cc") if not path.name.endswith("_test.cc")]
        absent = [path for path in sources if path.startswith(folder) and path not in ours]
        lines = sum(count for count, _ in ours.values())
        reached = 100.0 * (lines - sum(missed for _, missed in ours.values())) / lines if lines else 0.0
        verdict = "" if reached >= WANTED else f"  BELOW {WANTED:.0f} %"
        if absent:
            verdict += f"  NOT REACHED AT ALL: {', '.join(absent)}"
        print(f"{name:14} the corpus reaches {reached:5.1f} % of {lines:>4} lines of {folder}{verdict}", flush=True)
        enough = enough and not verdict
    return enough


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=int(os.environ.get("FUZZ_SECONDS", "60")))
    parser.add_argument("--no-coverage", action="store_true")
    parser.add_argument("names", nargs="*", help="of " + ", ".join(ENGINES))
    options = parser.parse_args()
    names = options.names or list(ENGINES)
    unknown = [name for name in names if name not in ENGINES]
    if unknown:
        sys.exit(f"there is no fuzzer {unknown[0]}; there are {', '.join(ENGINES)}")
    binaries = build("fuzz", "build/fuzz")
    results = [fuzz(binaries / f"{name}_fuzz", name, options.seconds) for name in names]
    if not options.no_coverage:
        binaries = build("fuzz", "build/fuzz-coverage", "-fprofile-instr-generate -fcoverage-mapping")
        results += [coverage(binaries, name) for name in names]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
