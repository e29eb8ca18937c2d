"""Serves helloworld.Greeter over TLS: tls_server.py [--listen ADDRESS] [--mutual] [--certificates FOLDER] [--aio]

--mutual asks clients for a certificate too. make_certificates.sh makes the certificates.
"""
import argparse
import asyncio
import pathlib
from concurrent import futures
from typing import Any

import grpc
import helloworld_pb2
import helloworld_pb2_grpc


def caller(context: Any) -> str:
    names = context.auth_context().get("x509_common_name", [])
    return names[0].decode() if names else "somebody without a certificate"


class Greeter(helloworld_pb2_grpc.GreeterServicer):
    def SayHello(self, request: helloworld_pb2.HelloRequest, context: grpc.ServicerContext) -> helloworld_pb2.HelloReply:
        return helloworld_pb2.HelloReply(message=f"Hello, {request.name}; I see {caller(context)}")


class AsyncGreeter(helloworld_pb2_grpc.GreeterServicer):
    async def SayHello(
        self,
        request: helloworld_pb2.HelloRequest,
        context: grpc.aio.ServicerContext[helloworld_pb2.HelloRequest, helloworld_pb2.HelloReply],
    ) -> helloworld_pb2.HelloReply:
        return helloworld_pb2.HelloReply(message=f"Hello, {request.name}; I see {caller(context)}")


def credentials(folder: pathlib.Path, mutual: bool) -> grpc.ServerCredentials:
    pair = ((folder / "server.key").read_bytes(), (folder / "server.pem").read_bytes())
    if not mutual:
        return grpc.ssl_server_credentials([pair])
    return grpc.ssl_server_credentials([pair], root_certificates=(folder / "ca.pem").read_bytes(),
                                       require_client_auth=True)


def serve(address: str, server_credentials: grpc.ServerCredentials) -> None:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    helloworld_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
    port = server.add_secure_port(address, server_credentials)
    server.start()
    print(f"listening on port {port}", flush=True)
    server.wait_for_termination()


async def serve_aio(address: str, server_credentials: grpc.ServerCredentials) -> None:
    server = grpc.aio.server()
    helloworld_pb2_grpc.add_GreeterServicer_to_server(AsyncGreeter(), server)
    port = server.add_secure_port(address, server_credentials)
    await server.start()
    print(f"listening on port {port}", flush=True)
    await server.wait_for_termination()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", default="127.0.0.1:50056")
    parser.add_argument("--mutual", action="store_true")
    parser.add_argument("--certificates", type=pathlib.Path, default=pathlib.Path(__file__).with_name("certificates"))
    parser.add_argument("--aio", action="store_true")
    arguments = parser.parse_args()
    server_credentials = credentials(arguments.certificates, arguments.mutual)
    if arguments.aio:
        asyncio.run(serve_aio(arguments.listen, server_credentials))
    else:
        serve(arguments.listen, server_credentials)


if __name__ == "__main__":
    main()
