"""grpc.aio's server from its making to its end: loops, threads, forks, signals, and the end of the interpreter."""
import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent import futures

import grpc
import grpc.aio
import pytest
from aio_serving import aserve  # noqa: F401
from conftest import run_python, uu

UNAVAILABLE, EXHAUSTED = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED

# A program's beginning: a server with /t.T/Echo and /t.T/Wait, and call(name) from another thread.
PROGRAM = """
import asyncio, os, signal, sys, threading, warnings
import grpc, grpc.aio
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)  # forks, on purpose

def say(what):
    os.write(1, f"{what}\\n".encode())  # whole lines, whoever else writes

async def echo(request, context):
    return request

async def wait(request, context):
    say("waiting")
    await asyncio.sleep(60)

def make():
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {
        "Echo": grpc.unary_unary_rpc_method_handler(echo), "Wait": grpc.unary_unary_rpc_method_handler(wait)}),))
    return server, server.add_insecure_port("127.0.0.1:0")

def call(port, name, timeout=10):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        return channel.unary_unary("/t.T/" + name)(b"x", timeout=timeout)
"""


async def echo(request, context):
    return request


def server_of(handlers, **options):
    server = grpc.aio.server(**options)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", handlers),))
    return server


def in_thread(function, *arguments):
    return asyncio.get_running_loop().run_in_executor(None, function, *arguments)


def call(port, name="M", request=b"x", timeout=10):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        return channel.unary_unary("/t.T/" + name)(request, timeout=timeout)


def code_of(function, *arguments):
    try:
        function(*arguments)
    except grpc.RpcError as error:
        return error.code()


# ---- ports, start, stop


def test_waiting_for_the_end_of_a_server_that_nobody_starts():
    async def main():
        return await grpc.aio.server().wait_for_termination(timeout=0.1)

    assert asyncio.run(asyncio.wait_for(main(), 30)) is True


def test_the_port_is_a_number_that_may_be_awaited():
    async def main():
        server = server_of({"M": uu(echo)})
        port = server.add_insecure_port("localhost:0")
        awaited = await server.add_insecure_port("127.0.0.1:0")
        assert isinstance(port, int) and port > 0 and type(awaited) is int
        assert f"{port}" == str(int(port)) and "%d" % port == str(port)
        await server.start()
        assert await in_thread(call, port) == await in_thread(call, awaited) == b"x"
        await server.stop(None)

    asyncio.run(main())


def test_a_taken_port():
    async def main():
        first = server_of({})
        port = first.add_insecure_port("127.0.0.1:0")
        second = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
        with pytest.raises(RuntimeError, match=f"Failed to bind to address 127.0.0.1:{port}"):
            second.add_insecure_port(f"127.0.0.1:{port}")

    asyncio.run(main())


def test_a_server_made_before_its_loop():
    server = server_of({"M": uu(echo)})
    port = server.add_insecure_port("127.0.0.1:0")

    async def main():
        await server.start()
        assert await in_thread(call, port) == b"x"
        await server.stop(0)
        assert await server.wait_for_termination() is False

    asyncio.run(main())


def test_starting_and_stopping_more_than_once():
    async def main():
        server = server_of({"M": uu(echo)})
        server.add_insecure_port("127.0.0.1:0")
        await server.start()
        await server.start()
        assert await server.wait_for_termination(0.01) is True
        await asyncio.gather(server.stop(1), server.stop(None), server.wait_for_termination())
        await server.stop(None)
        assert await server.wait_for_termination(1) is False
        with pytest.raises(grpc.aio.UsageError):
            await server.start()

    asyncio.run(main())


def test_stopping_a_server_whose_loop_is_closed():
    server = server_of({"M": uu(echo)})
    port = server.add_insecure_port("127.0.0.1:0")
    asyncio.run(server.start())
    assert asyncio.run(asyncio.wait_for(server.wait_for_termination(), 10)) is False
    asyncio.run(asyncio.wait_for(server.stop(5), 10))
    assert code_of(call, port, "M", b"", 5) is UNAVAILABLE


def test_stopping_a_server_that_never_started():
    async def main():
        server = server_of({})
        port = server.add_insecure_port("127.0.0.1:0")
        await server.stop(1)
        other = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
        assert other.add_insecure_port(f"127.0.0.1:{port}") == port

    asyncio.run(main())


