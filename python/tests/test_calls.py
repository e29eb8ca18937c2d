"""The four kinds of calls, and what the client can ask about them."""
import contextlib
import functools
import pickle
import threading
import time
from concurrent import futures

import grpc
import pytest
from conftest import echo, ss, su, us, uu
from google.protobuf.wrappers_pb2 import StringValue

WORDS = {"request_deserializer": StringValue.FromString, "response_serializer": StringValue.SerializeToString}
STUB = {"request_serializer": StringValue.SerializeToString, "response_deserializer": StringValue.FromString}


def test_unary_bytes(serve):
    call = serve({"M": uu(echo)}).unary()
    for request in (b"", b"x", bytes(range(256)) * 8, b"y" * 3_000_000):
        assert call(request) == request


def test_unary_messages(serve):
    call = serve({"M": uu(lambda r, c: StringValue(value="Hallo, " + r.value), **WORDS)}).unary(**STUB)
    assert call(StringValue(value="世界")).value == "Hallo, 世界"
    reply, info = call.with_call(StringValue(value="x"))
    assert reply.value == "Hallo, x"
    assert info.code() is grpc.StatusCode.OK and info.details() == "" and info.done() and not info.is_active()
    assert info.result() is reply


def test_many_calls_from_many_threads(serve):
    call = serve({"M": uu(echo)}).unary()
    wrong = []

    def work(number):
        for i in range(200):
            if call(b"%d-%d" % (number, i)) != b"%d-%d" % (number, i):
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(10)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert not wrong


def test_unary_stream(serve):
    def count(request, context):
        for i in range(int(request)):
            yield b"%d" % i

    s = serve({"M": us(count)})
    replies = s.channel.unary_stream("/t.T/M")(b"1000")
    assert [int(r) for r in replies] == list(range(1000))
    assert replies.code() is grpc.StatusCode.OK
    assert list(replies) == []
    assert list(s.channel.unary_stream("/t.T/M")(b"0")) == []


def test_stream_unary(serve):
    s = serve({"M": su(lambda requests, c: b"".join(requests))})
    call = s.channel.stream_unary("/t.T/M")
    assert call(iter([b"a", b"b", b"c"])) == b"abc"
    assert call(b"%d" % i for i in range(3)) == b"012"
    assert call([]) == b""
    reply, info = call.with_call([b"list"])
    assert (reply, info.code()) == (b"list", grpc.StatusCode.OK)
    assert call.future(iter([b"1", b"2"])).result(5) == b"12"


def test_stream_stream_ping_pong(serve):
    s = serve({"M": ss(lambda requests, c: (r + b"!" for r in requests))})
    go = threading.Semaphore(1)

    def requests():
        for i in range(100):
            go.acquire()
            yield b"%d" % i

    got = []
    for reply in s.channel.stream_stream("/t.T/M")(requests()):
        got.append(reply)
        go.release()
    assert got == [b"%d!" % i for i in range(100)]


def test_reply_before_the_requests_end(serve):
    s = serve({"M": su(lambda requests, c: next(iter(requests)))})
    held = threading.Event()

    def requests():
        yield b"first"
        held.wait(30)

    assert s.channel.stream_unary("/t.T/M")(requests(), timeout=10) == b"first"
    held.set()


def test_a_large_stream_does_not_fill_the_memory(serve):
    def flood(request, context):
        for _ in range(64):
            yield b"x" * 1_000_000

    s = serve({"M": us(flood)})
    sizes = []
    for reply in s.channel.unary_stream("/t.T/M")(b""):
        sizes.append(len(reply))
        time.sleep(0)
    assert sizes == [1_000_000] * 64


