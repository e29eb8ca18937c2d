"""Forks, several servers on one port, and the end of the interpreter: programs of their own."""
import os
import signal
import subprocess
import sys
import threading

import grpc
import pytest
from conftest import echo, run_python, ss, uu

# From 3.12 on, Python warns about every fork of a process with threads.
SERVER = """
import os, sys, threading, warnings, grpc
from concurrent import futures
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
def server(handler=lambda r, c: r, **options):
    s = grpc.server(futures.ThreadPoolExecutor(4), **options)
    s.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {"M": grpc.unary_unary_rpc_method_handler(handler)}),))
    port = s.add_insecure_port("127.0.0.1:0")
    s.start()
    return s, port
def channel(port):
    c = grpc.insecure_channel("127.0.0.1:%d" % port)
    return c, c.unary_unary("/t.T/M")
"""


def check(code, *arguments, expected="ok", timeout=60):
    result = run_python(SERVER + code, *arguments, timeout=timeout)
    assert (result.returncode, result.stdout.split(), result.stderr) == (0, expected.split(), "")


def test_fork_with_a_used_channel(serve):
    s = serve({"M": uu(echo)})
    check("""
c, call = channel(int(sys.argv[1]))
assert call(b"parent") == b"parent"
for i in range(20):
    pid = os.fork()
    if pid == 0:
        assert call(b"child", timeout=10) == b"child"
        assert c.unary_unary("/t.T/M").future(b"child").result(10) == b"child"
        os._exit(0)
    assert call(b"parent", timeout=10) == b"parent"
    assert os.waitpid(pid, 0)[1] == 0
print("ok")
""", s.port)


def test_fork_while_other_threads_call(serve):
    s = serve({"M": uu(echo)})
    check("""
c, call = channel(int(sys.argv[1]))
stop, calls = threading.Event(), [0]
def load():
    while not stop.is_set():
        assert call(b"x", timeout=10) == b"x"
        calls[0] += 1
threads = [threading.Thread(target=load) for _ in range(4)]
[t.start() for t in threads]
for i in range(50):
    pid = os.fork()
    if pid == 0:
        assert call(b"child", timeout=10) == b"child"
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
stop.set()
[t.join() for t in threads]
assert calls[0] > 50
print("ok")
""", s.port)


def test_fork_inside_a_handler_and_beside_a_server():
    check("""
def handler(request, context):
    pid = os.fork()
    if pid == 0:
        os._exit(7)
    return b"%d" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
s, port = server(handler)
c, call = channel(port)
for i in range(10):
    assert call(b"", timeout=10) == b"7"
pid = os.fork()
if pid == 0:  # a server of its own in the child
    s2, port2 = server()
    c2, call2 = channel(port2)
    assert call2(b"x", timeout=10) == b"x"
    assert s.stop(None).wait(1)  # the parent's: gone here
    s2.stop(None)
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
assert call(b"", timeout=10) == b"7"
s.stop(None)
print("ok")
""")


def test_multiprocessing(serve):
    s = serve({"M": uu(echo)})
    check("""
import multiprocessing
c, call = channel(int(sys.argv[1]))
call(b"")
def work(i):
    return call(b"%d" % i, timeout=10)
if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(3) as pool:
        assert pool.map(work, range(100)) == [b"%d" % i for i in range(100)]
    print("ok")
""", s.port)


def test_several_processes_serve_one_port():
    check("""
options = [("grpc.so_reuseport", 1)]
s = grpc.server(futures.ThreadPoolExecutor(2), options=options)
port = s.add_insecure_port("127.0.0.1:0")
children = []
for i in range(3):
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        mine = grpc.server(futures.ThreadPoolExecutor(2), options=options)
        name = b"%d" % os.getpid()
        mine.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {"M": grpc.unary_unary_rpc_method_handler(lambda r, c: name)}),))
        assert mine.add_insecure_port("127.0.0.1:%d" % port) == port
        mine.start()
        os.write(write, b"x")
        mine.wait_for_termination()
    os.read(read, 1)
    children.append(pid)
s.stop(None)
seen = set()
try:
    for i in range(60):
        c, call = channel(port)
        seen.add(int(call(b"", timeout=10)))
        c.close()
finally:
    import signal
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
assert seen <= set(children) and len(seen) > 1, (seen, children)
print("ok")
""")


