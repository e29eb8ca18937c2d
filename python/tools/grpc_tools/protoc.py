"""The compiler: `python -m grpc_tools.protoc -I. --python_out=. --grpc_python_out=. greeter.proto`, or main() from Python.

Importing this module also makes `import greeter_pb2` work where only greeter.proto lies on sys.path; the environment
variable GRPC_PYTHON_DISABLE_DYNAMIC_STUBS turns that off.
"""
from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import os
import sys
import threading
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TextIO

from grpc_tools import _protoc_compiler

_PROTO_MODULE_SUFFIX = "_pb2"
_SERVICE_MODULE_SUFFIX = "_pb2_grpc"
_DISABLE_DYNAMIC_STUBS = "GRPC_PYTHON_DISABLE_DYNAMIC_STUBS"

_MORE_HELP = b"""\
  --upgrade_gencode FILES     write generated files (x_pb2.py) of other compilers again, for the protobuf that is
                              installed; =grpc: their x_pb2_grpc.py too
"""

_Codegen = Callable[[bytes, list[bytes]], list[tuple[bytes, bytes]]]


def main(command_arguments: Sequence[str | os.PathLike[str]]) -> int:
    """Runs the compiler and returns its exit status.

    command_arguments: the words of a command line, the program's name first, as in sys.argv.
    """
    words = [os.fspath(word) for word in command_arguments[1:]]
    if any(word == "--upgrade_gencode" or word.startswith("--upgrade_gencode=") for word in words):
        from grpc_tools import _upgrade
        return _upgrade.main(words)
    status, out, err, _ = _protoc_compiler.compile([os.fsencode(word) for word in words])
    _write(sys.stdout, out + _MORE_HELP if "--help" in words or "-h" in words else out)
    _write(sys.stderr, err)
    return status


def _write(stream: TextIO | None, data: bytes) -> None:
    if data and stream is not None:
        stream.write(data.decode(errors="backslashreplace"))
        stream.flush()


def _get_resource_file_name(package_or_requirement: str, resource_name: str) -> str:
    """The path of a file or folder that lies in an installed package."""
    if package_or_requirement == "grpc_tools":
        return os.path.join(os.path.dirname(os.path.abspath(__file__)), resource_name)
    from importlib import resources
    return str((resources.files(package_or_requirement) / resource_name).resolve())


# ---- modules made from .proto files on sys.path when they are imported

_finders_lock = threading.Lock()
_finders_installed = False


def _maybe_install_proto_finders() -> None:
    """At the end of sys.meta_path: modules that exist as files come first."""
    global _finders_installed
    with _finders_lock:
        if _finders_installed:
            return
        sys.meta_path.extend((ProtoFinder(_PROTO_MODULE_SUFFIX, _get_protos),
                              ProtoFinder(_SERVICE_MODULE_SUFFIX, _get_services)))
        sys.path.append(_get_resource_file_name("grpc_tools", "_proto"))
        _finders_installed = True


def _get_protos(protobuf_path: bytes, include_paths: list[bytes]) -> list[tuple[bytes, bytes]]:
    from grpc_tools import _dynamic
    return _dynamic.get_protos(protobuf_path, include_paths)


def _get_services(protobuf_path: bytes, include_paths: list[bytes]) -> list[tuple[bytes, bytes]]:
    from grpc_tools import _dynamic
    return _dynamic.get_services(protobuf_path, include_paths)


def _module_name(protobuf_path: str, suffix: str) -> str:
    return os.path.splitext(protobuf_path)[0].replace(os.path.sep, ".").replace("-", "_") + suffix


def _protos(protobuf_path: str) -> ModuleType:
    """The module of the messages of a .proto file, named as an import statement names it."""
    _maybe_install_proto_finders()
    return importlib.import_module(_module_name(protobuf_path, _PROTO_MODULE_SUFFIX))


def _services(protobuf_path: str) -> ModuleType:
    """The module of its services."""
    _protos(protobuf_path)
    return importlib.import_module(_module_name(protobuf_path, _SERVICE_MODULE_SUFFIX))


def _protos_and_services(protobuf_path: str) -> tuple[ModuleType, ModuleType]:
    """Both."""
    return _protos(protobuf_path), _services(protobuf_path)


class ProtoLoader(importlib.abc.Loader):
    """Runs the code that the compiler makes of one .proto file."""

    def __init__(self, suffix: str, codegen_fn: _Codegen, module_name: str, protobuf_path: str,
                 proto_root: str) -> None:
        self._codegen_fn = codegen_fn
        self._module_name = module_name
        self._protobuf_path = protobuf_path
        self._proto_root = proto_root

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        # The modules that this one imports come here by themselves.
        files = self._codegen_fn(os.fsencode(self._protobuf_path), [os.fsencode(folder) for folder in sys.path])
        name, code = files[-1]
        exec(compile(code, f"<{os.fsdecode(name)} of {os.path.join(self._proto_root, self._protobuf_path)}>", "exec"),
             module.__dict__)


class ProtoFinder(importlib.abc.MetaPathFinder):
    """Finds the .proto file that belongs to a module's name."""

    def __init__(self, suffix: str, codegen_fn: _Codegen) -> None:
        self._suffix = suffix
        self._codegen_fn = codegen_fn

    def find_spec(self, fullname: str, path: Sequence[str] | None,
                  target: ModuleType | None = None) -> importlib.machinery.ModuleSpec | None:
        if not fullname.endswith(self._suffix):
            return None
        protobuf_path = fullname[:-len(self._suffix)].replace(".", "/") + ".proto"
        folders = [folder for folder in sys.path if isinstance(folder, str)]
        for folder in folders:
            if os.path.isfile(os.path.join(folder, protobuf_path)):
                return self._spec(fullname, protobuf_path, folder)
        # Modules have underscores where files have hyphens.
        place, file = os.path.split(protobuf_path)
        for folder in folders if "_" in file else ():
            inside = os.path.join(folder or ".", place)
            for name in sorted(os.listdir(inside)) if os.path.isdir(inside) else ():
                if name.replace("-", "_") == file:
                    return self._spec(fullname, os.path.join(place, name), folder)
        return None

    def _spec(self, fullname: str, protobuf_path: str, folder: str) -> importlib.machinery.ModuleSpec:
        loader = ProtoLoader(self._suffix, self._codegen_fn, fullname, protobuf_path, folder)
        return importlib.machinery.ModuleSpec(fullname, loader)


if not os.getenv(_DISABLE_DYNAMIC_STUBS):
    _maybe_install_proto_finders()


def entrypoint() -> None:
    words = sys.argv[1:]
    # Descriptor sets stand instead of folders.
    if not any(word.startswith("--descriptor_set_in") for word in words):
        # Without any -I the current folder is where import names start, as it is where file names do.
        if not any(word.startswith(("-I", "--proto_path", "@", "--upgrade_gencode")) for word in words):
            words.insert(0, "-I.")
        words.append("-I" + _get_resource_file_name("grpc_tools", "_proto"))
    sys.exit(main([sys.argv[0], *words]))


if __name__ == "__main__":
    entrypoint()
