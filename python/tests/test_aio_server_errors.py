"""What goes wrong in handlers of grpc.aio: named in the log with the method, the place and the cure."""
import asyncio
import re

import grpc
import grpc.aio
import pytest
from aio_serving import aserve  # noqa: F401
from conftest import ss, su, us, uu

UNKNOWN, INTERNAL = grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL


def named(text, *words):
    """The log's line names the method and this file's line."""
    assert "/t.T/M" in text and re.search(r"test_aio_server_errors\.py:\d+", text), text
    for word in words:
        assert word in text, text


@pytest.mark.parametrize("kind", ["unary", "join", "generator", "writer", "chat", "sync", "sync stream"])
def test_an_exception(aserve, errors, caplog, kind):
    async def unary(request, context):
        await asyncio.sleep(0)
        raise ValueError("secret")

    async def generator(request, context):
        yield b"x"
        raise ValueError("secret")

    async def writer(request, context):
        await context.write(b"x")
        raise ValueError("secret")

    def sync(request, context):
        raise ValueError("secret")

    def sync_stream(request, context):
        yield b"x"
        raise ValueError("secret")

    handler = {"unary": uu(unary), "join": su(unary), "generator": us(generator), "writer": us(writer),
               "chat": ss(generator), "sync": uu(sync), "sync stream": us(sync_stream)}[kind]
    serving = aserve({"M": handler})
    replies = serving.channel.stream_stream("/t.T/M")(iter([b""]), timeout=10)
    with pytest.raises(grpc.RpcError):
        list(replies)
    assert replies.code() is UNKNOWN
    match = re.fullmatch(r"Exception (calling application|iterating responses): ValueError \[error id ([0-9a-f]{8})\]",
                         replies.details())
    assert match, replies.details()
    named(errors()[0], match[2])
    assert "secret" in str(caplog.records[-1].exc_info[1]) and caplog.records[-1].exc_info[2] is not None


def test_a_status_that_was_set_before_the_exception(aserve):
    async def handler(request, context):
        context.set_code(grpc.StatusCode.NOT_FOUND)
        context.set_details("no such thing")
        raise ValueError()

    assert aserve({"M": uu(handler)}).status()[:2] == (grpc.StatusCode.NOT_FOUND, "no such thing")


def test_the_text_by_option(aserve):
    async def handler(request, context):
        raise ValueError("not secret")

    serving = aserve({"M": uu(handler)}, options=(("godwit.exception_text", 1),))
    assert serving.status()[1] == "Exception calling application: not secret"


def test_no_context_parameter(aserve, errors):
    async def handler(request):
        return request

    status, details, _ = aserve({"M": uu(handler)}).status()
    assert status is UNKNOWN and "TypeError" in details
    named(errors()[0], "`async def Method(self, request, context):`", "(request)")


@pytest.mark.parametrize("stream", [False, True])
def test_no_context_parameter_in_streams(aserve, errors, stream):
    async def handler(request):
        if stream:
            yield request

    aserve({"M": us(handler)}).status()
    named(errors()[0], "`async def Method(self, request, context):`")


def test_a_forgotten_return(aserve, errors):
    async def handler(request, context):
        request + b"x"

    assert aserve({"M": uu(handler)}).status()[0] is INTERNAL
    named(errors()[0], "it returned None", "`return`")


def test_a_forgotten_await(aserve, errors):
    async def reply():
        return b"x"

    async def handler(request, context):
        return reply()

    assert aserve({"M": uu(handler)}).status()[0] is INTERNAL
    named(errors()[0], "coroutine", "return await")


def test_a_decorator_that_is_no_coroutine(aserve, errors):
    import functools

    async def handler(request, context):
        return request

    @functools.wraps(handler)
    def decorated(request, context):
        return handler(request, context)

    assert aserve({"M": uu(decorated)}).status()[0] is INTERNAL
    named(errors()[0], "coroutine", "decorator")


def test_a_reply_of_another_type(aserve, errors):
    from google.protobuf import wrappers_pb2 as w

    async def unary(request, context):
        return {"value": 1}

    async def generator(request, context):
        yield "text"

    async def writer(request, context):
        await context.write("text")

    serializer = {"response_serializer": w.StringValue.SerializeToString}
    serving = aserve({"M": uu(unary, **serializer)})
    assert serving.status()[0] is INTERNAL
    named(errors()[0], "dict")
    for handler in (generator, writer):
        serving = aserve({"M": us(handler, **serializer)})
        assert serving.status()[0] is INTERNAL
        named(errors()[-1], "str")


