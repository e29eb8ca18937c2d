"""Client interceptors of grpc.aio, and call credentials."""
import asyncio
import threading

import grpc
import grpc.aio
import pytest
from conftest import ss, su, us, uu

aio = grpc.aio


class Handlers:
    def __init__(self):
        self.calls = []
        self.ended = threading.Event()

    def unary(self, request, context):
        metadata = dict(context.invocation_metadata())
        self.calls.append(metadata)
        if request == b"wait":
            context.add_callback(self.ended.set)
            self.ended.wait(20)
        if request == b"fail" or request == b"fail twice" and len(self.calls) < 3:
            context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
        context.set_trailing_metadata((("trailing", "1"),))
        return request + metadata.get("suffix", "").encode()

    def count(self, request, context):
        self.calls.append(dict(context.invocation_metadata()))
        for i in range(int(request)):
            yield b"%d" % i

    def join(self, requests, context):
        self.calls.append(dict(context.invocation_metadata()))
        return b"".join(requests)

    def chat(self, requests, context):
        self.calls.append(dict(context.invocation_metadata()))
        for request in requests:
            if request == b"fail":
                context.abort(grpc.StatusCode.ABORTED, "as asked")
            yield request


@pytest.fixture
def run(serve):
    """run(function, interceptors): asyncio.run() of function(channel, handlers)."""
    def run(function, *interceptors):
        handlers = Handlers()
        target = serve({"M": uu(handlers.unary), "Count": us(handlers.count), "Join": su(handlers.join),
                        "Chat": ss(handlers.chat), "Other": uu(lambda request, context: b"other")}).target

        async def main():
            async with aio.insecure_channel(target, interceptors=interceptors) as channel:
                return await asyncio.wait_for(function(channel, handlers), 30)

        return asyncio.run(main())
    return run


def changed(details, **what):
    return aio.ClientCallDetails(**{**details._asdict(), **what})


class Adds(aio.UnaryUnaryClientInterceptor):
    """Adds metadata, and writes down what it sees."""

    def __init__(self, name, log):
        self.name, self.log = name, log

    async def intercept_unary_unary(self, continuation, details, request):
        assert isinstance(details, aio.ClientCallDetails) and isinstance(details.metadata, aio.Metadata)
        self.log.append(("before", self.name, details.method, request))
        metadata = aio.Metadata(*details.metadata)
        metadata["suffix"] = metadata.get("suffix", "") + self.name
        call = await continuation(changed(details, metadata=metadata), request)
        self.log.append(("after", self.name, await call.code()))
        return call


def test_chain(run):
    log = []

    async def main(channel, handlers):
        call = channel.unary_unary("/t.T/M")(b"x", metadata=(("suffix", "-"),))
        assert isinstance(call, aio.UnaryUnaryCall) and isinstance(call, aio.InterceptedUnaryUnaryCall)
        assert not call.done()
        assert await call == b"x-ab" == await call
        assert call.done() and not call.cancelled() and await call.code() is grpc.StatusCode.OK
        assert (await call.trailing_metadata())["trailing"] == "1" and await call.details() == ""
        assert await call.initial_metadata() == aio.Metadata() and await call.debug_error_string() == ""

    run(main, Adds("a", log), Adds("b", log))
    ok = grpc.StatusCode.OK
    assert log == [("before", "a", b"/t.T/M", b"x"), ("before", "b", b"/t.T/M", b"x"), ("after", "b", ok),
                   ("after", "a", ok)]


def one(function):
    """An interceptor of a function."""
    class Interceptor(aio.UnaryUnaryClientInterceptor):
        async def intercept_unary_unary(self, continuation, details, request):
            return await function(continuation, details, request)
    return Interceptor()


def test_retrying(run):
    async def retry(continuation, details, request):
        for _ in range(5):
            call = await continuation(details, request)
            if await call.code() is not grpc.StatusCode.UNAVAILABLE:
                break
        return call

    async def main(channel, handlers):
        assert await channel.unary_unary("/t.T/M")(b"fail twice") == b"fail twice"
        assert len(handlers.calls) == 3
        with pytest.raises(aio.AioRpcError) as caught:
            await channel.unary_unary("/t.T/M")(b"fail")
        assert caught.value.details() == "not now" and len(handlers.calls) == 8

    run(main, one(retry))


