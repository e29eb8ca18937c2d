"""grpc.aio's server: handlers of all kinds, their contexts, and their tasks."""
import asyncio
import contextvars
import threading
import time
from concurrent import futures

import grpc
import grpc.aio
import pytest
from aio_serving import aserve  # noqa: F401
from conftest import run_python, ss, su, us, uu

OK, UNKNOWN = grpc.StatusCode.OK, grpc.StatusCode.UNKNOWN


async def echo(request, context):
    return request


# ---- the four kinds


def test_unary_unary(aserve):
    serving = aserve({"M": uu(echo)})
    assert serving.unary()(b"x", timeout=10) == b"x"
    calls = [serving.unary().future(b"%d" % i, timeout=20) for i in range(500)]
    assert [int(c.result()) for c in calls] == list(range(500))


def test_handlers_that_wait_run_side_by_side(aserve):
    async def slow(request, context):
        await asyncio.sleep(0.3)
        return request

    serving = aserve({"M": uu(slow)})
    begin = time.monotonic()
    calls = [serving.unary().future(b"%d" % i, timeout=20) for i in range(50)]
    assert [int(c.result()) for c in calls] == list(range(50))
    assert time.monotonic() - begin < 5


def test_a_generator_streams(aserve):
    async def count(request, context):
        for i in range(int(request)):
            if i % 100 == 7:
                await asyncio.sleep(0)
            yield b"%d" % i

    serving = aserve({"M": us(count)})
    replies = serving.channel.unary_stream("/t.T/M")(b"3000", timeout=20)
    assert [int(r) for r in replies] == list(range(3000))
    assert replies.code() is OK


def test_writing_streams(aserve):
    async def count(request, context):
        for i in range(int(request)):
            await context.write(b"%d" % i)

    serving = aserve({"M": us(count)})
    assert [int(r) for r in serving.channel.unary_stream("/t.T/M")(b"1000", timeout=20)] == list(range(1000))
    assert list(serving.channel.unary_stream("/t.T/M")(b"0", timeout=20)) == []


def test_large_replies_wait_for_the_client(aserve):
    sent = []

    async def large(request, context):
        for i in range(200):
            sent.append(i)
            yield b"x" * 1_000_000

    serving = aserve({"M": us(large)})
    replies = serving.channel.unary_stream("/t.T/M")(b"", timeout=60)
    assert len(next(replies)) == 1_000_000
    time.sleep(0.3)
    assert len(sent) < 100  # the rest waits
    assert sum(len(r) for r in replies) == 199_000_000


def test_iterating_requests(aserve):
    async def join(requests, context):
        return b"".join([r async for r in requests])

    serving = aserve({"M": su(join)})
    method = serving.channel.stream_unary("/t.T/M")
    assert method((b"%d" % i for i in range(1000)), timeout=20) == b"".join(b"%d" % i for i in range(1000))
    assert method(iter(()), timeout=20) == b""


def test_reading_requests(aserve):
    async def join(requests, context):
        parts = []
        while True:
            part = await context.read()
            if part is grpc.aio.EOF:
                break
            parts.append(part)
        assert await context.read() is grpc.aio.EOF
        return b"".join(parts)

    serving = aserve({"M": su(join)})
    assert serving.channel.stream_unary("/t.T/M")(iter([b"a", b"", b"b"]), timeout=20) == b"ab"


@pytest.mark.parametrize("style", ["generator", "writer", "mixed", "anext"])
def test_chatting(aserve, style):
    async def generator(requests, context):
        async for request in requests:
            yield request + b"!"

    async def writer(requests, context):
        while (request := await context.read()) is not grpc.aio.EOF:
            await context.write(request + b"!")

    async def mixed(requests, context):
        async for request in requests:
            await context.write(request + b"!")

    async def anext_(requests, context):
        iterator = requests.__aiter__()
        try:
            while True:
                yield await iterator.__anext__() + b"!"
        except StopAsyncIteration:
            pass

    handler = {"generator": generator, "writer": writer, "mixed": mixed, "anext": anext_}[style]
    serving = aserve({"M": ss(handler)})
    answered = threading.Semaphore(0)

    def requests():
        for i in range(20):
            yield b"%d" % i
            assert answered.acquire(timeout=10)

    for i, reply in enumerate(serving.channel.stream_stream("/t.T/M")(requests(), timeout=20)):
        assert reply == b"%d!" % i
        answered.release()
    assert i == 19


