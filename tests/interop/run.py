#!/usr/bin/env python3
"""Runs our interop programs (C++, Python's two APIs) against grpc-go, grpcio's two APIs and grpc-js, both directions,
plaintext and TLS.

usage: tests/interop/run.py [--bin DIR] [--only PATTERN] [--list]

DIR holds interop_server and interop_client (default build/release/bin). PATTERN is a regular expression that is looked for in
a case's name, "CLIENT to SERVER SECURITY NAME", for instance `grpcio-aio to godwit-sync tls many_calls`.
One line a case, then `N passed, N failed`. expected-failures.txt, beside this file, lists what may fail.
`tools/setup peers-python peers-go peers-js` installs the peers, `make python` our Python package.
"""
import argparse
import contextlib
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = ROOT / "build/venv-peers/bin/python"
OUR_PYTHON = ROOT / "build/venv/bin/python"
PYTHON_PEER = pathlib.Path(__file__).with_name("python_peer.py")
JS_PEER = pathlib.Path(__file__).parent / "js/js_peer.js"
JS_MODULES = ROOT / "build/peers/js/node_modules"
GO = ROOT / "build/peers/interop"
CERTIFICATES = ROOT / "build/peers/certificates"
CA, CERT, KEY = (CERTIFICATES / name for name in ("ca.pem", "server1.pem", "server1.key"))
OVERRIDE = "foo.test.google.fr"
EXPECTED = pathlib.Path(__file__).with_name("expected-failures.txt")

COMMON = """empty_unary large_unary client_streaming server_streaming ping_pong empty_stream timeout_on_sleeping_server
    cancel_after_begin cancel_after_first_response status_code_and_message special_status_message custom_metadata
    unimplemented_method unimplemented_service rpc_soak channel_soak""".split()
# Of interop_client (more_cases.h).
MORE = "status_codes message_sizes long_streams many_calls repeated_metadata deadline client_cancel server_cancel".split()
SOAK = ["-soak_per_iteration_max_acceptable_latency_ms=10000", "-soak_overall_timeout_seconds=60"]
CASE_SECONDS = 90


class Result:
    def __init__(self, only, expected):
        self.only = re.compile(only)
        self.expected = expected
        self.passed = self.failed = 0
        self.seen = set()

    def wants(self, case):
        return bool(self.only.search(case))

    def report(self, case, problem, seconds):
        """`problem`: empty when the case passed."""
        self.seen.add(case)
        reason = self.expected.get(case)
        if problem and reason is None:
            verdict = f"FAILED: {problem}"
        elif problem:
            verdict = f"ok, fails as expected ({reason}): {problem}"
        elif reason is not None:
            verdict = "FAILED: it passes, but expected-failures.txt says it fails; take the line out"
        else:
            verdict = "ok"
        if verdict.startswith("ok"):
            self.passed += 1
        else:
            self.failed += 1
        print(f"{case:60} {seconds:5.1f} s  {verdict}", flush=True)