def test_replies_of_interceptors(run):
    cache = {}

    async def cached(continuation, details, request):
        if request not in cache:
            cache[request] = await (await continuation(details, request))
        return cache[request]

    async def main(channel, handlers):
        method = channel.unary_unary("/t.T/M")
        assert await method(b"x") == b"x" == await method(b"x") and len(handlers.calls) == 1
        call, seen = method(b"x"), []
        call.add_done_callback(seen.append)
        assert await call == b"x" and call.done() and not call.cancel() and await call.code() is grpc.StatusCode.OK
        assert seen == [call]

    run(main, one(cached))


def test_changed_method_timeout_and_request(run):
    async def change(continuation, details, request):
        if request == b"slow":
            return await continuation(changed(details, timeout=0.05), b"wait")
        return await continuation(changed(details, method="/t.T/Other"), request)

    async def main(channel, handlers):
        method = channel.unary_unary("/t.T/M")
        assert await method(b"") == b"other"
        with pytest.raises(aio.AioRpcError, match="Deadline Exceeded"):
            await method(b"slow")

    run(main, one(change))


def test_errors_of_interceptors(run):
    async def fail(continuation, details, request):
        if request == b"status":
            raise aio.AioRpcError(grpc.StatusCode.PERMISSION_DENIED, aio.Metadata(("a", "b")), aio.Metadata(),
                                  details="no")
        raise KeyError("mine")

    async def main(channel, handlers):
        call = channel.unary_unary("/t.T/M")(b"status")
        with pytest.raises(aio.AioRpcError):
            await call
        assert await call.code() is grpc.StatusCode.PERMISSION_DENIED and await call.details() == "no"
        assert call.done() and not call.cancelled() and not call.cancel()
        assert await call.initial_metadata() == aio.Metadata(("a", "b"))
        with pytest.raises(KeyError, match="mine"):
            await channel.unary_unary("/t.T/M")(b"x")

    run(main, one(fail))


def test_cancelling(run):
    async def wait(continuation, details, request):
        if request == b"before":
            await asyncio.sleep(20)
        return await continuation(details, request)

    async def main(channel, handlers):
        for request in (b"before", b"wait"):
            call, seen = channel.unary_unary("/t.T/M")(request), []
            call.add_done_callback(lambda c: seen.append(c.cancelled()))
            await asyncio.sleep(0.05)
            assert call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert call.cancelled() and call.done() and await call.code() is grpc.StatusCode.CANCELLED
            assert await call.details() == "Locally cancelled by application!" and not call.cancel()
            await asyncio.sleep(0)
            assert seen == [True]
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(channel.unary_unary("/t.T/M")(b"before"), 0.05)

    run(main, one(wait))


class Replies(aio.UnaryStreamClientInterceptor):
    """Gives its own iterator for b"3"."""

    async def intercept_unary_stream(self, continuation, details, request):
        call = await continuation(changed(details, metadata=aio.Metadata(("seen", "1"))), request)
        if request != b"3":
            return call

        async def replies():
            async for reply in call:
                yield reply + b"!"

        return replies()


def test_many_replies(run):
    async def main(channel, handlers):
        count = channel.unary_stream("/t.T/Count")
        call = count(b"3")
        assert isinstance(call, aio.UnaryStreamCall)
        assert [reply async for reply in call] == [b"0!", b"1!", b"2!"]
        assert await call.code() is grpc.StatusCode.OK and call.done()
        assert handlers.calls[0]["seen"] == "1"
        call = count(b"3")
        assert [await call.read() for _ in range(4)] == [b"0!", b"1!", b"2!", aio.EOF]
        assert [int(reply) async for reply in count(b"100")] == list(range(100))
        call = count(b"1000000")
        async for _ in call:
            break
        assert call.cancel() and await call.code() is grpc.StatusCode.CANCELLED

    run(main, Replies())


class Requests(aio.StreamUnaryClientInterceptor):
    """Adds to each request."""

    async def intercept_stream_unary(self, continuation, details, request_iterator):
        async def requests():
            if hasattr(request_iterator, "__aiter__"):
                async for request in request_iterator:
                    yield request + b","
            else:
                for request in request_iterator:
                    yield request + b","
        return await continuation(details, requests())


