"""Shared by the tests: servers and channels that end with the test, and the peer programs."""
import contextlib
import logging
import pathlib
import subprocess
import sys
from concurrent import futures

import grpc
import pytest

HERE = pathlib.Path(__file__).parent
REPOSITORY = HERE.parent.parent
PEER_PYTHON = REPOSITORY / "build" / "venv-peers" / "bin" / "python"


def pytest_configure(config):
    try:
        from grpc import _godwit
    except ImportError as error:
        pytest.exit(f"the package under test is not importable ({error}): see tools/python", 2)
    print(f"grpc from {grpc.__file__}, engine {_godwit.__version__}")


class Serving:
    """A server with handlers by name, and a channel to it."""

    def __init__(self, stack, handlers, workers=8, channel_options=None, **options):
        self.pool = options.pop("pool", None) or futures.ThreadPoolExecutor(workers)
        stack.callback(self.pool.shutdown, wait=False)
        self.server = grpc.server(self.pool, **options)
        stack.callback(self.stop)
        self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", handlers),))
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()
        self.target = f"127.0.0.1:{self.port}"
        self.channel = stack.enter_context(grpc.insecure_channel(self.target, channel_options))

    def stop(self):
        assert self.server.stop(None).wait(10)

    def unary(self, name="M", **functions):
        return self.channel.unary_unary("/t.T/" + name, **functions)


@pytest.fixture
def serve():
    """serve({"Name": handler}, ...) gives a Serving."""
    with contextlib.ExitStack() as stack:
        yield lambda handlers, **options: Serving(stack, handlers, **options)


@pytest.fixture
def errors(caplog):
    """The texts of what was logged as an error."""
    caplog.set_level(logging.WARNING, "grpc")

    def texts(level=logging.ERROR):
        return [r.getMessage() for r in caplog.records if r.levelno >= level and r.name.startswith("grpc")]

    return texts


def run_python(code, *arguments, timeout=60, python=sys.executable):
    """A program of its own; returns its CompletedProcess. Peers find their own grpc, whatever PYTHONPATH says."""
    alone = [] if str(python) == sys.executable else ["-I"]
    return subprocess.run([str(python), *alone, "-c", code, *map(str, arguments)], capture_output=True, text=True,
                          timeout=timeout)


def uu(function, **functions):
    return grpc.unary_unary_rpc_method_handler(function, **functions)


def us(function, **functions):
    return grpc.unary_stream_rpc_method_handler(function, **functions)


def su(function, **functions):
    return grpc.stream_unary_rpc_method_handler(function, **functions)


def ss(function, **functions):
    return grpc.stream_stream_rpc_method_handler(function, **functions)


def echo(request, context):
    return request
