"""The types of grpc. What is generic may be written without its parameters, which are Any then."""
import abc
import enum
import threading
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from types import ModuleType, TracebackType
from typing import Any, Generic, NoReturn, overload, type_check_only

from typing_extensions import Self

from grpc import _types, aio as aio
from grpc._types import Request, Response

__version__: str

class ChannelConnectivity(enum.Enum):
    IDLE = (0, "idle")
    CONNECTING = (1, "connecting")
    READY = (2, "ready")
    TRANSIENT_FAILURE = (3, "transient failure")
    SHUTDOWN = (4, "shutdown")

class StatusCode(enum.Enum):
    OK = (0, "ok")
    CANCELLED = (1, "cancelled")
    UNKNOWN = (2, "unknown")
    INVALID_ARGUMENT = (3, "invalid argument")
    DEADLINE_EXCEEDED = (4, "deadline exceeded")
    NOT_FOUND = (5, "not found")
    ALREADY_EXISTS = (6, "already exists")
    PERMISSION_DENIED = (7, "permission denied")
    RESOURCE_EXHAUSTED = (8, "resource exhausted")
    FAILED_PRECONDITION = (9, "failed precondition")
    ABORTED = (10, "aborted")
    OUT_OF_RANGE = (11, "out of range")
    UNIMPLEMENTED = (12, "unimplemented")
    INTERNAL = (13, "internal")
    UNAVAILABLE = (14, "unavailable")
    DATA_LOSS = (15, "data loss")
    UNAUTHENTICATED = (16, "unauthenticated")

class LocalConnectionType(enum.Enum):
    UDS = 0
    LOCAL_TCP = 1

class Compression(enum.IntEnum):
    NoCompression = 0
    Deflate = 1
    Gzip = 2

# ---- calls, futures, errors

class FutureTimeoutError(Exception): ...
class FutureCancelledError(Exception): ...

class Future(abc.ABC, Generic[Response]):
    @abc.abstractmethod
    def cancel(self) -> bool: ...
    @abc.abstractmethod
    def cancelled(self) -> bool: ...
    @abc.abstractmethod
    def running(self) -> bool: ...
    @abc.abstractmethod
    def done(self) -> bool: ...
    @abc.abstractmethod
    def result(self, timeout: float | None = None) -> Response: ...
    @abc.abstractmethod
    def exception(self, timeout: float | None = None) -> Exception | None: ...
    @abc.abstractmethod
    def traceback(self, timeout: float | None = None) -> TracebackType | None: ...
    @abc.abstractmethod
    def add_done_callback(self, fn: Callable[[Self], Any]) -> None: ...

class Status(abc.ABC):
    code: StatusCode
    details: str
    trailing_metadata: Any

class RpcError(Exception):
    # What calls raise has the methods of a grpc.Call.
    def code(self) -> StatusCode: ...
    def details(self) -> str: ...
    def initial_metadata(self) -> _types.Metadata: ...
    def trailing_metadata(self) -> _types.Metadata: ...
    def debug_error_string(self) -> str: ...

class RpcContext(abc.ABC):
    @abc.abstractmethod
    def is_active(self) -> bool: ...
    @abc.abstractmethod
    def time_remaining(self) -> float | None: ...
    @abc.abstractmethod
    def cancel(self) -> bool: ...
    @abc.abstractmethod
    def add_callback(self, callback: Callable[[], Any]) -> bool: ...

class Call(RpcContext, metaclass=abc.ABCMeta):
    @abc.abstractmethod
    def initial_metadata(self) -> _types.Metadata: ...
    @abc.abstractmethod
    def trailing_metadata(self) -> _types.Metadata: ...
    @abc.abstractmethod
    def code(self) -> StatusCode: ...
    @abc.abstractmethod
    def details(self) -> str: ...
    def debug_error_string(self) -> str: ...

@type_check_only
class _CallFuture(Call, Future[Response], metaclass=abc.ABCMeta): ...

@type_check_only
class _CallIterator(Call, Iterator[Response], metaclass=abc.ABCMeta):
    def cancelled(self) -> bool: ...
    def done(self) -> bool: ...

# ---- channels and their methods