def test_a_graceful_stop_lets_calls_end():
    async def main():
        began = asyncio.Event()

        async def slow(request, context):
            began.set()
            await asyncio.sleep(0.3)
            return request

        server = server_of({"M": uu(slow)})
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        running = in_thread(call, port)
        await began.wait()
        begin = time.monotonic()
        stopping = asyncio.ensure_future(server.stop(10))
        await asyncio.sleep(0.05)
        assert await in_thread(code_of, call, port, "M", b"", 1) in (UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
        await stopping
        assert time.monotonic() - begin < 5
        assert await running == b"x"

    asyncio.run(main())


@pytest.mark.parametrize("grace", [None, 0, 0.2])
def test_stopping_cancels_handlers(grace):
    async def main():
        began, cleaned = asyncio.Event(), []

        async def slow(request, context):
            began.set()
            try:
                await asyncio.sleep(60)
            finally:
                await asyncio.sleep(0.01)
                cleaned.append(context.cancelled())

        server = server_of({"M": uu(slow)})
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        running = in_thread(code_of, call, port)
        await began.wait()
        begin = time.monotonic()
        await server.stop(grace)
        assert (grace or 0) <= time.monotonic() - begin < 5
        assert cleaned == [True]
        assert await running in (UNAVAILABLE, grpc.StatusCode.CANCELLED)

    asyncio.run(main())


def test_a_shorter_grace_counts():
    async def main():
        began = asyncio.Event()

        async def slow(request, context):
            began.set()
            await asyncio.sleep(60)

        server = server_of({"M": uu(slow)})
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        running = in_thread(code_of, call, port)
        await began.wait()
        long = asyncio.ensure_future(server.stop(60))
        await asyncio.sleep(0.01)
        await server.stop(0.1)
        await long
        await running

    asyncio.run(asyncio.wait_for(main(), 20))


def test_a_handler_that_stops_the_server():
    async def main():
        async def stop(request, context):
            asyncio.ensure_future(server.stop(5))
            return b"bye"

        server = server_of({"M": uu(stop)})
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        reply = in_thread(call, port)
        await asyncio.wait_for(server.wait_for_termination(), 10)
        assert await reply == b"bye"

    asyncio.run(main())


def test_a_server_that_is_let_go_of_stops():
    async def main():
        server = server_of({"M": uu(echo)})
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        assert await in_thread(call, port) == b"x"
        del server
        other = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
        for _ in range(100):
            try:
                return other.add_insecure_port(f"127.0.0.1:{port}")
            except RuntimeError:
                await asyncio.sleep(0.05)
        raise AssertionError("the port is still taken")

    asyncio.run(main())


def test_one_server_after_the_other_on_one_loop():
    """Nothing is left of those before."""
    async def main():
        descriptors = []
        for _ in range(6):
            server = server_of({"M": uu(echo)})
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            assert await in_thread(call, port) == b"x"
            await server.stop(None)
            del server
            gc.collect()
            descriptors.append(len(os.listdir("/proc/self/fd")))
        assert descriptors[5] - descriptors[2] < 3, descriptors  # those of channels may take a moment to close

    asyncio.run(main())


@pytest.mark.parametrize("options", [{"maximum_concurrent_rpcs": 0}, {"maximum_concurrent_rpcs": -1}])
def test_bad_limits(options):
    with pytest.raises(ValueError, match="positive"):
        grpc.aio.server(**options)


@pytest.mark.parametrize("pool", [3, futures.ProcessPoolExecutor(1)], ids=["number", "processes"])
def test_bad_pools(pool):
    with pytest.raises(TypeError, match="ThreadPoolExecutor"):
        grpc.aio.server(pool)


def test_maximum_concurrent_rpcs(aserve):
    async def wait(request, context):
        arrived.release()
        await asyncio.get_running_loop().run_in_executor(None, release.wait, 10)
        return b"done"

    arrived, release = threading.Semaphore(0), threading.Event()
    serving = aserve({"W": uu(wait), "M": uu(echo)}, maximum_concurrent_rpcs=2)
    calls = [serving.unary("W").future(b"", timeout=20) for _ in range(2)]
    for _ in calls:
        assert arrived.acquire(timeout=10)
    assert serving.status()[:2] == (EXHAUSTED, "Concurrent RPC limit exceeded!")
    release.set()
    assert [c.result() for c in calls] == [b"done"] * 2
    assert serving.unary()(b"x", timeout=10) == b"x"
    cancelled = serving.unary("W").future(b"", timeout=20)
    cancelled.cancel()
    for _ in range(100):  # those that were cancelled do not count for ever
        assert serving.unary().future(b"x", timeout=10).exception() is None or time.sleep(0.01) is None
    assert serving.unary()(b"x", timeout=10) == b"x"


# ---- loops and threads


def test_servers_in_several_loops_and_threads(aserve):
    servers = [aserve({"M": uu(echo)}) for _ in range(4)]
    results = []

    def load(serving):
        results.append([serving.unary()(b"%d" % i, timeout=20) for i in range(50)])

    threads = [threading.Thread(target=load, args=(s,)) for s in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[b"%d" % i for i in range(50)]] * 4


def test_two_servers_on_one_loop(aserve):
    serving = aserve({"M": uu(echo)})

    async def other():
        server = server_of({"M": uu(echo)})
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        return server, port

    server, port = serving.run(other())
    assert call(port) == serving.unary()(b"x", timeout=10) == b"x"
    serving.run(server.stop(None))
    assert serving.unary()(b"x", timeout=10) == b"x"


def test_waiting_for_the_end_in_another_loop(aserve):
    serving = aserve({"M": uu(echo)})
    threading.Timer(0.1, serving.stop).start()
    assert asyncio.run(asyncio.wait_for(serving.server.wait_for_termination(), 10)) is False


def test_uvloop(aserve):
    uvloop = pytest.importorskip("uvloop")

    async def handler(request, context):
        assert asyncio.current_task() is not None
        await asyncio.sleep(0.01)
        return request

    loop = uvloop.new_event_loop()
    serving = aserve({"M": uu(handler), "E": uu(echo)}, loop=loop)
    calls = [serving.unary(name).future(b"x", timeout=20) for name in "ME" * 50]
    assert all(c.result() == b"x" for c in calls)
    assert serving.status(request=b"", timeout=0.0001)[0] is grpc.StatusCode.DEADLINE_EXCEEDED
    serving.stop()


@pytest.mark.parametrize("begin", ["", "import uvloop\nuvloop.install()\n"], ids=["asyncio", "uvloop"])
def test_a_loop_that_closes_with_calls_running(begin):
    if begin:
        pytest.importorskip("uvloop")
    result = run_python(begin + PROGRAM + """
async def main():
    server, port = make()
    await server.start()
    thread = threading.Thread(target=lambda: say(type(failure(port)).__name__))
    thread.start()
    await asyncio.sleep(0.3)
    return server, thread

def failure(port):
    try:
        call(port, "Wait", 5)
    except grpc.RpcError as error:
        return error

loop = asyncio.new_event_loop()
server, thread = loop.run_until_complete(main())
loop.close()
del server, loop
thread.join()
""")
    assert (result.stdout, result.stderr, result.returncode) == ("waiting\n_InactiveRpcError\n", "", 0)


@pytest.mark.parametrize("end", ["", "sys.exit(3)", "os.kill(os.getpid(), signal.SIGTERM); await asyncio.sleep(9)"])
def test_the_end_of_the_interpreter_is_silent(end):
    result = run_python(PROGRAM + """
async def main():
    global server
    server, port = make()
    await server.start()
    threading.Thread(target=quietly, args=(port,), daemon=True).start()
    await asyncio.sleep(0.3)
    %s

def quietly(port):
    try:
        call(port, "Wait", 5)
    except grpc.RpcError:
        pass

asyncio.run(main())
""" % end)
    assert (result.stdout, result.stderr) == ("waiting\n", "")
    assert result.returncode == (3 if "exit" in end else -signal.SIGTERM if "kill" in end else 0)


def test_ctrl_c_ends_the_program():
    program = PROGRAM + """
async def main():
    server, port = make()
    await server.start()
    say("serving")
    await server.wait_for_termination()

asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        assert process.stdout.readline() == "serving\n"
        process.send_signal(signal.SIGINT)
        stderr = process.communicate(timeout=20)[1]
    assert process.returncode == -signal.SIGINT
    assert stderr.strip().endswith("KeyboardInterrupt") and stderr.count("Traceback") <= 2


@pytest.mark.parametrize("wait", ["", "await asyncio.sleep(0.01)"])
@pytest.mark.parametrize("error, code", [("SystemExit(5)", 5), ("KeyboardInterrupt()", -signal.SIGINT)])
def test_a_handler_that_ends_the_program(error, code, wait):
    result = run_python(PROGRAM + f"""
async def exit(request, context):
    {wait}
    raise {error}

async def main():
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {{
        "Exit": grpc.unary_unary_rpc_method_handler(exit)}}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    threading.Thread(target=quietly, args=(port,), daemon=True).start()
    await server.wait_for_termination()

def quietly(port):
    try:
        call(port, "Exit", 5)
    except grpc.RpcError:
        pass

asyncio.run(main())
""")
    assert result.returncode == code, result.stderr
    assert "Task" not in result.stderr and result.stderr.count("Traceback") <= 2


def test_a_handler_that_ends_the_program_beside_others():
    result = run_python(PROGRAM + """
async def exit(request, context):
    if request == b"50":
        raise SystemExit(5)
    await asyncio.sleep(60)

async def main():
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {
        "Exit": grpc.unary_unary_rpc_method_handler(exit)}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    calls = [channel.unary_unary("/t.T/Exit").future(b"%d" % i) for i in range(100)]
    await server.wait_for_termination()

asyncio.run(main())
""")
    assert (result.returncode, result.stderr) == (5, "")


def test_a_stop_by_signal_as_in_the_examples():
    """As grpc's example of a graceful shutdown does it: clean-up coroutines are run after the interrupt."""
    program = PROGRAM + """
cleanup = []

async def slow(request, context):
    # From another thread: the interrupt is to find the loop waiting.
    threading.Timer(0.1, lambda: say("slow")).start()
    await asyncio.sleep(0.6)
    return b"late reply"

async def serve():
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {
        "Slow": grpc.unary_unary_rpc_method_handler(slow)}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()

    async def shutdown():
        say("stopping")
        await server.stop(5)
        say("stopped")

    cleanup.append(shutdown())
    threading.Thread(target=lambda: say(call(port, "Slow"))).start()
    await server.wait_for_termination()

loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
try:
    loop.run_until_complete(serve())
except KeyboardInterrupt:
    pass
finally:
    loop.run_until_complete(*cleanup)
    loop.close()
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        assert process.stdout.readline() == "slow\n"
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=20)
    assert (sorted(stdout.split("\n")), stderr, process.returncode) == \
        (["", "b'late reply'", "stopped", "stopping"], "", 0)


def test_signal_handlers_of_the_loop():
    result = run_python(PROGRAM + """
async def main():
    server, port = make()
    await server.start()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, lambda: asyncio.ensure_future(server.stop(5)))
    loop.call_later(0.1, os.kill, os.getpid(), signal.SIGTERM)
    say(await server.wait_for_termination())

