"""Calls of grpc.aio clients: replies, errors, ends, states of channels."""
import asyncio
import copy
import pickle
import subprocess
import sys
import threading

import grpc
import grpc.aio
import pytest
from conftest import HERE, PEER_PYTHON, echo, uu

METADATA = (("key", "value"), ("key-bin", b"\x00\xff"), ("key", "again"))


def answer(request, context):
    if request == b"metadata":
        context.send_initial_metadata((("initial", "1"),))
        context.set_trailing_metadata((("trailing-bin", b"\x01\x02"), ("trailing-bin", b"")))
        return repr(sorted(tuple(m) for m in context.invocation_metadata() if m[0].startswith("key"))).encode()
    if request == b"abort":
        context.set_trailing_metadata((("why", "because"),))
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "größer als %d ♥")
    if request == b"wait":
        over = threading.Event()
        context.add_callback(over.set)
        over.wait(20)
    return request


@pytest.fixture(scope="module")
def peer():
    """The port of a server of the reference."""
    if not PEER_PYTHON.exists():
        pytest.skip("tools/setup peers-python makes the peer's environment")
    process = subprocess.Popen([str(PEER_PYTHON), "-I", str(HERE / "peer.py"), "server"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    yield int(process.stdout.readline())
    process.stdin.close()
    process.wait(20)


@pytest.fixture
def run(serve):
    """run(function): asyncio.run() of function(channel), with a server that has the method M."""
    def run(function, handler=answer, **options):
        target = serve({"M": uu(handler)}).target

        async def main():
            async with grpc.aio.insecure_channel(target, **options) as channel:
                return await asyncio.wait_for(function(channel), 30)

        return asyncio.run(main())
    return run


def unary(channel, **functions):
    return channel.unary_unary("/t.T/M", **functions)


async def failure(awaitable, kind=grpc.aio.AioRpcError):
    with pytest.raises(kind) as caught:
        await awaitable
    return caught.value


def test_reference_as_a_peer(peer):
    async def main():
        async with grpc.aio.insecure_channel(f"127.0.0.1:{peer}") as channel:
            method = channel.unary_unary("/peer.Peer/Echo")
            for request in (b"", b"x", b"y" * 100_000, bytes(range(256)) * 8000):
                assert await method(request, timeout=20) == request
            call = method(b"metadata", metadata=METADATA, timeout=20)
            assert ("initial", "1") in tuple(await call.initial_metadata())
            assert await call == repr(sorted(METADATA, key=str)).encode()
            assert (await call.trailing_metadata())["trailing-bin"] == b"\x01\x02"
            error = await failure(method(b"abort", timeout=20))
            assert (error.code(), error.details()) == (grpc.StatusCode.FAILED_PRECONDITION, "größer als %d ♥")
            assert error.trailing_metadata()["why"] == "because"
            assert (await failure(method(b"wait", timeout=0.2))).code() is grpc.StatusCode.DEADLINE_EXCEEDED
            assert 50 <= int(await method(b"deadline", timeout=60)) <= 60
            replies = channel.unary_stream("/peer.Peer/Count")(b"2000", timeout=20)
            assert [int(reply) async for reply in replies] == list(range(2000))
            join = channel.stream_unary("/peer.Peer/Join")
            assert await join(b"%d" % i for i in range(10)) == b"0123456789"
            chat = channel.stream_stream("/peer.Peer/Chat")(iter([b"a" * 100_000, b"b", b""]), timeout=20)
            assert [reply async for reply in chat] == [b"a" * 100_000 + b"!", b"b!", b"!"]
            assert await chat.code() is grpc.StatusCode.OK
            assert await asyncio.gather(*(method(b"%d" % i) for i in range(500))) == [b"%d" % i for i in range(500)]

    asyncio.run(asyncio.wait_for(main(), 60))


def test_reply_and_all_about_it(run):
    async def main(channel):
        call = unary(channel)(b"x")
        assert isinstance(call, grpc.aio.UnaryUnaryCall) and isinstance(call, grpc.aio.Call)
        assert str(call) == "<_AioCall object>" and not call.done() and not call.cancelled()
        assert await call == b"x" and await call == b"x"
        assert call.done() and not call.cancelled() and not call.cancel()
        assert await call.code() is grpc.StatusCode.OK and await call.details() == ""
        assert await call.debug_error_string() == ""
        assert await call.initial_metadata() == grpc.aio.Metadata()
        assert "StatusCode.OK" in str(call)
        await call.wait_for_connection()

    run(main)


def test_status_before_the_reply(run):
    async def main(channel):
        call = unary(channel)(b"x")
        assert await call.code() is grpc.StatusCode.OK
        assert await call == b"x"

    run(main)


def test_metadata_both_ways(run):
    async def main(channel):
        call = unary(channel)(b"metadata", metadata=grpc.aio.Metadata(*METADATA))
        assert await call == repr(sorted(METADATA)).encode()
        trailing = await call.trailing_metadata()
        assert (await call.initial_metadata())["initial"] == "1"
        assert trailing.get_all("trailing-bin") == [b"\x01\x02", b""]

    run(main)


def test_error(run):
    async def main(channel):
        call = unary(channel)(b"abort")
        error = await failure(call)
        assert isinstance(error, grpc.RpcError)
        assert error.code() is await call.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert error.details() == await call.details() == "größer als %d ♥"
        assert error.trailing_metadata() == grpc.aio.Metadata(("why", "because"))
        assert error.initial_metadata() == grpc.aio.Metadata()
        text = str(error)
        assert text == repr(error)
        assert text.startswith("<AioRpcError of RPC that terminated with:\n\tstatus = StatusCode.FAILED_PRECONDITION\n"
                               '\tdetails = "größer als %d ♥"\n\tdebug_error_string = "')
        assert text.endswith('"\n>') and "größer" in error.debug_error_string()
        for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
            assert str(again) == text and again.trailing_metadata() == error.trailing_metadata()
        assert (await failure(call)).code() is error.code()
        assert (await failure(call.wait_for_connection())).code() is error.code()

    run(main)


def test_error_made_by_hand():
    error = grpc.aio.AioRpcError(grpc.StatusCode.NOT_FOUND, grpc.aio.Metadata(), grpc.aio.Metadata(), details="none")
    assert error.code() is grpc.StatusCode.NOT_FOUND and error.debug_error_string() is None
    assert error.initial_metadata() == grpc.aio.Metadata() and "status = StatusCode.NOT_FOUND" in str(error)


@pytest.mark.parametrize("timeout", [0, -1, 1e-9, 0.05])
def test_deadlines(run, timeout):
    async def main(channel):
        call = unary(channel)(b"wait", timeout=timeout)
        error = await failure(call)
        assert (error.code(), error.details()) == (grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
        assert call.time_remaining() == 0

    run(main)


def test_time_remaining(run):
    async def main(channel):
        assert 50 < unary(channel)(b"x", timeout=60).time_remaining() <= 60
        assert unary(channel)(b"x").time_remaining() is None

    run(main)


def test_cancel(run):
    async def main(channel):
        call = unary(channel)(b"wait")
        waiter = asyncio.ensure_future(call)
        await asyncio.sleep(0)
        assert call.cancel() and not call.cancel()
        assert call.done() and call.cancelled()
        await failure(waiter, asyncio.CancelledError)
        await failure(call, asyncio.CancelledError)
        assert await call.code() is grpc.StatusCode.CANCELLED
        assert await call.details() == "Locally cancelled by application!"
        assert await call.initial_metadata() == await call.trailing_metadata() == grpc.aio.Metadata()

    run(main)


def test_cancelling_who_waits_cancels_the_call(run):
    began, ended = threading.Event(), threading.Event()

    def handler(request, context):
        context.add_callback(ended.set)
        began.set()
        ended.wait(20)
        return b""

    async def main(channel):
        call = unary(channel)(b"wait")

        async def wait():
            return await call

        task = asyncio.create_task(wait())
        assert await asyncio.get_running_loop().run_in_executor(None, began.wait, 20)
        task.cancel()
        await failure(task, asyncio.CancelledError)
        assert call.cancelled() and await call.code() is grpc.StatusCode.CANCELLED
        assert await asyncio.get_running_loop().run_in_executor(None, ended.wait, 20)

    run(main, handler)


def test_wait_for_and_shield(run):
    async def main(channel):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(unary(channel)(b"wait"), 0.05)
        call = unary(channel)(b"wait")
        future = asyncio.ensure_future(call)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.shield(future), 0.05)
        assert not call.done()
        call.cancel()
        await failure(future, asyncio.CancelledError)

    run(main)


@pytest.mark.parametrize("message", [(), ("because",)])
def test_the_message_of_a_cancellation_arrives(run, message):
    """Structured concurrency (anyio, FastAPI) knows its own cancellations by it."""
    async def main(channel):
        async def stream():
            async for _ in channel.unary_stream("/t.T/M")(b"wait"):
                pass

        async def reply():
            await unary(channel)(b"wait")

        for waiting in (reply, stream):
            task = asyncio.create_task(waiting())
            await asyncio.sleep(0.05)
            task.cancel(*message)
            with pytest.raises(asyncio.CancelledError) as error:
                await task
            assert error.value.args == (message if sys.version_info >= (3, 11) else ())  # lost by older tasks

    run(main)


def test_done_callbacks(run):
    async def main(channel):
        seen = []
        call = unary(channel)(b"x")
        call.add_done_callback(lambda c: seen.append((c is call, c.done())))
        call.add_done_callback(lambda c: seen.append(2))
        await call
        call.add_done_callback(lambda c: seen.append(3))
        assert seen == [(True, True), 2, 3]
        call = unary(channel)(b"wait")
        call.add_done_callback(lambda c: seen.append(c.cancelled()))
        call.cancel()
        assert seen[-1] is True

    run(main)


def test_a_failing_callback_is_told_to_the_loop(run):
    async def main(channel):
        told = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))
        call = unary(channel)(b"x")
        call.add_done_callback(lambda c: 1 / 0)
        assert await call == b"x"
        assert isinstance(told[0]["exception"], ZeroDivisionError)

    run(main)


