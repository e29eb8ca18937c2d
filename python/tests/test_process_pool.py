"""Servers on a ProcessPoolExecutor. Handlers live in a module of their own, which workers import."""
import subprocess
import sys
import textwrap

import pytest

MODULE = '''
import os, signal, threading, time
import grpc
from concurrent import futures
from google.protobuf.wrappers_pb2 import StringValue

class Servicer:
    def __init__(self):
        self.calls = 0
    def Echo(self, request, context):
        return request
    def Pid(self, request, context):
        return b"%d" % os.getpid()
    def Count(self, request, context):
        self.calls += 1
        return b"%d" % self.calls
    def Again(self, request, context):
        return b"%d" % self.calls
    def Context(self, request, context):
        metadata = dict(context.invocation_metadata())
        first = context.invocation_metadata()[0]
        assert (first.key, first.value) == tuple(first)
        context.set_code(grpc.StatusCode.OUT_OF_RANGE)
        context.set_details("Einzelheiten ♥")
        context.set_trailing_metadata((("t", "1"), ("t-bin", b"\\x00\\xff")))
        remaining = context.time_remaining()
        return repr((metadata["k"], metadata["k-bin"], 50 < remaining <= 60, context.peer().split(":")[0],
                     context.code().name, context.details().decode(), context.trailing_metadata()[0])).encode()
    def Ok(self, request, context):
        assert context.time_remaining() == float("inf")
        context.set_details("fine")
        context.set_trailing_metadata((("t", "1"),))
        return b"ok"
    def Abort(self, request, context):
        context.set_trailing_metadata((("why", "because"),))
        context.abort(grpc.StatusCode.NOT_FOUND, "größer")
    def Raise(self, request, context):
        raise KeyError("secret")
    def Initial(self, request, context):
        context.send_initial_metadata((("a", "b"),))
    def NoReturn(self, request, context):
        pass
    def Sleep(self, request, context):
        time.sleep(float(request))
        return request
    def Kill(self, request, context):
        os.kill(os.getpid(), signal.SIGKILL)
    def BadMetadata(self, request, context):
        context.set_trailing_metadata((("Upper", "1"),))
    def Unparsable(self, request, context):
        return request
    def Message(self, request, context):
        assert type(request) is StringValue
        return StringValue(value=request.value + "♥")

def parse(data):
    raise ValueError("no message")

class Interceptor(grpc.ServerInterceptor):
    def intercept_service(self, continuation, details):
        if dict(details.invocation_metadata).get("token") == "wrong":
            def refuse(request, context):
                context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you?")
            return grpc.unary_unary_rpc_method_handler(refuse)
        return continuation(details)

def serve(pool, servicer=None, interceptors=(), more={}, **options):
    servicer = servicer or Servicer()
    server = grpc.server(pool, interceptors=interceptors, **options)
    names = [name for name in dir(servicer) if name[0].isupper()]
    functions = {"Unparsable": (parse, None), "Message": (StringValue.FromString, StringValue.SerializeToString)}
    handlers = {name: grpc.unary_unary_rpc_method_handler(getattr(servicer, name), *functions.get(name, ()))
                for name in names}
    handlers.update(more)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    channel = grpc.insecure_channel("127.0.0.1:%d" % port)
    return server, lambda name, data=b"", **options: channel.unary_unary("/t.T/" + name)(data, **{"timeout": 60, **options})

def error_of(function):
    try:
        function()
    except grpc.RpcError as error:
        return error
    raise AssertionError("no error")
'''
HEAD = """
import logging, multiprocessing, os, sys, time, threading
import grpc
from concurrent import futures
sys.path.insert(0, sys.argv[1])
from handlers import *
context = multiprocessing.get_context(sys.argv[2])
def main():
"""
TAIL = """
    print("ok")
if __name__ == "__main__":
    main()
"""


