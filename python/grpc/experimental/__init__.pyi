from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import grpc
from grpc import _types
from grpc._types import Request, Response

_Function = TypeVar("_Function", bound=Callable[..., Any])

class ChannelOptions:
    SingleThreadedUnaryStream: str

class UsageError(Exception): ...
class ExperimentalApiWarning(Warning): ...

def insecure_channel_credentials() -> grpc.ChannelCredentials: ...
def experimental_api(f: _Function) -> _Function: ...
def wrap_server_method_handler(wrapper: Callable[[Callable[..., Any]], Callable[..., Any]],
                               handler: grpc.RpcMethodHandler | None) -> grpc.RpcMethodHandler | None: ...
def ssl_channel_credentials_with_custom_signer(*, private_key_sign_fn: Callable[..., Any],
                                               root_certificates: bytes | None = None,
                                               certificate_chain: bytes) -> grpc.ChannelCredentials: ...

def unary_unary(request: Request, target: str, method: str,
                request_serializer: _types.Serializer[Request] | None = None,
                response_deserializer: _types.Deserializer[Response] | None = None, options: _types.Options = (),
                channel_credentials: grpc.ChannelCredentials | None = None, insecure: bool = False,
                call_credentials: grpc.CallCredentials | None = None, compression: grpc.Compression | None = None,
                wait_for_ready: bool | None = None, timeout: float | None = 60.0,
                metadata: _types.MetadataLike | None = None, _registered_method: bool = False) -> Response: ...
def unary_stream(request: Request, target: str, method: str,
                 request_serializer: _types.Serializer[Request] | None = None,
                 response_deserializer: _types.Deserializer[Response] | None = None, options: _types.Options = (),
                 channel_credentials: grpc.ChannelCredentials | None = None, insecure: bool = False,
                 call_credentials: grpc.CallCredentials | None = None, compression: grpc.Compression | None = None,
                 wait_for_ready: bool | None = None, timeout: float | None = 60.0,
                 metadata: _types.MetadataLike | None = None,
                 _registered_method: bool = False) -> grpc._CallIterator[Response]: ...
def stream_unary(request_iterator: Iterable[Request], target: str, method: str,
                 request_serializer: _types.Serializer[Request] | None = None,
                 response_deserializer: _types.Deserializer[Response] | None = None, options: _types.Options = (),
                 channel_credentials: grpc.ChannelCredentials | None = None, insecure: bool = False,
                 call_credentials: grpc.CallCredentials | None = None, compression: grpc.Compression | None = None,
                 wait_for_ready: bool | None = None, timeout: float | None = 60.0,
                 metadata: _types.MetadataLike | None = None, _registered_method: bool = False) -> Response: ...
def stream_stream(request_iterator: Iterable[Request], target: str, method: str,
                  request_serializer: _types.Serializer[Request] | None = None,
                  response_deserializer: _types.Deserializer[Response] | None = None, options: _types.Options = (),
                  channel_credentials: grpc.ChannelCredentials | None = None, insecure: bool = False,
                  call_credentials: grpc.CallCredentials | None = None, compression: grpc.Compression | None = None,
                  wait_for_ready: bool | None = None, timeout: float | None = 60.0,
                  metadata: _types.MetadataLike | None = None,
                  _registered_method: bool = False) -> grpc._CallIterator[Response]: ...

__all__ = ("ChannelOptions", "ExperimentalApiWarning", "UsageError", "insecure_channel_credentials",
           "ssl_channel_credentials_with_custom_signer", "wrap_server_method_handler", "stream_stream", "stream_unary",
           "unary_stream", "unary_unary")
