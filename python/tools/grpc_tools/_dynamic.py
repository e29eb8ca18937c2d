"""Code of .proto files in memory, for modules that are made while the program runs."""
import os
import re
import warnings

from grpc_tools import _protoc_compiler

_DIAGNOSTIC = re.compile(r"(?P<file>[^\n:]+):(?:(?P<line>\d+):(?P<column>\d+):)? (?P<kind>error|warning): (?P<message>.*)")


class _Diagnostic:
    """What is wrong in a .proto file, and where."""
    _kind = ""

    def __init__(self, filename, line, column, message):
        self.filename = filename
        self.line = line
        self.column = column
        self.message = message

    def __repr__(self):
        return (f"{type(self).__name__}(filename={self.filename!r}, line={self.line}, column={self.column}, "
                f"message={self.message!r})")

    def __str__(self):
        return f"{self.filename}:{self.line}:{self.column} {self._kind}: {self.message}"


class ProtocError(_Diagnostic, Exception):
    _kind = "error"


class ProtocWarning(_Diagnostic, Warning):
    _kind = "warning"


class ProtocErrors(Exception):
    """Why there is no code: errors() has a ProtocError for each mistake, str() all of the compiler's text."""

    def __init__(self, errors, text=""):
        self._errors = errors
        self._text = text

    def errors(self):
        return self._errors

    def __repr__(self):
        return f"ProtocErrors[{', '.join(map(repr, self._errors))}]"

    def __str__(self):
        return self._text or "\n".join(map(str, self._errors))


for _class in (ProtocError, ProtocWarning, ProtocErrors):
    _class.__module__ = "grpc_tools._protoc_compiler"


def get_protos(protobuf_path, include_paths):
    """[(name, code)] of the module of messages; all as bytes."""
    return _generate("--python_out=.", protobuf_path, include_paths)


def get_services(protobuf_path, include_paths):
    """[(name, code)] of the module of services; all as bytes."""
    return _generate("--grpc_python_out=.", protobuf_path, include_paths)


def _generate(output, protobuf_path, include_paths):
    folders = []
    for folder in include_paths:
        folder = folder or b"."
        if os.path.isdir(folder) and folder not in folders:
            folders.append(folder)
    first = next((folder for folder in folders if os.path.isfile(os.path.join(folder, protobuf_path))), None)
    if first is None:
        error = ProtocError(os.fsdecode(protobuf_path), -1, 0, "File not found.")
        raise ProtocErrors([error])
    arguments = [b"-I=" + folder for folder in folders]
    status, _, err, files = _protoc_compiler.compile(
        [*arguments, output.encode(), os.path.join(first, protobuf_path)], keep_files=True)
    text = err.decode(errors="backslashreplace")
    found = [_of(match) for match in _DIAGNOSTIC.finditer(text)]
    if status != 0:
        raise ProtocErrors([each for each in found if isinstance(each, ProtocError)], text.rstrip())
    for each in found:
        warnings.warn(each, stacklevel=2)
    return [(name[2:] if name.startswith(b"./") else name, code) for name, code in files]


def _of(match):
    kind = ProtocError if match["kind"] == "error" else ProtocWarning
    return kind(match["file"], int(match["line"] or 0) - 1, int(match["column"] or 0) - 1, match["message"])


def _of_the_extension(name):
    """What grpc_tools._protoc_compiler has beside its own functions."""
    if name in ("get_protos", "get_services", "ProtocError", "ProtocErrors", "ProtocWarning"):
        return globals()[name]
    if name == "run_main":
        return run_main
    raise AttributeError(f"module 'grpc_tools._protoc_compiler' has no attribute {name!r}")


def run_main(arguments):
    """protoc.main() with a command line of bytes."""
    from grpc_tools import protoc
    return protoc.main([os.fsdecode(argument) for argument in arguments])
