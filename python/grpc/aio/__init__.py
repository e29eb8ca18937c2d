"""gRPC for asyncio: the API of grpcio's grpc.aio.

A channel may be made outside of a running loop, and used from any loop and thread.
"""
from grpc._cython.cygrpc import (EOF, AbortError, BaseError, InternalError, UsageError, init_grpc_aio,
                                 shutdown_grpc_aio)
from grpc.aio._base_call import (Call, RpcContext, StreamStreamCall, StreamUnaryCall, UnaryStreamCall,
                                 UnaryUnaryCall)
from grpc.aio._base_channel import (Channel, StreamStreamMultiCallable, StreamUnaryMultiCallable,
                                    UnaryStreamMultiCallable, UnaryUnaryMultiCallable)
from grpc.aio._metadata import Metadata
from grpc.aio._typing import ChannelArgumentType

# What one side of a program does not need is loaded when it is first asked for.
_LATER = {
    "AioRpcError": "_call",
    "ClientCallDetails": "_interceptor",
    "ClientInterceptor": "_interceptor",
    "InterceptedUnaryUnaryCall": "_intercepted_call",
    "ServerInterceptor": "_interceptor",
    "StreamStreamClientInterceptor": "_interceptor",
    "StreamUnaryClientInterceptor": "_interceptor",
    "UnaryStreamClientInterceptor": "_interceptor",
    "UnaryUnaryClientInterceptor": "_interceptor",
    "Server": "_base_server",
    "ServicerContext": "_base_server",
    "insecure_channel": "_channel",
    "secure_channel": "_channel",
    "server": "_server",
}


_MODULES = frozenset(("_base_server", "_call", "_channel", "_interceptor", "_server"))


def __getattr__(name):
    import importlib
    if name in _MODULES:
        return importlib.import_module("grpc.aio." + name)
    module = _LATER.get(name)
    if module is None:
        raise AttributeError(f"module 'grpc.aio' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module("grpc.aio." + module), name)
    return value


def __dir__():
    return sorted(set(globals()) | set(_LATER))


__all__ = ("EOF", "AbortError", "AioRpcError", "BaseError", "Call", "Channel", "ClientCallDetails",
           "ClientInterceptor", "InterceptedUnaryUnaryCall", "InternalError", "Metadata", "RpcContext", "Server",
           "ServerInterceptor", "ServicerContext", "StreamStreamCall", "StreamStreamClientInterceptor",
           "StreamStreamMultiCallable", "StreamUnaryCall", "StreamUnaryClientInterceptor",
           "StreamUnaryMultiCallable", "UnaryStreamCall", "UnaryStreamClientInterceptor",
           "UnaryStreamMultiCallable", "UnaryUnaryCall", "UnaryUnaryClientInterceptor",
           "UnaryUnaryMultiCallable", "UsageError", "init_grpc_aio", "insecure_channel", "secure_channel", "server",
           "shutdown_grpc_aio")
