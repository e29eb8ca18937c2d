"""Deadlines, cancellation, futures, callbacks: how calls end."""
import gc
import os
import threading
import time
from concurrent import futures

import grpc
import pytest
from conftest import echo, ss, us, uu


def until(condition, seconds=10):
    """Waits for something that another thread does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.002)


class Blocking:
    """A handler that waits until it is let go, or its call is over."""

    def __init__(self):
        self.go = threading.Event()
        self.entered = threading.Semaphore(0)
        self.left = threading.Semaphore(0)
        self.over = []

    def __call__(self, request, context):
        context.add_callback(lambda: (self.over.append(context.is_active()), self.go.set()))
        self.entered.release()
        self.go.wait(30)
        self.left.release()
        return request


def test_deadline_of_a_blocking_call(serve):
    handler = Blocking()
    s = serve({"M": uu(handler)})
    with pytest.raises(grpc.RpcError) as caught:
        s.unary()(b"", timeout=0.1)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert caught.value.details() == "Deadline Exceeded"
    assert handler.left.acquire(timeout=10)  # the handler was told
    assert handler.over == [False]


@pytest.mark.parametrize("timeout", [0, -1, 1e-9, 1e-6])
def test_tiny_timeouts_expire(serve, timeout):
    s = serve({"M": uu(echo), "S": us(lambda r, c: [r])})
    for function in (lambda: s.unary()(b"", timeout=timeout), lambda: s.unary().future(b"", timeout=timeout).result(),
                     lambda: list(s.channel.unary_stream("/t.T/S")(b"", timeout=timeout))):
        with pytest.raises(grpc.RpcError) as caught:
            function()
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_time_remaining(serve):
    seen = []

    def handler(request, context):
        seen.append(context.time_remaining())
        return b""

    s = serve({"M": uu(handler)})
    s.unary()(b"", timeout=100)
    s.unary()(b"")
    assert 90 < seen[0] <= 100 and seen[1] > 1e6
    future = s.unary().future(b"", timeout=50)
    assert 40 < future.time_remaining() <= 50
    future.result()


def test_future_result_and_cancel(serve):
    handler = Blocking()
    s = serve({"M": uu(handler)})
    future = s.unary().future(b"a")
    assert handler.entered.acquire(timeout=10)
    assert future.running() and not future.done() and future.is_active()
    with pytest.raises(grpc.FutureTimeoutError):
        future.result(timeout=0.01)
    with pytest.raises(grpc.FutureTimeoutError):
        future.exception(timeout=0.01)
    assert future.cancel() and future.cancelled() and future.done() and not future.cancel()
    with pytest.raises(grpc.FutureCancelledError):
        future.result(5)
    with pytest.raises(grpc.FutureCancelledError):
        future.exception(5)
    assert future.code() is grpc.StatusCode.CANCELLED
    assert future.details() == "Locally cancelled by application!"
    assert handler.left.acquire(timeout=10)


def test_future_of_an_error(serve):
    future = serve({"M": uu(lambda r, c: c.abort(grpc.StatusCode.ABORTED, "no"))}).unary().future(b"")
    error = future.exception(5)
    assert error is future and error.code() is grpc.StatusCode.ABORTED and future.traceback(5) is not None
    with pytest.raises(grpc.RpcError):
        future.result()


def test_done_callbacks(serve):
    handler = Blocking()
    s = serve({"M": uu(handler), "E": uu(echo)})
    for _ in range(2):  # the first callback of a process goes another way than later ones
        done = threading.Event()
        seen = []
        future = s.unary().future(b"a")
        future.add_done_callback(lambda f: 1 / 0)
        future.add_done_callback(lambda f: seen.append(f.result()) or done.set())
        handler.go.set()
        assert done.wait(10) and seen == [b"a"]
        late = []
        future.add_done_callback(late.append)
        assert late == [future]
        handler.go.clear()
    count = threading.Semaphore(0)
    for _ in range(500):
        s.unary("E").future(b"").add_done_callback(lambda f: count.release())
    for _ in range(500):
        assert count.acquire(timeout=10)


def test_callback_of_a_stream(serve):
    s = serve({"M": us(lambda r, c: [b"1", b"2"])})
    over = threading.Event()
    stream = s.channel.unary_stream("/t.T/M")(b"")
    if not stream.add_callback(over.set):
        over.set()
    assert list(stream) == [b"1", b"2"]
    assert over.wait(10) and not stream.add_callback(over.set)


def test_cancelling_a_stream_reaches_the_handler(serve):
    left = threading.Event()

    def endless(request, context):
        try:
            while context.is_active():
                yield b"x"
                time.sleep(0.001)
        finally:
            left.set()

    stream = serve({"M": us(endless)}).channel.unary_stream("/t.T/M")(b"")
    assert next(stream) == b"x"
    assert stream.cancel()
    with pytest.raises(grpc.RpcError) as caught:
        for _ in stream:
            pass
    assert caught.value is stream and stream.code() is grpc.StatusCode.CANCELLED and stream.cancelled()
    assert left.wait(10)


def test_dropping_a_stream_cancels_it(serve):
    handler = Blocking()
    s = serve({"M": us(lambda r, c: iter([handler(r, c)]))})
    stream = s.channel.unary_stream("/t.T/M")(b"")
    assert handler.entered.acquire(timeout=10)
    del stream
    assert handler.left.acquire(timeout=10)


def test_a_handler_waiting_for_requests_is_told(serve, errors):
    raised = threading.Event()

    def handler(requests, context):
        try:
            for request in requests:
                yield request
        except grpc.RpcError:
            raised.set()
            raise

    held = threading.Event()

    def requests():
        yield b"1"
        held.wait(30)

    stream = serve({"M": ss(handler)}).channel.stream_stream("/t.T/M")(requests())
    assert next(stream) == b"1"
    stream.cancel()
    assert raised.wait(10)
    held.set()
    assert errors() == []  # a client that goes is no error of the handler


def test_the_server_cancels(serve):
    def handler(request, context):
        context.cancel()
        until(lambda: not context.is_active())
        return b""

    with pytest.raises(grpc.RpcError) as caught:
        serve({"M": uu(handler)}).unary()(b"", timeout=10)
    assert caught.value.code() is grpc.StatusCode.CANCELLED


def test_stop_with_and_without_grace(serve):
    handler = Blocking()
    s = serve({"M": uu(handler)})
    future = s.unary().future(b"in time")
    assert handler.entered.acquire(timeout=10)
    stopped = s.server.stop(10)
    assert not stopped.wait(0.05)
    with pytest.raises(grpc.RpcError) as caught:
        s.unary()(b"too late", timeout=5)
    assert caught.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
    handler.go.set()
    assert future.result(10) == b"in time"
    assert stopped.wait(10) and s.server.wait_for_termination(1) is False

    handler = Blocking()
    s = serve({"M": uu(handler)})
    future = s.unary().future(b"")
    assert handler.entered.acquire(timeout=10)
    assert s.server.wait_for_termination(0.01) is True
    assert s.server.stop(0.05).wait(10)
    assert future.exception(10).code() in (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE)
    assert s.server.stop(None).wait(1)


def test_waiting_for_a_server(serve):
    port = serve({"M": uu(echo)})
    port.stop()
    channel = grpc.insecure_channel(port.target, [("grpc.initial_reconnect_backoff_ms", 50)])
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/t.T/M")(b"", timeout=5)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    future = channel.unary_unary("/t.T/M").future(b"patient", timeout=10, wait_for_ready=True)
    server = grpc.server(port.pool)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {"M": uu(echo)}),))
    server.add_insecure_port(port.target)
    server.start()
    try:
        assert future.result(10) == b"patient"
    finally:
        channel.close()
        server.stop(None)


def test_channel_states(serve):
    s = serve({"M": uu(echo)})
    seen, ready = [], threading.Event()

    def callback(state):
        seen.append(state)
        if state is grpc.ChannelConnectivity.READY:
            ready.set()

    s.channel.subscribe(callback, try_to_connect=True)
    assert ready.wait(10)
    assert seen[0] in (grpc.ChannelConnectivity.IDLE, grpc.ChannelConnectivity.CONNECTING)
    s.channel.unsubscribe(callback)
    future = grpc.channel_ready_future(s.channel)
    assert future.result(10) is None and future.done()
    done = []
    future.add_done_callback(done.append)
    assert done == [future]


def test_channel_that_does_not_become_ready():
    with grpc.insecure_channel("127.0.0.1:1") as channel:
        future = grpc.channel_ready_future(channel)
        with pytest.raises(grpc.FutureTimeoutError):
            future.result(timeout=0.05)
        assert future.cancel() and future.cancelled()
        with pytest.raises(grpc.FutureCancelledError):
            future.result()


def test_servers_and_channels_that_were_let_go_leave_nothing():
    """Neither stop() nor close() was called."""

    def use():
        server = grpc.server(futures.ThreadPoolExecutor(2))
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {"M": uu(echo)}),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        assert channel.unary_unary("/t.T/M")(b"x", timeout=10) == b"x"

    def left():
        gc.collect()
        return threading.active_count(), len(os.listdir("/proc/self/fd"))

    use()
    threads, descriptors = left()
    for _ in range(20):
        use()
    end = time.monotonic() + 20
    while left() > (threads + 2, descriptors + 2) and time.monotonic() < end:
        time.sleep(0.05)
    now = left()
    assert now[0] <= threads + 2 and now[1] <= descriptors + 4, (now, threads, descriptors)
