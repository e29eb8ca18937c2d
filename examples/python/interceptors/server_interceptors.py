"""Interceptors of a server on threads. Each sees a call before its handler does, and may put something around it."""
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc

log = logging.getLogger("server")
Continuation = Callable[[grpc.HandlerCallDetails], Any]


def around(handler: Any, unary: Callable[..., Any], stream: Callable[..., Any]) -> Any:
    """The handler with another function: unary(behaviour, request, context), or stream(...) for a stream of replies."""
    if handler is None:  # nobody serves this method: the server answers UNIMPLEMENTED
        return None
    kinds: dict[tuple[bool, bool], Callable[..., Any]] = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }
    kind = kinds[handler.request_streaming, handler.response_streaming]
    behaviour = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
    function = stream if handler.response_streaming else unary
    return kind(lambda request, context: function(behaviour, request, context),
                handler.request_deserializer, handler.response_serializer)


class Log(grpc.ServerInterceptor):
    """Writes down each call with its method, the caller and how it ended."""

    def intercept_service(self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails) -> Any:
        method = handler_call_details.method

        def ended(context: grpc.ServicerContext) -> None:
            code = getattr(context.code(), "name", "OK")  # where nobody set one, all is well
            log.info("%s from %s: %s", method, context.peer().split(":")[0], code)

        def unary(behaviour: Any, request: Any, context: grpc.ServicerContext) -> Any:
            try:
                return behaviour(request, context)
            finally:
                ended(context)

        def stream(behaviour: Any, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            try:
                yield from behaviour(request, context)
            finally:
                ended(context)

        return around(continuation(handler_call_details), unary, stream)


class Time(grpc.ServerInterceptor):
    """Tells the client in the trailing metadata how long the handler took."""

    def intercept_service(self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails) -> Any:
        def ended(start: float, context: grpc.ServicerContext) -> None:
            context.set_trailing_metadata((("handler-microseconds", str(int((time.perf_counter() - start) * 1e6))),))

        def unary(behaviour: Any, request: Any, context: grpc.ServicerContext) -> Any:
            start = time.perf_counter()
            try:
                return behaviour(request, context)
            finally:
                ended(start, context)

        def stream(behaviour: Any, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            start = time.perf_counter()
            try:
                yield from behaviour(request, context)
            finally:
                ended(start, context)

        return around(continuation(handler_call_details), unary, stream)


class Authenticate(grpc.ServerInterceptor):
    """Lets calls pass that carry the token; others end with UNAUTHENTICATED, and their handler is not called."""

    def __init__(self, token: str) -> None:
        self._expected = ("authorization", f"Bearer {token}")

        def refuse(request: Any, context: grpc.ServicerContext) -> None:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "the token is missing or wrong")

        self._refuse = grpc.unary_unary_rpc_method_handler(refuse)

    def intercept_service(self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails) -> Any:
        if self._expected in handler_call_details.invocation_metadata:
            return continuation(handler_call_details)
        return self._refuse