def test_requests_that_cannot_be_sent(run, errors):
    async def main(channel):
        call = unary(channel, request_serializer=lambda r: 1 / 0)(5)
        error = await failure(call)
        assert (error.code(), error.details()) == (grpc.StatusCode.INTERNAL, "Exception serializing request!")
        assert "/t.T/M: int can't be sent: ZeroDivisionError" in error.debug_error_string() == \
            await call.debug_error_string()
        assert call.done() and await call.code() is grpc.StatusCode.INTERNAL
        error = await failure(unary(channel)("text"))
        assert "without a serializer, requests are bytes" in error.debug_error_string()

    run(main)
    assert len(errors()) == 2 and "/t.T/M" in errors()[0]


def test_replies_that_cannot_be_parsed(run, errors):
    async def main(channel):
        call = unary(channel, response_deserializer=lambda r: 1 / 0)(b"")
        error = await failure(call)
        assert (error.code(), error.details()) == (grpc.StatusCode.INTERNAL, "Exception deserializing response!")
        assert "ZeroDivisionError" in error.debug_error_string()
        assert await call.code() is grpc.StatusCode.INTERNAL
        assert (await failure(call)).code() is grpc.StatusCode.INTERNAL

    run(main)
    assert len(errors()) == 1


@pytest.mark.parametrize("metadata, words", [
    ((("Key", "v"),), "'Key'"), ((("key", "line\n"),), "'key'"), ({"key": "value"}, "pair")])
