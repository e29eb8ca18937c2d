"""Streams whose replies are all here before the program reads them: for the program the call is not over yet."""
import threading
from concurrent import futures

import grpc
import pytest


@pytest.fixture
def stream():
    """stream(): a call with the replies b"0" to b"2", after its end arrived."""
    server = grpc.server(futures.ThreadPoolExecutor(2))

    def count(request, context):
        return (b"%d" % i for i in range(3))

    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("p.P", {
        "Count": grpc.unary_stream_rpc_method_handler(count)}),))
    port = server.add_insecure_port("localhost:0")
    server.start()
    channel = grpc.insecure_channel(f"localhost:{port}")

    def call(prepare=lambda call: None):
        made = channel.unary_stream("/p.P/Count")(b"", timeout=20)
        prepare(made)
        made._call.wait_ended(20)
        assert made._call.ended()
        return made

    yield call
    channel.close()
    server.stop(None)


def test_runs_until_the_last_reply_was_taken(stream):
    call = stream()
    for expected in (b"0", b"1", b"2"):
        assert (call.is_active(), call.done(), call.running()) == (True, False, True)
        assert "OK" not in repr(call) and call.initial_metadata() == ()
        assert next(call) == expected
    assert (call.is_active(), call.done()) == (False, True)
    assert list(call) == [] and call.code() is grpc.StatusCode.OK and not call.cancel()


def test_can_be_cancelled_while_replies_are_left(stream):
    call = stream()
    assert next(call) == b"0"
    assert call.cancel() and call.cancelled() and call.done() and not call.is_active()
    with pytest.raises(grpc.RpcError) as caught:
        next(call)
    assert caught.value.code() is grpc.StatusCode.CANCELLED
    assert caught.value.details() == "Locally cancelled by application!"
    assert not call.cancel()


@pytest.mark.parametrize("early", [True, False])
def test_done_callbacks_come_with_the_last_reply(stream, early):
    called = threading.Event()

    def add(call):
        call.add_done_callback(lambda _: called.set())
        assert call.add_callback(lambda: None)

    if early:
        call = stream(add)
    else:
        call = stream()
        add(call)
    for _ in range(2):
        next(call)
        assert not called.wait(0.05)
    next(call)
    assert called.wait(10)


def test_cancelling_calls_back(stream):
    called = threading.Event()
    call = stream(lambda call: call.add_done_callback(lambda _: called.set()))
    call.cancel()
    assert called.wait(10)


def test_asking_for_the_status_ends_it(stream):
    called = threading.Event()
    call = stream(lambda call: call.add_done_callback(lambda _: called.set()))
    assert call.code() is grpc.StatusCode.OK and called.wait(10)
    assert list(call) == [b"0", b"1", b"2"]
