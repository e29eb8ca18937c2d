"""Interceptors of grpc.aio."""
import collections
from abc import ABCMeta, abstractmethod

import grpc


class ServerInterceptor(metaclass=ABCMeta):
    """Looks at calls before their handler gets them."""

    @abstractmethod
    async def intercept_service(self, continuation, handler_call_details):
        """Returns the grpc.RpcMethodHandler for a call, or None: there is none.

        continuation: await continuation(handler_call_details) gives the handler that would be called.
        """


class ClientCallDetails(collections.namedtuple("ClientCallDetails",
                                               ("method", "timeout", "metadata", "credentials", "wait_for_ready")),
                        grpc.ClientCallDetails):
    """A call to be made. `method` is bytes."""


class ClientInterceptor(metaclass=ABCMeta):
    """What the four kinds of client interceptors derive from."""


class UnaryUnaryClientInterceptor(ClientInterceptor, metaclass=ABCMeta):
    """Stands before calls with one request and one reply."""

    @abstractmethod
    async def intercept_unary_unary(self, continuation, client_call_details, request):
        """Returns a call or a reply. continuation: await continuation(details, request) gives the call."""


class UnaryStreamClientInterceptor(ClientInterceptor, metaclass=ABCMeta):
    """Stands before calls with one request and many replies."""

    @abstractmethod
    async def intercept_unary_stream(self, continuation, client_call_details, request):
        """Returns a call or an asynchronous iterator of replies."""


class StreamUnaryClientInterceptor(ClientInterceptor, metaclass=ABCMeta):
    """Stands before calls with many requests and one reply."""

    @abstractmethod
    async def intercept_stream_unary(self, continuation, client_call_details, request_iterator):
        """Returns a call."""


class StreamStreamClientInterceptor(ClientInterceptor, metaclass=ABCMeta):
    """Stands before calls with many requests and many replies."""

    @abstractmethod
    async def intercept_stream_stream(self, continuation, client_call_details, request_iterator):
        """Returns a call or an asynchronous iterator of replies."""


def __getattr__(name):  # the calls are loaded with the first interceptor that is used
    from grpc.aio import _intercepted_call
    if name.startswith("__") or not hasattr(_intercepted_call, name):
        raise AttributeError(f"module 'grpc.aio._interceptor' has no attribute {name!r}")
    return getattr(_intercepted_call, name)
