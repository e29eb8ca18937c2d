#!/usr/bin/env python3
"""make bench: a small, self-contained set of figures of this build, in about 3 minutes.

bench/run.py [--bin build/release/bin] [--reps 3] [--quick]

Each row is CPU time per call (the server's process, all threads, by the kernel's clock), median of the repetitions;
h2load or our own client makes the load where a server is measured. The server runs on core 0, the load on core 1. Timings
depend on the machine and are no test; memory does not, and a figure above its limit is an error. The comparison with
peers is `BENCH_EXTRA=bench/peers-godwit.json` of the benchmark suite beside this repository (docs/performance.md).
"""
import argparse
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import footprint

root = pathlib.Path(__file__).resolve().parent.parent


def framed_hello(name):
    message = b"\x0a" + bytes([len(name)]) + name
    return b"\x00" + len(message).to_bytes(4, "big") + message


def cpu_of(pid):
    return time.clock_gettime((~pid << 3) | 2)


def pinned(core, command):
    usable = sorted(os.sched_getaffinity(0))
    return ["taskset", "-c", str(usable[core % len(usable)])] + command


@contextlib.contextmanager
def server(command):
    """`command` with a free port for {port}: gives the process and the port."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                break
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(pinned(0, [str(word).replace("{port}", str(port)) for word in command]), stderr=log)
        try:
            for _ in range(200):
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                time.sleep(0.05)
            else:
                log.seek(0)
                sys.exit(f"{command[0]} does not listen: {log.read()}")
            yield process.pid, port
        finally:
            process.terminate()
            process.wait()


def h2load(port, body, calls, connections, streams, headers=()):
    command = ["h2load", "-n", str(calls), "-c", str(connections), "-m", str(streams), "-d", body,
               "-H", "content-type: application/grpc", "-H", "te: trailers"]
    for header in headers:
        command += ["-H", header]
    out = subprocess.run(pinned(1, command + [f"http://127.0.0.1:{port}/helloworld.Greeter/SayHello"]),
                         capture_output=True, text=True, check=True).stdout
    if int(re.search(r"status codes: (\d+) 2xx", out)[1]) != calls:
        sys.exit("a call failed:\n" + out)


def run_client(client, port, arguments):
    done = subprocess.run(pinned(1, [str(client), str(port)] + [str(a) for a in arguments]), capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"bench_client failed: {done.stderr}")
    return json.loads(done.stdout)


def server_time(client, pid, port, mode, calls, reps):
    """µs CPU per call of a server that our own client keeps busy on one connection."""
    in_flight = 512
    all_calls = calls + in_flight + calls // 10  # the client's warm-up is served too
    figures = []
    for _ in range(reps):
        before = cpu_of(pid)
        run_client(client, port, [mode, in_flight, calls])
        figures.append((cpu_of(pid) - before) / all_calls * 1e6)
    return statistics.median(figures)


def memory_rows(bin_folder, row):
    footprint.allow_descriptors()
    greeter = (b"/helloworld.Greeter/SayHello", b"\x0a\x05world")
    with server([bin_folder / "bench_server", "{port}"]) as (pid, port):
        idle, used = footprint.per_connection(pid, port, *greeter)
        row("memory of an idle connection", idle, "KiB", 12)
        row("memory of an idle connection, after one call", used, "KiB", 12)
    with server([bin_folder / "bench_server", "{port}"]) as (pid, port):
        row("memory of an idle stream, after one message", footprint.per_stream(pid, port, b"/bench.Streams/PingPong"), "KiB", 4)
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = footprint.make_certificate(folder)
        command = [bin_folder / "interop_server", "--port={port}", "--use_tls", f"--tls_cert_file={certificate}",
                   f"--tls_key_file={key}"]
        with server(command) as (pid, port):
            empty = (b"/grpc.testing.TestService/EmptyCall", b"")
            idle, used = footprint.per_connection(pid, port, *empty, footprint.client_tls(certificate))
            row("memory of an idle connection with TLS", idle, "KiB", 32)
            row("memory of an idle connection with TLS, after one call", used, "KiB", 32)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=pathlib.Path, default=root / "build/release/bin")
    parser.add_argument("--reps", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of the calls")
    options = parser.parse_args()
    for tool in ("h2load", "taskset", "openssl"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is missing: make bench installs it (Debian: nghttp2-client, util-linux, openssl)")
    scale = 10 if options.quick else 1
    above = []

    def row(name, figure, unit, limit=None):
        text = "" if limit is None else f", at most {limit}"
        if limit is not None and figure > limit:
            above.append(name)
            text += ": ABOVE ITS LIMIT"
        print(f"{name:58} {figure:10.3f} {unit}{text}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        bodies = {}
        for size in (5, 100):
            bodies[size] = os.path.join(folder, f"hello{size}")
            pathlib.Path(bodies[size]).write_bytes(framed_hello(b"w" * size))
        shapes = [("one call at a time", 1, 1, 20_000, 5), ("8 connections x 64", 8, 64, 1_000_000, 5),
                  ("64 connections x 100", 64, 100, 1_000_000, 5), ("8 x 64, a name of 100 bytes and metadata", 8, 64, 1_000_000, 100)]
        with server([options.bin / "bench_server", "{port}"]) as (pid, port):
            for name, connections, streams, calls, size in shapes:
                calls //= scale
                headers = [f"x-request-id: {random.getrandbits(64):016x}"] if size == 100 else []
                h2load(port, bodies[size], max(calls // 10, 1000), connections, streams, headers)
                figures = []
                for _ in range(options.reps):
                    before = cpu_of(pid)
                    h2load(port, bodies[size], calls, connections, streams, headers)
                    figures.append((cpu_of(pid) - before) / calls * 1e6)
                row(f"unary server, {name}", statistics.median(figures), "µs CPU per call")
            client = options.bin / "bench_client"
            plain = server_time(client, pid, port, "unary", 500_000 // scale, options.reps)
            metadata = server_time(client, pid, port, "metadata", 500_000 // scale, options.reps)
            row("unary server, our client, 512 in flight", plain, "µs CPU per call")
            row("unary server, our client, 100-byte names, random metadata", metadata, "µs CPU per call")
            row("  the second to the first", metadata / plain, "times")
            runs = [("unary client, one at a time", ["unary", 1, 20_000], lambda r: r["cpu"] / r["calls"] * 1e6, "µs CPU per call"),
                    ("unary client, 100 in flight", ["unary", 100, 400_000], lambda r: r["cpu"] / r["calls"] * 1e6, "µs CPU per call"),
                    ("stream of 64-byte messages", ["stream", 3_000_000, 64], lambda r: r["calls"] / r["seconds"] / 1e6, "million a second"),
                    ("stream of 1 MiB messages", ["stream", 2048, 1 << 20], lambda r: r["bytes"] / r["seconds"] / 1e9, "GB/s"),
                    ("ping-pong of 64-byte messages", ["pingpong", 20_000, 64], lambda r: r["seconds"] / r["calls"] * 1e6, "µs per turn")]
            for name, arguments, figure, unit in runs:
                count = 2 if arguments[0] == "unary" else 1
                arguments[count] = max(arguments[count] // scale, 100)
                row(name, statistics.median(figure(run_client(client, port, arguments)) for _ in range(options.reps)), unit)
    memory_rows(options.bin, row)
    if above:
        sys.exit("above the limit of memory: " + "; ".join(above))


if __name__ == "__main__":
    main()
