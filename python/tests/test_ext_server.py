"""The server half of the extension, without the package around it. The peer is grpcio, in a process of its own."""
import gc
import json
import subprocess
import threading
import time
import weakref

import pytest
from conftest import PEER_PYTHON
from grpc import _godwit as g

UNARY, SERVER_STREAM, CLIENT_STREAM, BIDI = 0, 1, 2, 3
PATHS = ["/t.T/Unary", "/t.T/ServerStream", "/t.T/ClientStream", "/t.T/Bidi"]

PEER = r"""
import json, sys, threading, time
import grpc
channel = grpc.insecure_channel("127.0.0.1:" + sys.argv[1])
unary = channel.unary_unary("/t.T/Unary")
server_stream = channel.unary_stream("/t.T/ServerStream")
client_stream = channel.stream_unary("/t.T/ClientStream")
bidi = channel.stream_stream("/t.T/Bidi")
def say(value):
    print(json.dumps(value), flush=True)
def code_of(action):
    try:
        action()
        return "OK"
    except grpc.RpcError as error:
        return error.code().name
"""


class Serving:
    def __init__(self, **options):
        self.queue = g.EventQueue()
        self.server = g.Server(self.queue, **options)
        for number, path in enumerate(PATHS):
            self.server.add_method(path, number, number in (CLIENT_STREAM, BIDI), number in (SERVER_STREAM, BIDI))
        self.port = self.server.listen("127.0.0.1:0")
        self.server.start()
        self.peers = []

    def peer(self, code, *arguments):
        """Starts a program of the peer's."""
        # Without our package in its path.
        process = subprocess.Popen([str(PEER_PYTHON), "-I", "-c", PEER + code, str(self.port), *arguments],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.peers.append(process)
        return process

    def next_event(self, seconds=30):
        assert self.queue.wait(seconds), "no event came"
        [event] = self.queue.drain(1)
        return event

    def next_call(self):
        call, bits = self.next_event()
        assert bits & g.ARRIVED
        return call

    def close(self):
        self.server.stop(0)
        assert self.server.wait_stopped(30)
        for process in self.peers:
            process.stdin.close()
            assert process.wait(30) == 0
            process.stdout.close()


@pytest.fixture
def serving():
    made = []

    def make(**options):
        made.append(Serving(**options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def said(process):
    return json.loads(process.stdout.readline())


def test_unary_with_everything(serving):
    s = serving()
    peer = s.peer("""
reply, call = unary.with_call(b"question", timeout=100, metadata=(("key", "value"), ("raw-bin", b"\\0\\xff"), ("key", "2")))
say([reply.decode(), call.initial_metadata()[0][1], call.code().name,
     [(k, v.hex() if isinstance(v, bytes) else v) for k, v in call.trailing_metadata()]])
""")
    call = s.next_call()
    assert call.path == "/t.T/Unary" and call.method_id == UNARY
    assert call.authority == f"127.0.0.1:{s.port}"
    assert call.peer().startswith("ipv4:127.0.0.1:")
    metadata = call.invocation_metadata()
    assert isinstance(metadata, tuple)
    assert [pair for pair in metadata if pair[0] != "user-agent"] == [
        ("key", "value"), ("raw-bin", b"\0\xff"), ("key", "2")]
    assert dict(metadata)["user-agent"].startswith("grpc-python/")
    assert call.request == b"question"
    assert 50 < call.time_remaining() <= 100
    assert call.auth_context() == {}
    assert call.is_active() and s.server.active_calls() == 1
    call.send_initial_metadata((("hello", "there"),))
    call.finish(0, "", (("t", "1"), ("t-bin", b"\x01")), b"answer")
    assert not call.is_active() and s.server.active_calls() == 0
    reply, hello, code, trailing = said(peer)
    assert (reply, hello, code) == ("answer", "there", "OK")
    assert [tuple(pair) for pair in trailing] == [("t", "1"), ("t-bin", "01")]


def test_error_with_status_details(serving):
    s = serving()
    peer = s.peer("""
try:
    unary(b"")
except grpc.RpcError as error:
    say([error.code().name, error.details(), dict(error.trailing_metadata())["grpc-status-details-bin"].decode()])
""")
    s.next_call().finish(code=5, details="no äpple", trailing=[("grpc-status-details-bin", b"proto")])
    assert said(peer) == ["NOT_FOUND", "no äpple", "proto"]


def test_objects_of_calls(serving):
    s = serving()
    peer = s.peer("""
calls = [unary.future(b"x") for _ in range(3)]
say([c.result().decode() for c in calls])
""")
    calls = [s.next_call() for _ in range(3)]
    assert all(call.path is calls[0].path for call in calls), "one str for all calls of a method"
    assert len(set(map(id, calls))) == 3
    for number, call in enumerate(calls):
        assert call.user is None
        call.user = number
    with pytest.raises(AttributeError):
        calls[0].path = "x"
    with pytest.raises(TypeError):
        g.ServerCall()
    for call in calls:
        call.finish(0, "", None, b"n%d" % call.user, later=True)
    s.server.flush()
    assert sorted(said(peer)) == ["n0", "n1", "n2"]


def test_arguments_that_cannot_be(serving):
    s = serving()
    peer = s.peer("""say(code_of(lambda: unary(b"x")))""")
    call = s.next_call()
    for arguments in [(), (0,), (0, ""), (0, "", None, "text"), (0, b""), ("0", ""), (0, "", 5), (0, "", [("a",)]),
                      (0, "", [("a", 1)]), (0, "", None, None, False, 1)]:
        if arguments == (0, ""):
            continue
        with pytest.raises((TypeError, ValueError)):
            call.finish(*arguments)
        assert call.is_active()
    with pytest.raises(TypeError):
        call.finish(0, "", nonsense=1)
    with pytest.raises(TypeError):
        call.write("text")
    call.finish(0, "", last=b"")
    assert said(peer) == "OK"
    with pytest.raises(ValueError):
        g.Server(s.queue, [("grpc.max_concurrent_streams", -1)])
    with pytest.raises(RuntimeError, match="Failed to bind to address"):
        g.Server(s.queue, [("grpc.so_reuseport", 0)]).listen(f"127.0.0.1:{s.port}")


def test_unknown_path_arrives_as_stream(serving):
    s = serving()
    peer = s.peer("""say(channel.unary_unary("/other.O/M")(b"it").decode())""")
    call = s.next_call()
    assert (call.path, call.method_id, call.request) == ("/other.O/M", -1, None)
    assert call.wait_message() == (b"it", g.READY)
    assert call.wait_message() == (None, g.CALL_ENDED)
    call.finish(0, "", None, b"got it")
    assert said(peer) == "got it"


def test_streams(serving):
    s = serving()
    peer = s.peer("""
say([m.decode() for m in server_stream(b"go")])
say(client_stream(iter([b"1", b"2" * 100000, b""])).decode())
say([m.decode() for m in bidi(iter([b"a", b"b"]))])
""")
    call = s.next_call()
    assert (call.method_id, call.request) == (SERVER_STREAM, b"go")
    for number in range(100):
        call.write(b"%d" % number)
        assert call.wait_writable() == g.READY
    call.finish(0, "")
    assert said(peer) == [str(number) for number in range(100)]
    call = s.next_call()
    sizes = []
    while True:
        message, how = call.wait_message(10)
        if how == g.CALL_ENDED:
            break
        sizes.append(len(message))
    assert sizes == [1, 100000, 0] and call.messages_ended()
    call.finish(0, "", None, b"done")
    assert said(peer) == "done"
    # With events, and the same object for all of them.
    call = s.next_call()
    call.user = "mine"
    got = []
    while not call.messages_ended():
        call.want_message()
        same, bits = s.next_event()
        assert same is call and bits == g.MESSAGE and same.user == "mine"
        while (message := call.take()) is not None:
            got.append(message)
            call.write(b"re: " + message)
    assert got == [b"a", b"b"]
    call.finish(0, "")
    assert said(peer) == ["re: a", "re: b"]


def test_waits_end_in_time(serving):
    s = serving()
    s.peer("""
call = bidi(iter(sys.stdin.readline, ""))
code_of(lambda: next(call))
""")
    call = s.next_call()
    begin = time.monotonic()
    assert call.wait_message(0.05) == (None, g.TIMEOUT)
    assert 0.04 < time.monotonic() - begin < 5
    assert not s.queue.wait(0.05)
    assert s.server.wait_stopped(0.01) is False


def test_cancellation_and_deadline(serving):
    s = serving()
    peer = s.peer("""
future = unary.future(b"x")
sys.stdin.readline()
future.cancel()
say(code_of(lambda: unary(b"x", timeout=0.5)))
""")
    call = s.next_call()
    call.user = "mine"
    peer.stdin.write("\n")
    peer.stdin.flush()
    same, bits = s.next_event()
    assert same is call and bits == g.ENDED and same.user == "mine"
    assert not call.is_active()
    call.finish(0, "", None, b"too late")
    call, bits = s.next_event()
    assert bits & g.ARRIVED
    if not bits & g.ENDED:
        same, bits = s.next_event()
        assert same is call and bits == g.ENDED
    assert said(peer) == "DEADLINE_EXCEEDED"
    assert call.time_remaining() == 0


def test_a_waiting_thread_hears_of_the_end(serving):
    s = serving()
    peer = s.peer("""
call = bidi(iter(sys.stdin.readline, ""), timeout=None)
threading.Timer(0.2, call.cancel).start()
say(code_of(lambda: next(call)))
""")
    call = s.next_call()
    assert call.wait_message() == (None, g.CALL_ENDED)
    assert call.wait_writable() == g.CALL_ENDED
    call.finish(1, "")
    assert said(peer) == "CANCELLED"


def test_a_call_that_is_dropped_is_cancelled(serving):
    s = serving()
    peer = s.peer("""say([code_of(lambda: unary(b"x")), code_of(lambda: unary(b"x"))])""")
    call = s.next_call()
    del call
    # Also out of a cycle.
    call = s.next_call()
    call.user = [call]
    del call
    gc.collect()
    assert said(peer) == ["CANCELLED", "CANCELLED"]


def test_too_many_calls(serving):
    s = serving(maximum_concurrent_rpcs=1)
    peer = s.peer("""
first = unary.future(b"x")
sys.stdin.readline()
say(code_of(lambda: unary(b"x")))
first.result()
say(code_of(lambda: unary(b"x")))
""")
    call = s.next_call()
    peer.stdin.write("\n")
    peer.stdin.flush()
    assert said(peer) == "RESOURCE_EXHAUSTED"
    assert len(s.queue) == 0
    call.finish(0, "", None, b"")
    s.next_call().finish(0, "", None, b"")
    assert said(peer) == "OK"


def test_stop_with_and_without_grace(serving):
    s = serving()
    peer = s.peer("""
calls = [unary.future(b"x"), unary.future(b"y")]
say(sorted(code_of(c.result) for c in calls))
""")
    first, second = s.next_call(), s.next_call()
    watch = g.Watch(s.queue)
    watch.user = "stopped"
    s.server.stop(60.0)
    assert not s.server.wait_stopped(0.05)
    first.finish(0, "", None, b"")
    s.server.stop(None, watch)
    events = dict([s.next_event(), s.next_event()])
    assert events == {second: g.ENDED, watch: g.ENDED} and watch.user == "stopped"
    assert s.server.wait_stopped()
    assert said(peer) == ["OK", "UNAVAILABLE"]


def test_many_calls_many_threads_nobody_flushes(serving):
    s = serving()
    peer = s.peer("""
calls = [unary.future(b"%d" % i) for i in range(2000)]
say(sum(c.result() == b"re: %d" % i for i, c in enumerate(calls)))
""")
    left = [2000]
    lock = threading.Lock()

    def handle():
        while s.queue.wait():
            for call, bits in s.queue.drain(16):
                if bits & g.ARRIVED:
                    call.finish(0, "", None, b"re: " + call.request, True)
                    with lock:
                        left[0] -= 1
                        if left[0] == 0:
                            s.queue.close()

    threads = [threading.Thread(target=handle) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert said(peer) == 2000
    for thread in threads:
        thread.join()
    assert s.queue.taken() >= 2000


def test_everything_is_freed():
    queue = g.EventQueue()
    server = g.Server(queue)
    server.listen("127.0.0.1:0")
    server.start()
    gone = weakref.ref(server)
    watch = g.Watch(queue)
    watch.user = [watch]  # a cycle
    watch_gone = weakref.ref(watch)
    del server, queue, watch
    gc.collect()
    assert gone() is None and watch_gone() is None


def test_main_thread_waits_can_be_interrupted(serving):
    s = serving()
    import signal
    timer = threading.Timer(0.1, signal.raise_signal, (signal.SIGINT,))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        s.queue.wait()
    timer.join()


def test_event_descriptor():
    import select
    queue = g.EventQueue(with_descriptor=True)
    assert queue.fileno() >= 0
    server = g.Server(queue)
    server.listen("127.0.0.1:0")
    server.start()
    assert select.select([queue.fileno()], [], [], 0)[0] == []
    watch = g.Watch(queue)
    server.stop(None, watch)
    assert select.select([queue.fileno()], [], [], 30)[0] == [queue.fileno()]
    assert queue.drain() == [(watch, g.ENDED)]
    assert select.select([queue.fileno()], [], [], 0)[0] == []
    assert g.EventQueue().fileno() == -1