def test_many_requests_do_not_starve_other_calls(aserve):
    async def swallow(requests, context):
        async for request in requests:
            pass
        return b""

    serving = aserve({"Swallow": su(swallow), "M": uu(echo)})
    over = threading.Event()

    def requests():
        while not over.is_set():
            yield b"x"

    call = serving.channel.stream_unary("/t.T/Swallow").future(requests(), timeout=60)
    for _ in range(20):
        assert serving.unary()(b"y", timeout=10) == b"y"
    over.set()
    assert call.result() == b""


def test_reading_what_is_there_gives_others_a_turn(aserve):
    arrived = threading.Event()

    async def handler(requests, context):
        await asyncio.get_running_loop().run_in_executor(None, arrived.wait, 10)
        turns = 0

        async def count():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.ensure_future(count())
        n = len([r async for r in requests])
        counting.cancel()
        assert n == 500
        return b"%d" % turns

    serving = aserve({"M": su(handler), "E": uu(echo)})
    # Others' calls on the same connection have passed: so have the requests before them.
    call = serving.channel.stream_unary("/t.T/M").future((b"x" for _ in range(500)), timeout=20)
    for _ in range(5):
        serving.unary("E")(b"", timeout=10)
    time.sleep(0.1)
    arrived.set()
    assert int(call.result()) >= 500 // 64


def test_endless_replies_do_not_starve_other_calls(aserve):
    async def endless(request, context):
        while True:
            yield b"x"

    serving = aserve({"Endless": us(endless), "M": uu(echo)})
    replies = serving.channel.unary_stream("/t.T/Endless")(b"", timeout=60)
    for _ in range(20):
        next(replies)
        assert serving.unary()(b"y", timeout=10) == b"y"
    replies.cancel()


# ---- tasks


def test_a_handler_has_a_task_of_its_own(aserve):
    tasks = set()
    variable = contextvars.ContextVar("variable", default="outside")

    async def handler(request, context):
        before = asyncio.current_task()
        assert before is not None and before.get_loop() is asyncio.get_running_loop()
        assert variable.get() == "outside"
        variable.set(request)
        tasks.add(before)
        await asyncio.sleep(0.01)
        assert asyncio.current_task() is before and before in asyncio.all_tasks()
        assert variable.get() == request
        try:
            await asyncio.wait_for(asyncio.sleep(10), 0.01)
        except asyncio.TimeoutError:
            return b"timed out"

    serving = aserve({"M": uu(handler)})
    calls = [serving.unary().future(b"%d" % i, timeout=20) for i in range(20)]
    assert {c.result() for c in calls} == {b"timed out"}
    assert len(tasks) == 20


def test_the_first_step_is_in_a_task_too(aserve):
    async def handler(request, context):
        task = asyncio.current_task()
        called = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(called.set_result, task.get_name())
        return (await called).encode()

    assert aserve({"M": uu(handler)}).unary()(b"", timeout=10) == b"/t.T/M"


def test_a_task_factory_makes_the_tasks(aserve):
    made = []

    def factory(loop, coroutine, **keywords):
        made.append(coroutine)
        return asyncio.Task(coroutine, loop=loop, **keywords)

    loop = asyncio.new_event_loop()
    loop.set_task_factory(factory)
    serving = aserve({"M": uu(echo)}, loop=loop)
    before = len(made)
    assert serving.unary()(b"x", timeout=10) == b"x"
    assert len(made) == before + 1


def test_a_loop_whose_call_soon_is_somebody_s(aserve):
    loop = asyncio.new_event_loop()
    original, seen = loop.call_soon, []

    def call_soon(callback, *args, context=None):
        seen.append(callback)
        return original(callback, *args, context=context)

    loop.call_soon = call_soon
    serving = aserve({"M": uu(echo)}, loop=loop)
    assert serving.unary()(b"x", timeout=10) == b"x"
    assert loop.call_soon is call_soon and seen


