"""Interceptors of a client on threads. Each stands around a call: it may change what goes out, and see what comes back."""
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import grpc

log = logging.getLogger("client")
Continuation = Callable[[grpc.ClientCallDetails, Any], Any]


class CallDetails(NamedTuple):
    """A copy of grpc.ClientCallDetails that can be changed with _replace()."""

    method: str
    timeout: float | None
    metadata: Sequence[tuple[str, str | bytes]] | None
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None
    compression: grpc.Compression | None

    @classmethod
    def of(cls, details: Any) -> "CallDetails":
        return cls(*(getattr(details, field) for field in cls._fields))


class BothKinds(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """For interceptors that do the same for calls with one reply and with a stream of them."""

    def intercept(self, continuation: Continuation, details: grpc.ClientCallDetails, request: Any) -> Any:
        raise NotImplementedError

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return self.intercept(continuation, client_call_details, request)

    def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return self.intercept(continuation, client_call_details, request)


class Log(BothKinds):
    """Writes down how each call ended."""

    def intercept(self, continuation: Continuation, details: grpc.ClientCallDetails, request: Any) -> Any:
        call = continuation(details, request)
        method = details.method
        call.add_done_callback(lambda done: log.info("%s: %s", method, done.code().name))
        return call


class Time(BothKinds):
    """Writes down how long each call took."""

    def intercept(self, continuation: Continuation, details: grpc.ClientCallDetails, request: Any) -> Any:
        start = time.perf_counter()
        call = continuation(details, request)
        method = details.method
        call.add_done_callback(lambda _: log.info("%s took %.1f ms", method, (time.perf_counter() - start) * 1e3))
        return call


class Token(BothKinds):
    """Adds the token to the metadata of each call."""

    def __init__(self, token: str) -> None:
        self._token = token

    def intercept(self, continuation: Continuation, details: grpc.ClientCallDetails, request: Any) -> Any:
        metadata = [*(details.metadata or ()), ("authorization", f"Bearer {self._token}")]
        return continuation(CallDetails.of(details)._replace(metadata=metadata), request)  # type: ignore[arg-type]


class Retry(grpc.UnaryUnaryClientInterceptor):
    """Repeats calls that ended with UNAVAILABLE, with longer and longer pauses."""

    def __init__(self, attempts: int = 4, first_pause: float = 0.01) -> None:
        self._attempts = attempts
        self._first_pause = first_pause

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        for attempt in range(1, self._attempts + 1):
            call = continuation(client_call_details, request)
            if call.code() != grpc.StatusCode.UNAVAILABLE or attempt == self._attempts:  # code() waits for the end
                return call
            log.info("%s: attempt %d found %s", client_call_details.method, attempt, call.details())
            time.sleep(self._first_pause * 2 ** (attempt - 1))
