"""Calls on a ProcessPoolExecutor: handlers with one request and one reply run in its worker processes.

What goes over: once for each worker, the handlers and interceptors of the server, pickled; for each call, the request as
bytes and what its context tells (_process_worker.py). The reply comes back as bytes with the status. A call whose worker
dies ends with UNAVAILABLE; a new pool with the same parameters takes the place of the broken one.
"""
import os
import pickle
import threading
import time
import types
from collections import deque
from concurrent.futures import CancelledError, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from grpc import _common, _executor, _process_worker
from grpc._log import logger
from grpc._utilities import DictionaryGenericHandler

_PARAMETERS = ("max_workers", "mp_context", "initializer", "initargs", "max_tasks_per_child")


def _streams(handler):
    return handler is not None and (handler.request_streaming or handler.response_streaming)


def _without_streams(handlers):
    """(the handlers that work here, paths of the others)."""
    left = [path for path, handler in handlers.items() if _streams(handler)]
    return {path: handler for path, handler in handlers.items() if not _streams(handler)}, left


def _problem(thing):
    """Why `thing` can't be pickled, or None."""
    try:
        pickle.dumps(thing, pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def _culprit(behavior):
    """The part of a handler that can't be pickled, with the reason."""
    owner = getattr(behavior, "__self__", behavior)
    if isinstance(owner, (type, types.FunctionType)):
        return f"{_common.source_of(behavior)}: {_problem(behavior)}"
    for name, value in getattr(owner, "__dict__", {}).items():
        problem = _problem(value)
        if problem is not None:
            return f"{type(owner).__name__}.{name}, a {type(value).__name__}: {problem}"
    return f"{type(owner).__name__}: {_problem(owner)}"


def _explain(handlers, generic, interceptors):
    """The error for the user."""
    cure = ("On a ProcessPoolExecutor handlers go to other processes: define classes and functions at the top of a module, "
            "and make locks, connections and the like in the worker (initializer=), or use a ThreadPoolExecutor.")
    for path, handler in handlers.items():
        if _problem(handler.unary_unary) is not None:
            return TypeError(f"{path}: the handler can't be pickled: {_culprit(handler.unary_unary)}. {cure}")
        for name in ("request_deserializer", "response_serializer"):
            problem = _problem(getattr(handler, name))
            if problem is not None:
                return TypeError(f"{path}: the {name} can't be pickled: {problem}. {cure}")
    for kind, things in (("generic handler", generic), ("interceptor", interceptors)):
        for thing in things:
            if _problem(thing) is not None:
                return TypeError(f"the {kind} {type(thing).__name__} can't be pickled: {_culprit(thing)}. {cure}")
    return None


def pack(handlers, interceptors):
    """(the handlers as the workers unpack them, paths of streams). Raises TypeError that names what can't be pickled."""
    registered, streams = _without_streams(handlers.registered)
    named, generic = dict(registered), []
    for one in handlers.generic:
        if type(one) is DictionaryGenericHandler:
            own, left = _without_streams(one._method_handlers)
            streams += left
            named.update(own)
            kept = DictionaryGenericHandler(one.service_name(), {})
            kept._method_handlers = own
            one = kept
        generic.append(one)
    try:
        blob = pickle.dumps((registered, generic, tuple(interceptors), handlers.exception_text),
                            pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        plain = [one for one in generic if type(one) is not DictionaryGenericHandler]
        raise _explain(named, plain, interceptors) or TypeError(
            f"the server's handlers can't be pickled: {type(error).__name__}: {error}") from None
    return blob, frozenset(streams)


class _Pool:
    """The user's pool, or what took its place."""

    def __init__(self, pool):
        self._given = self._pool = pool
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, *args):
        pool = self._pool
        try:
            return pool.submit(*args)
        except BrokenProcessPool:
            return self._replace(pool).submit(*args)

    def _replace(self, broken):
        with self._lock:
            if self._pool is broken:
                if self._closed:
                    raise RuntimeError("the server is stopping")
                parameters = {name: getattr(broken, "_" + name) for name in _PARAMETERS if hasattr(broken, "_" + name)}
                logger("grpc._server").warning("A worker of the server's ProcessPoolExecutor has died; a new pool of %d "
                                               "takes the place of the broken one", parameters["max_workers"])
                try:
                    self._pool = type(broken)(**parameters)
                except TypeError:  # a class of the user's own with other parameters
                    self._pool = ProcessPoolExecutor(**parameters)
                if broken is not self._given:
                    broken.shutdown(wait=False)
            return self._pool

    def close(self):
        with self._lock:
            self._closed = True
            if self._pool is not self._given:
                self._pool.shutdown(wait=False)


class _Running:
    """A call in the pool: what its end is told to."""

    __slots__ = ("_future",)

    def __init__(self, future):
        self._future = future

    def run_callbacks(self):
        self._future.cancel()  # works while no worker has begun


class ProcessCalls(_executor._Calls):
    """One submit() per call."""

    def __init__(self, executor, blob, streams, *args):
        super().__init__(*args)
        self._pool = _Pool(executor)
        self._blob = blob
        self._streams = streams
        self._key = os.urandom(16)

    def prepare(self):
        if self._streams:
            logger("grpc._server").warning(
                "A ProcessPoolExecutor serves methods with one request and one reply; calls of these get UNIMPLEMENTED: "
                "%s. Serve them on a ThreadPoolExecutor.", ", ".join(sorted(self._streams)))
        # Workers that are made by fork() are made here, and not beside calls.
        try:
            self._pool.submit(_process_worker.load, self._key, self._blob).add_done_callback(_loaded)
        except RuntimeError:  # the pool is shut down: calls will be told
            pass

    def close(self):
        super().close()
        self._pool.close()

    def _dispatch(self):
        calls = deque()
        while self._queue.wait() and not self._closed:
            while self._take(64, calls):
                self._tell_aside()
                while calls:
                    self._begin(calls.popleft())

    def _begin(self, call):
        if self._refuses:
            _executor._refuse(call)
        elif call.path in self._streams:
            call.finish(12, _process_worker.STREAMS, None, None, True)
        elif call.method_id < 0 and self._rejects:
            self._reject(call)
        elif call.request is None:
            # A path that nobody has registered, for a handler of the user's own: the request is still to come.
            threading.Thread(target=lambda: self._send(call, call.wait_message()[0]), daemon=True).start()
            return
        else:
            self._send(call, call.request)
            return
        self._flush()

    def _send(self, call, request):
        seconds = call.time_remaining()
        until = None if seconds is None else time.monotonic() + seconds
        try:
            future = self._pool.submit(_process_worker.run, self._key, self._blob, call.path, request,
                                       call.invocation_metadata(), until, call.peer())
        except Exception as error:
            _executor._complain_and_refuse(call, error)
            self._flush()
            return
        call.user = _Running(future)
        if not call.is_active():
            future.cancel()
        future.add_done_callback(lambda future: self._done(call, future))

    def _done(self, call, future):
        call.user = None
        try:
            code, details, trailing, reply, records = future.result()
        except CancelledError:
            call.finish(1, "", None, None, True)
        except BrokenProcessPool:
            logger("grpc._server").error("%s: the worker process that handled the call, or one beside it, has died",
                                         call.path)
            call.finish(14, "The worker process of the call has died", None, None, True)
        except BaseException as error:
            _executor.broken(call, error)
        else:
            _process_worker.log(records)
            call.finish(code, details, trailing, reply, True)
        self._flush()


def _loaded(future):
    if not future.cancelled() and future.exception() is None:
        _process_worker.log(future.result())
