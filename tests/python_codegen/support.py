"""What the tests of the generated Python code share: the compiler, the interpreters at hand, temporary trees.

GODWIT_BIN names the folder of the program godwit. The interpreters are those of build/venv-peers (grpcio, grpcio-tools and
the newest protobuf), and of build/venv-pb-RELEASE where they were made: `python3 tests/python_codegen/support.py` makes them.
"""
import functools
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PROTOS = HERE / "protos"
BUILD = ROOT / "build"
PEERS = BUILD / "venv-peers/bin/python"
MYPY = BUILD / "venv-mypy/bin/mypy"
# Releases of protobuf, each with a grpcio of its time.
RELEASES = {"4.21": ("4.21.12", "1.49.*"), "4.25": ("4.25.*", "1.62.*"), "5.26": ("5.26.*", "1.63.*"),
            "5": ("5.29.*", "1.66.*"), "6": ("6.33.*", "1.74.*"), "7": ("7.36.2", "1.85.1")}

ALL_PROTOS = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
# protoc's plug-in makes modules of it that are no Python.
ONLY_OURS = ("keyword_service.proto",)


def module_of(proto):
    return proto.removesuffix(".proto").replace("-", "_").replace("/", ".") + "_pb2"


def pythons():
    """Pairs of a name and an interpreter that has protobuf and grpc."""
    found = [(f"protobuf {name}", BUILD / f"venv-pb-{name}/bin/python") for name in RELEASES]
    found.append(("grpcio's newest", PEERS))
    return [(name, str(path)) for name, path in found if path.exists()]


def need_python():
    if not pythons():
        raise unittest.SkipTest("no interpreter with protobuf and grpc: tools/setup peers-python makes one")
    return pythons()


def run(command, folder=None, **environment):
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    env.update(PYTHONDONTWRITEBYTECODE="1", **environment)
    return subprocess.run([str(c) for c in command], cwd=folder, env=env, text=True, capture_output=True, timeout=240)


def must(command, folder=None, **environment):
    done = run(command, folder, **environment)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def generate(out, protos, *options, root=PROTOS):
    pathlib.Path(out).mkdir(parents=True, exist_ok=True)
    godwit = pathlib.Path(os.environ["GODWIT_BIN"]) / "godwit"
    must([godwit, "compile", f"-I{root}", f"--python_out={out}", f"--grpc_python_out={out}", f"--pyi_out={out}", *options,
          *protos])


def generate_by_reference(out, protos):
    pathlib.Path(out).mkdir(parents=True, exist_ok=True)
    must([PEERS, "-I", "-m", "grpc_tools.protoc", f"-I{PROTOS}", f"--python_out={out}", f"--grpc_python_out={out}", *protos])


@functools.cache
def generated():
    """All protos, generated once: the folder."""
    folder = tempfile.TemporaryDirectory(prefix="godwit-python-")
    generated.keep = folder
    generate(folder.name, ALL_PROTOS)
    return pathlib.Path(folder.name)


def make_environments():
    for name, (protobuf, grpcio) in RELEASES.items():
        folder = BUILD / f"venv-pb-{name}"
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin/pip", "-q", "install", "--only-binary", ":all:", f"protobuf=={protobuf}",
                        f"grpcio=={grpcio}"], check=True)
    subprocess.run([sys.executable, "-m", "venv", MYPY.parents[1]], check=True)
    subprocess.run([MYPY.parent / "pip", "-q", "install", "mypy", "types-protobuf", "types-grpcio"], check=True)


if __name__ == "__main__":
    make_environments()
