"""grpc_tools.command: .proto files of a project that is built with setuptools."""
import subprocess
import sys
import zipfile

import pytest
from tools_support import GREETER

pytest.importorskip("setuptools")

SETUP = """
import setuptools
from grpc_tools import command
setuptools.setup(name="hello", version="1", packages=["hello"], package_dir={"": "src"},
                 package_data={"hello": ["*.proto", "*.pyi"]},
                 cmdclass={"build_proto_modules": command.BuildPackageProtos})
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "src" / "hello").mkdir(parents=True)
    (tmp_path / "src" / "hello" / "__init__.py").write_text("")
    (tmp_path / "src" / "hello" / "greeter.proto").write_text(GREETER)
    (tmp_path / "setup.py").write_text(SETUP)
    return tmp_path


def setup(project, *words):
    return subprocess.run([sys.executable, "setup.py", "-q", *words], cwd=project, capture_output=True, text=True,
                          timeout=120)


def generated(project):
    return {path.name for path in (project / "src" / "hello").iterdir()} - {"__init__.py", "greeter.proto", "bad.proto"}


MODULES = {"greeter_pb2.py", "greeter_pb2.pyi", "greeter_pb2_grpc.py", "greeter_pb2_grpc.pyi"}


def test_the_command_compiles_the_project(project):
    done = setup(project, "build_proto_modules")
    assert done.returncode == 0, done.stderr
    assert generated(project) == MODULES


def test_a_file_with_errors_is_a_warning(project):
    (project / "src" / "hello" / "bad.proto").write_text("message")
    done = setup(project, "build_proto_modules")
    assert done.returncode == 0
    assert "warning: " in done.stderr and "bad.proto" in done.stderr
    assert generated(project) == MODULES


def test_in_strict_mode_it_is_an_error(project):
    (project / "src" / "hello" / "bad.proto").write_text("message")
    done = setup(project, "build_proto_modules", "--strict-mode")
    assert done.returncode != 0
    assert "error: " in done.stderr and "bad.proto" in done.stderr


def test_the_function_alone(project, capfd):
    from grpc_tools import command
    command.build_package_protos(str(project / "src"), strict_mode=True)
    assert generated(project) == MODULES
    (project / "src" / "hello" / "bad.proto").write_text("message")
    with pytest.raises(Exception, match="bad.proto"):
        command.build_package_protos(str(project / "src"), True)
    assert "bad.proto:1" in capfd.readouterr().err


def test_a_wheel_with_services(project):
    from importlib import metadata
    if int(metadata.version("setuptools").split(".")[0]) < 71:
        pytest.importorskip("wheel")
    assert setup(project, "build_proto_modules", "bdist_wheel").returncode == 0
    [wheel] = (project / "dist").glob("hello-*.whl")
    target = project / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    code = ("from hello import greeter_pb2, greeter_pb2_grpc; "
            "print(greeter_pb2.Request(name='x').name, greeter_pb2_grpc.GreeterStub.__module__)")
    done = subprocess.run([sys.executable, "-c", code], cwd=target, capture_output=True, text=True, timeout=60)
    assert done.stdout == "x hello.greeter_pb2_grpc\n", done.stderr
    assert (target / "hello" / "greeter_pb2_grpc.pyi").exists()
