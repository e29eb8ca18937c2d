"""gRPC's experimental functions."""
import functools
import warnings

import grpc
from grpc import _credentials
from grpc._cython.cygrpc import PrivateKeySignatureAlgorithm
from grpc._options import SINGLE_THREADED as _SINGLE_THREADED


class ChannelOptions:
    """Options of channels that are Python's alone."""

    SingleThreadedUnaryStream = _SINGLE_THREADED


class UsageError(Exception):
    """Something was called that can't be called now."""


class ExperimentalApiWarning(Warning):
    """A function may change."""


_insecure_channel_credentials = grpc.ChannelCredentials(_credentials.INSECURE)
_warned = set()


def insecure_channel_credentials():
    """No TLS: for functions that want credentials."""
    return _insecure_channel_credentials


def _warn_experimental(api_name, stack_offset):
    if api_name not in _warned:
        _warned.add(api_name)
        warnings.warn(f"'{api_name}' is experimental: it may change or go with any minor release",
                      ExperimentalApiWarning, stacklevel=2 + stack_offset)


def experimental_api(f):
    """Marks a function: its first call warns."""

    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        _warn_experimental(f.__name__, 1)
        return f(*args, **kwargs)

    return wrapper


def wrap_server_method_handler(wrapper, handler):
    """The same RpcMethodHandler with wrapper(behavior) for its behavior; None for None."""
    if not handler:
        return None
    name = ("stream" if handler.request_streaming else "unary") + "_" + (
        "stream" if handler.response_streaming else "unary")
    return handler._replace(**{name: wrapper(getattr(handler, name))})


@experimental_api
def ssl_channel_credentials_with_custom_signer(*, private_key_sign_fn, root_certificates=None, certificate_chain):
    """Comes later."""
    _credentials.comes_later("experimental.ssl_channel_credentials_with_custom_signer")


__all__ = ("ChannelOptions", "ExperimentalApiWarning", "UsageError", "insecure_channel_credentials",
           "ssl_channel_credentials_with_custom_signer", "wrap_server_method_handler", "stream_stream", "stream_unary",
           "unary_stream", "unary_unary")

from grpc._simple_stubs import stream_stream, stream_unary, unary_stream, unary_unary  # noqa: E402