def test_bad_metadata_is_named(run, metadata, words):
    async def main(channel):
        for call in (unary(channel)(b"x", metadata=metadata), channel.stream_unary("/t.T/M")([b""], metadata=metadata)):
            error = await failure(call)
            assert error.code() is await call.code() is grpc.StatusCode.INTERNAL
            assert error.details().startswith("Invalid metadata: /t.T/M: ") and words in error.details()
            assert isinstance(error, ValueError) and isinstance(error, grpc.aio.InternalError)
            assert str(error).startswith("<AioRpcError of")
        with pytest.raises(ValueError):
            await channel.stream_stream("/t.T/M")(metadata=metadata).read()

    run(main)


@pytest.mark.parametrize("metadata, words", [
    ((("key", 1),), "not int"), ((("key-bin", "text"),), "bytes, not str"), (5, "int")])
def test_metadata_of_the_wrong_type_is_named(run, metadata, words):
    async def main(channel):
        with pytest.raises(TypeError, match=words):
            await unary(channel)(b"x", metadata=metadata)

    run(main)


def test_unknown_method_and_nobody_there(run):
    async def main(channel):
        error = await failure(channel.unary_unary("/t.T/Nope")(b""))
        assert (error.code(), error.details()) == (grpc.StatusCode.UNIMPLEMENTED, "Method not found!")
        async with grpc.aio.insecure_channel("127.0.0.1:1") as nobody:
            error = await failure(unary(nobody)(b""))
            assert error.code() is grpc.StatusCode.UNAVAILABLE
            assert error.details().startswith("failed to connect to all addresses")
            with pytest.raises(grpc.aio.AioRpcError):
                await nobody.unary_stream("/t.T/M")(b"").wait_for_connection()
            error = await failure(unary(nobody)(b"", wait_for_ready=True, timeout=0.1))
            assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED

    run(main)


