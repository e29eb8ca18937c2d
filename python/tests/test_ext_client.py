"""The client's half of the extension, without the package around it, against a server of grpcio."""
import _thread
import contextlib
import os
import pathlib
import signal
import subprocess
import threading
import time

import pytest
from conftest import PEER_PYTHON
from grpc import _godwit as g

PEER = pathlib.Path(__file__).parent / "ext_peer.py"
CANCELLED, DEADLINE_EXCEEDED, NOT_FOUND, RESOURCE_EXHAUSTED, UNIMPLEMENTED, UNAVAILABLE = 1, 4, 5, 8, 12, 14


@contextlib.contextmanager
def peer(*arguments):
    # -I: its own grpc, whatever PYTHONPATH says.
    with subprocess.Popen([PEER_PYTHON, "-I", PEER, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield f"127.0.0.1:{int(process.stdout.readline())}"
        process.stdin.close()


@pytest.fixture(scope="module")
def target():
    with peer() as address:
        yield address


@pytest.fixture
def channel(target):
    made = g.Channel(target)
    yield made
    made.close()


def call(channel, name, request=b"hello", **options):
    options.setdefault("timeout", 30)
    return channel.unary_blocking("/t.T/" + name, request, **options)


def stream(channel, name, request=None, **options):
    options.setdefault("timeout", 30)
    return channel.start_call("/t.T/" + name, request, **options)


def messages_of(started):
    found = []
    while True:
        message, result = started.wait_message()
        if message is None:
            assert result == g.CALL_ENDED and started.messages_ended()
            return found
        assert result == g.READY
        found.append(message)


# --- unary ---

@pytest.mark.parametrize("size", [0, 1, 256, 257, 3000, 70_000, 3_000_000])
def test_unary(channel, size):
    done = call(channel, "Echo", b"x" * size)
    assert (done.code(), done.details(), done.reply) == (0, "", b"x" * size)
    assert done.reply is done.reply
    assert done.ended() and done.messages_ended() and done.take() is None
    assert done.trailing_metadata() == (("t", "trailing"), ("t-bin", b"\x00\xff"))
    assert done.peer() == "ipv4:" + channel.target()


def test_what_the_server_said_stays(channel):
    done = call(channel, "Fail")
    assert (done.code(), done.details(), done.reply) == (NOT_FOUND, "no such thing: \u00e4", None)
    assert done.trailing_metadata() == (("why", "because"),)
    assert done.initial_metadata() == ()
    assert call(channel, "NoSuchMethod").code() == UNIMPLEMENTED


def test_metadata(channel):
    done = call(channel, "Show", metadata=[("k", "v"), ("k-bin", b"\x00\x80"), ["k", "w"]])
    assert done.initial_metadata() == (("k", "v"), ("k-bin", b"\x00\x80"), ("k", "w"))
    assert b"('k-bin', b'\\x00\\x80')" in done.reply


@pytest.mark.parametrize("metadata, error, words", [
    ([("K", "v")], ValueError, "'K'"),
    ([("\u00e4", "v")], ValueError, "metadata key"),
    ([("", "v")], ValueError, "metadata key"),
    ([("k", "a\nb")], ValueError, "'k'"),
    ([("k", "\u00e4")], ValueError, "'k'"),
    ([("k-bin", "text")], TypeError, "'k-bin'"),
    ([("k", 1)], TypeError, "'k'"),
    ([(1, "v")], TypeError, "1"),
    ([("k",)], ValueError, "pair"),
    (["kv"], ValueError, "pair"),
    (7, TypeError, "sequence"),
])
def test_metadata_that_can_not_be_sent(channel, metadata, error, words):
    with pytest.raises(error, match=words):
        call(channel, "Echo", metadata=metadata)
    with pytest.raises(error, match=words):
        stream(channel, "Chat", metadata=metadata)
    assert words in g.metadata_problem(metadata)


def test_metadata_that_can():
    assert g.metadata_problem(None) is None
    assert g.metadata_problem((("k", "v"), ("k-bin", b"\xff"), (b"bytes-key", b"bytes"))) is None


@pytest.mark.parametrize("arguments", [("/t.T/Echo", "text"), ("/t.T/Echo", None), (1, b""), ("/t.T/Echo",)])
def test_wrong_arguments(channel, arguments):
    with pytest.raises(TypeError):
        channel.unary_blocking(*arguments)


def test_timeout_is_a_number(channel):
    with pytest.raises(TypeError):
        call(channel, "Echo", timeout="soon")
    with pytest.raises(ValueError):
        call(channel, "Echo", timeout=float("nan"))
    assert call(channel, "Echo", timeout=float("inf")).code() == 0
    assert call(channel, "Echo", timeout=10**12).code() == 0
    assert call(channel, "Echo", timeout=None).time_remaining() is None


def test_deadline(channel):
    begin = time.monotonic()
    done = call(channel, "Never", timeout=0.1)
    assert 0.09 < time.monotonic() - begin < 5
    assert done.code() == DEADLINE_EXCEEDED and done.details().startswith("Deadline Exceeded")
    for timeout in (0, -1, -1e300):
        done = call(channel, "Echo", timeout=timeout)
        assert done.code() == DEADLINE_EXCEEDED and done.details().startswith("Deadline Exceeded")
    assert done.time_remaining() == 0
    assert 10 < stream(channel, "Echo", b"", timeout=30).time_remaining() <= 30


def test_limits(target):
    channel = g.Channel(target, [("grpc.max_receive_message_length", 100), ("grpc.max_send_message_length", 200)])
    done = call(channel, "Echo", b"x" * 101)
    assert done.code() == RESOURCE_EXHAUSTED
    assert done.details() == ("CLIENT: Received message larger than max (101 vs. 100): "
                              "raise the channel option grpc.max_receive_message_length")
    done = call(channel, "Echo", b"x" * 201)
    assert done.code() == RESOURCE_EXHAUSTED
    assert done.details() == ("CLIENT: Sent message larger than max (201 vs. 200): "
                              "raise the channel option grpc.max_send_message_length")


def test_big_messages(target):
    channel = g.Channel(target, [("grpc.max_receive_message_length", -1)])
    big = os.urandom(32 << 20)
    assert call(channel, "Echo", big).reply == big


def test_many_threads(channel):
    failed = []

    def work(number):
        for i in range(200):
            message = b"%d/%d" % (number, i)
            if call(channel, "Echo", message).reply != message:
                failed.append(message)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


# --- streams ---

def test_server_stream(channel):
    started = stream(channel, "Count", b"1000")
    assert messages_of(started) == [b"%d" % i for i in range(1000)]
    assert started.code() == 0 and started.wait_ended() == g.READY


def test_client_stream(channel):
    started = stream(channel, "Join")
    for i in range(100):
        assert started.wait_writable(10) == g.READY
        started.write(b"%d" % i)
    started.close_writing()
    assert started.wait_ended(10) == g.READY
    assert started.reply == b",".join(b"%d" % i for i in range(100))


def test_both_ways(channel):
    started = stream(channel, "Chat")
    assert started.wait_message(0.01) == (None, g.TIMEOUT)
    assert not started.ended() and started.take() is None and started.code() == 0
    for i in range(50):
        started.write(b"m%d" % i)
        assert started.wait_message(10) == (b"M%d" % i, g.READY)
    assert started.wait_initial_metadata() == g.READY and started.has_initial_metadata()
    assert started.initial_metadata() == (("i", "initial"),)
    started.close_writing()
    assert started.wait_message(10) == (None, g.CALL_ENDED)
    assert started.code() == 0 and started.can_write()


def test_cancel(channel):
    for started in (stream(channel, "Never", b""), stream(channel, "Chat")):
        assert started.cancel() and not started.cancel()
        assert (started.code(), started.details()) == (CANCELLED, "Locally cancelled by application!")
        assert started.wait_message() == (None, g.CALL_ENDED)
    started = stream(channel, "Chat")
    threading.Timer(0.05, started.cancel_with, (13, "mine")).start()
    assert started.wait_message() == (None, g.CALL_ENDED)
    assert (started.code(), started.details()) == (13, "mine")
    with pytest.raises(ValueError):
        started.cancel_with(17, "")


def test_events(channel):
    queue = g.EventQueue()
    started = stream(channel, "SlowCount", b"3", queue=queue)
    started.user = owner = object()
    seen, found = 0, []
    started.want_message()
    while not (seen & g.ENDED and started.messages_ended()):
        assert queue.wait(20)
        for source, bits in queue.drain():
            assert source is started and source.user is owner
            seen |= bits
            message = started.take()
            if message is not None:
                found.append(message)
                started.want_message()
    assert found == [b"0", b"1", b"2"]
    assert seen == g.INITIAL_METADATA | g.MESSAGE | g.ENDED


def test_calls_that_refer_to_themselves_are_collected(channel):
    import gc
    import weakref

    class Owner:
        pass

    started = stream(channel, "Count", b"1")
    owner = Owner()
    owner.call, started.user = started, owner
    started.wait_ended()
    gone = weakref.ref(owner)
    del owner, started
    gc.collect()
    assert gone() is None


# --- channels ---

def test_wrong_targets_and_options():
    for target, problem in (("nosuch:///x", "'nosuch' is not known"), ("", "empty"), ("ipv4:name:1", "'name' is no IPv4"),
                            ("127.0.0.1:", "port")):
        done = call(g.Channel(target), "Echo", b"x")
        assert done.code() == UNAVAILABLE and problem in done.details()
    with pytest.raises(ValueError, match="grpc.max_receive_message_length"):
        g.Channel("localhost:1", [("grpc.max_receive_message_length", "x")])
    g.Channel("localhost:1", [("grpc.max_receive_message_length", 1), ("other", object())])


def test_unreachable():
    channel = g.Channel("unix:/nonexistent/socket")
    done = call(channel, "Echo")
    assert done.code() == UNAVAILABLE and done.details().startswith("failed to connect to all addresses")
    done = call(channel, "Echo", wait_for_ready=True, timeout=0.1)
    assert done.code() == DEADLINE_EXCEEDED


def test_wait_for_ready(tmp_path):
    address = f"unix:{tmp_path}/socket"
    channel = g.Channel(address, [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 50)])
    started = stream(channel, "Echo", b"x", wait_for_ready=True)
    assert started.wait_ended(0.1) == g.TIMEOUT
    program = ("import grpc, sys; from concurrent import futures\n"
               "server = grpc.server(futures.ThreadPoolExecutor(1))\n"
               "server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler('t.T', {'Echo':\n"
               "    grpc.unary_unary_rpc_method_handler(lambda request, context: request)})])\n"
               f"server.add_insecure_port({address!r}); server.start(); sys.stdin.read(); server.stop(None)\n")
    with subprocess.Popen([PEER_PYTHON, "-I", "-c", program], stdin=subprocess.PIPE) as process:
        assert started.wait_ended(20) == g.READY
        assert started.reply == b"x"
        process.stdin.close()


def test_connectivity(target):
    channel = g.Channel(target)
    queue = g.EventQueue()
    watch = g.Watch(queue)
    channel.watch(watch)
    assert channel.state() == 0
    assert not channel.wait_state_change(0, 0.01)
    assert channel.state(try_to_connect=True) == 0
    state = 0
    while state != 2:
        assert channel.wait_state_change(state, 20)
        state = channel.state()
    assert queue.wait(20)
    assert queue.drain() == [(watch, g.ARRIVED)]
    channel.unwatch(watch)
    channel.close()
    assert channel.wait_state_change(2, 20) and channel.state() == 4
    assert not queue.wait(0.01)


def test_close(target):
    channel = g.Channel(target)
    running = stream(channel, "Never", b"")
    waiting = []
    thread = threading.Thread(target=lambda: waiting.append(call(channel, "Never")))
    thread.start()
    time.sleep(0.05)
    channel.close()
    assert running.wait_ended(20) == g.READY
    thread.join()
    for done in (running, waiting[0], call(channel, "Echo")):
        assert (done.code(), done.details()) == (CANCELLED, "Channel closed!")


def test_tls(tmp_path):
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out",
                    certificate], check=True, capture_output=True)
    roots = certificate.read_bytes()
    with peer(key, certificate) as address:
        named = [("grpc.ssl_target_name_override", "localhost")]
        assert call(g.Channel(address, named, g.TlsClient(roots, None, None)), "Echo").reply == b"hello"
        assert call(g.Channel(address, None, g.TlsClient(roots, None, None)), "Echo").code() == UNAVAILABLE
    with pytest.raises(ValueError):
        g.TlsClient(b"no pem", None, None)