def test_requests_that_are_none(serve, errors):
    s = serve({"M": ss(lambda requests, c: requests)})
    with pytest.raises(TypeError, match="takes an iterator of requests, not int"):
        s.channel.stream_stream("/t.T/M")(7)
    call = s.unary(**STUB)
    for function in (call, lambda r: s.channel.stream_unary("/t.T/M", **STUB)(iter([r]))):
        with pytest.raises(grpc.RpcError) as caught:
            function({"value": "x"})
        assert caught.value.code() is grpc.StatusCode.INTERNAL
        assert "Exception serializing request!" in caught.value.details()
        assert any("/t.T/M: dict can't be sent: " in text for text in errors())


def test_an_iterator_of_requests_that_raises(serve, errors):
    s = serve({"M": su(lambda requests, c: b"%d" % len(list(requests)))})

    def requests():
        yield b"1"
        raise KeyError("lost")

    with pytest.raises(grpc.RpcError) as caught:
        s.channel.stream_unary("/t.T/M")(requests())
    assert caught.value.code() is grpc.StatusCode.UNKNOWN
    assert caught.value.details() == "Exception iterating requests!"
    assert any("iterator of requests raised" in text for text in errors())


def test_replies_that_can_not_be_parsed(serve, errors):
    s = serve({"M": uu(lambda r, c: b"\xff\xff"), "S": us(lambda r, c: [b"\xff\xff"])})
    with pytest.raises(grpc.RpcError) as caught:
        s.unary(**STUB)(StringValue())
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert caught.value.details() == "Exception deserializing response!"
    with pytest.raises(grpc.RpcError) as caught:
        list(s.channel.unary_stream("/t.T/S", **STUB)(StringValue()))
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    with pytest.raises(grpc.RpcError):
        s.unary(**STUB).future(StringValue()).result(5)


def test_unknown_method(serve):
    s = serve({"M": uu(echo)})
    with pytest.raises(grpc.RpcError) as caught:
        s.unary("Nope")(b"")
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.UNIMPLEMENTED, "Method not found!")


def test_errors_look_like_the_reference_s(serve):
    def fail(request, context):
        context.set_trailing_metadata((("k", "v"), ("k-bin", b"\x00\x01")))
        context.abort(grpc.StatusCode.NOT_FOUND, "no such thing")

    with pytest.raises(grpc.RpcError) as caught:
        serve({"M": uu(fail)}).unary()(b"")
    error = caught.value
    assert isinstance(error, (grpc.Call, grpc.Future)) and type(error).__name__ == "_InactiveRpcError"
    lines = str(error).splitlines()
    assert lines[:3] == ["<_InactiveRpcError of RPC that terminated with:", "\tstatus = StatusCode.NOT_FOUND",
                         '\tdetails = "no such thing"']
    assert lines[3].startswith('\tdebug_error_string = "') and lines[4] == ">"
    assert tuple((k, v) for k, v in error.trailing_metadata()) == (("k", "v"), ("k-bin", b"\x00\x01"))
    assert error.exception() is error and not error.is_active()


def test_metadata_both_ways(serve):
    def handler(request, context):
        sent = {entry.key: entry.value for entry in context.invocation_metadata()}
        context.send_initial_metadata((("initial", "1"), ("initial-bin", b"\x01")))
        context.set_trailing_metadata((("trailing", "2"), ("trailing-bin", b"\x02\xff")))
        return repr((sent["key"], sent["key-bin"])).encode()

    s = serve({"M": uu(handler), "S": us(lambda r, c: iter([handler(r, c)]))})
    sent = (("key", "value"), ("key-bin", b"\xff\x00"))
    reply, call = s.unary().with_call(b"", metadata=sent)
    assert reply == repr(("value", b"\xff\x00")).encode()
    stream = s.channel.unary_stream("/t.T/S")(b"", metadata=list(sent))
    for call in (call, stream):
        assert ("initial", "1") in call.initial_metadata() and ("initial-bin", b"\x01") in call.initial_metadata()
        assert [entry.value for entry in call.trailing_metadata() if entry.key.startswith("trailing")] == ["2", b"\x02\xff"]


