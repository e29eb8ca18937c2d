"""Handlers by name, the future of a channel that becomes ready, and the check in generated code."""
import collections
import sys
import threading
import time

from grpc._enums import ChannelConnectivity
from grpc._interfaces import Future, FutureCancelledError, FutureTimeoutError
from grpc._interfaces_rpc import RpcMethodHandler as _RpcMethodHandlerBase
from grpc._interfaces_rpc import ServiceRpcHandler


class RpcMethodHandler(
        collections.namedtuple("_RpcMethodHandler",
                               ("request_streaming", "response_streaming", "request_deserializer",
                                "response_serializer", "unary_unary", "unary_stream", "stream_unary",
                                "stream_stream")), _RpcMethodHandlerBase):
    """What grpc.unary_unary_rpc_method_handler() and its like return."""


class DictionaryGenericHandler(ServiceRpcHandler):
    """The handlers of one service, looked up by path."""

    def __init__(self, service, method_handlers):
        self._name = service
        self._method_handlers = {f"/{service}/{method}": handler for method, handler in method_handlers.items()}

    def service_name(self):
        return self._name

    def service(self, handler_call_details):
        return self._method_handlers.get(handler_call_details.method)


class _ChannelReadyFuture(Future):
    """Done when the channel is READY. Works with any grpc.Channel: it only subscribes."""

    def __init__(self, channel):
        self._channel = channel
        self._changed = threading.Condition()
        self._ready = False
        self._cancelled = False
        self._callbacks = []

    def start(self):
        """Begins to watch, and to connect."""
        self._channel.subscribe(self._on_state, try_to_connect=True)

    def _on_state(self, state):
        if state is ChannelConnectivity.READY:
            self._end("_ready")

    def _end(self, how):
        with self._changed:
            if self._ready or self._cancelled:
                return False
            setattr(self, how, True)
            callbacks, self._callbacks = self._callbacks, []
            self._changed.notify_all()
        self._channel.unsubscribe(self._on_state)
        for callback in callbacks:
            try:
                callback(self)
            except Exception:
                from grpc._log import logger
                logger(__name__).exception("A done callback of channel_ready_future() raised")
        return True

    def cancel(self):
        return self._end("_cancelled")

    def cancelled(self):
        return self._cancelled

    def running(self):
        return not self.done()

    def done(self):
        return self._ready or self._cancelled

    def result(self, timeout=None):
        until = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while not self._ready:
                if self._cancelled:
                    raise FutureCancelledError()
                remaining = None if until is None else until - time.monotonic()
                if remaining is not None and remaining <= 0:
                    raise FutureTimeoutError()
                self._changed.wait(remaining)

    def exception(self, timeout=None):
        self.result(timeout)

    def traceback(self, timeout=None):
        self.result(timeout)

    def add_done_callback(self, fn):
        with self._changed:
            if not self.done():
                self._callbacks.append(fn)
                return
        fn(self)

    def __del__(self):
        try:
            if not self.done():
                self._channel.unsubscribe(self._on_state)
        except Exception:
            pass


def channel_ready_future(channel):
    """See grpc.channel_ready_future()."""
    future = _ChannelReadyFuture(channel)
    future.start()
    return future


def first_version_is_lower(version1, version2):
    """Is "1.60.1" older than "1.60.2"? A version with more parts ("1.60.1.dev0") is the newer one.

    Generated code asks this, to refuse packages older than its compiler. It is told no: what it needs of grpc has been the
    same for all these years.
    """
    if sys._getframe(1).f_globals.get("GRPC_GENERATED_VERSION") == version2:
        return False
    parts1, parts2 = version1.split("."), version2.split(".")
    try:
        numbers1, numbers2 = [int(part) for part in parts1[:3]], [int(part) for part in parts2[:3]]
    except ValueError:
        return False
    if numbers1 != numbers2:
        return numbers1 < numbers2
    return len(parts1) < len(parts2)
