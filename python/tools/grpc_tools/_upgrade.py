"""python -m grpc_tools.protoc --upgrade_gencode FILES: generated modules, made again from the descriptor inside of them.

Files of any protoc hold the serialized descriptor of their .proto file. It is found in the syntax tree: nothing of the
file runs. The old file stays beside the new one, as F_pb2.py.bak.
"""
import ast
import os
import re
import shutil
import sys
import tempfile

from google.protobuf import descriptor_pb2

from grpc_tools import _placeholders, _protoc_compiler

_USAGE = """usage: python -m grpc_tools.protoc --upgrade_gencode[=grpc] FILE_OR_FOLDER...
Rewrites generated files (x_pb2.py) of any protoc for the protobuf that is installed, from 4.21 on, without their .proto
files. Folders: all x_pb2.py in them. An x_pb2_grpc.py is rewritten when it is named, and with =grpc also beside its x_pb2.py.
"""


class _Refused(Exception):
    """Why a file is left as it is."""


class _NothingInside(_Refused):
    """There is no descriptor in it."""


def main(words):
    """Runs the command line; the exit status."""
    with_grpc, paths = False, []
    for word in words:
        if word.startswith("-I"):  # the well-known files, which are always there
            continue
        if word == "--upgrade_gencode=grpc":
            with_grpc = True
        elif word in ("--help", "-h"):
            sys.stdout.write(_USAGE)
            return 0
        elif word.startswith("-") and word != "--upgrade_gencode":
            return _fail(f"protoc: {word} does not go with --upgrade_gencode\n{_USAGE}")
        elif word != "--upgrade_gencode":
            paths.append(word)
    if not paths:
        return _fail("protoc: --upgrade_gencode needs generated files, such as greeter_pb2.py\n" + _USAGE)
    status, seen = 0, set()
    for path in paths:
        try:
            files = _files(path)
        except _Refused as reason:
            status = _fail(f"{path}: error: {reason}\n")
            continue
        for file in files:
            status |= _upgrade_and_say(file, with_grpc, seen, path)
    return status


def _fail(text):
    sys.stderr.write(text)
    return 1


def _files(path):
    if os.path.isdir(path):
        found = sorted(os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names
                       if name.endswith("_pb2.py"))
        if not found:
            raise _Refused("there is no x_pb2.py in this folder")
        return found
    if not os.path.exists(path):
        raise _Refused("no such file")
    if path.endswith(".proto"):
        raise _Refused("compile .proto files instead: python -m grpc_tools.protoc -I. --python_out=. --grpc_python_out=. "
                       + path)
    if not path.endswith(".py"):
        raise _Refused("name generated files, x_pb2.py or x_pb2_grpc.py")
    return [path]


def _upgrade_and_say(path, with_grpc, seen, named):
    """named: what the command line says, this file or a folder that it is in."""
    grpc_path = path if path.endswith("_pb2_grpc.py") else path[:-3] + "_grpc.py"
    messages_path = grpc_path[:-len("_grpc.py")] + ".py" if grpc_path == path else path
    status = 0
    try:
        file = read_descriptor(messages_path)
        todo = [(messages_path, "python")] if path == messages_path else []
        if grpc_path == path and not file.service:
            raise _Refused(f"{file.name} has no services, so there is nothing to write")
        if grpc_path == path or (with_grpc and file.service and os.path.exists(grpc_path)):
            todo.append((grpc_path, "grpc_python"))
    except _Refused as reason:
        if isinstance(reason, _NothingInside) and path != named:
            print(f"{path}: is no file of protoc's")
            return 0
        return _fail(f"{path}: error: {reason}\n")
    for target, generator in todo:
        if os.path.realpath(target) in seen:
            continue
        seen.add(os.path.realpath(target))
        try:
            kept = _rewrite(target, generate(file, messages_path, generator))
            print(f"{target}: " + (f"rewritten, the old file is {kept}" if kept else "is as it should be"))
        except (_Refused, OSError) as reason:
            status = _fail(f"{target}: error: {reason}\n")
    return status


# ---- reading

def read_descriptor(path):
    """The FileDescriptorProto inside of a generated module."""
    tree = _parse(path)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        data = None
        if name == "AddSerializedFile" and len(node.args) == 1:
            data = _bytes_of(node.args[0])
        elif name == "FileDescriptor":
            data = next((_bytes_of(word.value) for word in node.keywords if word.arg == "serialized_pb"), None)
        if data:
            return _descriptor(data)
    raise _NothingInside("there is no serialized descriptor in it: is it a file that protoc --python_out wrote?")