class UnaryUnaryMultiCallable(abc.ABC, Generic[Request, Response]):
    @abc.abstractmethod
    def __call__(self, request: Request, timeout: float | None = None, metadata: _types.MetadataLike | None = None,
                 credentials: CallCredentials | None = None, wait_for_ready: bool | None = None,
                 compression: Compression | None = None) -> Response: ...
    @abc.abstractmethod
    def with_call(self, request: Request, timeout: float | None = None, metadata: _types.MetadataLike | None = None,
                  credentials: CallCredentials | None = None, wait_for_ready: bool | None = None,
                  compression: Compression | None = None) -> tuple[Response, Call]: ...
    @abc.abstractmethod
    def future(self, request: Request, timeout: float | None = None, metadata: _types.MetadataLike | None = None,
               credentials: CallCredentials | None = None, wait_for_ready: bool | None = None,
               compression: Compression | None = None) -> _CallFuture[Response]: ...

class UnaryStreamMultiCallable(abc.ABC, Generic[Request, Response]):
    @abc.abstractmethod
    def __call__(self, request: Request, timeout: float | None = None, metadata: _types.MetadataLike | None = None,
                 credentials: CallCredentials | None = None, wait_for_ready: bool | None = None,
                 compression: Compression | None = None) -> _CallIterator[Response]: ...

class StreamUnaryMultiCallable(abc.ABC, Generic[Request, Response]):
    @abc.abstractmethod
    def __call__(self, request_iterator: Iterable[Request], timeout: float | None = None,
                 metadata: _types.MetadataLike | None = None, credentials: CallCredentials | None = None,
                 wait_for_ready: bool | None = None, compression: Compression | None = None) -> Response: ...
    @abc.abstractmethod
    def with_call(self, request_iterator: Iterable[Request], timeout: float | None = None,
                  metadata: _types.MetadataLike | None = None, credentials: CallCredentials | None = None,
                  wait_for_ready: bool | None = None,
                  compression: Compression | None = None) -> tuple[Response, Call]: ...
    @abc.abstractmethod
    def future(self, request_iterator: Iterable[Request], timeout: float | None = None,
               metadata: _types.MetadataLike | None = None, credentials: CallCredentials | None = None,
               wait_for_ready: bool | None = None, compression: Compression | None = None) -> _CallFuture[Response]: ...

class StreamStreamMultiCallable(abc.ABC, Generic[Request, Response]):
    @abc.abstractmethod
    def __call__(self, request_iterator: Iterable[Request], timeout: float | None = None,
                 metadata: _types.MetadataLike | None = None, credentials: CallCredentials | None = None,
                 wait_for_ready: bool | None = None,
                 compression: Compression | None = None) -> _CallIterator[Response]: ...

class Channel(abc.ABC):
    @abc.abstractmethod
    def subscribe(self, callback: Callable[[ChannelConnectivity], Any], try_to_connect: bool = False) -> None: ...
    @abc.abstractmethod
    def unsubscribe(self, callback: Callable[[ChannelConnectivity], Any]) -> None: ...
    @abc.abstractmethod
    def unary_unary(self, method: str, request_serializer: _types.Serializer[Request] | None = None,
                    response_deserializer: _types.Deserializer[Response] | None = None,
                    _registered_method: bool = False) -> UnaryUnaryMultiCallable[Request, Response]: ...
    @abc.abstractmethod
    def unary_stream(self, method: str, request_serializer: _types.Serializer[Request] | None = None,
                     response_deserializer: _types.Deserializer[Response] | None = None,
                     _registered_method: bool = False) -> UnaryStreamMultiCallable[Request, Response]: ...
    @abc.abstractmethod
    def stream_unary(self, method: str, request_serializer: _types.Serializer[Request] | None = None,
                     response_deserializer: _types.Deserializer[Response] | None = None,
                     _registered_method: bool = False) -> StreamUnaryMultiCallable[Request, Response]: ...
    @abc.abstractmethod
    def stream_stream(self, method: str, request_serializer: _types.Serializer[Request] | None = None,
                      response_deserializer: _types.Deserializer[Response] | None = None,
                      _registered_method: bool = False) -> StreamStreamMultiCallable[Request, Response]: ...
    @abc.abstractmethod
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, exc_type: type[BaseException] | None, exc_val: BaseException | None,
                 exc_tb: TracebackType | None) -> bool | None: ...

def insecure_channel(target: str, options: _types.Options | None = None,
                     compression: Compression | None = None) -> Channel: ...
def secure_channel(target: str, credentials: ChannelCredentials, options: _types.Options | None = None,
                   compression: Compression | None = None) -> Channel: ...
def intercept_channel(channel: Channel,
                      *interceptors: UnaryUnaryClientInterceptor | UnaryStreamClientInterceptor |
                      StreamUnaryClientInterceptor | StreamStreamClientInterceptor) -> Channel: ...
def channel_ready_future(channel: Channel) -> Future[None]: ...

# ---- interceptors of clients