@pytest.mark.parametrize("metadata", [(("Upper", "x"),), (("key", "line\nbreak"),), (("key-bin", "text"),), (("key", b"x\xff"),),
                                      (("", "x"),), ("ab", "c"), (("key",),)])
def test_metadata_that_can_not_be_sent(serve, metadata):
    s = serve({"M": uu(echo)})
    with pytest.raises((ValueError, TypeError)):
        s.unary()(b"", metadata=metadata)
    with pytest.raises((ValueError, TypeError)):
        s.channel.unary_stream("/t.T/M")(b"", metadata=metadata)
    assert s.unary()(b"after") == b"after"


def test_metadata_of_a_gateway(serve):
    """As grpcio, we keep spaces around values; and who hands on all fields of an HTTP request is not bothered about those
    that belong to its connection."""
    def handler(request, context):
        context.set_trailing_metadata((("t", " trailing "),))
        return repr([tuple(entry) for entry in context.invocation_metadata() if entry.key != "user-agent"]).encode()

    reply, call = serve({"M": uu(handler)}).unary().with_call(
        b"", metadata=(("host", "h"), ("connection", "keep-alive"), ("content-length", "5"), ("a", " b "), ("c", "d")))
    assert reply == b"[('a', ' b '), ('c', 'd')]" and ("t", " trailing ") in call.trailing_metadata()


def test_targets_that_can_not_be_used():
    with grpc.insecure_channel("http://localhost:1") as channel:
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary("/t.T/M")(b"")
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE and "'http' is not known" in caught.value.details()


def test_closed_channel(serve):
    s = serve({"M": uu(echo)})
    call = s.unary()
    assert call(b"1") == b"1"
    s.channel.close()
    for function in (call, call.with_call, call.future, s.channel.unary_stream("/t.T/M"), s.channel.stream_unary("/t.T/M")):
        with pytest.raises(ValueError, match="Cannot invoke RPC on closed channel!"):
            function(b"2")
    s.channel.close()


def test_message_sizes(serve):
    s = serve({"M": uu(lambda r, c: b"x" * int(r))}, channel_options=[("grpc.max_receive_message_length", 1000)])
    assert len(s.unary()(b"900")) == 900
    with pytest.raises(grpc.RpcError) as caught:
        s.unary()(b"1001")
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_metadata_sizes(serve):
    s = serve({"M": uu(lambda r, c: c.set_trailing_metadata((("k", "v" * len(r)),)) or b"")})
    s.unary()(b"", metadata=(("k", "v" * 5000),))
    for data, metadata in ((b"", (("k", "v" * 30000),)), (bytes(30000), None)):
        with pytest.raises(grpc.RpcError) as caught:
            s.unary()(data, metadata=metadata)
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_user_agent(serve):
    s = serve({"M": uu(lambda r, c: dict(c.invocation_metadata())["user-agent"].encode())},
              channel_options=[("grpc.primary_user_agent", "me"), ("grpc.secondary_user_agent", "too")])
    words = s.unary()(b"").decode().split()
    assert words[:2] == ["me", f"grpc-python/{grpc.__version__}"] and "too" in words[2:]


def test_errors_can_be_pickled(serve):
    import pickle
    with pytest.raises(grpc.RpcError) as caught:
        serve({"M": uu(echo)}).unary("Nope")(b"")
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value) and again.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("key, value", [("grpc-trace-bin", b"\x00\xff"), ("grpc-tags-bin", b"x"),
                                        ("grpc-previous-rpc-attempts", "3"), ("grpc-x", "x"), ("grpc-timeout", "1S"), ("grpc-status", "5"),
                                        ("grpc-encoding", "gzip"), ("te", "x"), ("content-type", "x")])
def test_keys_of_the_protocol_may_be_given(serve, key, value):
    """As the reference: some are sent, those that the protocol itself writes are not."""

    def handler(request, context):
        context.send_initial_metadata(((key, value),))
        context.set_trailing_metadata(((key, value),))
        return dict(context.invocation_metadata())["k"].encode()

    assert serve({"M": uu(handler)}).unary()(b"", metadata=(("k", "v"), (key, value)), timeout=20) == b"v"


