"""The command line of python -m grpc_tools.protoc: what it writes, its exit statuses and its words."""
import importlib
import os
import subprocess
import sys

import pytest
from tools_support import greeter, PEER_PYTHON, protoc, run  # noqa: F401

from grpc_tools import protoc as protoc_module


def test_messages_services_and_types_are_written(greeter):
    done = protoc("-I.", "--python_out=.", "--pyi_out=.", "--grpc_python_out=.", "greeter.proto", cwd=greeter)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert {path.name for path in greeter.iterdir()} == {
        "greeter.proto", "greeter_pb2.py", "greeter_pb2.pyi", "greeter_pb2_grpc.py", "greeter_pb2_grpc.pyi"}
    used = run("import greeter_pb2_grpc, greeter_pb2; print(greeter_pb2.Request(name='x').name, greeter_pb2_grpc.GreeterStub)",
               greeter)
    assert used.stdout.startswith("x <class"), used.stderr


def test_a_value_may_stand_apart(greeter):
    (greeter / "out").mkdir()
    assert protoc("--proto_path", ".", "--python_out", "out", "greeter.proto", cwd=greeter).returncode == 0
    assert (greeter / "out" / "greeter_pb2.py").exists()


def test_arguments_from_a_file(greeter):
    (greeter / "arguments").write_text("-I.\n--python_out=.\ngreeter.proto\n")
    assert protoc("@arguments", cwd=greeter).returncode == 0
    assert (greeter / "greeter_pb2.py").exists()


def test_without_folders_the_current_one_is_taken(greeter):
    assert protoc("--python_out=.", "greeter.proto", cwd=greeter).returncode == 0
    assert (greeter / "greeter_pb2.py").exists()


def test_well_known_files_need_no_folder(tmp_path):
    (tmp_path / "a.proto").write_text('syntax = "proto3"; import "google/protobuf/timestamp.proto"; '
                                      "message A { google.protobuf.Timestamp at = 1; }")
    assert protoc("-I.", "--python_out=.", "a.proto", cwd=tmp_path).returncode == 0
    assert run("import a_pb2; a = a_pb2.A(); a.at.seconds = 5; print(a.at.seconds)", tmp_path).stdout == "5\n"


def test_well_known_files_lie_in_the_package():
    folder = protoc_module._get_resource_file_name("grpc_tools", "_proto")
    with open(os.path.join(folder, "google", "protobuf", "timestamp.proto")) as file:
        assert "message Timestamp" in file.read()


def test_version(tmp_path):
    done = protoc("--version", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("libprotoc 35.1")


def test_help(tmp_path):
    done = protoc("--help", cwd=tmp_path)
    assert done.returncode == 0
    for flag in ("--python_out", "--pyi_out", "--grpc_python_out", "--descriptor_set_out", "--proto_path"):
        assert flag in done.stdout
    assert "python -m grpc_tools.protoc" in done.stdout


@pytest.mark.parametrize("arguments, words", [
    ([], ["Missing input file."]),
    (["-I.", "greeter.proto"], ["Missing output directives.", "--python_out"]),
    (["-I.", "--python_out=.", "gone.proto"], ["gone.proto"]),
    (["-I.", "--python_out=gone", "greeter.proto"], ["gone"]),
    (["-I.", "--nope", "greeter.proto"], ["Unknown flag: --nope"]),
    (["-I.", "--pyton_out=.", "greeter.proto"], ["--pyton_out", "--python_out"]),
    (["-I.", "--plugin=protoc-gen-x=/bin/true", "--x_out=.", "greeter.proto"], ["--plugin", "not supported"]),
    (["-I.", "--mypy_out=.", "greeter.proto"], ["--mypy_out"]),
    (["-I.", "--java_out=.", "greeter.proto"], ["--java_out", "java"]),
    (["-I.", "--python_out=.", "bad.proto"], ["bad.proto:1:", "strin"]),
])
def test_errors(greeter, arguments, words):
    (greeter / "bad.proto").write_text('syntax = "proto3"; message A { strin s = 1; }')
    before = sorted(greeter.rglob("*"))
    done = protoc(*arguments, cwd=greeter)
    assert (done.returncode, done.stdout) == (1, "")
    for word in words:
        assert word in done.stderr
    assert sorted(greeter.rglob("*")) == before


@pytest.mark.skipif(not PEER_PYTHON.exists(), reason="the reference is not installed: tools/setup peers-python")
@pytest.mark.parametrize("arguments", [
    [], ["--version"], ["-I.", "greeter.proto"], ["-I.", "--python_out=.", "greeter.proto"], ["-I.", "--python_out=gone", "greeter.proto"],
    ["-I.", "--python_out=.", "gone.proto"], ["-I.", "--nope", "greeter.proto"], ["-I.", "--x_out=.", "greeter.proto"],
    ["-I.", "--python_out=.", "--grpc_python_out=grpc_2_0:.", "greeter.proto"], ["-Igone", "-I.", "--python_out=.", "greeter.proto"],
    ["-I.", "-I.", "--descriptor_set_out=set", "--include_imports", "greeter.proto"],
])
def test_exit_statuses_are_those_of_the_reference(greeter, arguments):
    ours, theirs = protoc(*arguments, cwd=greeter), protoc(*arguments, cwd=greeter, python=PEER_PYTHON)
    assert ours.returncode == theirs.returncode
    assert bool(ours.stdout) == bool(theirs.stdout)
    assert bool(ours.stderr) == bool(theirs.stderr)


def test_main_takes_a_command_line_and_returns_the_status(greeter, monkeypatch, capsys):
    monkeypatch.chdir(greeter)
    assert protoc_module.main(["grpc_tools.protoc", "-I.", "--python_out=.", "greeter.proto"]) == 0
    assert protoc_module.main(("protoc", "-I.", "--python_out=.", greeter / "greeter.proto")) == 0
    assert protoc_module.main(["protoc", "-I.", "--python_out=.", "gone.proto"]) == 1
    assert "gone.proto" in capsys.readouterr().err


def test_folders_of_any_bytes(greeter):
    folder = os.fsencode(greeter) + b"/\xff\xe4"
    os.mkdir(folder)
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I.", b"--python_out=" + folder, "greeter.proto"]
    assert subprocess.run(command, cwd=greeter).returncode == 0
    assert os.path.exists(folder + b"/greeter_pb2.py")


def test_version_module():
    assert importlib.import_module("grpc_tools.grpc_version").VERSION == "1.85.1"
