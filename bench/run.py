#!/usr/bin/env python3
"""make bench: a small, self-contained set of figures of this build, in about 3 minutes.

bench/run.py [--bin build/release/bin] [--reps 3] [--quick]

Each row is CPU time per call (the server's process, all threads, by the kernel's clock), median of the repetitions;
h2load makes the load where a server is measured. The server runs on core 0, the load on core 1. Timings depend on the
machine and are no test; the comparison with peers is `BENCH_EXTRA=bench/peers-godwit.json` of the benchmark suite beside
this repository (docs/performance.md).
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
def server(binary):
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                break
    process = subprocess.Popen(pinned(0, [str(binary), str(port)]))
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            time.sleep(0.05)
        else:
            sys.exit(f"{binary} does not listen")
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=pathlib.Path, default=root / "build/release/bin")
    parser.add_argument("--reps", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of the calls")
    options = parser.parse_args()
    for tool in ("h2load", "taskset"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is missing: make bench installs it (Debian: nghttp2-client, util-linux)")
    scale = 10 if options.quick else 1
    rows = []

    def row(name, figure, unit):
        rows.append((name, figure, unit))
        print(f"{name:58} {figure:10.3f} {unit}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        bodies = {}
        for size in (5, 100):
            bodies[size] = os.path.join(folder, f"hello{size}")
            pathlib.Path(bodies[size]).write_bytes(framed_hello(b"w" * size))
        shapes = [("one call at a time", 1, 1, 20_000, 5), ("8 connections x 64", 8, 64, 1_000_000, 5),
                  ("64 connections x 100", 64, 100, 1_000_000, 5), ("8 x 64, a name of 100 bytes and metadata", 8, 64, 1_000_000, 100)]
        with server(options.bin / "bench_server") as (pid, port):
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
            client = str(options.bin / "bench_client")
            runs = [("unary client, one at a time", ["unary", 1, 20_000], lambda r: r["cpu"] / r["calls"] * 1e6, "µs CPU per call"),
                    ("unary client, 100 in flight", ["unary", 100, 400_000], lambda r: r["cpu"] / r["calls"] * 1e6, "µs CPU per call"),
                    ("stream of 64-byte messages", ["stream", 3_000_000, 64], lambda r: r["calls"] / r["seconds"] / 1e6, "million a second"),
                    ("stream of 1 MiB messages", ["stream", 2048, 1 << 20], lambda r: r["bytes"] / r["seconds"] / 1e9, "GB/s"),
                    ("ping-pong of 64-byte messages", ["pingpong", 20_000, 64], lambda r: r["seconds"] / r["calls"] * 1e6, "µs per turn")]
            for name, arguments, figure, unit in runs:
                count = 2 if arguments[0] == "unary" else 1
                arguments[count] = max(arguments[count] // scale, 100)
                figures = []
                for _ in range(options.reps):
                    out = subprocess.run(pinned(1, [client, str(port)] + [str(a) for a in arguments]), capture_output=True, text=True)
                    if out.returncode != 0:
                        sys.exit(f"bench_client failed: {out.stderr}")
                    figures.append(figure(json.loads(out.stdout)))
                row(name, statistics.median(figures), unit)


if __name__ == "__main__":
    main()
