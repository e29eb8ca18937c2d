"""A grpcio server for test_ext_client.py, run by the peers' Python: `ext_peer.py [KEY CERTIFICATE]`.

Prints its port, serves until its standard input ends. The methods do what their names say; messages are bytes.
"""
import sys
import threading
import time
from concurrent import futures

import grpc


def echo(request, context):
    context.set_trailing_metadata([("t", "trailing"), ("t-bin", b"\x00\xff")])
    return request


def fail(request, context):
    context.set_trailing_metadata([("why", "because")])
    context.abort(grpc.StatusCode.NOT_FOUND, "no such thing: \u00e4")


def show(request, context):
    context.send_initial_metadata([e for e in context.invocation_metadata() if e[0].startswith("k")])
    return repr(sorted((k, v) for k, v in context.invocation_metadata())).encode()


def never(request, context):
    ended = threading.Event()
    context.add_callback(ended.set)
    ended.wait(30)
    return b"too late"


def count(request, context):
    for i in range(int(request)):
        yield b"%d" % i


def slow_count(request, context):
    for i in range(int(request)):
        time.sleep(0.05)
        yield b"%d" % i


def join(requests, context):
    return b",".join(requests)


def chat(requests, context):
    context.send_initial_metadata([("i", "initial")])
    for request in requests:
        yield request.upper()


HANDLERS = {
    "Echo": grpc.unary_unary_rpc_method_handler(echo),
    "Fail": grpc.unary_unary_rpc_method_handler(fail),
    "Show": grpc.unary_unary_rpc_method_handler(show),
    "Never": grpc.unary_unary_rpc_method_handler(never),
    "Count": grpc.unary_stream_rpc_method_handler(count),
    "SlowCount": grpc.unary_stream_rpc_method_handler(slow_count),
    "Join": grpc.stream_unary_rpc_method_handler(join),
    "Chat": grpc.stream_stream_rpc_method_handler(chat),
}


def main():
    server = grpc.server(futures.ThreadPoolExecutor(32), options=[("grpc.max_receive_message_length", -1)])
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("t.T", HANDLERS)])
    if len(sys.argv) > 1:
        key, certificate = (open(name, "rb").read() for name in sys.argv[1:3])
        port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, certificate)]))
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop(None)


if __name__ == "__main__":
    main()