def test_debug_mode(aserve):
    loop = asyncio.new_event_loop()
    loop.set_debug(True)
    assert aserve({"M": uu(echo)}, loop=loop).unary()(b"x", timeout=10) == b"x"


def test_what_is_scheduled_beside_a_task_goes_to_the_loop():
    from grpc.aio._tasks import Starter

    async def main():
        called = asyncio.get_running_loop().create_future()
        starter = Starter(asyncio.get_running_loop())
        starter(called.set_result, 5, context=contextvars.copy_context())
        return await called

    assert asyncio.run(asyncio.wait_for(main(), 10)) == 5


def test_nothing_is_left_of_a_loop_s_functions(aserve):
    serving = aserve({"M": uu(echo)})
    assert serving.unary()(b"x", timeout=10) == b"x"
    assert "call_soon" not in vars(serving.loop)


@pytest.mark.parametrize("kind", ["unary", "reading", "generator", "writing"])
@pytest.mark.parametrize("how", ["cancel", "deadline", "gone"])
def test_the_task_is_cancelled_with_the_call(aserve, kind, how):
    seen = futures.Future()
    began = threading.Event()

    async def wait(context):
        try:
            began.set()
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.set_result((context.cancelled(), context.done()))
            raise

    async def unary(request, context):
        await wait(context)

    async def reading(requests, context):
        try:
            began.set()
            await context.read()
        except asyncio.CancelledError:
            seen.set_result((context.cancelled(), context.done()))
            raise

    async def generator(request, context):
        yield b"first"
        await wait(context)

    async def writing(request, context):
        try:
            began.set()
            while True:
                await context.write(b"x" * 100_000)
        except asyncio.CancelledError:
            seen.set_result((context.cancelled(), context.done()))
            raise

    serving = aserve({"M": {"unary": uu(unary), "reading": su(reading), "generator": us(generator),
                            "writing": us(writing)}[kind]})
    timeout = 0.3 if how == "deadline" else 60
    channel = grpc.insecure_channel(serving.target)
    never = threading.Event()
    call = {"unary": lambda: channel.unary_unary("/t.T/M").future(b"", timeout=timeout),
            "reading": lambda: channel.stream_unary("/t.T/M").future(iter(never.wait, 1), timeout=timeout),
            "generator": lambda: channel.unary_stream("/t.T/M")(b"", timeout=timeout),
            "writing": lambda: channel.unary_stream("/t.T/M")(b"", timeout=timeout)}[kind]()
    assert began.wait(10)
    if how == "cancel":
        call.cancel()
    elif how == "gone":
        channel.close()
    assert seen.result(10) == (True, True)
    never.set()
    channel.close()


def test_a_reply_after_the_end_goes_nowhere(aserve, errors):
    ended = threading.Event()

    async def stubborn(request, context):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass
        await asyncio.sleep(0.01)
        ended.set()
        return b"late"

    serving = aserve({"M": uu(stubborn), "Echo": uu(echo)})
    assert serving.status(timeout=0.1)[0] is grpc.StatusCode.DEADLINE_EXCEEDED
    assert ended.wait(10)
    assert serving.unary("Echo")(b"x", timeout=10) == b"x"
    assert errors() == []


def test_a_generator_cleans_up_before_the_call_is_done(aserve):
    order, done = [], threading.Event()

    async def generator(request, context):
        context.add_done_callback(lambda c: (order.append("done"), done.set()))
        try:
            while True:
                yield b"x" * 10_000
        finally:
            await asyncio.sleep(0.01)
            order.append("clean")

    serving = aserve({"M": us(generator)})
    replies = serving.channel.unary_stream("/t.T/M")(b"", timeout=60)
    next(replies)
    replies.cancel()
    assert done.wait(10) and order == ["clean", "done"]


