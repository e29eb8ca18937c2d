"""Serves greetings with asyncio and interceptors: server_aio.py [--listen ADDRESS] [--use log,time,auth] [--busy N]

The first interceptor named is the outermost. The first N calls are answered with UNAVAILABLE.
"""
import argparse
import asyncio
import itertools
import logging
from collections.abc import AsyncIterator

import greetings_pb2
import greetings_pb2_grpc
import grpc
import server_interceptors_aio as interceptors

HELLO = ("Hello", "你好", "Bonjour")
Context = grpc.aio.ServicerContext[greetings_pb2.GreetRequest, greetings_pb2.Greeting]


class Greetings(greetings_pb2_grpc.GreetingsServicer):
    def __init__(self, busy: int) -> None:
        self._busy = busy
        self._calls = itertools.count()

    async def Greet(self, request: greetings_pb2.GreetRequest, context: Context) -> greetings_pb2.Greeting:
        if next(self._calls) < self._busy:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "too busy")
        return greetings_pb2.Greeting(text=f"{HELLO[0]}, {request.name}")

    async def GreetInAll(
        self, request: greetings_pb2.GreetRequest, context: Context
    ) -> AsyncIterator[greetings_pb2.Greeting]:
        for hello in HELLO:
            yield greetings_pb2.Greeting(text=f"{hello}, {request.name}")


async def serve(address: str, names: str, busy: int) -> None:
    known = {"log": interceptors.Log(), "time": interceptors.Time(), "auth": interceptors.Authenticate("secret")}
    server = grpc.aio.server(interceptors=[known[name] for name in names.split(",") if name])
    greetings_pb2_grpc.add_GreetingsServicer_to_server(Greetings(busy), server)
    port = server.add_insecure_port(address)
    await server.start()
    print(f"listening on port {port}", flush=True)
    await server.wait_for_termination()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", default="127.0.0.1:50054")
    parser.add_argument("--use", default="log,time,auth")
    parser.add_argument("--busy", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    asyncio.run(serve(arguments.listen, arguments.use, arguments.busy))


if __name__ == "__main__":
    main()
