"""Calls of grpc.aio, as abstract classes."""
from abc import ABCMeta, abstractmethod
from typing import Any, AsyncIterator, Generator, Generic, Optional, Union

from grpc._enums import StatusCode
from grpc.aio._metadata import Metadata
from grpc.aio._typing import DoneCallbackType, EOFType, RequestType, ResponseType

__all__ = "Call", "RpcContext", "UnaryStreamCall", "UnaryUnaryCall"


class RpcContext(metaclass=ABCMeta):
    """A call, from either side."""

    __slots__ = ()

    @abstractmethod
    def cancelled(self) -> bool:
        """True if it was cancelled."""

    @abstractmethod
    def done(self) -> bool:
        """True if it is over."""

    @abstractmethod
    def time_remaining(self) -> Optional[float]:
        """Seconds until the deadline, or None without one."""

    @abstractmethod
    def cancel(self) -> bool:
        """Ends it. False if it was over."""

    @abstractmethod
    def add_done_callback(self, callback: DoneCallbackType) -> None:
        """callback(self) when it is over."""


class Call(RpcContext, metaclass=ABCMeta):
    """A call of a client."""

    __slots__ = ()

    @abstractmethod
    async def initial_metadata(self) -> Metadata:
        """What the server sent before its first message."""

    @abstractmethod
    async def trailing_metadata(self) -> Metadata:
        """What the server sent with the status."""

    @abstractmethod
    async def code(self) -> StatusCode:
        """How the call ended."""

    @abstractmethod
    async def details(self) -> str:
        """What the server says about it."""

    @abstractmethod
    async def wait_for_connection(self) -> None:
        """Waits until the call is on a connection. AioRpcError: it failed before."""


class UnaryUnaryCall(Generic[RequestType, ResponseType], Call, metaclass=ABCMeta):
    """One request, one reply."""

    __slots__ = ()

    @abstractmethod
    def __await__(self) -> Generator[Any, None, ResponseType]:
        """The reply, or AioRpcError."""


class UnaryStreamCall(Generic[RequestType, ResponseType], Call, metaclass=ABCMeta):
    """One request, many replies."""

    __slots__ = ()

    @abstractmethod
    def __aiter__(self) -> AsyncIterator[ResponseType]:
        """The replies. Not together with read()."""

    @abstractmethod
    async def read(self) -> Union[EOFType, ResponseType]:
        """The next reply, or grpc.aio.EOF after the last."""


class StreamUnaryCall(Generic[RequestType, ResponseType], Call, metaclass=ABCMeta):
    """Many requests, one reply."""

    __slots__ = ()

    @abstractmethod
    async def write(self, request: RequestType) -> None:
        """Sends a request."""

    @abstractmethod
    async def done_writing(self) -> None:
        """No more requests. It may be called again."""

    @abstractmethod
    def __await__(self) -> Generator[Any, None, ResponseType]:
        """The reply, or AioRpcError."""


class StreamStreamCall(Generic[RequestType, ResponseType], Call, metaclass=ABCMeta):
    """Many requests, many replies."""

    __slots__ = ()

    @abstractmethod
    def __aiter__(self) -> AsyncIterator[ResponseType]:
        """The replies. Not together with read()."""

    @abstractmethod
    async def read(self) -> Union[EOFType, ResponseType]:
        """The next reply, or grpc.aio.EOF after the last."""

    @abstractmethod
    async def write(self, request: RequestType) -> None:
        """Sends a request."""

    @abstractmethod
    async def done_writing(self) -> None:
        """No more requests. It may be called again."""
