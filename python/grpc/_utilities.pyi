from collections.abc import Mapping
from typing import Any, NamedTuple, type_check_only

import grpc

@type_check_only
class _Fields(NamedTuple):
    request_streaming: bool
    response_streaming: bool
    request_deserializer: Any
    response_serializer: Any
    unary_unary: Any
    unary_stream: Any
    stream_unary: Any
    stream_stream: Any

class RpcMethodHandler(_Fields, grpc.RpcMethodHandler): ...  # type: ignore[misc]

class DictionaryGenericHandler(grpc.ServiceRpcHandler):
    def __init__(self, service: str, method_handlers: Mapping[str, grpc.RpcMethodHandler]) -> None: ...
    def service_name(self) -> str: ...
    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None: ...

def channel_ready_future(channel: grpc.Channel) -> grpc.Future[None]: ...
def first_version_is_lower(version1: str, version2: str) -> bool: ...
