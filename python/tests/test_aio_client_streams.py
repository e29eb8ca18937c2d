"""Streams of grpc.aio clients."""
import asyncio
import gc
import threading

import grpc
import grpc.aio
import pytest
from conftest import ss, su, us

MIXED = "The iterator and read/write APIs may not be mixed on a single RPC."


class Handlers:
    def __init__(self):
        self.ended = threading.Event()  # a call of Endless or Deaf ended

    def count(self, request, context):
        for i in range(int(request)):
            yield b"%d" % i
        if context.time_remaining() and context.time_remaining() < 1000:
            context.abort(grpc.StatusCode.DATA_LOSS, "after all")

    def endless(self, request, context):
        context.add_callback(self.ended.set)
        while context.is_active():
            yield request

    def chat(self, requests, context):
        context.send_initial_metadata((("hello", "there"),))
        for request in requests:
            if request == b"abort":
                context.abort(grpc.StatusCode.ABORTED, "as asked")
            yield request

    def deaf(self, requests, context):
        context.add_callback(self.ended.set)
        context.send_initial_metadata(())
        self.ended.wait(20)
        yield b""

    def join(self, requests, context):
        return b"".join(requests)


@pytest.fixture
def run(serve):
    """run(function): asyncio.run() of function(channel, handlers)."""
    def run(function):
        handlers = Handlers()
        target = serve({"Count": us(handlers.count), "Endless": us(handlers.endless), "Chat": ss(handlers.chat),
                        "Deaf": ss(handlers.deaf), "Join": su(handlers.join)}).target

        async def main():
            async with grpc.aio.insecure_channel(target) as channel:
                return await asyncio.wait_for(function(channel, handlers), 30)

        return asyncio.run(main())
    return run


async def failure(awaitable, kind=grpc.aio.AioRpcError, match=None):
    with pytest.raises(kind, match=match) as caught:
        await awaitable
    return caught.value


async def is_set(event):
    return await asyncio.get_running_loop().run_in_executor(None, event.wait, 20)


def test_iterating_and_reading(run):
    async def main(channel, handlers):
        count = channel.unary_stream("/t.T/Count")
        call = count(b"5000")
        assert isinstance(call, grpc.aio.UnaryStreamCall)
        assert [int(reply) async for reply in call] == list(range(5000))
        assert [reply async for reply in call] == [] and await call.read() is grpc.aio.EOF
        assert call.done() and await call.code() is grpc.StatusCode.OK
        call = count(b"2")
        assert [await call.read(), await call.read(), await call.read()] == [b"0", b"1", grpc.aio.EOF]
        assert await call.read() is grpc.aio.EOF
        assert [reply async for reply in count(b"0")] == []

    run(main)


def test_stopping_in_the_middle_and_going_on(run):
    async def main(channel, handlers):
        call = channel.unary_stream("/t.T/Count")(b"100")
        async for reply in call:
            if reply == b"10":
                break
        assert [int(reply) async for reply in call] == list(range(11, 100))

    run(main)


def test_replies_before_an_error_are_read(run):
    async def main(channel, handlers):
        call = channel.unary_stream("/t.T/Count")(b"1000", timeout=100)
        assert (await call.code(), call.done()) == (grpc.StatusCode.DATA_LOSS, False)  # nothing was taken yet
        seen = []
        with pytest.raises(grpc.aio.AioRpcError, match="after all"):
            async for reply in call:
                seen.append(int(reply))
        assert seen == list(range(1000)) and call.done()
        assert (await failure(call.read())).code() is grpc.StatusCode.DATA_LOSS

    run(main)


def test_while_not_done(run):
    async def main(channel, handlers):
        call, seen = channel.unary_stream("/t.T/Count")(b"500"), []
        while not call.done():
            reply = await call.read()
            if reply is not grpc.aio.EOF:
                seen.append(int(reply))
        assert seen == list(range(500))

    run(main)