def test_nothing_is_kept_of_calls_that_have_ended(aserve):
    async def slow(request, context):
        await asyncio.sleep(0.01 if request else 30)  # without one, the deadline comes first on the busiest machine
        return request

    serving = aserve({"M": uu(slow)})
    calls = [serving.unary().future(b"x", timeout=20) for _ in range(50)]
    assert all(c.result() == b"x" for c in calls)
    for _ in range(50):
        serving.status(timeout=0.001)
    for _ in range(200):
        if not serving.server._calls._running:
            return
        time.sleep(0.01)
    raise AssertionError(serving.server._calls._running)


def test_a_handler_that_cancels_itself(aserve):
    async def handler(request, context):
        raise asyncio.CancelledError()

    assert aserve({"M": uu(handler)}).status()[0] is grpc.StatusCode.CANCELLED


# ---- contexts


def test_status_and_metadata(aserve):
    async def handler(request, context):
        sent = [(k, v) for k, v in context.invocation_metadata() if k.startswith("key")]
        assert context.invocation_metadata()[0].key
        await context.send_initial_metadata((("initial", "1"),))
        with pytest.raises(grpc.aio.UsageError):
            await context.send_initial_metadata((("initial", "2"),))
        assert context.trailing_metadata() == () and context.code() is None and context.details() == ""
        context.set_trailing_metadata(grpc.aio.Metadata(("trailing-bin", b"\x01"), ("t", "x")))
        assert context.trailing_metadata() == (("trailing-bin", b"\x01"), ("t", "x"))
        context.set_code(grpc.StatusCode.NOT_FOUND)
        context.set_details("größer")
        assert (context.code(), context.details()) == (grpc.StatusCode.NOT_FOUND, "größer")
        assert not context.done() and not context.cancelled()
        return repr(sent).encode()

    serving = aserve({"M": uu(handler)})
    metadata = (("key", "value"), ("key-bin", b"\x00\xff"))
    with pytest.raises(grpc.RpcError) as raised:
        serving.unary()(b"", timeout=10, metadata=metadata)
    error = raised.value
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "größer")
    assert ("initial", "1") in error.initial_metadata()
    assert set(error.trailing_metadata()) >= {("trailing-bin", b"\x01"), ("t", "x")}


def test_facts_about_the_call(aserve):
    async def handler(request, context):
        assert isinstance(context, grpc.aio.ServicerContext)
        assert context.peer().startswith("ipv4:127.0.0.1:")
        assert context.peer_identities() is None and context.peer_identity_key() is None
        assert context.auth_context()["transport_security_type"] == [b"insecure"]
        context.set_compression(grpc.Compression.Gzip)
        context.disable_next_message_compression()
        return repr(context.time_remaining()).encode()

    serving = aserve({"M": uu(handler)})
    assert 5 < float(serving.unary()(b"", timeout=10)) <= 10
    assert serving.unary()(b"") == b"None"


@pytest.mark.parametrize("code, expected", [(grpc.StatusCode.NOT_FOUND, grpc.StatusCode.NOT_FOUND),
                                            (7, grpc.StatusCode.PERMISSION_DENIED), (99, UNKNOWN)])
def test_abort(aserve, errors, code, expected):
    done = []

    async def handler(request, context):
        context.add_done_callback(lambda c: done.append((c is context, c.done(), c.code())))
        try:
            await context.abort(code, "no", (("why", "because"),))
        finally:
            assert context.done()

    serving = aserve({"M": uu(handler)})
    status, details, trailing = serving.status()
    assert (status, details) == (expected, "no") and ("why", "because") in trailing
    serving.run(asyncio.sleep(0))
    assert done == [(True, True, code)]
    assert errors() == []


def test_abort_keeps_what_was_set(aserve):
    async def handler(request, context):
        context.set_details("set before")
        context.set_trailing_metadata((("k", "v"),))
        await context.abort(grpc.StatusCode.ABORTED)

    status, details, trailing = aserve({"M": uu(handler)}).status()
    assert (status, details) == (grpc.StatusCode.ABORTED, "set before") and ("k", "v") in trailing


def test_abort_with_status(aserve):
    class Status(grpc.Status):
        code, details, trailing_metadata = grpc.StatusCode.DATA_LOSS, "lost", (("k", "v"),)

    async def handler(request, context):
        await context.abort_with_status(Status())

    status, details, trailing = aserve({"M": uu(handler)}).status()
    assert (status, details) == (grpc.StatusCode.DATA_LOSS, "lost") and ("k", "v") in trailing