def _parse(path):
    try:
        with open(path, "rb") as file:
            return ast.parse(file.read(), path)
    except OSError as error:
        raise _Refused(error.strerror or str(error)) from error
    except (SyntaxError, ValueError) as error:
        raise _Refused(f"it is no Python: {error}") from error


def _bytes_of(node):
    """The value of b'...', of '...' and of _b('...'), as old files have them; None for anything else."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_b" and len(node.args) == 1:
        node = node.args[0]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _bytes_of(node.left), _bytes_of(node.right)
        return None if left is None or right is None else left + right
    value = getattr(node, "value", None) if isinstance(node, ast.Constant) else None
    if isinstance(value, str):
        try:
            return value.encode("latin-1")
        except UnicodeEncodeError:
            return None
    return value if isinstance(value, bytes) else None


def _descriptor(data):
    try:
        file = descriptor_pb2.FileDescriptorProto.FromString(data)
    except Exception as error:
        raise _Refused(f"the descriptor in it is damaged: {error}") from error
    if not file.name:
        raise _Refused("the descriptor in it is damaged: it does not name its .proto file")
    return file


# ---- writing

def generate(file, path, generator):
    """The text of the module that `generator` makes of a descriptor, which was found in `path`."""
    try:
        files = _placeholders.imports_of(file, lambda name: _imported(name, file.name, path), generator == "grpc_python")
    except _placeholders.Unknown as error:
        raise _Refused(str(error)) from error
    with tempfile.TemporaryDirectory() as folder:
        set_path = os.path.join(folder, "set")
        with open(set_path, "wb") as out:
            out.write(descriptor_pb2.FileDescriptorSet(file=[*files, file]).SerializeToString())
        status, _, err, made = _protoc_compiler.compile(
            [os.fsencode("--descriptor_set_in=" + set_path), f"--{generator}_out=.".encode(), os.fsencode(file.name)],
            keep_files=True)
    if status != 0 or len(made) != 1:
        text = err.decode(errors="backslashreplace").strip()
        raise _Refused(f"the compiler does not take its descriptor:\n{text}")
    text = made[0][1].decode()
    if generator == "python":
        return _with_imports_of(path, text)
    grpc_path = path[:-3] + "_grpc.py"
    return _with_imports_of(grpc_path, text) if os.path.exists(grpc_path) else text


def _imported(name, importer, path):
    """The descriptor of an imported file, from the generated module in its place; None where there is none."""
    module = re.sub(r"\.(proto|protodevel)$", "", name).replace("-", "_") + "_pb2.py"
    root = os.path.dirname(os.path.abspath(path))
    for _ in range(importer.count("/")):
        root = os.path.dirname(root)
    for candidate in (os.path.join(root, module), os.path.join(os.path.dirname(path), os.path.basename(module)),
                      *(os.path.join(folder, module) for folder in sys.path if isinstance(folder, str))):
        if os.path.isfile(candidate):
            try:
                found = read_descriptor(candidate)
            except _Refused:
                continue
            if found.name == name:
                return found
    return None


_IMPORT_LINE = re.compile(r"^(?:from \S+ )?import \S+ as (\w+)$", re.M)


def _with_imports_of(path, text):
    """The new text with the old file's import statements for the same names: someone may have edited them."""
    old = {}
    for node in ast.walk(_parse(path)):
        if isinstance(node, (ast.Import, ast.ImportFrom)) and len(node.names) == 1 and node.names[0].asname:
            old[node.names[0].asname] = ast.unparse(node)
    return _IMPORT_LINE.sub(lambda match: old.get(match[1], match[0]) if match[1].endswith("_pb2") else match[0], text)


def _rewrite(path, text):
    """Replaces the file; the name that the old one has, None where it is the same."""
    with open(path, "rb") as file:
        if file.read() == text.encode():
            return None
    kept, number = path + ".bak", 1
    while os.path.exists(kept):
        number += 1
        kept = f"{path}.bak{number}"
    shutil.copy2(path, kept)
    made, temporary = tempfile.mkstemp(dir=os.path.dirname(os.path.abspath(path)), suffix=".py")
    try:
        with os.fdopen(made, "wb") as out:
            out.write(text.encode())
        shutil.copymode(path, temporary)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return kept