def test_styles_do_not_mix(run):
    async def main(channel, handlers):
        count, chat = channel.unary_stream("/t.T/Count"), channel.stream_stream("/t.T/Chat")
        call = count(b"3")
        await call.read()
        with pytest.raises(grpc.aio.UsageError, match=MIXED):
            call.__aiter__()
        call = count(b"3")
        async for _ in call:
            break
        await failure(call.read(), grpc.aio.UsageError, MIXED)
        call = chat(iter([b"x"]))
        await failure(call.write(b"y"), grpc.aio.UsageError, MIXED)
        await failure(call.done_writing(), grpc.aio.UsageError, MIXED)
        assert [reply async for reply in call] == [b"x"]

    run(main)


def test_writing_and_reading(run):
    async def main(channel, handlers):
        call = channel.stream_stream("/t.T/Chat")()
        assert isinstance(call, grpc.aio.StreamStreamCall)
        await call.wait_for_connection()
        assert (await call.initial_metadata())["hello"] == "there"
        for i in range(300):
            await call.write(b"%d" % i)
            assert await call.read() == b"%d" % i
        await call.done_writing()
        await call.done_writing()
        await failure(call.write(b""), asyncio.InvalidStateError, "half closed")
        assert await call.read() is grpc.aio.EOF and await call.code() is grpc.StatusCode.OK
        await failure(call.write(b""), asyncio.InvalidStateError, "RPC already finished.")
        await call.done_writing()

    run(main)


def test_writing_while_another_task_reads(run):
    async def main(channel, handlers):
        call = channel.stream_stream("/t.T/Chat")()

        async def write():
            for i in range(2000):
                await call.write(b"%d" % i)
            await call.done_writing()

        writing = asyncio.create_task(write())
        assert [int(reply) async for reply in call] == list(range(2000))
        await writing

    run(main)


def test_writing_waits_for_a_reader(run):
    async def main(channel, handlers):
        call, written = channel.stream_stream("/t.T/Deaf")(), 0
        with pytest.raises(asyncio.TimeoutError):
            while written < 1000:
                await asyncio.wait_for(call.write(b"x" * 100_000), 0.3)
                written += 1
        assert 0 < written < 1000
        assert call.cancelled()  # with the task that waited

    run(main)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_requests_from_iterators(run, asynchronous):
    async def main(channel, handlers):
        async def generate():
            for i in range(1000):
                yield b"%d" % i
                if i % 100 == 0:
                    await asyncio.sleep(0)

        requests = [b"%d" % i for i in range(1000)]
        call = channel.stream_unary("/t.T/Join")(generate() if asynchronous else requests)
        assert isinstance(call, grpc.aio.StreamUnaryCall)
        assert await call == b"".join(requests) == await call
        call = channel.stream_stream("/t.T/Chat")(generate() if asynchronous else iter(requests))
        assert [reply async for reply in call] == requests

    run(main)


def test_one_reply_after_writing(run):
    async def main(channel, handlers):
        join = channel.stream_unary("/t.T/Join")
        call = join()
        await call.write(b"a")
        await call.write(b"b")
        await call.done_writing()
        assert await call == b"ab"
        call = join()
        await call.done_writing()
        assert await call == b""

    run(main)


@pytest.mark.parametrize("method", ["Chat", "Join"])
def test_an_iterator_that_raises_cancels_the_call(run, errors, method):
    async def main(channel, handlers):
        async def requests():
            yield b"x"
            raise ValueError("mine")

        kind = channel.stream_stream if method == "Chat" else channel.stream_unary
        call = kind("/t.T/" + method)(requests())
        with pytest.raises(asyncio.CancelledError):
            if method == "Join":
                await call
            async for _ in call:
                pass
        assert await call.code() is grpc.StatusCode.CANCELLED

    run(main)
    assert errors() == [f"/t.T/{method}: the iterator of requests raised"]


def test_no_iterator_at_all(run, errors):
    async def main(channel, handlers):
        call = channel.stream_unary("/t.T/Join")(5)
        await failure(call, asyncio.CancelledError)

    run(main)
    assert "/t.T/Join takes an iterator of requests, not int" in errors()[0]