def test_abort_in_streams(aserve):
    async def generator(request, context):
        yield b"one"
        await context.abort(grpc.StatusCode.OUT_OF_RANGE, "end")

    async def writer(request, context):
        await context.write(b"one")
        await context.abort(grpc.StatusCode.OUT_OF_RANGE, "end")

    serving = aserve({"G": us(generator), "W": us(writer)})
    for name in "GW":
        replies = serving.channel.unary_stream("/t.T/" + name)(b"", timeout=10)
        assert next(replies) == b"one"
        with pytest.raises(grpc.RpcError):
            next(replies)
        assert (replies.code(), replies.details()) == (grpc.StatusCode.OUT_OF_RANGE, "end")


def test_a_swallowed_abort(aserve, errors):
    seen = []

    async def handler(request, context):
        for attempt in (lambda: context.abort(grpc.StatusCode.ABORTED, "first"), lambda: context.write(b""),
                        lambda: context.abort(grpc.StatusCode.INTERNAL, "second")):
            try:
                await attempt()
            except Exception as error:
                seen.append(type(error))
        return b"reply"

    serving = aserve({"M": uu(handler)})
    assert serving.status()[:2] == (grpc.StatusCode.ABORTED, "first")
    serving.run(asyncio.sleep(0))  # the status leaves before the handler has ended
    assert seen == [grpc.aio.AbortError, grpc.aio.AbortError, grpc.aio.UsageError]
    assert "AbortError" in errors()[0] and "/t.T/M" in errors()[0]


def test_an_error_has_no_reply(aserve):
    async def nothing(request, context):
        context.set_code(grpc.StatusCode.NOT_FOUND)
        context.set_details("nothing here")

    assert aserve({"M": uu(nothing)}).status()[:2] == (grpc.StatusCode.NOT_FOUND, "nothing here")


def test_done_callbacks(aserve, errors):
    seen = []
    over = threading.Event()

    def bad(context):
        seen.append("bad")
        raise ValueError("bad")

    async def handler(request, context):
        context.add_done_callback(bad)
        context.add_done_callback(lambda c: (seen.append(c.cancelled()), over.set()))
        if request:
            await asyncio.sleep(60)
        return b""

    serving = aserve({"M": uu(handler)})
    serving.unary()(b"", timeout=10)
    assert over.wait(10) and seen == ["bad", False] and "bad" in errors()[0]
    over.clear()
    serving.status(request=b"wait", timeout=0.1)
    assert over.wait(10) and seen[2:] == ["bad", True]


def test_two_reads_at_a_time(aserve):
    async def handler(requests, context):
        first = asyncio.ensure_future(context.read())
        await asyncio.sleep(0)
        with pytest.raises(grpc.aio.UsageError):
            await context.read()
        return await first

    serving = aserve({"M": su(handler)})
    waited = threading.Event()

    def requests():
        waited.wait(0.2)
        yield b"x"

    assert serving.channel.stream_unary("/t.T/M")(requests(), timeout=10) == b"x"


def test_a_read_that_timed_out_loses_nothing(aserve):
    async def handler(requests, context):
        while True:
            try:
                return await asyncio.wait_for(context.read(), 0.02)
            except asyncio.TimeoutError:
                late.set()

    serving = aserve({"M": su(handler)})
    late = threading.Event()

    def requests():
        assert late.wait(10)
        yield b"x"

    assert serving.channel.stream_unary("/t.T/M")(requests(), timeout=10) == b"x"


# ---- handlers that are no coroutines


