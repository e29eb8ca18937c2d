"""`mypy --strict` finds nothing in the examples, with the types that grpc_tools writes and those of the package grpc."""
import subprocess

import pytest
from examples_support import PYTHON, REPOSITORY, SECONDS, environment, examples  # noqa: F401 (a fixture)

FOLDERS = sorted(p.name for p in (REPOSITORY / "examples/python").iterdir() if list(p.glob("*.py")))


@pytest.mark.parametrize("folder", FOLDERS)
def test_types(examples, folder):
    command = [PYTHON, "-m", "mypy", "--strict", "--cache-dir", REPOSITORY / "build/cache/mypy", "."]
    done = subprocess.run(command, cwd=examples / folder, env=environment(), capture_output=True, text=True,
                          timeout=4 * SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_type_is_seen(examples):
    """The check can fail: the stub's methods and the messages are typed."""
    (examples / "greeter/wrong.py").write_text("""\
import grpc
import helloworld_pb2 as pb
import helloworld_pb2_grpc

async def call(channel: grpc.aio.Channel) -> None:
    stub = helloworld_pb2_grpc.GreeterStub(channel)
    reply = await stub.SayHello(pb.HelloRequest(name=1))
    reply.massage
    stub.SayHallo
""")
    command = [PYTHON, "-m", "mypy", "--strict", "--cache-dir", REPOSITORY / "build/cache/mypy", "wrong.py"]
    done = subprocess.run(command, cwd=examples / "greeter", env=environment(), capture_output=True, text=True,
                          timeout=4 * SECONDS)
    (examples / "greeter/wrong.py").unlink()
    assert [line.split(":")[1] for line in done.stdout.splitlines() if ": error:" in line] == ["7", "8", "9"], done.stdout
