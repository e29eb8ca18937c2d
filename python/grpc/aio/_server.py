"""Servers of grpc.aio."""
import asyncio
import sys
import time

from grpc import _common, _fork, _godwit, _log, _options
from grpc._cython.cygrpc import UsageError
from grpc._server import _checked, _HandlerCallDetails
from grpc._utilities import DictionaryGenericHandler
from grpc.aio import _base_server, _handlers, _tasks
from grpc.aio._context import _ServicerContext
from grpc.aio._interceptor import ServerInterceptor

_fork.install(_godwit)

_ARRIVED, _ENDED = _godwit.ARRIVED, _godwit.ENDED
_BATCH = 256          # events that are taken at once
_LAST_SECONDS = 1.0   # for handlers that were cancelled to clean up, before stop() returns
_READY, _RUNNING, _STOPPING, _STOPPED = "ready", "running", "stopping", "stopped"


class _Port(int):
    """A port's number. Programs in the wild await it."""

    __slots__ = ()

    def __await__(self):
        return int(self)
        yield


class _Methods:
    """The methods of a server. Calls keep this alive, not the server."""

    def __init__(self, generic, interceptors, exception_text, thread_pool):
        self.generic = list(generic)
        self.registered = {}
        self.exception_text = exception_text
        self.thread_pool = thread_pool
        self.loop = None        # from start() on
        self.flush = None       # sends replies that wait for it
        self.flush_soon = None  # the same, when those who are ready to run have run. On the loop
        self.closed = None      # closed(context): its handler has returned
        self._first = self._chain(tuple(interceptors)) if interceptors else None

    def _plain(self, details):
        handler = self.registered.get(details.method)
        if handler is not None:
            return handler
        for generic in self.generic:
            handler = generic.service(details)
            if handler is not None:
                return handler
        return None

    def _chain(self, interceptors):
        """continuation(details) of the first interceptor, which leads to all others, and to the handler."""
        async def last(details):
            return self._plain(details)

        def before(interceptor, continuation):
            async def intercepted(details):
                handler = interceptor.intercept_service(continuation, details)
                if hasattr(handler, "__await__"):
                    handler = await handler
                if handler is not None and not hasattr(handler, "request_streaming"):
                    if hasattr(handler, "close"):
                        handler.close()  # a coroutine
                    raise TypeError(f"{_common.source_of(interceptor.intercept_service)} returned "
                                    f"{type(handler).__name__}: it has to return what `await continuation(details)` "
                                    "gives, or another grpc.RpcMethodHandler")
                return handler
            return intercepted

        continuation = last
        for interceptor in reversed(interceptors):
            continuation = before(interceptor, continuation)
        return continuation

    async def find_handler(self, path, metadata):
        """Through the interceptors."""
        details = _HandlerCallDetails(path, metadata)
        return self._plain(details) if self._first is None else await self._first(details)

    def table(self):
        """([(path, handler)], runners by id, and last the one for other paths: None if nothing handles those)."""
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
            if self._first is not None or path in shadowed:
                runners.append(_handlers.Dynamic(self, path))
            else:
                runners.append(_handlers.make(self, path, handler))
        runners.append(_handlers.Dynamic(self, None) if foreign or self._first is not None else None)
        return list(known.items()), runners