@pytest.fixture
def program(tmp_path):
    """program(body, method): runs `body` inside main() of a file, returns what went to stderr."""

    def run(body, method="fork", before="", expected="ok"):
        (tmp_path / "handlers.py").write_text(MODULE)
        file = tmp_path / "program.py"
        body = textwrap.indent(textwrap.dedent(body), "    ")
        file.write_text(HEAD.replace("def main():", before + "\ndef main():") + body + TAIL)
        result = subprocess.run([sys.executable, str(file), str(tmp_path), method], capture_output=True, text=True,
                                timeout=100)
        assert (result.returncode, result.stdout.split()) == (0, expected.split()), result.stdout + result.stderr
        return result.stderr

    return run


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_calls(program, method):
    assert program("""
        with futures.ProcessPoolExecutor(2, mp_context=context) as pool:
            server, call = serve(pool)
            assert call("Echo", b"x") == b"x"
            assert call("Echo", b"") == b""
            assert len(call("Echo", bytes(3_000_000))) == 3_000_000
            assert int(call("Pid")) != os.getpid()
            error = error_of(lambda: call("Context", metadata=(("k", "v"), ("k-bin", b"\\xff"))))
            assert (error.code(), error.details()) == (grpc.StatusCode.OUT_OF_RANGE, "Einzelheiten ♥")
            assert tuple(map(tuple, error.trailing_metadata())) == (("t", "1"), ("t-bin", b"\\x00\\xff"))
            assert call("Ok", timeout=None) == b"ok"
            error = error_of(lambda: call("Abort"))
            assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "größer")
            assert tuple(error.trailing_metadata()[0]) == ("why", "because")
            assert error_of(lambda: call("Nope")).code() is grpc.StatusCode.UNIMPLEMENTED
            reply = call("Message", StringValue(value="中文").SerializeToString())
            assert StringValue.FromString(reply).value == "中文♥"
            assert error_of(lambda: call("Message", b"\\xff")).code() is grpc.StatusCode.INTERNAL
            server.stop(None)
        """, method) == ""


def test_state_is_shared_by_the_methods_of_a_worker(program):
    assert program("""
        with futures.ProcessPoolExecutor(1) as pool:
            server, call = serve(pool)
            assert [call("Count"), call("Count"), call("Again")] == [b"1", b"2", b"2"]
            server.stop(None)
        """) == ""


def test_processes_work_side_by_side(program):
    assert program("""
        with futures.ProcessPoolExecutor(4) as pool:
            server, call = serve(pool)
            with futures.ThreadPoolExecutor(4) as threads:
                list(threads.map(lambda i: call("Sleep", b"0.01"), range(4)))
                begun = time.monotonic()
                list(threads.map(lambda i: call("Sleep", b"1"), range(4)))
                assert time.monotonic() - begun < 2.5
            server.stop(None)
        """) == ""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_killed_worker_is_replaced(program, method):
    errors = program("""
        logging.basicConfig()
        with futures.ProcessPoolExecutor(2, mp_context=context) as pool:
            server, call = serve(pool)
            for i in range(3):
                error = error_of(lambda: call("Kill"))
                assert error.code() is grpc.StatusCode.UNAVAILABLE
                assert error.details() == "The worker process of the call has died"
                assert call("Echo", b"x") == b"x"
            # One that does nothing.
            pid = int(call("Pid"))
            os.kill(pid, 9)
            time.sleep(0.3)
            assert int(call("Pid")) != pid
            server.stop(None)
        """, method)
    assert errors.count("has died") == 3 + 4


def test_what_goes_wrong_in_handlers(program):
    errors = program("""
        logging.basicConfig(format="%(name)s %(levelname)s %(message)s")
        with futures.ProcessPoolExecutor(1, mp_context=context) as pool:
            server, call = serve(pool)
            error = error_of(lambda: call("Raise"))
            assert error.code() is grpc.StatusCode.UNKNOWN
            assert error.details().startswith("Exception calling application: KeyError [error id "), error.details()
            assert "secret" not in error.details()
            error = error_of(lambda: call("Initial"))
            assert error.details().startswith("Exception calling application: NotImplementedError [error id ")
            assert error_of(lambda: call("NoReturn")).code() is grpc.StatusCode.INTERNAL
            assert error_of(lambda: call("Unparsable")).code() is grpc.StatusCode.INTERNAL
            assert error_of(lambda: call("BadMetadata")).details().startswith("Exception calling application: ValueError")
            server.stop(None)
        """, "spawn")
    for part in ("grpc._server ERROR /t.T/Raise: exception calling application", "KeyError: 'secret'", "handlers.py",
                 "context.send_initial_metadata() works in the server's own process only", "/t.T/NoReturn",
                 "return", "/t.T/Unparsable: a request could not be parsed: ValueError: no message", "'Upper'"):
        assert part in errors, (part, errors)


