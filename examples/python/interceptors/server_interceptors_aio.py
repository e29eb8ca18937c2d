"""Interceptors of a server with asyncio: as server_interceptors.py, with handlers that are coroutines."""
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc

log = logging.getLogger("server")
Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Any]]


def around(handler: Any, unary: Callable[..., Any], stream: Callable[..., Any]) -> Any:
    """The handler with another function: unary(behaviour, request, context), or stream(...) for a stream of replies."""
    if handler is None:  # nobody serves this method: the server answers UNIMPLEMENTED
        return None
    kinds: dict[tuple[bool, bool], tuple[Callable[..., Any], Any]] = {
        (False, False): (grpc.unary_unary_rpc_method_handler, handler.unary_unary),
        (False, True): (grpc.unary_stream_rpc_method_handler, handler.unary_stream),
        (True, False): (grpc.stream_unary_rpc_method_handler, handler.stream_unary),
        (True, True): (grpc.stream_stream_rpc_method_handler, handler.stream_stream),
    }
    kind, behaviour = kinds[handler.request_streaming, handler.response_streaming]

    async def call_unary(request: Any, context: Any) -> Any:
        return await unary(behaviour, request, context)

    async def call_stream(request: Any, context: Any) -> AsyncIterator[Any]:
        async for reply in stream(behaviour, request, context):
            yield reply

    function = call_stream if handler.response_streaming else call_unary
    return kind(function, handler.request_deserializer, handler.response_serializer)


class Log(grpc.aio.ServerInterceptor):
    """Writes down each call with its method, the caller and how it ended."""

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Any:
        method = handler_call_details.method

        def ended(context: Any) -> None:
            code = getattr(context.code(), "name", "OK")  # where nobody set one, all is well
            log.info("%s from %s: %s", method, context.peer().split(":")[0], code)

        async def unary(behaviour: Any, request: Any, context: Any) -> Any:
            try:
                return await behaviour(request, context)
            finally:
                ended(context)

        async def stream(behaviour: Any, request: Any, context: Any) -> AsyncIterator[Any]:
            try:
                async for reply in behaviour(request, context):
                    yield reply
            finally:
                ended(context)

        return around(await continuation(handler_call_details), unary, stream)


class Time(grpc.aio.ServerInterceptor):
    """Tells the client in the trailing metadata how long the handler took."""

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Any:
        def ended(start: float, context: Any) -> None:
            context.set_trailing_metadata((("handler-microseconds", str(int((time.perf_counter() - start) * 1e6))),))

        async def unary(behaviour: Any, request: Any, context: Any) -> Any:
            start = time.perf_counter()
            try:
                return await behaviour(request, context)
            finally:
                ended(start, context)

        async def stream(behaviour: Any, request: Any, context: Any) -> AsyncIterator[Any]:
            start = time.perf_counter()
            try:
                async for reply in behaviour(request, context):
                    yield reply
            finally:
                ended(start, context)

        return around(await continuation(handler_call_details), unary, stream)


class Authenticate(grpc.aio.ServerInterceptor):
    """Lets calls pass that carry the token; others end with UNAUTHENTICATED, and their handler is not called."""

    def __init__(self, token: str) -> None:
        self._expected = ("authorization", f"Bearer {token}")

        async def refuse(request: Any, context: Any) -> None:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "the token is missing or wrong")

        self._refuse = grpc.unary_unary_rpc_method_handler(refuse)

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Any:
        if self._expected in handler_call_details.invocation_metadata:
            return await continuation(handler_call_details)
        return self._refuse