asyncio.run(main())
""")
    assert (result.stdout, result.stderr, result.returncode) == ("False\n", "", 0)


# ---- forks


def test_a_server_made_before_the_fork():
    result = run_python(PROGRAM + """
server = grpc.aio.server()
async def main():
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {
        "Echo": grpc.unary_unary_rpc_method_handler(echo)}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    say(await asyncio.get_running_loop().run_in_executor(None, call, port, "Echo"))
    await server.stop(None)

child = os.fork()
asyncio.run(main())
if child:
    assert os.waitpid(child, 0)[1] == 0
""")
    assert (result.stdout, result.stderr, result.returncode) == ("b'x'\n" * 2, "", 0)


def test_a_server_that_listens_before_the_fork():
    result = run_python(PROGRAM + """
server, port = make()
if os.fork() == 0:
    try:
        asyncio.run(server.start())
    except grpc.aio.UsageError as error:
        say(error)
    sys.exit()
os.wait()
""")
    assert "before a fork" in result.stdout and result.stderr == ""


def test_forks_while_serving():
    result = run_python(PROGRAM + """
async def main():
    server, port = make()
    await server.start()
    run = asyncio.get_running_loop().run_in_executor
    for i in range(10):
        child = os.fork()
        if child == 0:
            # What the parent serves is none of the child's business; it may serve by itself, on a loop of its own.
            done = []
            def own():
                async def serve():
                    server, port = make()
                    await server.start()
                    done.append(await asyncio.get_running_loop().run_in_executor(None, call, port, "Echo"))
                    await server.stop(None)
                asyncio.run(serve())
            thread = threading.Thread(target=own)
            thread.start()
            thread.join()
            del server
            os._exit(0 if done == [b"x"] else 1)
        assert await run(None, call, port, "Echo") == b"x"
        assert (await run(None, os.waitpid, child, 0))[1] == 0
    assert await run(None, call, port, "Echo") == b"x"
    await server.stop(None)
    say("ok")

asyncio.run(main())
""")
    assert (result.stdout, result.stderr, result.returncode) == ("ok\n", "", 0)


def test_a_fork_inside_of_a_handler():
    result = run_python(PROGRAM + """
import multiprocessing

def square(connection, value):
    connection.send(value * value)

async def fork(request, context):
    ours, theirs = multiprocessing.get_context("fork").Pipe()
    process = multiprocessing.get_context("fork").Process(target=square, args=(theirs, 7))
    process.start()
    await asyncio.get_running_loop().run_in_executor(None, process.join)
    return b"%d" % ours.recv()

async def main():
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {
        "Fork": grpc.unary_unary_rpc_method_handler(fork)}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    run = asyncio.get_running_loop().run_in_executor
    say(await asyncio.gather(*(run(None, call, port, "Fork") for _ in range(5))))
    await server.stop(None)

asyncio.run(main())
""")
    assert (result.stdout, result.stderr, result.returncode) == (f"{[b'49'] * 5}\n", "", 0)