@pytest.mark.parametrize("pool", [None, 2])
def test_plain_functions_run_on_threads(aserve, pool):
    names = set()

    def unary(request, context):
        names.add(threading.current_thread().name)
        assert threading.current_thread() is not threading.main_thread()
        context.set_trailing_metadata((("k", "v"),))
        context.send_initial_metadata((("i", "1"),))
        assert context.peer() and context.time_remaining() > 1 and not context.code()
        return request

    def stream(request, context):
        for i in range(int(request)):
            yield b"%d" % i

    def join(requests, context):
        return b"".join(requests)

    def chat(requests, context):
        for request in requests:
            yield request + b"!"

    def abort(request, context):
        names.add(threading.current_thread().name)
        context.abort(grpc.StatusCode.NOT_FOUND, "nope", (("k", "v"),))

    executor = pool and futures.ThreadPoolExecutor(pool, thread_name_prefix="mine")
    serving = aserve({"U": uu(unary), "S": us(stream), "J": su(join), "C": ss(chat), "A": uu(abort), "Async": uu(echo)},
                     migration_thread_pool=executor)
    reply, call = serving.unary("U").with_call(b"x", timeout=10)
    assert reply == b"x" and ("k", "v") in call.trailing_metadata() and ("i", "1") in call.initial_metadata()
    assert [int(r) for r in serving.channel.unary_stream("/t.T/S")(b"1000", timeout=10)] == list(range(1000))
    assert serving.channel.stream_unary("/t.T/J")((b"a" for _ in range(100)), timeout=10) == b"a" * 100
    assert list(serving.channel.stream_stream("/t.T/C")(iter([b"a", b"b"]), timeout=10)) == [b"a!", b"b!"]
    status, details, trailing = serving.status("A")
    assert (status, details) == (grpc.StatusCode.NOT_FOUND, "nope") and ("k", "v") in trailing
    assert serving.unary("Async")(b"x", timeout=10) == b"x"
    if pool:
        assert all(name.startswith("mine") for name in names)
        executor.shutdown()
        assert serving.status("U")[0] is grpc.StatusCode.UNAVAILABLE


def test_large_replies_of_plain_functions(aserve):
    def stream(request, context):
        for _ in range(100):
            yield b"x" * 1_000_000

    serving = aserve({"M": us(stream)})
    assert sum(len(r) for r in serving.channel.unary_stream("/t.T/M")(b"", timeout=60)) == 100_000_000


def test_a_plain_function_hears_of_the_end(aserve):
    heard = threading.Event()

    def handler(request, context):
        assert context.add_callback(heard.set)
        assert heard.wait(10) and not context.is_active()
        return b""

    assert aserve({"M": uu(handler)}).status(timeout=0.2)[0] is grpc.StatusCode.DEADLINE_EXCEEDED
    assert heard.wait(10)


def test_plain_functions_do_not_stop_the_loop(aserve):
    release = threading.Event()

    def blocking(request, context):
        release.wait(10)
        return b"done"

    serving = aserve({"B": uu(blocking), "M": uu(echo)})
    blocked = serving.unary("B").future(b"", timeout=20)
    assert serving.unary()(b"x", timeout=10) == b"x"
    release.set()
    assert blocked.result() == b"done"


def test_callables_are_handlers_too(aserve):
    import functools

    class Callable:
        async def __call__(self, request, context):
            return b"callable " + request

        async def method(self, prefix, request, context):
            return prefix + request

    serving = aserve({"C": uu(Callable()), "P": uu(functools.partial(Callable().method, b"partial "))})
    assert serving.unary("C")(b"x", timeout=10) == b"callable x"
    assert serving.unary("P")(b"x", timeout=10) == b"partial x"


def test_generated_code(aserve):
    pytest.importorskip("google.protobuf")
    from google.protobuf import wrappers_pb2 as w

    async def handler(request, context):
        return w.StringValue(value="Hello, " + request.value)

    functions = {"request_deserializer": w.StringValue.FromString, "response_serializer": w.StringValue.SerializeToString}
    serving = aserve({"M": uu(handler, **functions)})
    method = serving.unary(request_serializer=w.StringValue.SerializeToString,
                           response_deserializer=w.StringValue.FromString)
    assert method(w.StringValue(value="世界"), timeout=10).value == "Hello, 世界"


def test_the_module_loads_at_first_touch():
    result = run_python("import grpc, sys; assert 'asyncio' not in sys.modules; grpc.aio.server; print('ok')")
    assert (result.stdout, result.stderr) == ("ok\n", "")