class ClientCallDetails(abc.ABC):
    method: str
    timeout: float | None
    metadata: Any  # those who derive from it give it several types
    credentials: CallCredentials | None
    wait_for_ready: bool | None
    compression: Any

class UnaryUnaryClientInterceptor(abc.ABC, Generic[Request, Response]):
    @abc.abstractmethod
    def intercept_unary_unary(self, continuation: Callable[[ClientCallDetails, Request], _CallFuture[Response]],
                              client_call_details: ClientCallDetails,
                              request: Request) -> _CallFuture[Response] | Response: ...

class UnaryStreamClientInterceptor(abc.ABC, Generic[Request, Response]):
    @abc.abstractmethod
    def intercept_unary_stream(self, continuation: Callable[[ClientCallDetails, Request], _CallIterator[Response]],
                               client_call_details: ClientCallDetails,
                               request: Request) -> Iterable[Response] | Call: ...

class StreamUnaryClientInterceptor(abc.ABC, Generic[Request, Response]):
    @abc.abstractmethod
    def intercept_stream_unary(self,
                               continuation: Callable[[ClientCallDetails, Iterable[Request]], _CallFuture[Response]],
                               client_call_details: ClientCallDetails,
                               request_iterator: Iterator[Request]) -> _CallFuture[Response] | Response: ...

class StreamStreamClientInterceptor(abc.ABC, Generic[Request, Response]):
    @abc.abstractmethod
    def intercept_stream_stream(self,
                                continuation: Callable[[ClientCallDetails, Iterable[Request]],
                                                       _CallIterator[Response]],
                                client_call_details: ClientCallDetails,
                                request_iterator: Iterator[Request]) -> Iterable[Response] | Call: ...

# ---- servers

class ServicerContext(RpcContext, metaclass=abc.ABCMeta):
    @abc.abstractmethod
    def time_remaining(self) -> float: ...
    @abc.abstractmethod
    def invocation_metadata(self) -> _types.Metadata: ...
    @abc.abstractmethod
    def peer(self) -> str: ...
    @abc.abstractmethod
    def peer_identities(self) -> Iterable[bytes] | None: ...
    @abc.abstractmethod
    def peer_identity_key(self) -> str | None: ...
    @abc.abstractmethod
    def auth_context(self) -> Mapping[str, Iterable[bytes]]: ...
    def set_compression(self, compression: Compression) -> None: ...
    @abc.abstractmethod
    def send_initial_metadata(self, initial_metadata: _types.MetadataLike) -> None: ...
    @abc.abstractmethod
    def set_trailing_metadata(self, trailing_metadata: _types.MetadataLike) -> None: ...
    def trailing_metadata(self) -> _types.MetadataLike | None: ...
    @abc.abstractmethod
    def abort(self, code: StatusCode, details: str) -> NoReturn: ...
    @abc.abstractmethod
    def abort_with_status(self, status: Status) -> NoReturn: ...
    @abc.abstractmethod
    def set_code(self, code: StatusCode | int) -> None: ...
    @abc.abstractmethod
    def set_details(self, details: str) -> None: ...
    def code(self) -> StatusCode | int | None: ...
    def details(self) -> str | None: ...
    def disable_next_message_compression(self) -> None: ...

class RpcMethodHandler(abc.ABC, Generic[Request, Response]):
    request_streaming: bool
    response_streaming: bool
    request_deserializer: _types.Deserializer[Request] | None
    response_serializer: _types.Serializer[Response] | None
    # One of these; its results are awaited on an asyncio server.
    unary_unary: Callable[[Request, Any], Any] | None
    unary_stream: Callable[[Request, Any], Any] | None
    stream_unary: Callable[[Any, Any], Any] | None
    stream_stream: Callable[[Any, Any], Any] | None
    # What the functions of this module make is a named tuple.
    def _replace(self, **changes: Any) -> Self: ...

class HandlerCallDetails:
    method: str
    invocation_metadata: _types.Metadata

class GenericRpcHandler(abc.ABC):
    @abc.abstractmethod
    def service(self, handler_call_details: HandlerCallDetails) -> RpcMethodHandler | None: ...

class ServiceRpcHandler(GenericRpcHandler, metaclass=abc.ABCMeta):
    @abc.abstractmethod
    def service_name(self) -> str: ...

class ServerInterceptor(abc.ABC):
    @abc.abstractmethod
    # continuation returns an RpcMethodHandler or None; Any takes annotations with and without the None.
    def intercept_service(self, continuation: Callable[[HandlerCallDetails], Any],
                          handler_call_details: HandlerCallDetails) -> RpcMethodHandler | None: ...

