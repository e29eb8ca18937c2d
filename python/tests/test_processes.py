"""Forks, several servers on one port, and the end of the interpreter: programs of their own."""
import os
import signal
import threading

import grpc
import pytest
from conftest import echo, run_python, uu

SERVER = """
import os, sys, threading, grpc
from concurrent import futures
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