@pytest.mark.parametrize("metadata, kind, text", [
    ((("Upper", "x"),), ValueError, "'Upper': keys are lower case"),
    ((("k", 5),), TypeError, "'k': the value is a str, not int"),
    ((("k", None),), TypeError, "'k': the value is a str, not NoneType"),
    ((("k", "中文"),), ValueError, "'k': the value has bytes outside printable ASCII"),
    ((("k", "a\nb"),), ValueError, "'k': the value has bytes outside printable ASCII"),
    ((("k-bin", "text"),), TypeError, "'k-bin': the value is bytes, not str"),
    ((("a b", "x"),), ValueError, "'a b': only letters"),
    ({"k": "v"}, ValueError, "an entry is a pair"),
    (5, TypeError, "metadata is a sequence"),
])
@pytest.mark.parametrize("way", ["call", "with_call", "future", "stream"])
def test_metadata_that_cannot_be_sent(serve, metadata, kind, text, way):
    s = serve({"M": uu(echo)})
    method = {"call": s.unary(), "with_call": s.unary().with_call, "future": s.unary().future,
              "stream": s.channel.unary_stream("/t.T/M")}[way]
    with pytest.raises(kind, match=text) as caught:
        method(b"", metadata=metadata)
    if kind is ValueError:  # what the reference raises
        assert isinstance(caught.value, grpc.RpcError) and caught.value.code() is grpc.StatusCode.INTERNAL
        assert caught.value.details().startswith("Invalid metadata: /t.T/M: ")
        assert pickle.loads(pickle.dumps(caught.value)).details() == caught.value.details()


def test_details_of_a_status_as_metadata(serve):
    """What grpcio-status does."""
    class Status(grpc.Status):
        code, details, trailing_metadata = grpc.StatusCode.ABORTED, "why", (("grpc-status-details-bin", b"proto"),)

    s = serve({"M": uu(lambda r, c: c.abort_with_status(Status()))})
    with pytest.raises(grpc.RpcError) as caught:
        s.unary()(b"")
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.ABORTED, "why")
    assert ("grpc-status-details-bin", b"proto") in caught.value.trailing_metadata()


def test_an_address_without_a_port(serve, tmp_path):
    with contextlib.ExitStack() as stack:
        server = grpc.server(futures.ThreadPoolExecutor(1))
        stack.callback(server.stop, None)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {"M": uu(echo)}),))
        assert server.add_insecure_port(f"unix:{tmp_path}/socket") == 1
        server.start()
        channel = stack.enter_context(grpc.insecure_channel(f"unix:{tmp_path}/socket"))
        assert channel.unary_unary("/t.T/M")(b"x", timeout=10) == b"x"


def test_wrapping_a_method_takes_nothing_over(serve):
    """Client libraries call functools.wraps(method)(an object of theirs): the object keeps its own attributes."""
    class Wrapper:
        def __init__(self, target):
            self._target = self._method = self._channel = target

        def __call__(self, request):
            return self._target(request)

    s = serve({"M": uu(echo)})
    for channel in (s.channel, grpc.intercept_channel(s.channel)):
        method = channel.unary_unary("/t.T/M")
        method.__name__ = "M"
        assert functools.wraps(method)(Wrapper(method))(b"x") == b"x"


def test_abort_raises_exactly_exception(serve):
    """Tracing packages tell it from a handler's own errors by its type."""
    types = []

    def handler(request, context):
        try:
            context.abort(grpc.StatusCode.NOT_FOUND, "none")
        except Exception as error:
            types.append(type(error))
            raise

    s = serve({"M": uu(handler)})
    with pytest.raises(grpc.RpcError) as error:
        s.unary()(b"")
    assert (types, error.value.code(), error.value.details()) == ([Exception], grpc.StatusCode.NOT_FOUND, "none")