def test_closing(run):
    async def main(channel):
        call = unary(channel)(b"wait")
        waiter = asyncio.ensure_future(call)
        await asyncio.sleep(0.05)
        await channel.close()
        await failure(waiter, asyncio.CancelledError)
        assert await call.details() == "Locally cancelled by application!"
        with pytest.raises(grpc.aio.UsageError, match="Channel is closed."):
            unary(channel)(b"")
        assert channel.get_state() is channel.get_state(True) is grpc.ChannelConnectivity.SHUTDOWN
        await failure(channel.wait_for_state_change(grpc.ChannelConnectivity.READY), grpc.aio.UsageError)
        await failure(channel.channel_ready(), grpc.aio.UsageError)
        await channel.close()

    run(main)


def test_closing_with_grace(run):
    let_go = threading.Event()

    def handler(request, context):
        if request == b"wait":
            context.add_callback(let_go.set)
            let_go.wait(20)
        return request

    async def main(channel):
        first = asyncio.ensure_future(unary(channel)(b"wait"))
        await asyncio.sleep(0.05)
        closing = asyncio.ensure_future(channel.close(20))
        await asyncio.sleep(0)
        with pytest.raises(grpc.aio.UsageError):
            unary(channel)(b"")
        let_go.set()
        await closing
        assert await first == b"wait"

    run(main, handler)


def test_closing_with_too_little_grace(run):
    async def main(channel):
        waiter = asyncio.ensure_future(unary(channel)(b"wait"))
        await asyncio.sleep(0.05)
        await channel.close(0.05)
        await failure(waiter, asyncio.CancelledError)
        with pytest.raises(ValueError):
            await grpc.aio.insecure_channel("127.0.0.1:1").close(-1)

    run(main)


