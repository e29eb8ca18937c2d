"""Sends metadata and shows what comes back, then the same with asyncio: metadata_client.py [TARGET]"""
import asyncio
import sys

import grpc
import helloworld_pb2
import helloworld_pb2_grpc

METADATA = (
    ("language", "zh"),
    ("language", "en"),
    ("trace-bin", bytes([1, 2, 255])),  # bytes: the key ends with -bin
)


def show(when: str, metadata: object) -> None:
    for key, value in metadata:  # type: ignore[attr-defined]
        print(f"{when} {key}: {(value.decode() if key == 'motto-bin' else value)!r}")


def call(target: str) -> None:
    with grpc.insecure_channel(target) as channel:
        greeter = helloworld_pb2_grpc.GreeterStub(channel)
        reply, call = greeter.SayHello.with_call(helloworld_pb2.HelloRequest(name="世界"), metadata=METADATA, timeout=10)
        show("initial", call.initial_metadata())
        print(reply.message)
        show("trailing", call.trailing_metadata())


async def call_aio(target: str) -> None:
    async with grpc.aio.insecure_channel(target) as channel:
        greeter = helloworld_pb2_grpc.GreeterStub(channel)
        call = greeter.SayHello(helloworld_pb2.HelloRequest(name="世界"), metadata=METADATA, timeout=10)
        show("initial", await call.initial_metadata())
        print((await call).message)
        show("trailing", await call.trailing_metadata())


if __name__ == "__main__":
    TARGET = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50055"
    call(TARGET)
    asyncio.run(call_aio(TARGET))
