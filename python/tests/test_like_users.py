"""Programs as users write them, from start to end: each with several parts of the API at once."""
import socket
import threading
import time
from concurrent import futures

import grpc
import pytest
from conftest import echo, ss, su, us, uu


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_client_that_is_there_before_its_server_and_outlives_it():
    port = free_port()

    def start():
        server = grpc.server(futures.ThreadPoolExecutor(4))
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {"M": uu(echo)}),))
        assert server.add_insecure_port(f"127.0.0.1:{port}") == port
        server.start()
        return server

    with grpc.insecure_channel(f"127.0.0.1:{port}", [("grpc.initial_reconnect_backoff_ms", 100),
                                                     ("grpc.max_reconnect_backoff_ms", 200)]) as channel:
        states = []
        channel.subscribe(states.append, try_to_connect=True)
        call = channel.unary_unary("/t.T/M")
        with pytest.raises(grpc.RpcError) as caught:
            call(b"", timeout=5)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert "failed to connect to all addresses" in caught.value.details()
        waiting = call.future(b"x", wait_for_ready=True, timeout=30)
        server = start()
        assert waiting.result() == b"x"
        for _ in range(3):
            server.stop(None)
            with pytest.raises(grpc.RpcError):
                call(b"", timeout=5)
            server = start()
            grpc.channel_ready_future(channel).result(timeout=30)
            assert call(b"y", timeout=10) == b"y"
        end = time.monotonic() + 10
        while states[-1] is not grpc.ChannelConnectivity.READY and time.monotonic() < end:
            time.sleep(0.01)
        assert grpc.ChannelConnectivity.TRANSIENT_FAILURE in states
        channel.unsubscribe(states.append)
        server.stop(None)


def test_streams_side_by_side_on_one_channel(serve):
    """A chat room: each client's messages go to all."""
    rooms, lock = [], threading.Condition()

    def chat(requests, context):
        mine = []
        with lock:
            rooms.append(mine)
            lock.notify_all()
            lock.wait_for(lambda: len(rooms) == 8, 20)

        def read():
            for message in requests:
                with lock:
                    for room in rooms:
                        room.append(message)
                    lock.notify_all()

        threading.Thread(target=read, daemon=True).start()
        sent = 0
        while sent < 8 * 25:
            with lock:
                assert lock.wait_for(lambda: len(mine) > sent, 20)
                new = mine[sent:]
            yield from new
            sent += len(new)

    s = serve({"Chat": ss(chat)}, workers=8)

    def client(number):
        method = s.channel.stream_stream("/t.T/Chat")
        return sorted(method((b"%d/%d" % (number, i) for i in range(25)), timeout=30))

    with futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(client, range(8)))
    assert results == [sorted(b"%d/%d" % (n, i) for n in range(8) for i in range(25))] * 8


class Retry(grpc.UnaryUnaryClientInterceptor, grpc.StreamUnaryClientInterceptor):
    def __init__(self, attempts):
        self.attempts = attempts
        self.seen = []

    def _intercept(self, continuation, details, request):
        for left in reversed(range(self.attempts)):
            response = continuation(details, request)
            self.seen.append(response.code())
            if response.code() is not grpc.StatusCode.UNAVAILABLE or not left:
                return response

    intercept_unary_unary = intercept_stream_unary = _intercept


def test_retries_by_an_interceptor(serve):
    calls = []

    def handler(request, context):
        calls.append(context.invocation_metadata())
        if len(calls) % 3:
            context.abort(grpc.StatusCode.UNAVAILABLE, "not yet")
        return request

    s = serve({"M": uu(handler)})
    retry = Retry(3)
    call = grpc.intercept_channel(s.channel, retry).unary_unary("/t.T/M")
    assert call(b"x", timeout=10) == b"x"
    assert call.with_call(b"y", timeout=10)[0] == b"y"
    assert call.future(b"z", timeout=10).result() == b"z"
    assert [code.name for code in retry.seen] == ["UNAVAILABLE", "UNAVAILABLE", "OK"] * 3
    with pytest.raises(grpc.RpcError, match="not yet"):
        grpc.intercept_channel(s.channel, Retry(2)).unary_unary("/t.T/M")(b"")


