"""Shared by the tests of grpc_tools: the compiler as a program, and generated files of other compilers."""
import pathlib
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
SAMPLES = HERE / "samples"
REPOSITORY = HERE.parents[2]
PEER_PYTHON = REPOSITORY / "build" / "venv-peers" / "bin" / "python"
# The releases of protoc that wrote the samples.
VERSIONS = sorted((folder.name.removeprefix("protoc-") for folder in SAMPLES.glob("protoc-*")),
                  key=lambda name: [int(part) for part in name.split(".")])

GREETER = """syntax = "proto3";
package hello;
message Request { string name = 1; }
message Reply { string message = 1; }
service Greeter { rpc SayHello(Request) returns (Reply); }
"""


@pytest.fixture
def greeter(tmp_path):
    """A folder with greeter.proto."""
    (tmp_path / "greeter.proto").write_text(GREETER)
    return tmp_path


def protoc(*arguments, cwd, python=sys.executable):
    """Runs `python -m grpc_tools.protoc`; its CompletedProcess with text."""
    alone = [] if str(python) == sys.executable else ["-I"]
    return subprocess.run([str(python), *alone, "-m", "grpc_tools.protoc", *map(str, arguments)], cwd=cwd,
                          capture_output=True, text=True, timeout=60)


def run(code, cwd):
    """Runs a Python program in a folder."""
    return subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, timeout=60)


def put_sample(version, folder, names=("money_pb2", "orders_pb2")):
    """The package shop in `folder`, as protoc of this version wrote it."""
    place = folder / "shop"
    place.mkdir(exist_ok=True)
    for name in names:
        shutil.copy(SAMPLES / f"protoc-{version}" / f"{name}.txt", place / f"{name}.py")
    return place