def test_yield_in_a_unary_method(aserve, errors):
    async def handler(request, context):
        yield request

    assert aserve({"M": uu(handler)}).status()[0] is INTERNAL
    named(errors()[0], "yields", "`return`")


def test_a_stream_that_returns_something(aserve, errors):
    async def handler(request, context):
        return [b"a", b"b"]

    assert aserve({"M": us(handler)}).status()[0] is UNKNOWN
    named(errors()[0], "list", "`yield`", "context.write")


def test_a_stream_that_returns_something_after_writing(aserve, errors):
    async def handler(request, context):
        await context.write(b"a")
        return b"b"

    serving = aserve({"M": us(handler)})
    assert list(serving.channel.unary_stream("/t.T/M")(b"", timeout=10)) == [b"a"]
    assert errors() == []


def test_a_coroutine_that_returns_a_generator(aserve):
    async def generator(request, context):
        yield request

    async def handler(request, context):
        return generator(request, context)

    assert list(aserve({"M": us(handler)}).channel.unary_stream("/t.T/M")(b"x", timeout=10)) == [b"x"]


@pytest.mark.parametrize("where", ["initial", "trailing", "abort"])
@pytest.mark.parametrize("metadata, word", [((("Ä", "x"),), "key"), ((("key", 1),), "'key'"), ((("key", "ä\n"),), "'key'"),
                                            ((("key",),), "pair")])
def test_metadata_that_can_t_be_sent(aserve, errors, caplog, where, metadata, word):
    async def handler(request, context):
        if where == "initial":
            await context.send_initial_metadata(metadata)
        elif where == "trailing":
            context.set_trailing_metadata(metadata)
        else:
            await context.abort(grpc.StatusCode.ABORTED, "x", metadata)
        return b""

    status, details, _ = aserve({"M": uu(handler)}).status()
    assert status is UNKNOWN and "ValueError" in details
    named(errors()[0])
    problem = str(caplog.records[-1].exc_info[1])
    assert "/t.T/M" in problem and word in problem


@pytest.mark.parametrize("code", [grpc.StatusCode.OK, 0, None])
def test_abort_with_ok(aserve, errors, code):
    async def handler(request, context):
        await context.abort(code, "fine")

    status, details, _ = aserve({"M": uu(handler)}).status()
    assert status is UNKNOWN
    if code is grpc.StatusCode.OK:
        assert "abort() was called with" in details
    named(errors()[0], "other than OK")


@pytest.mark.parametrize("kind", ["unary", "stream", "read", "iterate", "sync"])
def test_requests_that_can_t_be_parsed(aserve, errors, kind):
    def parse(data):
        raise ValueError("no message")

    async def unary(request, context):
        return b""

    async def stream(request, context):
        yield b""

    async def read(requests, context):
        await context.read()

    async def iterate(requests, context):
        async for request in requests:
            pass

    def sync(request, context):
        return b""

    handler = {"unary": uu(unary, request_deserializer=parse), "stream": us(stream, request_deserializer=parse),
               "read": su(read, request_deserializer=parse), "iterate": su(iterate, request_deserializer=parse),
               "sync": uu(sync, request_deserializer=parse)}[kind]
    status, details, _ = aserve({"M": handler}).status()
    assert status is INTERNAL and details.startswith("Exception deserializing request!")
    assert "could not be parsed" in errors()[0] and "/t.T/M" in errors()[0]


def test_details_that_are_no_text(aserve, errors):
    async def handler(request, context):
        context.set_details(5)

    assert aserve({"M": uu(handler)}).status()[0] is UNKNOWN
    named(errors()[0])


def test_assertions_and_nested_tasks(aserve):
    async def handler(request, context):
        await asyncio.gather(asyncio.sleep(0), fail())

    async def fail():
        raise AssertionError("x")

    status, details, _ = aserve({"M": uu(handler)}).status()
    assert status is UNKNOWN and details.startswith("Exception calling application: AssertionError [error id ")
