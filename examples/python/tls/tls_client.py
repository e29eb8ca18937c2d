"""Calls a greeter over TLS, then the same with asyncio: tls_client.py [--target T] [--mutual] [--certificates FOLDER]

--mutual shows the client's certificate to the server.
"""
import argparse
import asyncio
import pathlib
import sys

import grpc
import helloworld_pb2
import helloworld_pb2_grpc

REQUEST = helloworld_pb2.HelloRequest(name="世界")


def credentials(folder: pathlib.Path, mutual: bool) -> grpc.ChannelCredentials:
    authority = (folder / "ca.pem").read_bytes()
    if not mutual:
        return grpc.ssl_channel_credentials(root_certificates=authority)
    return grpc.ssl_channel_credentials(authority, (folder / "client.key").read_bytes(),
                                        (folder / "client.pem").read_bytes())


def call(target: str, channel_credentials: grpc.ChannelCredentials) -> None:
    with grpc.secure_channel(target, channel_credentials) as channel:
        print(helloworld_pb2_grpc.GreeterStub(channel).SayHello(REQUEST, timeout=10).message)


async def call_aio(target: str, channel_credentials: grpc.ChannelCredentials) -> None:
    async with grpc.aio.secure_channel(target, channel_credentials) as channel:
        print((await helloworld_pb2_grpc.GreeterStub(channel).SayHello(REQUEST, timeout=10)).message)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", default="localhost:50056")
    parser.add_argument("--mutual", action="store_true")
    parser.add_argument("--certificates", type=pathlib.Path, default=pathlib.Path(__file__).with_name("certificates"))
    arguments = parser.parse_args()
    channel_credentials = credentials(arguments.certificates, arguments.mutual)
    try:
        call(arguments.target, channel_credentials)
        asyncio.run(call_aio(arguments.target, channel_credentials))
    except grpc.RpcError as error:
        print(f"error: {error.code().name}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
