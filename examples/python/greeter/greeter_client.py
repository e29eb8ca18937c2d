"""Calls helloworld.Greeter: greeter_client.py [NAME [TARGET]]"""
import sys

import grpc
import helloworld_pb2
import helloworld_pb2_grpc


def main(name: str = "world", target: str = "127.0.0.1:50051") -> None:
    with grpc.insecure_channel(target) as channel:
        greeter = helloworld_pb2_grpc.GreeterStub(channel)
        reply = greeter.SayHello(helloworld_pb2.HelloRequest(name=name), timeout=10)
        print(reply.message)


if __name__ == "__main__":
    main(*sys.argv[1:])
