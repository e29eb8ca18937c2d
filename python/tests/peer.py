"""A server and a client that run on any grpcio: Godwit's package talks to the reference with it, both ways.

peer.py server: prints its port, ends with its standard input. peer.py client PORT: checks, and prints "ok".
"""
import sys
import threading
from concurrent import futures

import grpc

METADATA = (("key", "value"), ("key-bin", b"\x00\xff"), ("key", "again"))


def echo(request, context):
    if request == b"metadata":
        sent = [(k, v) for k, v in context.invocation_metadata() if k.startswith("key")]
        context.send_initial_metadata((("initial", "1"),))
        context.set_trailing_metadata((("trailing-bin", b"\x01\x02"),))
        return repr(sorted(sent, key=str)).encode()
    if request == b"abort":
        context.set_trailing_metadata((("why", "because"),))
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "größer als %d ♥")
    if request == b"wait":
        over = threading.Event()
        context.add_callback(over.set)
        over.wait(20)
    if request == b"deadline":
        return b"%d" % int(context.time_remaining())
    return request


def serve():
    def counted(request, context):
        for i in range(int(request)):
            yield b"%d" % i

    h = {"Echo": grpc.unary_unary_rpc_method_handler(echo), "Count": grpc.unary_stream_rpc_method_handler(counted),
         "Join": grpc.stream_unary_rpc_method_handler(lambda requests, c: b"".join(requests)),
         "Chat": grpc.stream_stream_rpc_method_handler(lambda requests, c: (r + b"!" for r in requests))}
    server = grpc.server(futures.ThreadPoolExecutor(10))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("peer.Peer", h),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop(None)


def failure(function):
    try:
        function()
    except grpc.RpcError as error:
        return error
    raise AssertionError("no error")


def call(port):
    with grpc.insecure_channel("127.0.0.1:%s" % port) as channel:
        unary = channel.unary_unary("/peer.Peer/Echo")
        for request in (b"", b"x", b"y" * 100_000, bytes(range(256)) * 8000):
            assert unary(request, timeout=20) == request
        reply, info = unary.with_call(b"metadata", metadata=METADATA, timeout=20)
        assert reply == repr(sorted(METADATA, key=str)).encode(), reply
        assert ("initial", "1") in info.initial_metadata()
        assert ("trailing-bin", b"\x01\x02") in info.trailing_metadata()
        error = failure(lambda: unary(b"abort", timeout=20))
        assert (error.code(), error.details()) == (grpc.StatusCode.FAILED_PRECONDITION, "größer als %d ♥"), error
        assert ("why", "because") in error.trailing_metadata()
        assert failure(lambda: unary(b"wait", timeout=0.2)).code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert 50 <= int(unary(b"deadline", timeout=60)) <= 60
        future = unary.future(b"wait")
        assert future.cancel() and future.cancelled()
        assert failure(lambda: channel.unary_unary("/peer.Peer/Nope")(b"")).code() is grpc.StatusCode.UNIMPLEMENTED
        assert [int(r) for r in channel.unary_stream("/peer.Peer/Count")(b"2000", timeout=20)] == list(range(2000))
        assert channel.stream_unary("/peer.Peer/Join")((b"%d" % i for i in range(10)), timeout=20) == b"0123456789"
        chat = channel.stream_stream("/peer.Peer/Chat")(iter([b"a" * 100_000, b"b", b""]), timeout=20)
        assert list(chat) == [b"a" * 100_000 + b"!", b"b!", b"!"]
        assert chat.code() is grpc.StatusCode.OK
        stream = channel.unary_stream("/peer.Peer/Count")(b"100000000", timeout=20)
        next(stream)
        stream.cancel()
        assert failure(lambda: list(stream)).code() is grpc.StatusCode.CANCELLED
        results = [unary.future(b"%d" % i, timeout=20) for i in range(500)]
        assert [int(f.result()) for f in results] == list(range(500))
    print("ok")


if __name__ == "__main__":
    serve() if sys.argv[1] == "server" else call(sys.argv[2])
