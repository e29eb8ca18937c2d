"""Generated modules that the installed protobuf does not take: the error says what to type.

Code that imports generated modules writes:
    try:
        import shop_pb2
    except Exception as error:
        explain(error)
        raise
"""
import os
import re
import shlex
import sys

# Modules of protobuf that generated code of some time imports, and that protobuf of another time does not have.
_PARTS = re.compile(r"cannot import name '(runtime_version\w*|builder|reflection|service|service_reflection|symbol_database"
                    r"|descriptor_pool|enum_type_wrapper)'")


def explain(error):
    """Adds to the text of `error` what cures it, when protobuf refuses a generated file; else leaves it as it is."""
    reason = _reason(error)
    files = _generated_files(error.__traceback__) if reason else []
    if not files:
        return
    paths = [_short(file) for file in _alike(files, _services(error.__traceback__))]
    text = (f"{error}\n\n{_short(files[-1])} was written by {reason}. Rewrite it for every protobuf from 4.21 on:\n"
            f"    python -m grpc_tools.protoc --upgrade_gencode {' '.join(map(shlex.quote, paths))}\n"
            "or compile the .proto file again with this grpcio-tools.")
    if isinstance(error, ImportError):
        error.msg = text
    error.args = (text,)


def _reason(error):
    """Who wrote the file, as the error tells it; None for other errors."""
    kind, text = type(error), str(error)
    if "--upgrade_gencode" in text:
        return None
    if kind is TypeError and "Descriptors cannot" in text:
        return f"an old protoc, whose code protobuf {_installed()} refuses"
    if kind.__name__ == "VersionError" and kind.__module__ == "google.protobuf.runtime_version":
        return f"another protoc than protobuf {_installed()} takes code from"
    if kind is ImportError and (error.name or "").startswith("google.protobuf") and _PARTS.search(text):
        return f"another protoc than protobuf {_installed()} takes code from"
    if kind is AttributeError and "google.protobuf" in text:
        return f"another protoc than protobuf {_installed()} takes code from"
    return None


def _installed():
    try:
        from google.protobuf import __version__
    except ImportError:
        return ""
    return __version__


def _generated_files(traceback):
    """The generated files that were being imported, the one that failed last."""
    files = []
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if file.endswith("_pb2.py") and file not in files:
            files.append(file)
        traceback = traceback.tb_next
    return files


def _services(traceback):
    """The x_pb2_grpc.py files whose imports brought us here: they may import more that is refused."""
    files, frame = [], traceback.tb_frame
    while frame is not None:
        if frame.f_code.co_filename.endswith("_pb2_grpc.py"):
            files.append(frame.f_code.co_filename)
        frame = frame.f_back
    return files


def _short(file):
    relative = os.path.relpath(file)
    return relative if len(relative) < len(file) else file


# What shows that protobuf may refuse a file for the same reason as another one.
_KINDS = ("_descriptor.FileDescriptor(", "ValidateProtobufRuntimeVersion(")
_IMPORT = re.compile(r"^ *(?:from (\S+) )?import (\S+_pb2)\b", re.M)


def _alike(files, services):
    """The last of these files, and what else of its kind is among them and what they import: one command is enough."""
    texts = {}
    waiting = [*files, *services]
    while waiting:
        file = waiting.pop()
        if file in texts:
            continue
        texts[file] = _read(file)
        for package, name in _IMPORT.findall(texts[file]):
            if not package.startswith("google.protobuf"):
                waiting.extend(_places(file, package, name))
    kind = next((word for word in _KINDS if word in texts[files[-1]]), None)
    found = [file for file, text in texts.items() if file == files[-1] or (kind and kind in text)]
    return sorted(found, key=lambda file: files.index(file) if file in files else -1)


def _read(file):
    try:
        with open(file, encoding="utf-8", errors="replace") as source:
            return source.read()
    except OSError:
        return ""


def _places(file, package, name):
    """The file that an import statement of `file` means, as a list of at most one."""
    dots = len(package) - len(package.lstrip("."))
    folders = [folder for folder in sys.path if isinstance(folder, str)]
    if dots:
        folders = [os.path.join(os.path.dirname(file), *[os.pardir] * (dots - 1))]
    module = [part for part in f"{package}.{name}".split(".") if part]
    for folder in folders:
        path = os.path.abspath(os.path.join(folder, *module) + ".py")
        if os.path.isfile(path):
            return [path]
    return []