def test_states(serve):
    serving = serve({"M": uu(echo)})
    states = grpc.ChannelConnectivity

    async def main():
        async with grpc.aio.insecure_channel(serving.target) as channel:
            assert channel.get_state() is states.IDLE
            waiting = asyncio.ensure_future(channel.wait_for_state_change(states.IDLE))
            await asyncio.sleep(0)
            await asyncio.wait_for(channel.channel_ready(), 20)
            await asyncio.wait_for(waiting, 20)
            assert channel.get_state() is states.READY
            await channel.wait_for_state_change(states.IDLE)
            waiting = asyncio.ensure_future(channel.wait_for_state_change(states.READY))
            await asyncio.sleep(0)
            await channel.close()
            await asyncio.wait_for(waiting, 20)

    asyncio.run(main())


def test_a_channel_that_does_not_become_ready():
    async def main():
        async with grpc.aio.insecure_channel("127.0.0.1:1") as channel:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(channel.channel_ready(), 0.2)
            assert channel.get_state() is not grpc.ChannelConnectivity.READY

    asyncio.run(main())


def test_arguments_of_channels():
    with pytest.raises(TypeError, match="a target is a str"):
        grpc.aio.insecure_channel(5)
    with pytest.raises(ValueError, match="must be UnaryUnaryClientInterceptor or"):
        grpc.aio.insecure_channel("x:1", interceptors=[5])
    with pytest.raises(TypeError, match="ssl_channel_credentials"):
        grpc.aio.secure_channel("x:1", None)
    with pytest.warns(UserWarning, match="grpc.max_receive_message_length"):
        grpc.aio.insecure_channel("x:1", options=[("grpc.max_recieve_message_length", 5)],
                                  compression=grpc.Compression.Gzip)


def test_options_are_used(run):
    async def main(channel):
        error = await failure(unary(channel)(b"x" * 1000, compression=grpc.Compression.Gzip))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED

    run(main, echo, options=[("grpc.max_receive_message_length", 100)])


def test_metadata_class():
    metadata = grpc.aio.Metadata(("a", "1"), ("b", "2"), ("a", "3"))
    assert list(metadata) == [("a", "1"), ("a", "3"), ("b", "2")] and len(metadata) == 3
    assert metadata["a"] == "1" and metadata.get_all("a") == ["1", "3"] and metadata.get("c") is None
    assert "a" in metadata and 5 not in metadata and metadata.get("c", "d") == "d"
    metadata["a"] = "0"
    assert metadata.get_all("a") == ["0", "3"]
    del metadata["a"]
    assert metadata.get_all("a") == ["3"]
    metadata.set_all("b", ["x", "y"])
    metadata.delete_all("a")
    assert metadata == (("b", "x"), ("b", "y")) and metadata + (("c", "z"),) == metadata + grpc.aio.Metadata(("c", "z"))
    assert list(metadata.keys()) == ["b"] and list(metadata.values()) == [["x", "y"]]
    assert list(metadata.items()) == [("b", ["x", "y"])] and repr(metadata) == "Metadata((('b', 'x'), ('b', 'y')))"
    with pytest.raises(KeyError):
        metadata["nothing"]
    with pytest.raises(KeyError):
        del metadata["nothing"]
    assert grpc.aio.Metadata.from_tuple((("a", "1"),)) == grpc.aio.Metadata(("a", "1"))
    assert pickle.loads(pickle.dumps(metadata)) == metadata


def test_eof():
    assert repr(grpc.aio.EOF) == "<grpc.aio.EOF>" and not grpc.aio.EOF
    assert pickle.loads(pickle.dumps(grpc.aio.EOF)) is grpc.aio.EOF is copy.deepcopy(grpc.aio.EOF)


def test_errors_are_related():
    assert issubclass(grpc.aio.UsageError, grpc.aio.BaseError) and issubclass(grpc.aio.InternalError, grpc.aio.BaseError)
    assert issubclass(grpc.aio.AbortError, grpc.aio.BaseError) and not issubclass(grpc.aio.BaseError, grpc.RpcError)
    assert grpc.aio.init_grpc_aio() is None and grpc.aio.shutdown_grpc_aio() is None
