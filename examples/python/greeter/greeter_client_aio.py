"""Calls helloworld.Greeter with asyncio, several calls at once: greeter_client_aio.py [TARGET [NAME...]]"""
import asyncio
import sys

import grpc
import helloworld_pb2
import helloworld_pb2_grpc


async def main(target: str, names: list[str]) -> None:
    async with grpc.aio.insecure_channel(target) as channel:
        greeter = helloworld_pb2_grpc.GreeterStub(channel)

        async def greet(name: str) -> str:
            reply = await greeter.SayHello(helloworld_pb2.HelloRequest(name=name), timeout=10)
            return reply.message

        for message in await asyncio.gather(*(greet(name) for name in names)):
            print(message)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051", sys.argv[2:] or ["world", "世界"]))
