"""Calls over connections of their own and shows which processes answered: workers_client.py [TARGET [CALLS]]"""
import collections
import sys

import grpc
import helloworld_pb2
import helloworld_pb2_grpc


def main(target: str = "127.0.0.1:50057", calls: str = "40") -> None:
    answers: collections.Counter[str] = collections.Counter()
    for _ in range(int(calls)):
        # A channel stays with one process. Without the option, channels with the same target share a connection.
        with grpc.insecure_channel(target, options=(("grpc.use_local_subchannel_pool", 1),)) as channel:
            reply = helloworld_pb2_grpc.GreeterStub(channel).SayHello(helloworld_pb2.HelloRequest(name="world"), timeout=10)
        answers[reply.message] += 1
    for message, count in sorted(answers.items()):
        print(f"{count} times: {message}")
    print(f"{len(answers)} processes answered")


if __name__ == "__main__":
    main(*sys.argv[1:])