class _Calls:
    """The calls of a running server, on its loop: one task each."""

    def __init__(self, loop, queue, engine, methods, runners):
        self._loop = loop
        self._queue = queue
        self._engine = engine
        self._runners = runners
        self._starter = _tasks.Starter(loop)
        self._running = self._starter.running
        self._drain = queue.drain
        self._flush_now = engine.flush
        self._flushing = False
        self._waiters = []     # (loop, future): those who wait for the end
        self.ended = False
        self.watch = _godwit.Watch(queue)
        self.watch.user = self
        methods.loop = loop
        methods.flush = engine.flush
        methods.flush_soon = self._flush_soon
        methods.closed = self._closed
        loop.add_reader(queue.fileno(), self._ready)

    def _ready(self):
        """Takes what has happened. Handlers begin at once, and what they have replied leaves together."""
        runners = self._runners
        begun = []
        self._flushing = True  # replies wait for the end of this
        try:
            for source, bits in self._drain(_BATCH):
                user = source.user
                if user is not None:
                    user._event(bits)
                elif not bits & _ARRIVED:
                    pass  # its handler runs on a thread, which asks by itself
                elif bits & _ENDED:
                    source.finish(1, "")  # over before it began
                else:
                    method = runners[source.method_id]
                    if method is None:
                        source.finish(12, "Method not found!", None, None, True)
                    elif method.on_thread:
                        method.start(source)
                    else:
                        begun.append(_ServicerContext(source, method))
            source = user = None
            if begun:
                self._starter.start(begun)
        finally:
            self._flushing = False
            self._flush_now()

    def _flush_soon(self):
        if not self._flushing:
            try:
                self._loop.call_soon(self._flush)
            except RuntimeError:  # the loop is closed
                self._engine.flush()
            else:
                self._flushing = True

    def _flush(self):
        self._flushing = False
        self._engine.flush()

    def _closed(self, context):
        if context._task is not None:
            self._running.discard(context)
            context._call.user = None
        if context._callbacks is not None:
            context._closed()

    # ---- the end

    def is_deserted(self):
        """The loop was closed: nothing runs here any more."""
        return not self.ended and self._loop.is_closed()

    def _event(self, bits):
        """Of the watch: the engine has stopped."""
        if bits & _ENDED and not self.ended:
            self.ended = True
            self._loop.remove_reader(self._queue.fileno())
            self._queue.close()
            self.watch.user = None
            waiters, self._waiters = self._waiters, []
            for loop, future in waiters:
                if loop is self._loop:
                    _set(future)
                elif not loop.is_closed():
                    loop.call_soon_threadsafe(_set, future)

    async def wait_ended(self, timeout=None):
        """False: not in that time."""
        if self.ended:
            return True
        loop = asyncio.get_running_loop()
        waiter = (loop, loop.create_future())
        self._waiters.append(waiter)
        try:
            if timeout is None:
                await waiter[1]
            else:
                await asyncio.wait_for(waiter[1], timeout)
        except asyncio.TimeoutError:
            return self.ended
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
        return True

    async def wait_handlers(self):
        """Gives handlers that were cancelled a while to clean up."""
        if asyncio.get_running_loop() is not self._loop:
            return
        current = asyncio.current_task()
        tasks = [context._task for context in self._running if context._task is not current]
        if tasks:
            await asyncio.wait(tasks, timeout=_LAST_SECONDS)


def _set(future):
    if not future.done():
        future.set_result(None)


