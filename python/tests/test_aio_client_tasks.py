"""Tasks that await calls of grpc.aio: the end of a call steps them at once."""
import asyncio
import contextvars

import grpc
import grpc.aio
import pytest
from conftest import echo, us, uu
from test_aio_client import answer

variable = contextvars.ContextVar("variable", default=None)


@pytest.fixture
def target(serve):
    def endless(request, context):
        while context.is_active():
            yield request

    return serve({"M": uu(answer), "Echo": uu(echo), "Endless": us(endless)}).target


@pytest.fixture
def run(target):
    def run(function):
        async def main():
            async with grpc.aio.insecure_channel(target) as channel:
                return await asyncio.wait_for(function(channel), 30)

        return asyncio.run(main())
    return run


def test_tasks_keep_their_context(run):
    async def main(channel):
        method = channel.unary_unary("/t.T/Echo")

        async def one(number):
            variable.set(number)
            for _ in range(20):
                assert await method(b"x") == b"x"
                assert variable.get() == number and asyncio.current_task() is tasks[number]
                assert asyncio.get_running_loop() is loop

        loop, tasks = asyncio.get_running_loop(), []
        tasks.extend(asyncio.create_task(one(number)) for number in range(20))
        await asyncio.gather(*tasks)
        assert variable.get() is None

    run(main)


def test_several_tasks_await_one_call(run):
    async def main(channel):
        call = channel.unary_unary("/t.T/Echo")(b"x")

        async def wait():
            return await call

        assert await asyncio.gather(*(wait() for _ in range(5))) == [b"x"] * 5
        call = channel.unary_unary("/t.T/M")(b"wait")
        tasks = [asyncio.create_task(wait()) for _ in range(5)]
        await asyncio.sleep(0.01)
        tasks[2].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results)

    run(main)


def test_tasks_that_end_each_others_calls(run):
    async def main(channel):
        method, echoes = channel.unary_unary("/t.T/M"), channel.unary_unary("/t.T/Echo")
        for _ in range(20):
            slow = method(b"wait")

            async def wait():
                with pytest.raises(asyncio.CancelledError):
                    await slow
                assert asyncio.current_task() is waiting
                return await echoes(b"after")

            async def end():
                await echoes(b"x")
                assert slow.cancel() and asyncio.current_task() is ending
                return await echoes(b"y")

            waiting, ending = asyncio.create_task(wait()), asyncio.create_task(end())
            assert await waiting == b"after" and await ending == b"y"

    run(main)


def test_a_callback_ends_another_call(run):
    async def main(channel):
        slow = channel.unary_unary("/t.T/M")(b"wait")
        call = channel.unary_unary("/t.T/Echo")(b"x")
        call.add_done_callback(lambda _: slow.cancel())
        waiting = asyncio.ensure_future(slow)
        assert await call == b"x"
        with pytest.raises(asyncio.CancelledError):
            await waiting

    run(main)


def test_cancelled_before_the_first_step(run):
    async def main(channel):
        async def wait():
            return await channel.unary_unary("/t.T/M")(b"wait")

        task = asyncio.create_task(wait())
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        calls = []

        async def start():
            calls.append(channel.unary_unary("/t.T/M")(b"wait"))
            asyncio.current_task().cancel()
            await calls[0]

        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(start())
        assert calls[0].cancelled()

    run(main)


def test_a_cancel_that_is_caught(run):
    async def main(channel):
        async def stubborn():
            call = channel.unary_unary("/t.T/M")(b"wait")
            try:
                await call
            except asyncio.CancelledError:
                assert call.cancelled()
            return await channel.unary_unary("/t.T/Echo")(b"again")

        task = asyncio.create_task(stubborn())
        await asyncio.sleep(0.01)
        task.cancel()
        assert await task == b"again"

    run(main)


def test_an_interrupt_in_one_task_loses_nothing(target):
    loop = asyncio.new_event_loop()
    channel = grpc.aio.insecure_channel(target)
    method = channel.unary_unary("/t.T/Echo")

    async def one(number):
        reply = await method(b"%d" % number)
        if number == 3:
            raise KeyboardInterrupt()
        return reply

    async def main():
        return await asyncio.gather(*(task for number, task in enumerate(tasks) if number != 3))

    try:
        tasks = [loop.create_task(one(number)) for number in range(20)]
        with pytest.raises(KeyboardInterrupt):
            loop.run_until_complete(main())
        assert loop.run_until_complete(main()) == [b"%d" % number for number in range(20) if number != 3]
        loop.run_until_complete(channel.close())
        with pytest.raises(KeyboardInterrupt):
            tasks[3].result()
    finally:
        loop.close()


def test_calls_belong_to_their_loop(target):
    async def make():
        return channel.unary_unary("/t.T/M")(b"wait")

    async def wait(call):
        await call

    channel = grpc.aio.insecure_channel(target)
    loop, other = asyncio.new_event_loop(), asyncio.new_event_loop()
    try:
        call = loop.run_until_complete(make())
        with pytest.raises(RuntimeError, match="attached to a different loop"):
            other.run_until_complete(wait(call))
        assert call.cancel()
    finally:
        loop.close()
        other.close()


def test_tasks_written_in_python(run):
    async def main(channel):
        async def one():
            call = channel.unary_stream("/t.T/Endless")(b"x")
            assert [await call.read() for _ in range(3)] == [b"x"] * 3
            return await channel.unary_unary("/t.T/Echo")(b"x")

        loop = asyncio.get_running_loop()
        assert await asyncio.tasks._PyTask(one(), loop=loop) == b"x"

        async def wait():
            await channel.unary_unary("/t.T/M")(b"wait")

        slow = asyncio.tasks._PyTask(wait(), loop=loop)
        await asyncio.sleep(0.01)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow

    run(main)
