#!/usr/bin/env bash
# make demo: a service from its .proto file to answers. Builds the programs and the Python packages, imports this
# repository's documents as articles, serves them, reads them with our client and with grpcio's, serves the same file from
# Python and reads it with Python's and C++'s clients, shows a short load figure, stops everything.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }

say "building the programs (release)"
tools/build release godwit_cli articles_server articles_client bench_server bench_client
say "building the Python packages (build/venv)"
tools/python
bin=build/release/bin
python=build/venv-peers/bin/python
folder=$(mktemp -d)
pids=()
stop() {
  for pid in "${pids[@]}"; do
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  pids=()
}
trap 'stop; rm -rf "$folder"' EXIT

free_port() {
  "$python" - <<'PY'
import random, socket
while True:
    port = random.randrange(20000, 32000)
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            continue
        print(port)
        break
PY
}
# Waits until somebody listens on the port, for 10 seconds at most.
wait_for() {
  "$python" - "$1" <<'PY'
import socket, sys, time
end = time.monotonic() + 10
while True:
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1).close()
        break
    except OSError:
        if time.monotonic() > end:
            sys.exit("the server does not listen after 10 seconds")
        time.sleep(0.02)
PY
}

say "the service: examples/articles/article.proto"
sed -n '/^service/,/^}/p' examples/articles/article.proto

say "importing the documents of this repository into SQLite"
"$bin/articles_server" import . --db "$folder/articles.db"

port=$(free_port)
say "serving them on 127.0.0.1:$port"
"$bin/articles_server" serve --db "$folder/articles.db" --listen "127.0.0.1:$port" &
pids+=($!)
wait_for "$port"

say "our client: the newest articles, and an error"
"$bin/articles_client" --target "127.0.0.1:$port" list --page-size 5
"$bin/articles_client" --target "127.0.0.1:$port" get 1 | head -5
code=0
"$bin/articles_client" --target "127.0.0.1:$port" get 1000000000 || code=$?
[ "$code" -eq 1 ] || { echo "expected the client to fail for an article that is not there"; exit 1; }

say "grpcio's client ($("$python" -c 'import grpc; print(grpc.__version__)') from PyPI): the same"
"$python" examples/articles/grpcio_client.py "127.0.0.1:$port" 1
stop

ours=build/venv/bin/python
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$folder"
say "Python: the modules of article.proto"
"$ours" -m grpc_tools.protoc -I examples/articles --python_out="$folder" --pyi_out="$folder" --grpc_python_out="$folder" article.proto
ls "$folder" | grep _pb2
port=$(free_port)
say "Python's server (asyncio) on the same file, on 127.0.0.1:$port"
"$ours" examples/python/articles/articles_server_aio.py --db "$folder/articles.db" --listen "127.0.0.1:$port" &
pids+=($!)
wait_for "$port"

say "Python's client, and the C++ client: the newest articles from Python's server"
"$ours" examples/python/articles/articles_client.py --target "127.0.0.1:$port" list --page-size 5 | tee "$folder/python.txt"
"$bin/articles_client" --target "127.0.0.1:$port" list --page-size 5 >"$folder/cpp.txt"
cmp "$folder/python.txt" "$folder/cpp.txt"
[ "$(wc -l <"$folder/python.txt")" -eq 5 ]
echo "the C++ client prints the same"
"$ours" examples/python/articles/articles_client_aio.py "127.0.0.1:$port"
stop
unset PYTHONPATH

port=$(free_port)
say "a short load: 200,000 greetings, 100 at a time, over one connection"
"$bin/bench_server" "$port" &
pids+=($!)
wait_for "$port"
"$bin/bench_client" "$port" unary 100 200000 > "$folder/load.json"
"$python" - "$folder/load.json" <<'PY'
import json, sys
row = json.load(open(sys.argv[1]))
print(f"{row['calls'] / row['seconds']:,.0f} calls a second; the client spent {row['cpu'] / row['calls'] * 1e6:.2f} µs of CPU on each")
PY
stop
say "done: everything was stopped"