class Server(abc.ABC):
    @abc.abstractmethod
    def add_generic_rpc_handlers(self, generic_rpc_handlers: Iterable[GenericRpcHandler]) -> None: ...
    def add_registered_method_handlers(self, service_name: str,
                                       method_handlers: Mapping[str, RpcMethodHandler]) -> None: ...
    @abc.abstractmethod
    def add_insecure_port(self, address: str) -> int: ...
    @abc.abstractmethod
    def add_secure_port(self, address: str, server_credentials: ServerCredentials) -> int: ...
    @abc.abstractmethod
    def start(self) -> None: ...
    @abc.abstractmethod
    def stop(self, grace: float | None) -> threading.Event: ...
    def wait_for_termination(self, timeout: float | None = None) -> bool: ...

def server(thread_pool: Executor, handlers: Iterable[GenericRpcHandler] | None = None,
           interceptors: Iterable[ServerInterceptor] | None = None, options: _types.Options | None = None,
           maximum_concurrent_rpcs: int | None = None, compression: Compression | None = None,
           xds: bool = False) -> Server: ...

# For each kind: a coroutine function of an asyncio server, then a function of a synchronous one.
@overload
def unary_unary_rpc_method_handler(
    behavior: Callable[[Request, aio.ServicerContext[Request, Response]], Awaitable[Response]],
    request_deserializer: _types.Deserializer[Request] | None = None,
    response_serializer: _types.Serializer[Response] | None = None) -> RpcMethodHandler[Request, Response]: ...
@overload
def unary_unary_rpc_method_handler(
    behavior: Callable[[Request, ServicerContext], Response],
    request_deserializer: _types.Deserializer[Request] | None = None,
    response_serializer: _types.Serializer[Response] | None = None) -> RpcMethodHandler[Request, Response]: ...
@overload
def unary_stream_rpc_method_handler(
    behavior: Callable[[Request, aio.ServicerContext[Request, Response]], AsyncIterable[Response] | Awaitable[None]],
    request_deserializer: _types.Deserializer[Request] | None = None,
    response_serializer: _types.Serializer[Response] | None = None) -> RpcMethodHandler[Request, Response]: ...
@overload
def unary_stream_rpc_method_handler(
    behavior: Callable[[Request, ServicerContext], Iterable[Response]],
    request_deserializer: _types.Deserializer[Request] | None = None,
    response_serializer: _types.Serializer[Response] | None = None) -> RpcMethodHandler[Request, Response]: ...
@overload
def stream_unary_rpc_method_handler(
    behavior: Callable[[AsyncIterator[Request], aio.ServicerContext[Request, Response]], Awaitable[Response]],
    request_deserializer: _types.Deserializer[Request] | None = None,
    response_serializer: _types.Serializer[Response] | None = None) -> RpcMethodHandler[Request, Response]: ...
@overload
def stream_unary_rpc_method_handler(
    behavior: Callable[[Iterator[Request], ServicerContext], Response],
    request_deserializer: _types.Deserializer[Request] | None = None,
    response_serializer: _types.Serializer[Response] | None = None) -> RpcMethodHandler[Request, Response]: ...
@overload
def stream_stream_rpc_method_handler(
    behavior: Callable[[AsyncIterator[Request], aio.ServicerContext[Request, Response]],
                       AsyncIterable[Response] | Awaitable[None]],
    request_deserializer: _types.Deserializer[Request] | None = None,
    response_serializer: _types.Serializer[Response] | None = None) -> RpcMethodHandler[Request, Response]: ...
@overload
def stream_stream_rpc_method_handler(
    behavior: Callable[[Iterator[Request], ServicerContext], Iterable[Response]],
    request_deserializer: _types.Deserializer[Request] | None = None,
    response_serializer: _types.Serializer[Response] | None = None) -> RpcMethodHandler[Request, Response]: ...

def method_handlers_generic_handler(service: str,
                                    method_handlers: Mapping[str, RpcMethodHandler]) -> GenericRpcHandler: ...

# ---- credentials

class ChannelCredentials:
    def __init__(self, credentials: Any) -> None: ...

class CallCredentials:
    def __init__(self, credentials: Any) -> None: ...

class AuthMetadataContext(abc.ABC):
    service_url: str
    method_name: str

class AuthMetadataPluginCallback(abc.ABC):
    def __call__(self, metadata: _types.MetadataLike | None, error: Exception | None) -> None: ...

class AuthMetadataPlugin(abc.ABC):
    def __call__(self, context: AuthMetadataContext, callback: AuthMetadataPluginCallback) -> None: ...