def test_a_taken_port_is_an_error(serve):
    s = serve({})
    for options in ((), [("grpc.so_reuseport", 0)], [("grpc.so_reuseport", 1)]):
        other = grpc.server(s.pool, options=options)
        with pytest.raises(RuntimeError, match="Failed to bind to address"):
            other.add_insecure_port(s.target)


@pytest.mark.parametrize("end", ["", "sys.exit(0)", "c.close(); s.stop(None)", "del s, c, call", "s.stop(5)"])
def test_the_interpreter_ends_without_a_word(end):
    check(f"""
s, port = server()
c, call = channel(port)
call(b"")
future = c.unary_unary("/t.T/M").future(b"")
future.add_done_callback(lambda f: None)
c.subscribe(lambda state: None)
print("ok", flush=True)
{end}
""")


def test_the_interpreter_ends_while_calls_run():
    check("""
inside = threading.Event()
def handler(request, context):
    inside.set()
    return request
s, port = server(handler)
c, call = channel(port)
def load():
    try:
        while True:
            call(b"x")
    except (grpc.RpcError, ValueError):
        pass
for _ in range(3):
    threading.Thread(target=load, daemon=True).start()
inside.wait(10)
print("ok", flush=True)
""")


def test_ctrl_c_ends_a_waiting_call(serve):
    go = threading.Event()
    s = serve({"M": uu(lambda r, c: b"%d" % go.wait(30))})
    check("""
import signal, time
signal.signal(signal.SIGALRM, signal.default_int_handler)
c, call = channel(int(sys.argv[1]))
begun = time.monotonic()
try:
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    call(b"")
except KeyboardInterrupt:
    assert time.monotonic() - begun < 2
    print("ok")
""", s.port)
    go.set()


def test_sigterm_handler_stops_the_server():
    check("""
import signal, time
s, port = server()
signal.signal(signal.SIGTERM, lambda *a: s.stop(1))
threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
assert s.wait_for_termination(10) is False
print("ok")
""")


ECHO = """
c, call = channel(int(sys.argv[1]))
"""


def test_fork_before_the_first_use(serve):
    check(ECHO + """
for i in range(5):
    pid = os.fork()
    if pid == 0:
        assert call(b"child", timeout=10) == b"child"
        sys.exit(0)  # with all that an interpreter does at its end
    assert os.waitpid(pid, 0)[1] == 0
assert call(b"parent", timeout=10) == b"parent"
print("ok")
""", serve({"M": uu(echo)}).port)


