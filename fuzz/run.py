#!/usr/bin/env python3
"""make fuzz: every fuzzer for a while under ASan and UBSan, and the lines that the committed corpora reach.

fuzz/run.py [--seconds N] [--no-coverage] [NAME...]; N is FUZZ_SECONDS of the environment, or 60.

Ends with 1 when a fuzzer finds something (its input is left in build/fuzz-findings) or when a corpus reaches less than
80 % of its engine's lines. New inputs stay in build/fuzz-corpus; worth committing are those that reach new lines
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
# What each corpus is measured against: the engine's own sources.
ENGINES = {
    "hpack": ["src/godwit/http2/hpack"],
    "frame": ["src/godwit/http2/frame"],
    "connection": ["src/godwit/http2/connection", "src/godwit/http2/stream", "src/godwit/http2/flow_control", "src/godwit/http2/limits"],
    "proto_source": ["src/godwit/compiler/source", "src/godwit/compiler/lexer", "src/godwit/compiler/parser"],
    "json": ["src/godwit/proto/json", "src/godwit/base/json"],
    "wire": ["src/godwit/proto/wire", "src/godwit/proto/message/parse"],
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


def coverage(binaries, name):
    profile = binaries / f"{name}.profraw"
    subprocess.run([str(binaries / f"{name}_fuzz"), "-runs=0", str(root / "fuzz/corpus" / name)], check=True,
                   env={**os.environ, "LLVM_PROFILE_FILE": str(profile)}, capture_output=True)
    merged = profile.with_suffix(".profdata")
    subprocess.run(["llvm-profdata-19", "merge", "-o", str(merged), str(profile)], check=True)
    export = subprocess.run(["llvm-cov-19", "report", str(binaries / f"{name}_fuzz"), f"-instr-profile={merged}"],
                            check=True, capture_output=True, text=True, cwd=root).stdout
    lines = missed = 0
    for row in export.splitlines():
        columns = row.split()
        # Filename Regions Missed Cover Functions Missed Executed Lines Missed Cover ...
        if len(columns) < 10 or not columns[7].isdigit():
            continue
        path = columns[0] if columns[0].startswith("src/") else "src/godwit/" + columns[0].split("src/godwit/")[-1]
        if any(path.startswith(prefix) for prefix in ENGINES[name]):
            lines += int(columns[7])
            missed += int(columns[8])
    reached = 100.0 * (lines - missed) / lines if lines else 0.0
    verdict = "" if reached >= WANTED else f"  BELOW {WANTED:.0f} %"
    print(f"{name:14} the corpus reaches {reached:5.1f} % of {lines} lines of {', '.join(ENGINES[name])}{verdict}", flush=True)
    return reached >= WANTED


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
