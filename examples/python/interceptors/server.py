"""Serves greetings with interceptors: server.py [--listen ADDRESS] [--use log,time,auth] [--busy N]

The first interceptor named is the outermost. The first N calls are answered with UNAVAILABLE.
"""
import argparse
import itertools
import logging
from collections.abc import Iterator
from concurrent import futures

import greetings_pb2
import greetings_pb2_grpc
import grpc
import server_interceptors

HELLO = ("Hello", "你好", "Bonjour")


class Greetings(greetings_pb2_grpc.GreetingsServicer):
    def __init__(self, busy: int) -> None:
        self._busy = busy
        self._calls = itertools.count()

    def Greet(self, request: greetings_pb2.GreetRequest, context: grpc.ServicerContext) -> greetings_pb2.Greeting:
        if next(self._calls) < self._busy:
            context.abort(grpc.StatusCode.UNAVAILABLE, "too busy")
        return greetings_pb2.Greeting(text=f"{HELLO[0]}, {request.name}")

    def GreetInAll(
        self, request: greetings_pb2.GreetRequest, context: grpc.ServicerContext
    ) -> Iterator[greetings_pb2.Greeting]:
        for hello in HELLO:
            yield greetings_pb2.Greeting(text=f"{hello}, {request.name}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", default="127.0.0.1:50054")
    parser.add_argument("--use", default="log,time,auth")
    parser.add_argument("--busy", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    known = {
        "log": server_interceptors.Log(),
        "time": server_interceptors.Time(),
        "auth": server_interceptors.Authenticate("secret"),
    }
    used = [known[name] for name in arguments.use.split(",") if name]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10), interceptors=used)
    greetings_pb2_grpc.add_GreetingsServicer_to_server(Greetings(arguments.busy), server)
    port = server.add_insecure_port(arguments.listen)
    server.start()
    print(f"listening on port {port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