def test_forks_of_forks_while_streams_run(serve):
    s = serve({"M": uu(echo), "S": ss(lambda requests, context: requests)})
    check(ECHO + """
import queue
requests = queue.Queue()
stream = c.stream_stream("/t.T/S")(iter(requests.get, None))
requests.put(b"1")
assert next(stream) == b"1"
def child(depth):
    pid = os.fork()
    if pid == 0:
        try:
            next(stream)  # the parent's: over here
            sys.exit(1)
        except grpc.RpcError as error:
            assert error.code() is grpc.StatusCode.CANCELLED, error
        assert call(b"child", timeout=10) == b"child"
        assert list(c.stream_stream("/t.T/S")(iter([b"a", b"b"]), timeout=10)) == [b"a", b"b"]
        if depth:
            child(depth - 1)
        sys.exit(0)
    assert os.waitpid(pid, 0)[1] == 0
for _ in range(5):
    child(2)
    requests.put(b"2")
    assert next(stream) == b"2"
requests.put(None)
assert list(stream) == []
print("ok")
""", s.port)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_of_multiprocessing(serve, tmp_path, method):
    """Of a program in a file: a server in the parent, clients in processes, and the other way round."""
    file = tmp_path / "program.py"
    file.write_text(SERVER + f"""
import multiprocessing
def client(port):
    c, call = channel(port)
    assert call(b"x", timeout=20) == b"x"
def serving(pipe):
    s, port = server()
    pipe.send(port)
    s.wait_for_termination()
if __name__ == "__main__":
    context = multiprocessing.get_context({method!r})
    s, port = server()
    c, call = channel(port)
    assert call(b"x", timeout=20) == b"x"
    processes = [context.Process(target=client, args=(port,)) for _ in range(3)]
    [p.start() for p in processes]
    [p.join() for p in processes]
    assert [p.exitcode for p in processes] == [0, 0, 0]
    ours, theirs = context.Pipe()
    process = context.Process(target=serving, args=(theirs,))
    process.start()
    client(ours.recv())
    process.terminate()
    process.join()
    s.stop(None)
    print("ok")
""")
    result = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, timeout=100)
    assert (result.returncode, result.stdout.split(), result.stderr) == (0, ["ok"], "")


def test_a_handler_that_runs_at_the_end_still_replies():
    check("""
import time
def handler(request, context):
    inside.set()
    time.sleep(0.5)
    return b"late"
inside = threading.Event()
s, port = server(handler)
c, call = channel(port)
def ask():
    assert call(b"", timeout=20) == b"late"
    print("ok")
threading.Thread(target=ask).start()  # no daemon: the interpreter waits for it
inside.wait(10)
""")


def test_a_handler_hears_of_its_client_at_the_end_of_the_program():
    check("""
def handler(request, context):
    over = threading.Event()
    context.add_callback(over.set)
    inside.set()
    print("told" if over.wait(30) else "not told", flush=True)
    return b""
inside = threading.Event()
s, port = server(handler)
c, call = channel(port)
future = c.unary_unary("/t.T/M").future(b"")
inside.wait(10)
threading.Timer(0.3, future.cancel).start()
""", expected="told", timeout=20)


def test_the_interpreter_ends_with_streams_futures_and_subscriptions(serve):
    s = serve({"M": uu(echo), "S": ss(lambda requests, context: requests)})
    for end in ("", "os.kill(os.getpid(), 15)", "raise SystemExit(0)"):
        result = run_python(SERVER + ECHO + f"""
import queue
requests = queue.Queue()
streams = [c.stream_stream("/t.T/S")(iter(requests.get, None)) for _ in range(3)]
requests.put(b"1")
futures_ = [c.unary_unary("/t.T/M").future(b"x") for _ in range(20)]
futures_[0].add_done_callback(lambda f: None)
c.subscribe(lambda state: None, try_to_connect=True)
ready = grpc.channel_ready_future(c)
never, _ = channel(1)
waiting = never.unary_unary("/t.T/M").future(b"", wait_for_ready=True)
threading.Thread(target=waiting.result, daemon=True).start()
print("ok", flush=True)
{end}
""", s.port)
        assert (result.stdout, result.stderr) == ("ok\n", ""), end
        assert result.returncode == (-15 if "kill" in end else 0)


def test_the_interpreter_ends_while_daemon_threads_drop_servers():
    # Such a thread finds that the interpreter has ended when it comes back from the engine, inside a destructor.
    check("""
begun = threading.Barrier(9)
def make():
    s = grpc.server(futures.ThreadPoolExecutor(1))
    s.add_insecure_port("127.0.0.1:0")
    del s
def run():
    make()
    begun.wait()
    while True:
        make()
for _ in range(8):
    threading.Thread(target=run, daemon=True).start()
begun.wait()
print("ok")
""")