# --- signals and forks ---

@pytest.mark.parametrize("wait", [
    lambda channel: call(channel, "Never"),
    lambda channel: stream(channel, "Never", b"").wait_message(),
    lambda channel: stream(channel, "Chat").wait_ended(10),
    lambda channel: channel.wait_state_change(channel.state(), 10),
], ids=["unary", "message", "ended", "state"])
def test_ctrl_c(channel, wait):
    assert call(channel, "Echo").code() == 0
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        wait(channel)
    assert time.monotonic() - begin < 5
    assert call(channel, "Echo").code() == 0


def test_interrupt_without_a_signal_is_seen_in_time(channel):
    assert call(channel, "Echo").code() == 0
    threading.Timer(0.1, _thread.interrupt_main).start()
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        call(channel, "Never")
    assert time.monotonic() - begin < 5


def test_handlers_that_return_do_not_end_a_wait(channel):
    seen = []
    before = signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
    try:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        assert stream(channel, "Never", b"", timeout=0.4).wait_ended() == g.READY
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen == [1]


FORKS = """
import os, sys, threading
from grpc import _godwit as g
target, times = sys.argv[1], int(sys.argv[2])
if not getattr(sys.modules["grpc"], "_fork", None):
    os.register_at_fork(before=g.before_fork, after_in_parent=g.after_fork_in_parent, after_in_child=g.after_fork_in_child)
channel = g.Channel(target)
echo = lambda channel: channel.unary_blocking("/t.T/Echo", b"x", 30)
stop, done, failed = False, 0, []
def work():
    global done
    while not stop:
        call = echo(channel)
        done += 1
        if call.code(): failed.append(call.details())
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
running = channel.start_call("/t.T/Never", b"")
generation = g.generation()
for i in range(times):
    child = os.fork()
    if child == 0:
        import signal
        signal.alarm(20)
        old = echo(channel)
        good = (g.generation() != generation and old.code() == 1 and old.reply is None and running.ended()
                and not running.cancel() and running.wait_message() == (None, g.CALL_ENDED)
                and channel.state() == 4 and not channel.wait_state_change(4))
        channel.close()
        mine = g.Channel(target)
        new = echo(mine)
        os._exit(0 if good and new.reply == b"x" else 1)
    _, status = os.waitpid(child, 0)
    if status: failed.append(f"child {i}: status {status}")
stop = True
for thread in threads: thread.join()
assert not running.ended() and running.cancel()
print(g.generation() == generation, done > 0, failed)
"""


def test_forks_under_load(target):
    from conftest import run_python
    result = run_python(FORKS, target, 200, timeout=120)
    assert result.stdout == "True True []\n", result.stderr


def test_the_interpreter_ends_while_calls_run(target):
    from conftest import run_python
    program = ("import sys, threading, time\nfrom grpc import _godwit as g\n"
               "channel = g.Channel(sys.argv[1])\n"
               "running = channel.start_call('/t.T/Never', b'')\n"
               "for _ in range(3): threading.Thread(target=channel.unary_blocking, args=('/t.T/Never', b''), daemon=True).start()\n"
               "assert channel.unary_blocking('/t.T/Echo', b'x', 10).reply == b'x'\n"
               "import atexit; atexit.register(channel.close)\nprint('end')\n")
    result = run_python(program, target)
    assert (result.returncode, result.stdout, result.stderr) == (0, "end\n", "")
