"""Clients of grpc.aio and event loops, threads, forks and the end of the interpreter."""
import asyncio
import gc
import os
import sys
import threading

import grpc
import grpc.aio
import pytest
from conftest import echo, run_python, us, uu

# What programs of their own begin with.
PROGRAM = """
import asyncio, gc, os, sys, threading
import grpc
channel = grpc.aio.insecure_channel(sys.argv[1])
echo, wait = channel.unary_unary("/t.T/M"), channel.unary_unary("/t.T/Wait")
endless = channel.unary_stream("/t.T/Endless")
async def call():
    assert await asyncio.gather(*(echo(b"%d" % i) for i in range(20))) == [b"%d" % i for i in range(20)]
"""


@pytest.fixture
def target(serve):
    def wait(request, context):
        over = threading.Event()
        if context.add_callback(over.set):  # not where the call is over already
            over.wait(30)
        return b""

    def endless(request, context):
        while context.is_active():
            yield request

    return serve({"M": uu(echo), "Wait": uu(wait), "Endless": us(endless)}).target


def silent(code, target, *arguments):
    result = run_python(PROGRAM + code, target, *arguments)
    assert (result.returncode, result.stderr) == (0, ""), result.stderr
    return result.stdout


def test_a_channel_made_outside_of_a_loop(target):
    silent("""
for _ in range(3):
    asyncio.run(call())
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
assert loop.run_until_complete(echo(b"x")) == b"x"
waiting = echo(b"y")
assert loop.run_until_complete(waiting) == b"y"
loop.run_until_complete(channel.close())
loop.close()
""", target)


def test_eight_loops_in_eight_threads_share_a_channel(target):
    channel = grpc.aio.insecure_channel(target)
    method, failures = channel.unary_unary("/t.T/M"), []

    async def main(number):
        for i in range(50):
            requests = [b"%d %d %d" % (number, i, k) for k in range(10)]
            if await asyncio.gather(*map(method, requests)) != requests:
                failures.append((number, i))

    def run(number):
        try:
            asyncio.run(main(number))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    asyncio.run(channel.close())


def test_loops_leave_nothing_behind(target):
    def descriptors():
        return len(os.listdir("/proc/self/fd"))

    async def main():
        method = channel.unary_unary("/t.T/M")
        assert await method(b"x") == b"x"
        channel.unary_unary("/t.T/Wait")(b"")  # goes on, though nobody waits for it
        async for _ in channel.unary_stream("/t.T/Endless")(b""):
            break
        asyncio.ensure_future(channel.unary_unary("/t.T/Wait")(b""))
        await asyncio.sleep(0)

    channel = grpc.aio.insecure_channel(target)
    asyncio.run(main())
    gc.collect()
    before = descriptors()
    for _ in range(20):
        asyncio.run(main())
    gc.collect()
    for _ in range(500):
        if descriptors() <= before + 1:
            break
        threading.Event().wait(0.01)  # the ends of calls that were dropped
    assert descriptors() <= before + 1
    asyncio.run(channel.close())


def test_uvloop(target):
    uvloop = pytest.importorskip("uvloop")

    async def main():
        async with grpc.aio.insecure_channel(target) as channel:
            method = channel.unary_unary("/t.T/M")
            assert await asyncio.gather(*(method(b"%d" % i) for i in range(100))) == [b"%d" % i for i in range(100)]
            call = channel.unary_stream("/t.T/Endless")(b"x" * 1000)
            for _ in range(1000):
                assert await call.read() == b"x" * 1000
            assert call.cancel()
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(channel.unary_unary("/t.T/Wait")(b""), 0.05)

    for _ in range(3):
        uvloop.run(main())