class ServerCredentials:
    def __init__(self, credentials: Any) -> None: ...

class ServerCertificateConfiguration:
    def __init__(self, certificate_configuration: Any) -> None: ...

def ssl_channel_credentials(root_certificates: bytes | None = None, private_key: bytes | None = None,
                            certificate_chain: bytes | None = None) -> ChannelCredentials: ...
def local_channel_credentials(
    local_connect_type: LocalConnectionType = LocalConnectionType.LOCAL_TCP) -> ChannelCredentials: ...
def composite_channel_credentials(channel_credentials: ChannelCredentials,
                                  *call_credentials: CallCredentials) -> ChannelCredentials: ...
def compute_engine_channel_credentials(call_credentials: CallCredentials) -> ChannelCredentials: ...
def alts_channel_credentials(service_accounts: Sequence[str] | None = None) -> ChannelCredentials: ...
def xds_channel_credentials(fallback_credentials: ChannelCredentials | None = None) -> ChannelCredentials: ...
def metadata_call_credentials(
    metadata_plugin: AuthMetadataPlugin | Callable[[AuthMetadataContext, AuthMetadataPluginCallback], Any],
    name: str | None = None) -> CallCredentials: ...
def access_token_call_credentials(access_token: str) -> CallCredentials: ...
def composite_call_credentials(*call_credentials: CallCredentials) -> CallCredentials: ...
def ssl_server_credentials(private_key_certificate_chain_pairs: Iterable[tuple[bytes, bytes]],
                           root_certificates: bytes | None = None,
                           require_client_auth: bool = False) -> ServerCredentials: ...
def ssl_server_certificate_configuration(
    private_key_certificate_chain_pairs: Iterable[tuple[bytes, bytes]],
    root_certificates: bytes | None = None) -> ServerCertificateConfiguration: ...
def dynamic_ssl_server_credentials(
    initial_certificate_configuration: ServerCertificateConfiguration,
    certificate_configuration_fetcher: Callable[[], ServerCertificateConfiguration | None],
    require_client_authentication: bool = False) -> ServerCredentials: ...
def insecure_server_credentials() -> ServerCredentials: ...
def local_server_credentials(
    local_connect_type: LocalConnectionType = LocalConnectionType.LOCAL_TCP) -> ServerCredentials: ...
def alts_server_credentials() -> ServerCredentials: ...
def xds_server_credentials(fallback_credentials: ServerCredentials) -> ServerCredentials: ...

# ---- code from .proto files while the program runs

def protos(protobuf_path: str) -> ModuleType: ...
def services(protobuf_path: str) -> ModuleType: ...
def protos_and_services(protobuf_path: str) -> tuple[ModuleType, ModuleType]: ...

__all__ = (
    "AuthMetadataContext", "AuthMetadataPlugin", "AuthMetadataPluginCallback", "Call", "CallCredentials", "Channel",
    "ChannelConnectivity", "ChannelCredentials", "ClientCallDetails", "Compression", "Future", "FutureCancelledError",
    "FutureTimeoutError", "GenericRpcHandler", "HandlerCallDetails", "LocalConnectionType", "RpcContext", "RpcError",
    "RpcMethodHandler", "Server", "ServerCertificateConfiguration", "ServerCredentials", "ServerInterceptor",
    "ServiceRpcHandler", "ServicerContext", "Status", "StatusCode", "StreamStreamClientInterceptor",
    "StreamStreamMultiCallable", "StreamUnaryClientInterceptor", "StreamUnaryMultiCallable",
    "UnaryStreamClientInterceptor", "UnaryStreamMultiCallable", "UnaryUnaryClientInterceptor",
    "UnaryUnaryMultiCallable", "access_token_call_credentials", "alts_channel_credentials", "alts_server_credentials",
    "channel_ready_future", "composite_call_credentials", "composite_channel_credentials",
    "compute_engine_channel_credentials", "dynamic_ssl_server_credentials", "insecure_channel",
    "insecure_server_credentials", "intercept_channel", "local_channel_credentials", "local_server_credentials",
    "metadata_call_credentials", "method_handlers_generic_handler", "protos", "protos_and_services", "secure_channel",
    "server", "services", "ssl_channel_credentials", "ssl_server_certificate_configuration", "ssl_server_credentials",
    "stream_stream_rpc_method_handler", "stream_unary_rpc_method_handler", "unary_stream_rpc_method_handler",
    "unary_unary_rpc_method_handler", "xds_channel_credentials", "xds_server_credentials",
)