def test_many_requests(run):
    async def main(channel, handlers):
        join = channel.stream_unary("/t.T/Join")
        assert await join([b"a", b"b"]) == b"a,b,"
        call = join()
        assert isinstance(call, aio.StreamUnaryCall)
        for i in range(20):
            await call.write(b"%d" % i)
        await call.done_writing()
        await call.done_writing()
        assert await call == b"".join(b"%d," % i for i in range(20))
        with pytest.raises(asyncio.InvalidStateError):
            await call.write(b"")
        call = join([b"a"])
        with pytest.raises(aio.UsageError, match="may not be mixed"):
            await call.write(b"")
        await call

    run(main, Requests())


class Both(aio.StreamStreamClientInterceptor):
    """Passes everything through an iterator of its own."""

    async def intercept_stream_stream(self, continuation, details, request_iterator):
        call = await continuation(details, request_iterator)

        async def replies():
            async for reply in call:
                yield reply + b"!"
        return replies()


def test_both_ways(run):
    async def main(channel, handlers):
        chat = channel.stream_stream("/t.T/Chat")
        assert [reply async for reply in chat([b"a", b"b"])] == [b"a!", b"b!"]
        call = chat()
        assert isinstance(call, aio.StreamStreamCall)
        for i in range(20):
            await call.write(b"%d" % i)
            assert await call.read() == b"%d!" % i
        await call.done_writing()
        assert await call.read() is aio.EOF and await call.code() is grpc.StatusCode.OK
        call = chat()
        await call.write(b"fail")
        with pytest.raises(aio.AioRpcError, match="as asked"):
            await call.read()
        with pytest.raises(asyncio.InvalidStateError):
            for _ in range(10):
                await call.write(b"x")

    run(main, Both())


def test_interceptors_of_other_kinds_do_not_matter(run):
    async def main(channel, handlers):
        call = channel.unary_unary("/t.T/M")(b"x")
        assert not isinstance(call, aio.InterceptedUnaryUnaryCall) and await call == b"x"

    run(main, Replies(), Requests(), Both())


def test_closing_with_grace_waits_for_interceptors(run):
    async def slow(continuation, details, request):
        call = await continuation(details, request)
        await asyncio.sleep(0.1)
        return call

    async def main(channel, handlers):
        waiting = asyncio.ensure_future(channel.unary_unary("/t.T/M")(b"x"))
        await asyncio.sleep(0.02)
        await channel.close(20)
        assert await waiting == b"x"

    run(main, one(slow))


def test_call_credentials(run):
    async def main(channel, handlers):
        credentials = grpc.access_token_call_credentials("secret")
        for kind in (channel.unary_unary, channel.unary_stream, channel.stream_unary, channel.stream_stream):
            with pytest.raises(aio.UsageError, match="only valid on secure channels.*secure_channel"):
                kind("/t.T/M")(b"x", credentials=credentials)

    run(main)


def test_call_credentials_of_a_channel(serve):
    handlers = Handlers()
    target = serve({"M": uu(handlers.unary), "Count": us(handlers.count)}).target
    seen = []

    class Plugin(grpc.AuthMetadataPlugin):
        def __call__(self, context, callback):
            seen.append((context.method_name, threading.current_thread() is threading.main_thread()))
            if context.method_name == "Count":
                callback((), RuntimeError("no token"))
            callback((("authorization", "token"),), None)

    async def main():
        credentials = grpc.composite_channel_credentials(grpc.local_channel_credentials(),
                                                         grpc.metadata_call_credentials(Plugin()))
        async with aio.secure_channel(target, credentials) as channel:
            assert await channel.unary_unary("/t.T/M")(b"x", metadata=(("suffix", "!"),)) == b"x!"
            call = channel.unary_unary("/t.T/M")(b"x", timeout=20,
                                                 credentials=grpc.access_token_call_credentials("more"))
            assert 0 < call.time_remaining() <= 20 and await call == b"x"
            with pytest.raises(aio.AioRpcError, match="no token"):
                async for _ in channel.unary_stream("/t.T/Count")(b"1"):
                    pass

    asyncio.run(main())
    assert handlers.calls[0]["authorization"] == "token" and len(handlers.calls) == 2
    assert seen == [("M", False), ("M", False), ("Count", False)]
