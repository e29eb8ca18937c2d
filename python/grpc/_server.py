"""Servers."""
import collections
import sys
import threading

from grpc import _common, _executor, _fork, _godwit, _handlers, _log, _options
from grpc._interceptor import service_pipeline
from grpc._interfaces_rpc import HandlerCallDetails
from grpc._interfaces_rpc import Server as _ServerBase
from grpc._server_context import _Context, _RequestIterator
from grpc._utilities import DictionaryGenericHandler

_fork.install(_godwit)

_NO_PORT = 1  # what add_insecure_port() returns for addresses without a port, such as "unix:/path"

_STOPPED, _STARTED, _GRACE = "stopped", "started", "grace"


class _HandlerCallDetails(collections.namedtuple("_HandlerCallDetails", ("method", "invocation_metadata")),
                          HandlerCallDetails):
    """What service() and interceptors are told."""

    __slots__ = ()


class _Handlers:
    """The methods of a server, and what runs their calls. Calls keep this alive, not the server."""

    def __init__(self, generic, interceptors, exception_text):
        self.generic = list(generic)
        self.registered = {}
        self.exception_text = exception_text
        self._pipeline = service_pipeline(interceptors)
        self.flush = None

    def _plain(self, details):
        handler = self.registered.get(details.method)
        if handler is not None:
            return handler
        for generic in self.generic:
            handler = generic.service(details)
            if handler is not None:
                return handler
        return None

    def find_handler(self, path, metadata):
        """Through the interceptors."""
        details = _HandlerCallDetails(path, metadata)
        if self._pipeline is None:
            return self._plain(details)
        return self._pipeline.execute(self._plain, details)

    def table(self):
        """([(path, handler)], runners by id, and last the one for other paths, True if nothing handles those)."""
        known = dict(self.registered)
        foreign = False  # a handler of the user's own decides call by call
        shadowed = set()
        for generic in self.generic:
            if type(generic) is not DictionaryGenericHandler:
                foreign = True
                continue
            for path, handler in generic._method_handlers.items():
                if path not in known and handler is not None:
                    known[path] = handler
                    if foreign:
                        shadowed.add(path)
        runners = []
        for path, handler in known.items():
            if self._pipeline is not None or path in shadowed:
                runners.append(_handlers.Dynamic(self, path))
            else:
                runners.append(_handlers.make(self, path, handler))
        runners.append(_handlers.Dynamic(self, None))
        return list(known.items()), runners, self._pipeline is None and not foreign