class Server(_base_server.Server):
    """What grpc.aio.server() returns."""

    def __init__(self, thread_pool, generic_handlers, interceptors, options, maximum_concurrent_rpcs, compression):
        for interceptor in interceptors or ():
            if not isinstance(interceptor, ServerInterceptor):
                raise ValueError(f"Interceptor must be grpc.aio.ServerInterceptor, not {type(interceptor).__name__}: "
                                 "derive it from grpc.aio.ServerInterceptor, with `async def intercept_service(self, "
                                 "continuation, handler_call_details)`")
        if maximum_concurrent_rpcs is not None and maximum_concurrent_rpcs <= 0:
            raise ValueError("maximum_concurrent_rpcs should be a positive integer")
        if thread_pool is not None and not hasattr(thread_pool, "submit"):
            raise TypeError("migration_thread_pool is an executor such as concurrent.futures.ThreadPoolExecutor(10), "
                            f"not {type(thread_pool).__name__}")
        if type(thread_pool).__name__ == "ProcessPoolExecutor":
            raise TypeError("migration_thread_pool is a ThreadPoolExecutor: handlers that are no `async def` run in this "
                            "process. For work in others, `await loop.run_in_executor(process_pool, function, ...)`")
        engine_options, own = _options.split(options or ())
        self._limits = (engine_options, maximum_concurrent_rpcs)
        self._methods = _Methods(_checked(generic_handlers or ()), interceptors,
                                 bool(own.get(_options.EXCEPTION_TEXT)), thread_pool)
        self._stage = _READY
        self._calls = None
        self._listens = False
        self._make_engine()

    def _make_engine(self):
        self._generation = _godwit.generation()
        self._queue = _godwit.EventQueue(with_descriptor=True)
        self._engine = _godwit.Server(self._queue, *self._limits, True)  # _Calls flushes what was ended together

    def add_generic_rpc_handlers(self, generic_rpc_handlers):
        self._methods.generic.extend(_checked(generic_rpc_handlers))

    def add_registered_method_handlers(self, service_name, method_handlers):
        if self._stage is not _READY:
            from grpc._log import logger
            logger("grpc._server").warning("%s: methods can't be registered after start()", service_name)
            return
        for method, handler in method_handlers.items():
            self._methods.registered[sys.intern(f"/{service_name}/{method}")] = handler

    def add_insecure_port(self, address):
        return self._listen(address, None)

    def add_secure_port(self, address, server_credentials):
        from grpc import ServerCredentials, _credentials
        credentials = getattr(server_credentials, "_credentials", None)
        if credentials is _credentials.INSECURE:
            return self._listen(address, None)
        if not isinstance(server_credentials, ServerCredentials) or not hasattr(credentials, "engine"):
            raise TypeError("add_secure_port() takes credentials such as grpc.ssl_server_credentials(), not "
                            f"{type(server_credentials).__name__}")
        return self._listen(address, credentials.engine())

    def _check_fork(self):
        if self._generation != _godwit.generation():
            if self._listens:
                raise UsageError("this server was made before a fork, in the parent process: make it after the fork")
            self._make_engine()

    def _listen(self, address, tls):
        self._check_fork()
        port = _Port(self._engine.listen(_common.decode(address), tls))
        self._listens = True
        return port

    async def start(self):
        if self._stage is _RUNNING:
            return
        if self._stage is not _READY:
            raise UsageError("Server not in ready state: a server that was stopped can't be started again")
        self._check_fork()
        paths, runners = self._methods.table()
        for number, (path, handler) in enumerate(paths):
            self._engine.add_method(sys.intern(path), number, bool(handler.request_streaming),
                                    bool(handler.response_streaming))
        self._calls = _Calls(asyncio.get_running_loop(), self._queue, self._engine, self._methods, runners)
        self._engine.start()
        _log.forward()
        self._stage = _RUNNING

    async def stop(self, grace):
        if self._generation != _godwit.generation() or self._stage is _STOPPED:
            return
        if self._stage is _READY:
            self._engine.stop(0.0)  # lets go of its ports
            return
        self._stage = _STOPPING
        calls = self._calls
        if calls.is_deserted():
            self._engine.stop(0.0)
        elif not calls.ended:
            self._engine.stop(0.0 if grace is None else float(grace), calls.watch)
            await calls.wait_ended()
        self._stage = _STOPPED
        await calls.wait_handlers()

    async def wait_for_termination(self, timeout=None):
        until = None if timeout is None else time.monotonic() + timeout
        while self._calls is None:  # nobody has started it
            left = 0.05 if until is None else min(0.05, until - time.monotonic())
            if left <= 0:
                return True
            await asyncio.sleep(left)
        if until is not None:
            timeout = until - time.monotonic()
        return not (self._calls.is_deserted() or await self._calls.wait_ended(timeout))

    def __del__(self):
        # Nobody can stop it any more: it does so itself, without waiting.
        try:
            if self._stage is _RUNNING and self._generation == _godwit.generation():
                self._engine.stop(0.0, self._calls.watch)
        except Exception:
            pass


def server(migration_thread_pool=None, handlers=None, interceptors=None, options=None, maximum_concurrent_rpcs=None,
           compression=None):
    """Makes a server. It serves on the loop that runs when its start() is called.

    migration_thread_pool: where handlers run that are no `async def`. handlers: grpc.GenericRpcHandlers. interceptors:
    grpc.aio.ServerInterceptors. maximum_concurrent_rpcs: calls at a time, more are refused with RESOURCE_EXHAUSTED.
    """
    return Server(migration_thread_pool, () if handlers is None else handlers,
                  () if interceptors is None else interceptors, () if options is None else options,
                  maximum_concurrent_rpcs, compression)
