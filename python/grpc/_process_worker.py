"""The side of the worker processes of a ProcessPoolExecutor (_process_pool.py)."""
import logging
import pickle
import time

from grpc import _common, _handler_errors, _handlers, _server_context
from grpc._log import logger

_UNKNOWN, _UNIMPLEMENTED, _INTERNAL = 2, 12, 13
STREAMS = "Streams do not work on the server's ProcessPoolExecutor: this method needs a ThreadPoolExecutor"
_CURE = ("works in the server's own process only: on a ProcessPoolExecutor a handler has invocation_metadata(), peer(), "
         "time_remaining(), set_code(), set_details(), set_trailing_metadata() and abort(); for all else give the server a "
         "ThreadPoolExecutor")
_loaded = {}  # by the server's key: its handlers, or the reason why there are none
_records = None


class _Collector(logging.Handler):
    """The errors of handlers are logged where the user has set up logging: in the server's process."""

    def emit(self, record):
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        _records.append((record.name, record.levelno, text))


def log(records):
    """In the server's process: what workers had to say."""
    for name, level, text in records:
        logger(name).log(level, "%s", text)


def _collect():
    """A new list, to which this process's errors go from here on."""
    global _records
    if _records is None:
        own = logger("grpc._server")
        own.handlers[:] = [_Collector()]
        own.propagate = False
    _records = []
    return _records


def _unpack(key, blob):
    from grpc import _server
    try:
        registered, generic, interceptors, exception_text = pickle.loads(blob)
    except Exception as error:
        _loaded[key] = f"{type(error).__name__}: {error}"
        logger("grpc._server").error("The server's handlers can't be loaded in a worker process: %s. They must be "
                                     "importable there; a program that starts workers needs `if __name__ == "
                                     "\"__main__\":`.", _loaded[key])
        return
    handlers = _server._Handlers(generic, interceptors, exception_text)
    handlers.registered = registered
    _loaded[key] = handlers


def load(key, blob):
    """Unpacks a server's handlers, once. Returns what is to be logged."""
    records = _collect()
    if key not in _loaded:
        _unpack(key, blob)
    return records


class _Call:
    """What runs a handler sees of its call."""

    user = None
    end = (_INTERNAL, "The handler did not end the call", None, None)

    def __init__(self, path, request, metadata, until, peer):
        self.path = path
        self.request = request
        self._metadata = metadata
        self._until = until
        self._peer = peer

    def invocation_metadata(self):
        return self._metadata

    def time_remaining(self):
        # The clock is the machine's, the same for all its processes.
        return None if self._until is None else max(0.0, self._until - time.monotonic())

    def peer(self):
        return self._peer

    def is_active(self):
        return True

    def wait_message(self):
        return None, 0

    def finish(self, code, details, trailing, last, later):
        if trailing is not None:
            trailing = tuple((key, value) for key, value in trailing)
        self.end = (code, details, trailing, last)


def _only_there(name):
    def function(self, *args, **kwargs):
        raise NotImplementedError(f"context.{name}() {_CURE}")

    function.__name__ = name
    return function


class _PoolContext(_server_context._Context):
    """One call, in a worker process."""


for _name in ("is_active", "cancel", "auth_context", "peer_identity_key", "peer_identities", "add_callback",
              "send_initial_metadata", "set_compression", "disable_next_message_compression"):
    setattr(_PoolContext, _name, _only_there(_name))


class _InPool(_handlers.Method):
    """A handler with one request and one reply."""

    __slots__ = ()

    def run(self, call):
        context = _PoolContext(call, self, None)
        there, request = self.one_request(call, context)
        if there:
            self.reply_once(call, context, request)


def run(key, blob, path, request, metadata, until, peer):
    """One call: (code, details, trailing metadata, reply, what is to be logged)."""
    records = load(key, blob)
    handlers = _loaded[key]
    if isinstance(handlers, str):
        return (_INTERNAL, f"The server's handlers can't be loaded in a worker process: {handlers}", None, None, records)
    call = _Call(path, request, metadata, until, peer)
    try:
        handler = handlers.find_handler(path, _common.metadata_out(metadata))
    except BaseException as error:
        return (_UNKNOWN, _handler_errors.not_found(path, error), None, None, records)
    if handler is None:
        return (_UNIMPLEMENTED, "Method not found!", None, None, records)
    if handler.request_streaming or handler.response_streaming:
        return (_UNIMPLEMENTED, STREAMS, None, None, records)
    _InPool(handlers, path, handler, handler.unary_unary).run(call)
    return (*call.end, records)