def test_task_groups(target):
    if sys.version_info < (3, 11):
        pytest.skip("there are none")

    async def main():
        async with grpc.aio.insecure_channel(target) as channel:
            async def call(name):
                return await channel.unary_unary("/t.T/" + name)(b"x")

            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(call("M")) for _ in range(10)]
            assert [task.result() for task in tasks] == [b"x"] * 10
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    async for _ in channel.unary_stream("/t.T/Endless")(b"x"):
                        pass
            # The last: Python before 3.11.4 leaves a task whose group failed marked as one to be cancelled.
            with pytest.raises(ExceptionGroup) as caught:
                async with asyncio.TaskGroup() as group:
                    waiting = group.create_task(call("Wait"))
                    group.create_task(call("Nope"))
            assert caught.value.exceptions[0].code() is grpc.StatusCode.UNIMPLEMENTED
            assert waiting.cancelled()

    asyncio.run(main())


@pytest.mark.parametrize("ending", ["", "sys.exit(0)", "loop.close()", "del loop, channel, echo, wait, endless; gc.collect()"])
def test_the_interpreter_ends_while_calls_run(target, ending):
    silent("""
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
async def main():
    running.append(wait(b""))
    running.append(endless(b""))
    await running[1].read()
    await call()
running = []
loop.run_until_complete(main())
""" + ending, target)


def test_a_fork_inside_and_outside_of_a_loop(target):
    assert silent("""
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of every fork beside threads

def child(function):
    pid = os.fork()
    if pid == 0:
        import signal
        signal.alarm(20)
        try:
            function()
            print("child", flush=True)
        finally:
            os._exit(0)
    return pid

asyncio.run(call())
assert os.waitpid(child(lambda: asyncio.run(call())), 0)[1] == 0

def in_child():
    asyncio._set_running_loop(None)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(call())
    loop.close()
    del globals()["main_task"]
    gc.collect()

async def main():
    global main_task
    main_task = asyncio.current_task()
    running = wait(b"")
    stream = endless(b"x")
    await stream.read()
    for _ in range(10):
        await echo(b"x")  # steps this task from inside of the engine's callback
        pid = child(in_child)
        await call()
        await stream.read()
        assert (await asyncio.get_running_loop().run_in_executor(None, os.waitpid, pid, 0))[1] == 0
    assert not running.done() and running.cancel()

asyncio.run(main())
loop = asyncio.new_event_loop()
loop.run_until_complete(call())
pid = child(lambda: loop.run_until_complete(call()))
os.waitpid(pid, 0)
""", target) == "child\n" * 12


def test_memory_stays(target):
    assert silent("""
def rss():
    gc.collect()
    return int(open("/proc/self/statm").read().split()[1]) * 4096

async def many(n):
    for _ in range(n):
        await asyncio.gather(*(echo(b"x") for _ in range(100)))
    for _ in range(n // 4):
        stream = endless(b"x")
        await stream.read()
        stream.cancel()

async def main():
    grown = []
    for _ in range(8):
        before = rss()
        await many(100)
        grown.append(rss() - before)
        if grown[-1] < 256 << 10:  # 25 bytes for each call
            print("stays")
            return
    print(grown)

asyncio.run(main())
""", target) == "stays\n"


def test_objects_go_with_their_calls(target):
    async def main():
        from grpc.aio._call import Call
        async with grpc.aio.insecure_channel(target) as channel:
            method = channel.unary_unary("/t.T/M")
            gc.collect()
            gc.disable()
            try:
                for _ in range(10):
                    assert await method(b"x") == b"x"
                    await channel.unary_stream("/t.T/Endless")(b"").read()
                assert [o for o in gc.get_objects() if isinstance(o, Call)] == []
            finally:
                gc.enable()

    asyncio.run(main())


def test_the_interpreter_ends_while_daemon_threads_call(target):
    for _ in range(3):
        silent("""
def run():
    async def main():
        async def one():
            while True:
                await echo(b"x")
                called.set()
        await asyncio.gather(*(one() for _ in range(20)))
    asyncio.run(main())

called = threading.Event()
for _ in range(3):
    threading.Thread(target=run, daemon=True).start()
called.wait()
""", target)
