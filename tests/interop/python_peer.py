#!/usr/bin/env python3
"""The interop test service in Python, server and client, for grpcio and for Godwit's package alike.

usage: python_peer.py sync|aio server --port N [--tls-cert F --tls-key F]
       python_peer.py sync|aio client --port N [--ca F --override NAME] [--plain-server] CASE...
       python_peer.py sync|aio cases

run.py starts it with the Python of build/venv-peers (grpcio) and of build/venv (Godwit). The client prints one line a case:
"ok CASE" or "FAILED CASE: what was expected and what came". --plain-server: it is not one of ours (python_*.py,
interop_server.cc, js_peer.js): it echoes one value of each key and does not count cancelled calls.
"""
import argparse
import importlib
import sys


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("api", choices=("sync", "aio"))
    modes = parser.add_subparsers(dest="mode", required=True)
    server = modes.add_parser("server")
    server.add_argument("--port", required=True, type=int)
    server.add_argument("--tls-cert")
    server.add_argument("--tls-key")
    client = modes.add_parser("client")
    client.add_argument("--port", required=True, type=int)
    client.add_argument("--ca")
    client.add_argument("--override")
    client.add_argument("--plain-server", action="store_true")
    client.add_argument("cases", nargs="+", metavar="CASE")
    modes.add_parser("cases")
    options = parser.parse_args()
    api = importlib.import_module(f"python_{options.api}")
    if options.mode == "cases":
        print("\n".join(api.CASES))
    elif options.mode == "server":
        api.run_server(options)
    else:
        sys.exit(api.run_client(options))


if __name__ == "__main__":
    main()
