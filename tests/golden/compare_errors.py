#!/usr/bin/env python3
"""Compares the places of the errors in errors/*.txt with those of protoc: the same lines and columns, whatever the words.

Run on demand; needs grpcio-tools in the Python that runs it. Prints each case that differs; some do for good reasons
(see the comments of the phases), so there is no exit status.
"""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def cases(text):
    for part in re.split(r"^=== ", text, flags=re.M)[1:]:
        name, rest = part.split("\n", 1)
        sections = re.split(r"^--- (.*)\n", rest, flags=re.M)[1:]
        pairs = list(zip(sections[::2], sections[1::2]))
        yield name, pairs[:-1], pairs[-1][1]


def places(text, kinds):
    return sorted({(m.group(1), int(m.group(2)), int(m.group(3))) for m in re.finditer(r"^(\w+\.proto):(\d+):(\d+): (.*)$", text, re.M) if kinds(m.group(4))})


def main():
    differ = total = 0
    for archive in sorted(os.listdir(os.path.join(HERE, "errors"))):
        for name, files, report in cases(open(os.path.join(HERE, "errors", archive), encoding="utf-8", errors="surrogateescape").read()):
            with tempfile.TemporaryDirectory() as d:
                for file, text in files:
                    data = re.sub(rb"<0x(..)>", lambda m: bytes([int(m.group(1), 16)]), text.encode("utf-8", "surrogateescape"))
                    open(os.path.join(d, file), "wb").write(data)
                r = subprocess.run([sys.executable, "-m", "grpc_tools.protoc", "-I.", "-o/dev/null", files[0][0]], cwd=d, capture_output=True, text=True, errors="replace")
            theirs = places(r.stderr, lambda k: not k.startswith("warning"))
            ours = places(report, lambda k: k.startswith("error"))
            total += 1
            accepted = not ours and "error:" not in report
            if theirs != ours or (r.returncode == 0) != accepted:
                differ += 1
                print(f"=== {archive}: {name}\n  protoc ({'accepts' if r.returncode == 0 else 'refuses'}): {theirs}\n  godwit: {ours}\n    " + "\n    ".join(r.stderr.splitlines()[:8]))
                print("   |" + "\n   |".join(l for l in report.splitlines() if re.match(r"\w+\.proto:", l)))
    print(f"{total} cases, {differ} differ")


if __name__ == "__main__":
    main()
