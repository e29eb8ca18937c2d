"""Modules made from .proto files while the program runs: grpcio-tools does the work."""
from grpc import _gencode


def _tools(name):
    try:
        from grpc_tools import protoc
    except ImportError as error:
        if "grpc_tools" not in str(error):
            raise
        raise NotImplementedError(f"grpc.{name}() compiles .proto files, which needs the package grpcio-tools: "
                                  "pip install grpcio-tools") from error
    function = getattr(protoc, "_" + name, None)
    if function is None:
        raise NotImplementedError(f"grpc.{name}() needs grpcio-tools 1.32.0 or newer: pip install -U grpcio-tools")
    return function


def _made(name, protobuf_path):
    function = _tools(name)
    try:
        return function(protobuf_path)
    except Exception as error:
        _gencode.explain(error)
        raise


def protos(protobuf_path):
    """The module of messages."""
    return _made("protos", protobuf_path)


def services(protobuf_path):
    """The module of services."""
    return _made("services", protobuf_path)


def protos_and_services(protobuf_path):
    """Both."""
    return _made("protos_and_services", protobuf_path)