def test_requests_that_cannot_be_sent(run, errors):
    async def main(channel, handlers):
        call = channel.stream_stream("/t.T/Chat")()
        assert "str can't be sent" in (await failure(call.write("text"))).debug_error_string()
        await call.write(b"bytes")
        assert await call.read() == b"bytes"
        call = channel.stream_unary("/t.T/Join")(["text"])
        error = await failure(call)
        assert error.code() is grpc.StatusCode.INTERNAL and "str can't be sent" in error.debug_error_string()

    run(main)
    assert len(errors()) == 2


def test_replies_that_cannot_be_parsed(run, errors):
    async def main(channel, handlers):
        call = channel.unary_stream("/t.T/Endless", response_deserializer=lambda data: 1 / 0)(b"x")
        error = await failure(call.read())
        assert error.details() == "Exception deserializing response!" and call.done()
        assert await is_set(handlers.ended)
        assert (await failure(call.read())).code() is grpc.StatusCode.INTERNAL

    run(main)


def test_an_error_while_writing(run):
    async def main(channel, handlers):
        call = channel.stream_stream("/t.T/Chat")()
        await call.write(b"abort")
        assert (await failure(call.read())).details() == "as asked"
        await failure(call.write(b""), asyncio.InvalidStateError, "RPC already finished.")

    run(main)


def test_cancel(run):
    async def main(channel, handlers):
        call = channel.unary_stream("/t.T/Endless")(b"x")
        assert await call.read() == b"x"
        seen = []
        call.add_done_callback(lambda c: seen.append(c.cancelled()))
        assert call.cancel() and not call.cancel() and call.done() and seen == [True]
        await failure(call.read(), asyncio.CancelledError)
        assert await call.code() is grpc.StatusCode.CANCELLED
        assert await is_set(handlers.ended)

    run(main)


def test_cancel_while_iterating(run):
    async def main(channel, handlers):
        call, seen = channel.unary_stream("/t.T/Endless")(b"x"), 0
        with pytest.raises(asyncio.CancelledError):
            async for _ in call:
                seen += 1
                if seen == 10:
                    call.cancel()
        assert seen == 10 and await is_set(handlers.ended)

    run(main)


def test_cancelling_who_reads_cancels_the_call(run):
    async def main(channel, handlers):
        call = channel.stream_stream("/t.T/Deaf")()
        reading = asyncio.create_task(call.read())
        await call.initial_metadata()
        reading.cancel()
        await failure(reading, asyncio.CancelledError)
        assert call.cancelled() and await is_set(handlers.ended)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(channel.stream_unary("/t.T/Join")(), 0.05)

    run(main)


def test_a_call_that_nobody_holds_is_cancelled(run):
    async def main(channel, handlers):
        async for _ in channel.unary_stream("/t.T/Endless")(b"x"):
            break
        gc.collect()
        assert await is_set(handlers.ended)

    run(main)


def test_done_callback_after_the_last_reply(run):
    async def main(channel, handlers):
        call, seen = channel.unary_stream("/t.T/Count")(b"3"), []
        call.add_done_callback(lambda c: seen.append(c.done()))
        assert len([reply async for reply in call]) == 3 and seen == [True]

    run(main)


def test_other_tasks_get_their_turn(run):
    async def main(channel, handlers):
        turns = 0

        async def count():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.create_task(count())
        assert len([reply async for reply in channel.unary_stream("/t.T/Count")(b"20000")]) == 20000
        assert turns > 200
        turns = 0
        call = channel.stream_stream("/t.T/Deaf")()
        for _ in range(2000):
            await call.write(b"")
        assert turns > 20
        counting.cancel()

    run(main)


def test_closing_the_channel_cancels_streams(run):
    async def main(channel, handlers):
        call = channel.unary_stream("/t.T/Endless")(b"x")
        await call.read()
        await channel.close()
        assert call.cancelled() and await is_set(handlers.ended)
        with pytest.raises(grpc.aio.UsageError):
            channel.stream_stream("/t.T/Chat")()

    run(main)
