"""Calls greetings with asyncio through interceptors: client_aio.py [--target T] [--use log,time,token,retry]

The first interceptor named is the outermost.
"""
import argparse
import asyncio
import logging
import sys

import client_interceptors_aio as interceptors
import greetings_pb2
import greetings_pb2_grpc
import grpc


async def call(target: str, names: str) -> int:
    known: dict[str, list[grpc.aio.ClientInterceptor]] = {
        "log": [interceptors.Log(), interceptors.LogStream()],
        "time": [interceptors.Time()],
        "token": [interceptors.Token("secret"), interceptors.TokenStream("secret")],
        "retry": [interceptors.Retry()],
    }
    used = [interceptor for name in names.split(",") if name for interceptor in known[name]]
    async with grpc.aio.insecure_channel(target, interceptors=used) as channel:
        greetings = greetings_pb2_grpc.GreetingsStub(channel)
        request = greetings_pb2.GreetRequest(name="godwit")
        try:
            greet = greetings.Greet(request, timeout=10)
            print((await greet).text)
            trailers = {key: value for key, value in await greet.trailing_metadata()}
            print("the handler took some time" if "handler-microseconds" in trailers else "nobody took the time")
            async for greeting in greetings.GreetInAll(request, timeout=10):
                print(greeting.text)
        except grpc.aio.AioRpcError as error:
            print(f"error: {error.code().name}: {error.details()}")
            return 1
    return 0


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", default="127.0.0.1:50054")
    parser.add_argument("--use", default="log,time,token,retry")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    return asyncio.run(call(arguments.target, arguments.use))


if __name__ == "__main__":
    sys.exit(main())
