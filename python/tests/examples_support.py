"""The programs of examples/python run as their users run them: a copy of the folder, modules generated, one process each.

The interpreter is that of build/venv-examples, which `tools/setup python-examples` makes and which has Django, FastAPI, uvicorn
and httpx; grpc and grpc_tools are those that the tests import. EXAMPLES_PYTHON names another interpreter.
"""
import contextlib
import importlib.util
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import time

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PYTHON = os.environ.get("EXAMPLES_PYTHON", str(REPOSITORY / "build" / "venv-examples" / "bin" / "python"))
SECONDS = 60  # for one program: the machine may be busy with other tests


def environment(**more):
    """grpc of this process comes before what the interpreter of the examples has."""
    packages = [str(pathlib.Path(importlib.util.find_spec(name).origin).parents[1]) for name in ("grpc", "grpc_tools")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(packages)), "PYTHONIOENCODING": "utf-8",
            "PYTHONDONTWRITEBYTECODE": "1", **more}


@pytest.fixture(scope="module", params=["sync", "aio"])
def kind(request):
    """The ending of a program's name: of the synchronous one or of the asyncio one."""
    return {"sync": "", "aio": "_aio"}[request.param]


@pytest.fixture(scope="session")
def examples(tmp_path_factory):
    """A copy of the examples with their generated modules."""
    if not os.path.exists(PYTHON):
        pytest.fail(f"{PYTHON} is missing: tools/setup python-examples makes it")
    root = tmp_path_factory.mktemp("tree") / "examples"
    shutil.copytree(REPOSITORY / "examples", root,
                    ignore=shutil.ignore_patterns("*_pb2*", "*.db*", "certificates", "__pycache__", "*.cc", "*.h"))
    folder = root / "python"
    done = subprocess.run([sys.executable, "generate.py"], cwd=folder, env=environment(), capture_output=True, text=True,
                          timeout=SECONDS)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return folder


def run(program, *arguments, code=0, cwd=None, env=None, logs=None):
    """A program to its end. Returns what it printed; nothing goes to stderr, unless it is to fail, or has logs to append."""
    done = subprocess.run([PYTHON, str(program), *map(str, arguments)], cwd=cwd or pathlib.Path(program).parent,
                          env=env or environment(), capture_output=True, text=True, encoding="utf-8", timeout=SECONDS)
    assert done.returncode == code, f"ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    if logs is not None:
        logs += done.stderr.splitlines()
        return done.stdout
    if code == 0:
        assert not done.stderr, done.stderr
    return done.stdout + done.stderr


class Server:
    """A server process that has printed that it is ready; `port` is the one it named."""

    def __init__(self, command, cwd, env, ready=r"port (\d+)|http://127\.0\.0\.1:(\d+)"):
        self.output = ""
        # What it says comes at once, though this is no terminal.
        self.process = subprocess.Popen(command, cwd=cwd, env={**env, "PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        found = self.wait_for(ready)
        if found.isdigit():
            self.port = int(found)
            self.target = f"127.0.0.1:{self.port}"

    def wait_for(self, pattern):
        end = time.monotonic() + SECONDS
        while not (match := re.search(pattern, self.output)):
            if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"no {pattern} after {SECONDS} s in: {self.output}")
            data = os.read(self.process.stdout.fileno(), 65536)
            assert data, f"the server ended with {self.process.wait(SECONDS)}: {self.output}"
            self.output += data.decode()
        return next(filter(None, match.groups()), "") if match.groups() else match[0]

    def stop(self, number=signal.SIGTERM):
        """Its exit code, after the signal."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.output += self.process.communicate(timeout=SECONDS)[0].decode()
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode


@pytest.fixture(scope="module")
def start():
    """start(program, *arguments) starts a server, which is stopped after the tests of this module."""
    with contextlib.ExitStack() as stack:

        def started(program, *arguments, cwd=None, env=None):
            server = Server([PYTHON, str(program), *map(str, arguments)], cwd or pathlib.Path(program).parent,
                            env or environment())
            stack.callback(server.stop)
            return server

        yield started
