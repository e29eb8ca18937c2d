"""How calls share the threads of an executor."""
import contextvars
import logging
import threading
import time
from concurrent import futures

import grpc
import pytest
from conftest import echo, us, uu


def test_slow_handlers_run_side_by_side(serve):
    together = threading.Barrier(10)
    s = serve({"M": uu(lambda r, c: b"%d" % together.wait(10))}, workers=10)
    begun = time.monotonic()
    replies = [s.unary().future(b"", timeout=20) for _ in range(10)]
    assert sorted(int(f.result()) for f in replies) == list(range(10))
    assert time.monotonic() - begun < 1


def test_ten_handlers_of_a_second_end_in_little_more(serve):
    s = serve({"M": uu(lambda r, c: time.sleep(1) or r)}, workers=10)
    begun = time.monotonic()
    replies = [s.unary().future(b"x", timeout=20) for _ in range(10)]
    assert [f.result() for f in replies] == [b"x"] * 10
    assert time.monotonic() - begun < 1.7  # 1.02 where the machine has nothing else to do


def test_no_more_handlers_than_workers(serve):
    running, most, lock = [0], [0], threading.Lock()

    def handler(request, context):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.01)
        with lock:
            running[0] -= 1
        return b""

    s = serve({"M": uu(handler)}, workers=3)
    for future in [s.unary().future(b"") for _ in range(30)]:
        future.result(10)
    assert most[0] == 3


def test_a_slow_call_does_not_hold_fast_ones_back(serve):
    go = threading.Event()
    s = serve({"Slow": uu(lambda r, c: b"%d" % go.wait(20)), "Fast": uu(echo)}, workers=2)
    slow = s.unary("Slow").future(b"")
    begun = time.monotonic()
    for _ in range(200):
        s.unary("Fast")(b"", timeout=5)
    assert time.monotonic() - begun < 3 and not slow.done()
    go.set()
    slow.result(5)


def test_the_pool_s_other_tasks_have_their_turn(serve):
    s = serve({"M": uu(echo)}, workers=1)
    stop = threading.Event()

    def load():
        while not stop.is_set():
            s.unary()(b"")

    threads = [threading.Thread(target=load) for _ in range(4)]
    [t.start() for t in threads]
    try:
        for i in range(10):
            assert s.pool.submit(lambda: i).result(10) == i
    finally:
        stop.set()
        [t.join() for t in threads]


def test_a_handler_may_use_its_own_pool(serve):
    s = serve({}, workers=2)
    other = serve({"M": uu(lambda r, c: s.pool.submit(lambda: b"inner").result(10))}, pool=s.pool)
    assert other.unary()(b"", timeout=10) == b"inner"


def test_any_other_executor_gets_one_submit_per_call(serve):
    class Counting(futures.Executor):
        count = 0

        def submit(self, function, *args, **kwargs):
            self.count += 1
            future = futures.Future()
            threading.Thread(target=lambda: future.set_result(function(*args, **kwargs))).start()
            return future

    class Derived(futures.ThreadPoolExecutor):
        count = 0

        def submit(self, *args, **kwargs):
            self.count += 1
            return super().submit(*args, **kwargs)

    for pool in (Counting(), Derived(2)):
        s = serve({"M": uu(echo)}, pool=pool)
        for i in range(20):
            assert s.unary()(b"%d" % i) == b"%d" % i
        assert pool.count == 20


def test_a_pool_that_was_shut_down(serve, errors):
    s = serve({"M": uu(echo)})
    s.pool.shutdown()
    with pytest.raises(grpc.RpcError) as caught:
        s.unary()(b"", timeout=5)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert any("takes no more work" in text for text in errors())


def test_maximum_concurrent_rpcs(serve):
    go, entered = threading.Event(), threading.Semaphore(0)

    def handler(request, context):
        entered.release()
        go.wait(20)
        return b""

    s = serve({"M": uu(handler)}, workers=1, maximum_concurrent_rpcs=2)
    futures_ = [s.unary().future(b"") for _ in range(2)]
    assert entered.acquire(timeout=5)
    with pytest.raises(grpc.RpcError) as caught:  # although the worker is busy
        for _ in range(10):
            s.unary()(b"", timeout=1)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    go.set()
    [f.result(5) for f in futures_]
    s.unary()(b"", timeout=5)


def test_unknown_methods_are_refused_while_all_workers_are_busy(serve):
    go = threading.Event()
    s = serve({"M": uu(lambda r, c: b"%d" % go.wait(20))}, workers=1)
    future = s.unary().future(b"")
    with pytest.raises(grpc.RpcError) as caught:
        s.unary("Nope")(b"", timeout=5)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    go.set()
    future.result(5)


def test_context_variables_do_not_leak(serve):
    variable = contextvars.ContextVar("variable", default=b"none")

    def handler(request, context):
        before = variable.get()
        variable.set(request)
        return before

    s = serve({"M": uu(handler)}, workers=1)
    assert [s.unary()(b"%d" % i) for i in range(20)] == [b"none"] * 20


def test_a_warning_when_streams_hold_all_workers(serve, errors):
    go = threading.Event()

    def stream(request, context):
        yield b"1"
        go.wait(20)

    s = serve({"Watch": us(stream), "M": uu(echo)}, workers=2)
    held = [s.channel.unary_stream("/t.T/Watch")(b"") for _ in range(2)]
    assert [next(stream) for stream in held] == [b"1", b"1"]
    waiting = s.unary().future(b"late")
    end = time.monotonic() + 10
    while not errors(logging.WARNING) and time.monotonic() < end:
        time.sleep(0.05)
    (text,) = errors(logging.WARNING)
    assert "All 2 workers" in text and "2 x /t.T/Watch" in text and "1 calls wait" in text
    go.set()
    assert waiting.result(5) == b"late"


def test_handlers_hear_that_their_server_has_stopped(serve):
    heard = []

    def never(request, context):
        ended = threading.Event()
        context.add_callback(ended.set)
        entered.release()
        heard.append(ended.wait(20))
        return b""

    for _ in range(20):
        entered = threading.Semaphore(0)
        s = serve({"M": uu(never)})
        calls = [s.unary().future(b"") for _ in range(4)]
        assert all(entered.acquire(timeout=10) for _ in range(4))
        [call.cancel() for call in calls]
        s.server.stop(None)
        s.pool.shutdown()
    assert heard == [True] * 80


def test_a_callback_may_call_the_server_it_belongs_to(serve):
    answers, both = [], threading.Event()

    def never(request, context):
        ended = threading.Event()

        def callback():
            answers.append(s.unary("Echo")(b"x", timeout=10))
            if len(answers) == 2:
                both.set()
            ended.set()

        context.add_callback(callback)
        entered.release()
        ended.wait(20)
        return b""

    entered = threading.Semaphore(0)
    s = serve({"M": uu(never), "Echo": uu(echo)}, workers=3)
    calls = [s.unary().future(b"") for _ in range(2)]
    assert all(entered.acquire(timeout=10) for _ in range(2))
    [call.cancel() for call in calls]
    assert both.wait(20) and answers == [b"x", b"x"]


def test_a_thread_pool_of_the_method_s_own(serve):
    own = futures.ThreadPoolExecutor(1, thread_name_prefix="own")

    def handler(request, context):
        return threading.current_thread().name.encode()

    handler.experimental_thread_pool = own
    assert serve({"M": uu(handler)}).unary()(b"").startswith(b"own")
    own.shutdown()


def test_executors_that_do_not_work():
    with pytest.raises(TypeError, match="takes an executor"):
        grpc.server(10)
