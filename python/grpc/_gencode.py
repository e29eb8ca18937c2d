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

# Modules of protobuf that generated code of some time imports, and that protobuf of another time does not have.
_PARTS = re.compile(r"cannot import name '(runtime_version\w*|builder|reflection|service|service_reflection|symbol_database"
                    r"|descriptor_pool|enum_type_wrapper)'")


def explain(error):
    """Raises `error` again with the command that cures it, when protobuf refuses a generated file; else returns."""
    reason = _reason(error)
    if reason is None:
        return
    files = _generated_files(error.__traceback__)
    if not files:
        return
    text = (f"{error}\n\n{files[-1]} was written by {reason}. Rewrite it for every protobuf from 4.21 on:\n"
            f"    python -m grpc_tools.protoc --upgrade_gencode {' '.join(map(shlex.quote, files))}\n"
            "or compile the .proto file again with this grpcio-tools.")
    if isinstance(error, ImportError):
        raise ImportError(text, name=error.name, path=error.path) from error
    raise type(error)(text) from error


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
        if file.endswith("_pb2.py"):
            relative = os.path.relpath(file)
            file = relative if len(relative) < len(file) else file
            if file not in files:
                files.append(file)
        traceback = traceback.tb_next
    return files
