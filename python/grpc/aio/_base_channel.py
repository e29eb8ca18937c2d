"""Channels of grpc.aio and their methods, as abstract classes."""
import abc
from typing import Generic, Optional

from grpc._enums import ChannelConnectivity, Compression
from grpc._interfaces import CallCredentials
from grpc.aio import _base_call
from grpc.aio._typing import (DeserializingFunction, MetadataType, RequestIterableType, RequestType, ResponseType,
                              SerializingFunction)


class UnaryUnaryMultiCallable(Generic[RequestType, ResponseType], abc.ABC):
    """A method: one request, one reply."""

    __slots__ = ()

    @abc.abstractmethod
    def __call__(self, request: RequestType, *, timeout: Optional[float] = None,
                 metadata: Optional[MetadataType] = None, credentials: Optional[CallCredentials] = None,
                 wait_for_ready: Optional[bool] = None, compression: Optional[Compression] = None
                 ) -> "_base_call.UnaryUnaryCall[RequestType, ResponseType]":
        """Starts a call. timeout: seconds."""


class UnaryStreamMultiCallable(Generic[RequestType, ResponseType], abc.ABC):
    """A method: one request, many replies."""

    __slots__ = ()

    @abc.abstractmethod
    def __call__(self, request: RequestType, *, timeout: Optional[float] = None,
                 metadata: Optional[MetadataType] = None, credentials: Optional[CallCredentials] = None,
                 wait_for_ready: Optional[bool] = None, compression: Optional[Compression] = None
                 ) -> "_base_call.UnaryStreamCall[RequestType, ResponseType]":
        """Starts a call. timeout: seconds."""


class StreamUnaryMultiCallable(Generic[RequestType, ResponseType], abc.ABC):
    """A method: many requests, one reply."""

    __slots__ = ()

    @abc.abstractmethod
    def __call__(self, request_iterator: Optional[RequestIterableType] = None, timeout: Optional[float] = None,
                 metadata: Optional[MetadataType] = None, credentials: Optional[CallCredentials] = None,
                 wait_for_ready: Optional[bool] = None, compression: Optional[Compression] = None
                 ) -> "_base_call.StreamUnaryCall[RequestType, ResponseType]":
        """Starts a call. Without an iterator, requests are written with write()."""


class StreamStreamMultiCallable(Generic[RequestType, ResponseType], abc.ABC):
    """A method: many requests, many replies."""

    __slots__ = ()

    @abc.abstractmethod
    def __call__(self, request_iterator: Optional[RequestIterableType] = None, timeout: Optional[float] = None,
                 metadata: Optional[MetadataType] = None, credentials: Optional[CallCredentials] = None,
                 wait_for_ready: Optional[bool] = None, compression: Optional[Compression] = None
                 ) -> "_base_call.StreamStreamCall[RequestType, ResponseType]":
        """Starts a call. Without an iterator, requests are written with write()."""


class Channel(abc.ABC):
    """To a server. `async with` closes it at the end."""

    @abc.abstractmethod
    async def __aenter__(self):
        """The channel."""

    @abc.abstractmethod
    async def __aexit__(self, exc_type, exc_val, exc_tb):
        """Closes it; calls that run are cancelled."""

    @abc.abstractmethod
    async def close(self, grace: Optional[float] = None):
        """No new calls; those that run have `grace` seconds to end, then they are cancelled."""

    @abc.abstractmethod
    def get_state(self, try_to_connect: bool = False) -> ChannelConnectivity:
        """What the connections are doing. try_to_connect: an idle channel connects."""

    @abc.abstractmethod
    async def wait_for_state_change(self, last_observed_state: ChannelConnectivity) -> None:
        """Waits for another state than this one."""

    @abc.abstractmethod
    async def channel_ready(self) -> None:
        """Connects, and waits until the channel is READY."""

    @abc.abstractmethod
    def unary_unary(self, method: str, request_serializer: Optional[SerializingFunction] = None,
                    response_deserializer: Optional[DeserializingFunction] = None,
                    _registered_method: Optional[bool] = False) -> UnaryUnaryMultiCallable:
        """A method by its path, "/package.Service/Method"."""

    @abc.abstractmethod
    def unary_stream(self, method: str, request_serializer: Optional[SerializingFunction] = None,
                     response_deserializer: Optional[DeserializingFunction] = None,
                     _registered_method: Optional[bool] = False) -> UnaryStreamMultiCallable:
        """A method by its path, "/package.Service/Method"."""

    @abc.abstractmethod
    def stream_unary(self, method: str, request_serializer: Optional[SerializingFunction] = None,
                     response_deserializer: Optional[DeserializingFunction] = None,
                     _registered_method: Optional[bool] = False) -> StreamUnaryMultiCallable:
        """A method by its path, "/package.Service/Method"."""

    @abc.abstractmethod
    def stream_stream(self, method: str, request_serializer: Optional[SerializingFunction] = None,
                      response_deserializer: Optional[DeserializingFunction] = None,
                      _registered_method: Optional[bool] = False) -> StreamStreamMultiCallable:
        """A method by its path, "/package.Service/Method"."""