def test_futures_and_their_callbacks(serve):
    s = serve({"M": uu(lambda r, c: c.abort(grpc.StatusCode.ABORTED, "odd") if r[-1] % 2 else r)})
    done, all_done = [], threading.Event()

    def callback(future):
        done.append((future.code(), future.exception(), None if future.exception() else future.result()))
        if len(done) == 50:
            all_done.set()

    for i in range(50):
        s.unary().future(b"%c" % i, timeout=20).add_done_callback(callback)
    assert all_done.wait(20)
    assert sorted(reply for code, _, reply in done if code is grpc.StatusCode.OK) == [b"%c" % i for i in range(0, 50, 2)]
    assert sum(isinstance(error, grpc.RpcError) and error.details() == "odd" for _, error, _ in done) == 25


class Health(grpc.GenericRpcHandler):
    """By hand, as some do without generated code: also for services that it does not know beforehand."""

    def __init__(self):
        self.serving = {"": b"SERVING"}
        self.changed = threading.Condition()

    def set(self, service, status):
        with self.changed:
            self.serving[service] = status
            self.changed.notify_all()

    def service(self, details):
        package, _, method = details.method.rpartition("/")
        if package != "/grpc.health.v1.Health":
            return None
        return {"Check": uu(self.check, request_deserializer=bytes.decode),
                "Watch": us(self.watch, request_deserializer=bytes.decode)}.get(method)

    def check(self, service, context):
        if service not in self.serving:
            context.set_code(grpc.StatusCode.NOT_FOUND)
            context.set_details(f"unknown service {service}")
            return b""
        return self.serving[service]

    def watch(self, service, context):
        last = None
        while context.is_active():
            with self.changed:
                self.changed.wait_for(lambda: self.serving.get(service) != last, 0.2)
                now = self.serving.get(service)
            if now != last:
                last = now
                yield now


def test_a_generic_handler_of_one_s_own(serve):
    s = serve({"M": uu(echo)})
    health = Health()
    other = grpc.server(s.pool, handlers=(health,))
    port = other.add_insecure_port("127.0.0.1:0")
    other.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check", request_serializer=str.encode)
        assert check("", timeout=10) == b"SERVING"
        with pytest.raises(grpc.RpcError) as caught:
            check("x", timeout=10)
        assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.NOT_FOUND, "unknown service x")
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary("/grpc.health.v1.Health/Nope")(b"", timeout=10)
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
        watch = channel.unary_stream("/grpc.health.v1.Health/Watch", request_serializer=str.encode)("")
        assert next(watch) == b"SERVING"
        health.set("", b"NOT_SERVING")
        assert next(watch) == b"NOT_SERVING"
        watch.cancel()
    other.stop(None)


def test_an_upload_and_a_download(serve):
    """A file in pieces, there and back, with what came of it in the trailing metadata."""
    files = {}

    def upload(pieces, context):
        name = dict(context.invocation_metadata())["name"]
        files[name] = b"".join(pieces)
        context.set_trailing_metadata((("size", str(len(files[name]))),))
        return b"stored"

    def download(request, context):
        data = files.get(request.decode())
        if data is None:
            context.abort(grpc.StatusCode.NOT_FOUND, f"no file {request.decode()}")
        for at in range(0, len(data), 65536):
            yield data[at:at + 65536]

    s = serve({"Upload": su(upload), "Download": us(download)})
    data = bytes(range(256)) * 20_000
    pieces = (data[at:at + 50_000] for at in range(0, len(data), 50_000))
    reply, call = s.channel.stream_unary("/t.T/Upload").with_call(pieces, metadata=(("name", "a"),), timeout=30)
    assert reply == b"stored" and dict(call.trailing_metadata())["size"] == str(len(data))
    assert b"".join(s.channel.unary_stream("/t.T/Download")(b"a", timeout=30)) == data
    with pytest.raises(grpc.RpcError, match="no file b"):
        list(s.channel.unary_stream("/t.T/Download")(b"b", timeout=30))


def test_services_generated_by_early_releases():
    """As grpcio-tools 1.0 to 1.3 wrote x_pb2_grpc.py."""
    from grpc.framework.common import cardinality
    from grpc.framework.interfaces.face import utilities as face_utilities  # noqa: F401
    assert cardinality.Cardinality.STREAM_UNARY.value == "request-streaming/response-unary"
