"""Calls greetings through interceptors: client.py [--target T] [--use log,time,token,retry]

The first interceptor named is the outermost.
"""
import argparse
import logging
import sys

import client_interceptors
import greetings_pb2
import greetings_pb2_grpc
import grpc


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", default="127.0.0.1:50054")
    parser.add_argument("--use", default="log,time,token,retry")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    known = {
        "log": client_interceptors.Log(),
        "time": client_interceptors.Time(),
        "token": client_interceptors.Token("secret"),
        "retry": client_interceptors.Retry(),
    }
    used = [known[name] for name in arguments.use.split(",") if name]
    with grpc.insecure_channel(arguments.target) as plain:
        greetings = greetings_pb2_grpc.GreetingsStub(grpc.intercept_channel(plain, *used))
        request = greetings_pb2.GreetRequest(name="godwit")
        try:
            reply, call = greetings.Greet.with_call(request, timeout=10)
            print(reply.text)
            trailers = {key: value for key, value in call.trailing_metadata()}
            print("the handler took some time" if "handler-microseconds" in trailers else "nobody took the time")
            for greeting in greetings.GreetInAll(request, timeout=10):
                print(greeting.text)
        except grpc.RpcError as error:
            print(f"error: {error.code().name}: {error.details()}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
