#!/usr/bin/env python3
"""Runs h2spec in strict mode against a server of ours, plaintext and TLS, and compares with the expected failures.

usage: tests/conformance/h2spec.py [--mode plain|tls|both] [--plain COMMAND] [--tls COMMAND] [SECTION...]

COMMAND starts a server on 127.0.0.1 that stays until it is ended; {port}, {cert} and {key} in it are filled in. The default
is the interop server. SECTIONs (as http2/5.1, hpack/2.3, generic/3) restrict the run; then only failures count.

h2spec-expected.txt, beside this file, lists what may fail, one case a line: CASE | plain, tls or both | section | reason.
A case is SECTION/NUMBER, as h2spec itself names it. Any other failure is an error, and so is an expected one that passes.
"""
import argparse
import collections
import contextlib
import pathlib
import shlex
import socket
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
H2SPEC = ROOT / "build/peers/bin/h2spec"
EXPECTED = pathlib.Path(__file__).with_name("h2spec-expected.txt")
SERVER = "build/release/bin/interop_server --port={port}"
TLS_SERVER = SERVER + " --use_tls --tls_cert_file={cert} --tls_key_file={key}"
MODES = {"plain": ("plain",), "tls": ("tls",), "both": ("plain", "tls")}


def read_expected(path):
    """{mode: {case: reason}}"""
    expected = {"plain": {}, "tls": {}}
    for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != 4 or not all(parts) or parts[1] not in MODES:
            sys.exit(f"{path.name}:{number}: expected `CASE | plain, tls or both | section | reason`")
        for mode in MODES[parts[1]]:
            expected[mode][parts[0]] = f"{parts[2]}: {parts[3]}"
    return expected


def free_port():
    """A port that nobody listens on, below the ones the kernel gives to outgoing connections."""
    for port in range(20000 + time.time_ns() // 1000 % 10000, 32768):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    sys.exit("no free port between 20000 and 32767")


@contextlib.contextmanager
def serving(command, port, log):
    with open(log, "wb") as out:
        try:
            server = subprocess.Popen(shlex.split(command), cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
        except OSError as error:
            sys.exit(f"cannot start `{command}`: {error.strerror}; make build makes our programs")
    try:
        deadline = time.monotonic() + 10
        while True:
            if server.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"`{command}` does not listen on port {port}:\n{log.read_text()[-2000:]}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.02)
        yield server
        if server.poll() is not None:
            sys.exit(f"`{command}` ended with {server.returncode} during the tests:\n{log.read_text()[-2000:]}")
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def read_report(path):
    """[(case, title, verdict, detail)] of h2spec's JUnit report."""
    cases = []
    for suite in xml.etree.ElementTree.parse(path).getroot():
        for number, case in enumerate(suite.findall("testcase"), 1):
            verdict, detail = "passed", ""
            for child in case:
                verdict = "skipped" if child.tag == "skipped" else "failed"
                detail = (child.text or "").strip()
            cases.append((f"{suite.get('package')}/{number}", case.get("classname"), verdict, detail))
    return cases


def run_mode(mode, command, sections, expected, folder):
    port = free_port()
    cert, key = folder / "cert.pem", folder / "key.pem"
    if mode == "tls" and not cert.exists():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-keyout", key, "-out", cert], check=True, capture_output=True)
    report = folder / f"{mode}.xml"
    with serving(command.format(port=port, cert=cert, key=key), port, folder / f"{mode}.log"):
        run = [H2SPEC, "-h", "127.0.0.1", "-p", str(port), "-S", "-j", report, *(["-t", "-k"] if mode == "tls" else []), *sections]
        done = subprocess.run(run, text=True, capture_output=True)
        if not report.exists():
            sys.exit(f"h2spec ended with {done.returncode} and wrote no report:\n{(done.stdout + done.stderr)[-2000:]}")
    cases = read_report(report)
    counts = collections.Counter(verdict for _, _, verdict, _ in cases)
    problems = []
    for case, title, verdict, detail in cases:
        if verdict == "passed" and case in expected:
            problems.append(f"{case} {title}: passes, but h2spec-expected.txt says it fails; take the line out")
        elif verdict != "passed" and case not in expected:
            problems.append(f"{case} {title}: {verdict}\n    " + "\n    ".join(detail.splitlines()))
        elif verdict != "passed":
            print(f"{mode}: {case} {title}: {verdict} as expected ({expected[case]})")
    if not sections:
        problems += [f"{case}: is in h2spec-expected.txt, but h2spec has no such case" for case in expected
                     if case not in {c[0] for c in cases}]
    for problem in problems:
        print(f"{mode}: {problem}")
    print(f"h2spec {mode}: {len(cases)} cases, {counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped, "
          f"{len(problems)} unexpected", flush=True)
    return not problems and bool(cases)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", choices=MODES, default="both")
    parser.add_argument("--plain", default=SERVER)
    parser.add_argument("--tls", default=TLS_SERVER)
    parser.add_argument("--expected", type=pathlib.Path, default=EXPECTED)
    parser.add_argument("sections", nargs="*")
    options = parser.parse_args()
    if not H2SPEC.exists():
        sys.exit("h2spec is missing: tools/setup peers-go installs it")
    expected = read_expected(options.expected)
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for mode in MODES[options.mode]:
            good &= run_mode(mode, getattr(options, mode), options.sections, expected[mode], pathlib.Path(folder))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