class _Server(_ServerBase):
    """What grpc.server() returns."""

    def __init__(self, thread_pool, generic_handlers, interceptors, options, maximum_concurrent_rpcs, compression, xds):
        if xds:
            raise NotImplementedError("grpc.server(xds=True) comes later; docs/python-differences.md lists what does")
        if not hasattr(thread_pool, "submit"):
            raise TypeError("grpc.server() takes an executor such as concurrent.futures.ThreadPoolExecutor(10), not "
                            f"{type(thread_pool).__name__}")
        engine_options, own = _options.split(options)
        interceptors = list(interceptors)
        self._handlers = _Handlers(generic_handlers, interceptors, bool(own.get(_options.EXCEPTION_TEXT)))
        self._pool = thread_pool
        self._interceptors = interceptors
        self._queue = _godwit.EventQueue()
        self._engine = _godwit.Server(self._queue, engine_options, maximum_concurrent_rpcs)
        self._handlers.flush = self._engine.flush
        self._generation = _godwit.generation()
        self._lock = threading.RLock()  # stop() may be called by a signal's handler
        self._stage = _STOPPED
        self._calls = None
        self._ended = threading.Event()

    def add_generic_rpc_handlers(self, generic_rpc_handlers):
        generic_rpc_handlers = _checked(generic_rpc_handlers)
        with self._lock:
            self._handlers.generic.extend(generic_rpc_handlers)

    def add_registered_method_handlers(self, service_name, method_handlers):
        with self._lock:
            if self._stage is not _STOPPED:
                from grpc._log import logger
                logger("grpc._server").warning("%s: methods can't be registered after start()", service_name)
                return
            for method, handler in method_handlers.items():
                self._handlers.registered[sys.intern(f"/{service_name}/{method}")] = handler

    def _listen(self, address, tls):
        return self._engine.listen(_common.decode(address), tls) or _NO_PORT

    def add_insecure_port(self, address):
        return self._listen(address, None)

    def add_secure_port(self, address, server_credentials):
        from grpc import _credentials
        credentials = getattr(server_credentials, "_credentials", None)
        if credentials is _credentials.INSECURE:
            return self._listen(address, None)
        if not hasattr(credentials, "engine"):
            raise TypeError("add_secure_port() takes credentials such as grpc.ssl_server_credentials(), not "
                            f"{type(server_credentials).__name__}")
        return self._listen(address, credentials.engine())

    def start(self):
        with self._lock:
            if self._stage is not _STOPPED or self._ended.is_set():
                raise ValueError("Cannot start already-started server!")
            paths, runners, rejects = self._handlers.table()
            for number, (path, handler) in enumerate(paths):
                self._engine.add_method(sys.intern(path), number, bool(handler.request_streaming),
                                        bool(handler.response_streaming))
            self._calls = _executor.make(self._pool, self._handlers, self._interceptors, self._queue, runners,
                                         self._engine.flush, rejects)
            self._calls.prepare()
            self._engine.start()
            self._stage = _STARTED
        self._calls.start()
        _log.forward()
        _running.add(self._calls)
        self._handle = _fork.at_exit(self._calls.close, self._calls.thread)

    def stop(self, grace):
        with self._lock:
            if self._stage is _STOPPED or self._generation != _godwit.generation():
                if not self._ended.is_set():
                    self._engine.stop(0.0)  # never started: lets go of its ports
                    self._ended.set()
                return self._ended
            self._stage = _GRACE
        # Each call may shorten the time.
        self._engine.stop(0.0 if grace is None else float(grace))
        if grace is None:
            self._wait_stopped()
        else:
            threading.Thread(target=self._wait_stopped, name="grpc-server-stop", daemon=True).start()
        return self._ended

    def _wait_stopped(self):
        self._engine.wait_stopped()
        with self._lock:
            self._stage = _STOPPED
        self._calls.close()
        _running.discard(self._calls)
        if threading.current_thread() is not self._calls.thread:
            # The interpreter may end as soon as the server has: nobody of ours is to be inside the engine then.
            self._calls.thread.join(1)
        _fork.forget(self._handle)
        self._ended.set()

    def wait_for_termination(self, timeout=None):
        return not self._ended.wait(timeout)

    def __del__(self):
        # Nobody can stop it any more: it does so itself, without waiting.
        try:
            if self._stage is not _STOPPED and self._generation == _godwit.generation():
                self._engine.stop(0.0)
                self._calls.close()
                _running.discard(self._calls)
                _fork.forget(self._handle)
        except Exception:
            pass


# What hands out calls: to end before the interpreter waits for the threads of executors.
_running = set()


def _end_all():
    for calls in list(_running):
        calls.refuse()


_fork.before_threads_are_joined(_end_all)
_fork.at_child(_running.clear)


def _checked(handlers):
    handlers = list(handlers) if not hasattr(handlers, "service") else [handlers]
    for handler in handlers:
        if not hasattr(handler, "service"):
            raise AttributeError(f'"{handler}" is no grpc.GenericRpcHandler: it has no method "service"')
    return handlers


def create_server(thread_pool, generic_rpc_handlers, interceptors, options, maximum_concurrent_rpcs, compression, xds):
    """See grpc.server()."""
    return _Server(thread_pool, _checked(generic_rpc_handlers), interceptors, options, maximum_concurrent_rpcs,
                   compression, xds)
