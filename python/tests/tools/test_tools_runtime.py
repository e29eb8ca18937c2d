"""Modules that are made of .proto files when they are imported: grpc.protos() and its like, and import statements."""
import subprocess
import sys

import pytest
from tools_support import greeter, GREETER, run, SAMPLES  # noqa: F401

import grpc


def test_protos_and_services(greeter):
    done = run("""
import grpc
messages, services = grpc.protos_and_services("greeter.proto")
import greeter_pb2, greeter_pb2_grpc
assert (messages, services) == (greeter_pb2, greeter_pb2_grpc)
assert grpc.protos("greeter.proto") is messages and grpc.services("greeter.proto") is services
print(messages.Request(name="x").name, services.GreeterStub.__name__, messages.Request.__module__)
""", greeter)
    assert done.stdout == "x GreeterStub greeter_pb2\n", done.stderr
    assert {path.name for path in greeter.iterdir()} == {"greeter.proto"}


def test_import_statements_find_proto_files_and_their_imports():
    done = run("""
import grpc_tools.protoc
import shop.orders_pb2
from shop import orders_pb2_grpc
print(shop.orders_pb2.Order.Line(price=dict(units=5)).price.units, orders_pb2_grpc.OrdersServicer.__name__)
""", SAMPLES)
    assert done.stdout == "5 OrdersServicer\n", done.stderr


def test_files_with_hyphens(greeter):
    (greeter / "greeter.proto").rename(greeter / "my-greeter.proto")
    done = run("""
import grpc
messages, services = grpc.protos_and_services("my-greeter.proto")
import my_greeter_pb2
print(messages is my_greeter_pb2, services.GreeterStub.__name__)
""", greeter)
    assert done.stdout == "True GreeterStub\n", done.stderr


def test_the_finders_can_be_turned_off(greeter):
    done = run("""
import os
os.environ["GRPC_PYTHON_DISABLE_DYNAMIC_STUBS"] = "1"
import grpc_tools.protoc
try:
    import greeter_pb2
except ModuleNotFoundError as error:
    print(error.name)
""", greeter)
    assert done.stdout == "greeter_pb2\n", done.stderr


def test_files_come_before_proto_files(greeter):
    (greeter / "greeter_pb2.py").write_text("MINE = 1")
    assert run("import grpc_tools.protoc, greeter_pb2; print(greeter_pb2.MINE)", greeter).stdout == "1\n"


def test_a_missing_file_is_a_missing_module(tmp_path):
    done = run("""
import grpc
try:
    grpc.protos("gone.proto")
except ModuleNotFoundError as error:
    print(error)
""", tmp_path)
    assert done.stdout == "No module named 'gone_pb2'\n", done.stderr


def test_errors_in_a_file_name_the_place(tmp_path):
    (tmp_path / "bad.proto").write_text('syntax = "proto3";\nmessage A { strin s = 1; }')
    done = run("""
import grpc
from grpc_tools import _protoc_compiler
try:
    grpc.protos("bad.proto")
except _protoc_compiler.ProtocErrors as error:
    print([(each.filename, each.line, each.column) for each in error.errors()])
    print(error)
""", tmp_path)
    assert "bad.proto', 1, 12)]" in done.stdout, done.stderr
    assert 'bad.proto:2:13: error: "strin" is not defined.' in done.stdout


def test_compilers_functions_give_code(greeter):
    from grpc_tools import _protoc_compiler
    [(name, code)] = _protoc_compiler.get_protos(b"greeter.proto", [b"/nowhere", bytes(greeter)])
    assert name == b"greeter_pb2.py" and b"AddSerializedFile" in code
    [(name, code)] = _protoc_compiler.get_services(b"greeter.proto", [bytes(greeter)])
    assert name == b"greeter_pb2_grpc.py" and b"class GreeterStub" in code
    assert _protoc_compiler.run_main([b"protoc", b"--nope"]) == 1
    with pytest.raises(AttributeError):
        _protoc_compiler.nope


def test_many_threads_import_at_once(tmp_path):
    for index in range(8):
        (tmp_path / f"g{index}.proto").write_text(GREETER.replace("hello", f"hello{index}"))
    done = run("""
import concurrent.futures, grpc
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    modules = list(pool.map(lambda index: grpc.protos(f"g{index % 8}.proto"), range(64)))
print(len(set(modules)))
""", tmp_path)
    assert done.stdout == "8\n", done.stderr


def test_grpc_tools_is_an_attribute_of_grpc():
    import grpc_tools
    assert grpc.tools is grpc_tools


def test_the_old_name_of_the_package(greeter):
    done = run("""
import grpc.tools.protoc
import grpc_tools.protoc
from grpc.tools import command
print(grpc.tools is grpc_tools)
""", greeter)
    assert done.stdout == "True\n", done.stderr
    done = subprocess.run([sys.executable, "-m", "grpc.tools.protoc", "-I.", "--python_out=.", "greeter.proto"],
                          cwd=greeter, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert (greeter / "greeter_pb2.py").exists()
