"""The old name of grpc.aio."""
from grpc import aio as _aio


def __getattr__(name):
    return getattr(_aio, name)


def __dir__():
    return dir(_aio)