def test_what_cannot_be_pickled_is_named(program):
    assert program("""
        class Locked(Servicer):
            def __init__(self):
                self.lock = threading.Lock()
        class Better:
            pass
        def refused(**options):
            try:
                serve(pool, **options)
            except TypeError as error:
                return str(error)
        with futures.ProcessPoolExecutor(1) as pool:
            servicer = Servicer()
            servicer.lock = threading.Lock()
            text = refused(servicer=servicer)
            assert "/t.T/Abort: the handler can't be pickled: Servicer.lock, a lock" in text, text
            assert "initializer=" in text and "ThreadPoolExecutor" in text
            text = refused(more={"Lambda": grpc.unary_unary_rpc_method_handler(lambda r, c: r)})
            assert "/t.T/Lambda: the handler can't be pickled" in text and "program.py:" in text, text
            text = refused(more={"M": grpc.unary_unary_rpc_method_handler(servicer.__class__.Echo, lambda b: b)})
            assert "/t.T/M: the request_deserializer can't be pickled" in text, text
            interceptor = Interceptor()
            interceptor.lock = threading.Lock()
            text = refused(interceptors=(interceptor,))
            assert "the interceptor Interceptor can't be pickled: Interceptor.lock, a lock" in text, text
        """) == ""


def test_interceptors_run_in_the_workers(program):
    assert program("""
        with futures.ProcessPoolExecutor(1, mp_context=context) as pool:
            server, call = serve(pool, interceptors=(Interceptor(),))
            assert call("Echo", b"x") == b"x"
            error = error_of(lambda: call("Echo", b"x", metadata=(("token", "wrong"),)))
            assert (error.code(), error.details()) == (grpc.StatusCode.UNAUTHENTICATED, "who are you?")
            server.stop(None)
        """, "spawn") == ""


def test_streams_are_refused_with_the_cure(program):
    errors = program("""
        logging.basicConfig()
        with futures.ProcessPoolExecutor(1) as pool:
            server, call = serve(pool, more={"Stream": grpc.unary_stream_rpc_method_handler(lambda r, c: iter(()))})
            error = error_of(lambda: call("Stream"))
            assert error.code() is grpc.StatusCode.UNIMPLEMENTED and "ThreadPoolExecutor" in error.details()
            assert call("Echo", b"x") == b"x"
            server.stop(None)
        """)
    assert errors.count("\n") == 1 and "/t.T/Stream" in errors


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_servicers_of_the_main_program(program, method):
    assert program("""
        with futures.ProcessPoolExecutor(2, mp_context=context) as pool:
            server, call = serve(pool, servicer=Mine())
            assert call("Hello", b"x") == b"mine x"
            server.stop(None)
        """, method, before="""
class Mine:
    def Hello(self, request, context):
        return b"mine " + request
""") == ""


def test_calls_that_wait_are_taken_back_when_their_client_goes(program):
    assert program("""
        with futures.ProcessPoolExecutor(1) as pool:
            server, call = serve(pool, maximum_concurrent_rpcs=20)
            threads = [threading.Thread(target=error_of, args=(lambda: call("Sleep", b"1.5", timeout=0.5),)) for _ in range(15)]
            [t.start() for t in threads]
            [t.join() for t in threads]
            begun = time.monotonic()
            assert call("Echo", b"x") == b"x"
            assert time.monotonic() - begun < 15 * 1.5 - 4
            server.stop(None)
        """) == ""


def test_without_stop_the_program_ends(program):
    assert program("""
        pool = futures.ProcessPoolExecutor(2)
        server, call = serve(pool)
        assert call("Echo", b"x") == b"x"
        """) == ""
