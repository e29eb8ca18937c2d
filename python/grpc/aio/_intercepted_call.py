"""Calls of grpc.aio that go through interceptors, or that wait for credentials before they begin."""
import asyncio
import copy
import functools
import sys
import time

from grpc import _common, _credentials, _godwit
from grpc._cython.cygrpc import EOF, UsageError
from grpc._enums import StatusCode
from grpc.aio import _base_call, _channel
from grpc.aio._interceptor import ClientCallDetails
from grpc.aio._metadata import Metadata
from grpc.aio._responses import (StreamStreamCallResponseIterator, UnaryStreamCallResponseIterator,
                                 UnaryUnaryCallResponse)
from grpc.aio._status import FINISHED, HALF_CLOSED, LOCALLY_CANCELLED, MIXED, AioRpcError

_NO_MORE = object()


def _metadata_of(metadata):
    """What interceptors get: always a Metadata."""
    if isinstance(metadata, Metadata):
        return metadata
    return Metadata.from_tuple(metadata) if metadata else Metadata()


def _refused(code, details):
    return AioRpcError(code, Metadata(), Metadata(), details, f"local: {code.name}: {details}")


async def _authorize(method, metadata, credentials, timeout):
    """(metadata with that of call credentials, the time that is left). Plug-ins may wait: they run on threads of the
    loop's executor."""
    channel = method._channel
    parts = list(channel._call_credentials or ())
    if credentials is not None:
        channel._check_credentials()
        parts.append(credentials._credentials)
    context = _credentials.call_context(method._path, channel._authority())
    until = None if timeout is None else time.monotonic() + timeout
    added = []
    for part in parts:
        try:
            if isinstance(part, _credentials.Token):
                added.extend(part.metadata(context, timeout))
            else:
                added.extend(await asyncio.get_running_loop().run_in_executor(None, part.metadata, context, timeout))
        except TimeoutError:
            raise _refused(StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded") from None
        except Exception as error:
            raise _refused(StatusCode.UNAVAILABLE,
                           f"Getting metadata from plugin failed with error: {error}") from error
        if until is not None:
            timeout = until - time.monotonic()
    problem = _godwit.metadata_problem(added)
    if problem is not None:
        raise _refused(StatusCode.UNAVAILABLE, f"Illegal metadata: {problem}")
    return (*(metadata or ()), *added), timeout


async def _invoke(method, details, request):
    """Starts the call itself. What an interceptor left out of its details is not set."""
    path = _common.decode(details.method)
    if path != method._path:
        method = copy.copy(method)
        method._path = sys.intern(path)
    metadata = details.metadata
    timeout = getattr(details, "timeout", None)
    credentials = getattr(details, "credentials", None)
    if credentials is not None or method._channel._call_credentials is not None:
        metadata, timeout = await _authorize(method, metadata, credentials, timeout)
    return method._call(request, timeout, metadata, getattr(details, "wait_for_ready", None))


class InterceptedCall:
    """What all four kinds share: a task runs the interceptors, its result is the call."""

    def _begin(self, method, request, timeout, metadata, credentials, wait_for_ready):
        self._pending_add_done_callbacks = []
        self._last = None  # the call that was made last
        self._until = None if timeout is None else time.monotonic() + timeout
        self._loop = _channel._loop_for_calls()
        request = self._begin_kind(request)
        details = ClientCallDetails(_common.encode(method._path), timeout, _metadata_of(metadata), credentials,
                                    wait_for_ready)
        self._interceptors_task = self._loop.create_task(self._run(method, method._interceptors or [], details,
                                                                   request))
        self._interceptors_task.add_done_callback(self._intercepted)
        method._channel._outer.add(self)

    def _begin_kind(self, request):
        return request

    async def _run(self, method, interceptors, details, request):
        if not interceptors:
            call = self._last = await _invoke(method, details, request)
            return call
        continuation = functools.partial(self._run, method, interceptors[1:])
        found = await getattr(interceptors[0], self._function)(continuation, details, request)
        return self._wrap(found)

    def _wrap(self, found):
        return found

    def __del__(self):
        try:
            self.cancel()
        except Exception:  # made half, or the interpreter is ending
            pass

    def _found(self):
        """The call, when the interceptors are done without an error."""
        task = self._interceptors_task
        if task.done() and not task.cancelled() and task.exception() is None:
            return task.result()
        return None

    def _intercepted(self, task):
        callbacks, self._pending_add_done_callbacks = self._pending_add_done_callbacks, []
        for callback in callbacks:
            self.add_done_callback(callback)

    def cancel(self):
        """Ends the call, or the interceptors. False: it is over."""
        task = self._interceptors_task
        if not task.done():
            return task.cancel()
        call = self._found()
        return False if call is None else call.cancel()

    def cancelled(self):
        """True when it ended with CANCELLED."""
        task = self._interceptors_task
        if task.cancelled():
            return True
        if not task.done():
            return False
        error = task.exception()
        if error is not None:
            return isinstance(error, AioRpcError) and error.code() is StatusCode.CANCELLED
        return task.result().cancelled()

    def done(self):
        """True when it is over."""
        task = self._interceptors_task
        if not task.done():
            return False
        call = self._found()
        return call is None or call.done()

    def add_done_callback(self, callback):
        """callback(call) when it is over; at once if it is."""
        if not self._interceptors_task.done():
            self._pending_add_done_callbacks.append(callback)
        elif self.done():
            callback(self)
        else:
            self._found().add_done_callback(lambda _: callback(self))

    def time_remaining(self):
        """Seconds until the deadline; None without one."""
        call = self._found()
        if call is not None:
            return call.time_remaining()
        return None if self._until is None else max(0.0, self._until - time.monotonic())

    async def initial_metadata(self):
        """Metadata that comes before the first message."""
        try:
            call = await self._interceptors_task
        except AioRpcError as error:
            return error.initial_metadata()
        except asyncio.CancelledError:
            return None
        return await call.initial_metadata()

    async def trailing_metadata(self):
        """Metadata that comes with the status."""
        try:
            call = await self._interceptors_task
        except AioRpcError as error:
            return error.trailing_metadata()
        except asyncio.CancelledError:
            return None
        return await call.trailing_metadata()

    async def code(self):
        """How the call ended: a grpc.StatusCode."""
        try:
            call = await self._interceptors_task
        except AioRpcError as error:
            return error.code()
        except asyncio.CancelledError:
            return StatusCode.CANCELLED
        return await call.code()

    async def details(self):
        """What the server says about it."""
        try:
            call = await self._interceptors_task
        except AioRpcError as error:
            return error.details()
        except asyncio.CancelledError:
            return LOCALLY_CANCELLED
        return await call.details()

    async def debug_error_string(self):
        """More about it, for people."""
        try:
            call = await self._interceptors_task
        except AioRpcError as error:
            return error.debug_error_string()
        except asyncio.CancelledError:
            return ""
        return await call.debug_error_string()

    async def wait_for_connection(self):
        """Waits until there is a connection. AioRpcError: the call failed before."""
        call = await self._interceptors_task
        return await call.wait_for_connection()


class _OneReply:
    """Calls whose reply is awaited."""

    def __await__(self):
        call = yield from self._interceptors_task.__await__()
        return (yield from call.__await__())


class _Replies:
    """Iterates over the replies of what the interceptors return. Keeps the call: nobody else may, in `async for`."""

    def __init__(self, call):
        self._call = call
        self._iterator = None

    def __aiter__(self):
        return self

    async def __anext__(self):
        iterator = self._iterator
        if iterator is None:
            iterator = self._iterator = (await self._call._interceptors_task).__aiter__()
        return await iterator.__anext__()

    async def aclose(self):
        """Ends an asynchronous generator of an interceptor."""
        close = getattr(self._iterator, "aclose", None)
        if close is not None:
            await close()


class _ManyReplies:
    """Calls whose replies are iterated over or read."""

    _replies = None

    def _wrap(self, found):
        if not isinstance(found, self._kind):
            found = self._iterator_kind(self._last, found)
        self._last = found
        return found

    def __aiter__(self):
        if self._replies is None:
            self._replies = _Replies(self)
        return self._replies

    async def read(self):
        """The next reply; EOF after the last."""
        try:
            return await self.__aiter__().__anext__()
        except StopAsyncIteration:
            return EOF


class _ManyRequests:
    """Calls whose requests come from an iterator or are written: then interceptors get an iterator of them."""

    _requests = None  # a queue of those that were written
    _half_closed = False

    def _begin_kind(self, request_iterator):
        if request_iterator is not None:
            return request_iterator
        self._requests = asyncio.Queue(maxsize=1)
        return self._written()

    async def _written(self):
        requests = self._requests
        call = await self._interceptors_task
        call.add_done_callback(lambda _: requests.put_nowait(_NO_MORE) if requests.empty() else None)
        while True:
            request = await requests.get()
            if request is _NO_MORE:
                return
            yield request

    async def _put(self, request, call):
        """Waits for room, or the call's end."""
        if not self._requests.full():
            self._requests.put_nowait(request)
            if request is not _NO_MORE:
                await asyncio.sleep(0)  # the iterator takes it
            return
        put, ended = asyncio.ensure_future(self._requests.put(request)), asyncio.ensure_future(call.code())
        try:
            await asyncio.wait((put, ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            put.cancel()
            ended.cancel()

    async def write(self, request):
        """Sends a request."""
        if self._requests is None:
            raise UsageError(MIXED)
        try:
            call = await self._interceptors_task
        except (asyncio.CancelledError, AioRpcError):
            raise asyncio.InvalidStateError(FINISHED) from None
        if call.done():
            raise asyncio.InvalidStateError(FINISHED)
        if self._half_closed or getattr(call, "_half_closed", False):
            raise asyncio.InvalidStateError(HALF_CLOSED)
        await self._put(request, call)
        if call.done():
            raise asyncio.InvalidStateError(FINISHED)

    async def done_writing(self):
        """No more requests. It may be called again."""
        if self._requests is None:
            raise UsageError(MIXED)
        try:
            call = await self._interceptors_task
        except asyncio.CancelledError:
            raise asyncio.InvalidStateError(FINISHED) from None
        if not self._half_closed and not call.done():
            self._half_closed = True
            await self._put(_NO_MORE, call)


class InterceptedUnaryUnaryCall(_OneReply, InterceptedCall, _base_call.UnaryUnaryCall):
    """One request, one reply, and interceptors."""

    _function = "intercept_unary_unary"

    def _wrap(self, found):
        return found if isinstance(found, _base_call.UnaryUnaryCall) else UnaryUnaryCallResponse(found)


class InterceptedUnaryStreamCall(_ManyReplies, InterceptedCall, _base_call.UnaryStreamCall):
    """One request, many replies, and interceptors."""

    _function = "intercept_unary_stream"
    _kind = _base_call.UnaryStreamCall
    _iterator_kind = UnaryStreamCallResponseIterator


class InterceptedStreamUnaryCall(_OneReply, _ManyRequests, InterceptedCall, _base_call.StreamUnaryCall):
    """Many requests, one reply, and interceptors."""

    _function = "intercept_stream_unary"


class InterceptedStreamStreamCall(_ManyReplies, _ManyRequests, InterceptedCall, _base_call.StreamStreamCall):
    """Many requests, many replies, and interceptors."""

    _function = "intercept_stream_stream"
    _kind = _base_call.StreamStreamCall
    _iterator_kind = StreamStreamCallResponseIterator


_CLASSES = {
    _channel.UnaryUnaryMultiCallable: InterceptedUnaryUnaryCall,
    _channel.UnaryStreamMultiCallable: InterceptedUnaryStreamCall,
    _channel.StreamUnaryMultiCallable: InterceptedStreamUnaryCall,
    _channel.StreamStreamMultiCallable: InterceptedStreamStreamCall,
}


def start(method, *arguments):
    """A call through the interceptors of a method."""
    call = _CLASSES[type(method)]()
    call._begin(method, *arguments)
    return call


for _class in (InterceptedCall, InterceptedUnaryUnaryCall, InterceptedUnaryStreamCall, InterceptedStreamUnaryCall,
               InterceptedStreamStreamCall):
    _class.__module__ = "grpc.aio._interceptor"