def read_expected():
    """{case: "section: reason"}"""
    expected = {}
    for number, line in enumerate(EXPECTED.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != 3 or not all(parts):
            sys.exit(f"{EXPECTED.name}:{number}: expected `CASE | section | reason`")
        expected[parts[0]] = f"{parts[1]}: {parts[2]}"
    return expected


def need(bin_folder):
    missing = [f"{path}: type `make build`" for path in (bin_folder / "interop_server", bin_folder / "interop_client")
               if not path.exists()]
    missing += [f"{path}: type `tools/setup peers-go` (it needs Go 1.26)"
                for path in (GO / "server", GO / "client", CA, CERT, KEY) if not path.exists()]
    if not PYTHON.exists():
        missing.append(f"{PYTHON}: type `tools/setup peers-python`")
    if not OUR_PYTHON.exists():
        missing.append(f"{OUR_PYTHON}: type `make python`")
    if not JS_MODULES.exists():
        missing.append(f"{JS_MODULES}: type `tools/setup peers-js` (it needs Node 20)")
    if missing:
        sys.exit("These are missing:\n  " + "\n  ".join(missing))


def free_port(taken=set()):
    """A port that nobody listens on, below the ones the kernel gives to outgoing connections, and another at each call."""
    start = 20000 + time.time_ns() // 1000 % 10000
    for port in [*range(start, 32768), *range(20000, start)]:
        if port in taken:
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            taken.add(port)
            return port
    sys.exit("no free port between 20000 and 32767")


@contextlib.contextmanager
def serving(command, port, log):
    """The server's process. That it does not begin to listen ends the whole run."""
    with open(log, "wb") as out:
        server = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 30
        while True:
            if server.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{command[0]} does not listen on port {port}:\n{log.read_text(errors='replace')[-2000:]}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.02)
        yield server
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def run_client(command):
    """What the client complained about; empty when it ended well."""
    try:
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, text=True, errors="replace", capture_output=True,
                              timeout=CASE_SECONDS)
    except subprocess.TimeoutExpired:
        return f"not done after {CASE_SECONDS} s"
    if done.returncode == 0:
        return ""
    lines = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    said = " / ".join(lines[-3:]) or "(no word)"
    return f"ended with {done.returncode}: {said[-600:]}"


def run_cases(result, prefix, names, command_of, server):
    """One client process for each case."""
    for name in names:
        case = f"{prefix} {name}"
        start = time.monotonic()
        problem = run_client(command_of(name)) if server.poll() is None else ""
        if server.poll() is not None:
            problem = f"{problem or 'not run'}; the server ended with {server.returncode}"
        result.report(case, problem, time.monotonic() - start)


def run_script_client(result, prefix, names, command, server):
    """One client process for all cases: one line of its output is one case's result."""
    start = time.monotonic()
    reasons = {}
    try:
        client = subprocess.Popen([*command, *names], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, errors="replace")
        # The client ends each case that takes too long, so that its output ends by itself.
        for line in client.stdout:
            found = re.match(r"(ok|FAILED) (\w+)(?:: (.*))?$", line.strip())
            if found and found[2] in names:
                problem = "" if found[1] == "ok" else found[3] or "(no word)"
                if server.poll() is not None:
                    problem = f"{problem or 'passed'}; the server ended with {server.returncode}"
                reasons[found[2]] = problem
                result.report(f"{prefix} {found[2]}", problem, time.monotonic() - start)
                start = time.monotonic()
    finally:
        errors = client.stderr.read()
        client.wait()
    for name in names:
        if name not in reasons:
            result.report(f"{prefix} {name}", f"the client ended with {client.returncode} before it: {errors[-600:].strip()}", 0)


def go_tls(security):
    return ["-use_tls", "-use_test_ca", f"-ca_file={CA}", f"-server_host_override={OVERRIDE}"] if security == "tls" else []


def go_server_tls(security):
    return ["-use_tls", f"-tls_cert_file={CERT}", f"-tls_key_file={KEY}"] if security == "tls" else []


def client_command(program, port, security, name, *more):
    return [program, "-server_host=127.0.0.1", f"-server_port={port}", f"-test_case={name}", *go_tls(security),
            *(SOAK if name.endswith("_soak") else []), *more]


class Make:
    """An implementation: how its programs are started. `cases`: those of its client."""

    def __init__(self, name, ours, extended=True):
        self.name = name
        self.ours = ours
        self.extended = extended  # its server echoes every value and counts cancelled calls

    def server(self, port, security):
        raise NotImplementedError

    def run(self, result, prefix, names, port, security, server, process):
        """Its client's cases against `server`, a Make."""
        raise NotImplementedError


class Go(Make):
    cases = COMMON

    def server(self, port, security):
        return [GO / "server", f"-port={port}", *go_server_tls(security)]

    def run(self, result, prefix, names, port, security, server, process):
        run_cases(result, prefix, names, lambda name: client_command(GO / "client", port, security, name), process)


