"""The types of the package grpc: ordinary programs are clean under `mypy --strict`, and the stubs say what is there."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from examples_support import PYTHON, REPOSITORY, environment
from tools_support import HERE, protoc

import grpc

pytestmark = pytest.mark.skipif(
    not os.path.exists(PYTHON) or subprocess.run([PYTHON, "-c", "import mypy"], capture_output=True).returncode != 0,
    reason="mypy is not installed: tools/setup python-examples")
CACHE = REPOSITORY / "build" / "cache" / "mypy"

# What stubs name although it is not in the class at run time: members that every object has which users get.
MORE_IN_STUBS = r"""
grpc\._types
grpc\.(ClientCallDetails|HandlerCallDetails|RpcMethodHandler|AuthMetadataContext|RpcError|Status)\.\w+
grpc\.Call\.debug_error_string
grpc\.aio\.EOF
grpc\.aio\.ClientCallDetails
grpc\.(_channel|_utilities)\..*
"""


def mypy(*arguments, cwd):
    return subprocess.run([PYTHON, "-m", "mypy", "--strict", "--cache-dir", CACHE, *map(str, arguments)], cwd=cwd,
                          env=environment(), capture_output=True, text=True, timeout=240)


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("typed")
    for path in (HERE / "typed").iterdir():
        if path.is_file():
            shutil.copy(path, folder)
    done = protoc("-I.", "--python_out=.", "--pyi_out=.", "--grpc_python_out=.", "orders.proto", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_programs(programs):
    done = mypy("programs.py", "rarer.py", "orders_pb2.pyi", "orders_pb2_grpc.pyi", cwd=programs)
    assert done.returncode == 0, done.stdout + done.stderr


WRONG = {
    "context.abort(1, 'x')": "arg-type",
    "context.nope()": "attr-defined",
    "grpc.server()": "call-arg",
    "grpc.insecure_channel(5)": "arg-type",
    "channel.unary_unary(5)": "arg-type",
    "channel.closed()": "attr-defined",
    "error.code().nam": "attr-defined",
    "grpc.StatusCode.GONE": "attr-defined",
    "grpc.aio.insecure_channel('x', interceptors=[5])": "list-item",
    "grpc.nope": "attr-defined",
}


def test_mistakes_are_seen(programs):
    head = ["import grpc", "import grpc.aio", "def f(context: grpc.ServicerContext, channel: grpc.Channel, "
            "error: grpc.RpcError, number: int) -> None:"]
    lines = head + [f"    if number == {index}: {text}" for index, text in enumerate(WRONG)]
    (programs / "wrong.py").write_text("\n".join(lines) + "\n")
    done = mypy("wrong.py", cwd=programs)
    found = {int(line): kind for line, kind in re.findall(r"^wrong\.py:(\d+): error: .*\[([\w-]+)\]$", done.stdout, re.M)}
    assert [found.get(len(head) + 1 + index) for index in range(len(WRONG))] == list(WRONG.values()), done.stdout


def test_stubs_agree_with_the_package(tmp_path):
    package = pathlib.Path(grpc.__file__).parent
    quiet = sorted({".".join(("grpc", *path.relative_to(package).with_suffix("").parts)).removesuffix(".__init__")
                    for path in package.rglob("*.py") if not path.with_suffix(".pyi").exists()})
    (tmp_path / "config.ini").write_text("[mypy]\nignore_missing_imports = True\n" + "".join(
        f"[mypy-{name}]\nignore_errors = True\n" for name in quiet))
    # Modules without a stub are their own types.
    (tmp_path / "allowed").write_text(MORE_IN_STUBS + "".join(re.escape(name) + r"(\..*)?" + "\n" for name in quiet)
                                      + r"grpc\._godwit(\..*)?" + "\n")
    # Alone: mypy minds some of the packages that may lie beside it.
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "grpc").symlink_to(package)
    done = subprocess.run(
        [PYTHON, "-m", "mypy.stubtest", "--mypy-config-file", "config.ini", "--allowlist", "allowed", "--concise",
         "--ignore-unused-allowlist", "grpc"],
        cwd=tmp_path, env=environment(MYPYPATH=str(tmp_path / "site")), capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_public_name_has_a_type():
    stub = (pathlib.Path(grpc.__file__).parent / "__init__.pyi").read_text()
    assert [name for name in grpc.__all__ if not re.search(rf"^(?:class|def) {name}\b", stub, re.M)] == []
