"""Interceptors of a client with asyncio: as client_interceptors.py.

A channel takes each object for one kind of call. So what stands before two kinds is two classes.
"""
import asyncio
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc

log = logging.getLogger("client")


def method_of(details: Any) -> str:
    return details.method.decode() if isinstance(details.method, bytes) else str(details.method)


class Log(grpc.aio.UnaryUnaryClientInterceptor):
    """Writes down how each call ended."""

    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        call = await continuation(client_call_details, request)
        log.info("%s: %s", method_of(client_call_details), (await call.code()).name)  # code() waits for the end
        return call


class LogStream(grpc.aio.UnaryStreamClientInterceptor):
    """The same for calls with a stream of replies, which pass through."""

    async def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        call = await continuation(client_call_details, request)

        async def replies() -> AsyncIterator[Any]:
            try:
                async for reply in call:
                    yield reply
            finally:
                log.info("%s: %s", method_of(client_call_details), (await call.code()).name)

        return replies()


class Time(grpc.aio.UnaryUnaryClientInterceptor):
    """Writes down how long each call took."""

    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        start = time.perf_counter()
        call = await continuation(client_call_details, request)
        await call.code()
        log.info("%s took %.1f ms", method_of(client_call_details), (time.perf_counter() - start) * 1e3)
        return call


def with_token(details: Any, token: str) -> grpc.aio.ClientCallDetails:
    metadata = grpc.aio.Metadata(*(details.metadata or ()))
    metadata.add("authorization", f"Bearer {token}")
    return grpc.aio.ClientCallDetails(details.method, details.timeout, metadata, details.credentials,
                                      details.wait_for_ready)


class Token(grpc.aio.UnaryUnaryClientInterceptor):
    """Adds the token to the metadata of each call."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return await continuation(with_token(client_call_details, self._token), request)


class TokenStream(grpc.aio.UnaryStreamClientInterceptor):
    """The same for calls with a stream of replies."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return await continuation(with_token(client_call_details, self._token), request)


class Retry(grpc.aio.UnaryUnaryClientInterceptor):
    """Repeats calls that ended with UNAVAILABLE, with longer and longer pauses."""

    def __init__(self, attempts: int = 4, first_pause: float = 0.01) -> None:
        self._attempts = attempts
        self._first_pause = first_pause

    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        for attempt in range(1, self._attempts + 1):
            call = await continuation(client_call_details, request)
            if await call.code() != grpc.StatusCode.UNAVAILABLE or attempt == self._attempts:
                return call
            log.info("%s: attempt %d found %s", method_of(client_call_details), attempt, await call.details())
            await asyncio.sleep(self._first_pause * 2 ** (attempt - 1))