class Cpp(Make):
    cases = COMMON + MORE

    def __init__(self, name, ours, folder):
        super().__init__(name, ours)
        self.folder = folder

    def server(self, port, security):
        return [self.folder / "interop_server", f"-port={port}", *go_server_tls(security)]

    def run(self, result, prefix, names, port, security, server, process):
        more = ["-extended_server"] if server.extended else []
        run_cases(result, prefix, names,
                  lambda name: client_command(self.folder / "interop_client", port, security, name, *more), process)


class Script(Make):
    """One client process for all cases."""

    def __init__(self, name, ours, *command):
        super().__init__(name, ours)
        self.command = [str(part) for part in command]

    def ask_cases(self):
        self.cases = subprocess.run([*self.command, "cases"], check=True, text=True, stdout=subprocess.PIPE).stdout.split()

    def server(self, port, security):
        return [*self.command, "server", "--port", str(port),
                *(["--tls-cert", CERT, "--tls-key", KEY] if security == "tls" else [])]

    def run(self, result, prefix, names, port, security, server, process):
        tls = ["--ca", CA, "--override", OVERRIDE] if security == "tls" else []
        plain = [] if server.extended else ["--plain-server"]
        run_script_client(result, prefix, names, [*self.command, "client", "--port", str(port), *tls, *plain], process)


def makes(bin_folder):
    return [Cpp("godwit-c++", True, bin_folder),
            *(Script(f"godwit-{api}", True, OUR_PYTHON, PYTHON_PEER, api) for api in ("sync", "aio")),
            Go("grpc-go", False, extended=False),
            *(Script(f"grpcio-{api}", False, PYTHON, PYTHON_PEER, api) for api in ("sync", "aio")),
            Script("grpc-js", False, "node", JS_PEER)]


def pairs(everyone):
    """(server, [clients]): each pairing of which one side is ours; of pairings with ourselves, C++ with C++."""
    for server in everyone:
        yield server, [client for client in everyone
                       if server.ours != client.ours or (server.ours and client is server and client.name == "godwit-c++")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin", metavar="DIR")
    parser.add_argument("--only", default="", metavar="PATTERN")
    parser.add_argument("--list", action="store_true", help="print the cases' names and run none")
    options = parser.parse_args()
    bin_folder = options.bin.resolve()
    need(bin_folder)
    everyone = makes(bin_folder)
    for make in everyone:
        if isinstance(make, Script):
            make.ask_cases()
    result = Result(options.only, read_expected())
    listed = []
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        for security in ("plaintext", "tls"):
            for server, clients in pairs(everyone):
                work = []
                for client in clients:
                    prefix = f"{client.name} to {server.name} {security}"
                    names = [name for name in client.cases if result.wants(f"{prefix} {name}")]
                    listed += [f"{prefix} {name}" for name in names]
                    if names:
                        work.append((client, prefix, names))
                if options.list or not work:
                    continue
                port = free_port()
                log = pathlib.Path(temporary) / f"{server.name}-{security}.log"
                with serving(server.server(port, security), port, log) as process:
                    for client, prefix, names in work:
                        client.run(result, prefix, names, port, security, server, process)
                if server.ours and isinstance(server, Script) and log.stat().st_size:
                    result.report(f"{server.name} {security} says nothing on stderr", log.read_text(errors="replace")[-600:], 0)
    if options.list:
        print("\n".join(listed))
        return 0
    if not options.only:
        for case in sorted(result.expected.keys() - result.seen):
            print(f"{case:60} FAILED: it is in {EXPECTED.name}, but there is no such case")
            result.failed += 1
    if result.passed + result.failed == 0:
        print(f"no case matches {options.only}; --list prints their names", file=sys.stderr)
        return 2
    print(f"in {time.monotonic() - start:.0f} s:")
    print(f"{result.passed} passed, {result.failed} failed")
    return 1 if result.failed else 0


if __name__ == "__main__":
    sys.exit(main())
