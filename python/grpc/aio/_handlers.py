"""Running one call on the loop: request, handler, reply. One class per kind; run() is the coroutine of the call's task.

Handlers that are no `async def` run on threads, with the classes of the synchronous server.
"""
import asyncio
import contextvars
import inspect
import types

from grpc import _common, _handler_errors, _handlers, _message_types
from grpc._cython.cygrpc import AbortError, InternalError
from grpc._server_context import BadRequestError
from grpc.aio._context import TURN, OneRequest, _RequestIterator, _ServicerContext, _SyncServicerContext, status_number

_CANCELLED, _UNKNOWN, _UNIMPLEMENTED, _INTERNAL = 1, 2, 12, 13


class BadReplyError(InternalError):
    """write() was given something that can't be sent: leaves the handler, and the client gets INTERNAL."""


class Method:
    """A handler with its functions, ready to be called."""

    __slots__ = ("server", "path", "behavior", "deserialize", "serialize", "request_streaming", "response_streaming",
                 "reply_type")
    asynchronous = True  # for the texts of errors
    on_thread = False

    def __init__(self, server, path, handler, behavior):
        self.server = server
        self.path = path
        self.behavior = behavior
        self.request_streaming = handler.request_streaming
        self.response_streaming = handler.response_streaming
        self.deserialize = handler.request_deserializer or _common.identity
        self.serialize = handler.response_serializer or _handler_errors.bytes_reply
        self.reply_type = _message_types.type_for(path, 1, handler.response_serializer)

    # ---- what is not the usual way

    def end(self, context, number, details, last=None):
        """Sends the status, unless abort() did, and ends what is to be ended with the call."""
        context._finish(number, details, last)
        self.server.closed(context)

    def fail(self, context, number, details):
        """The end, with an error of ours, unless the handler chose a status before it failed."""
        if context._code is not None:
            number = status_number(context._code) or number
        self.end(context, number, context._details or details)

    def failed(self, context, error, what="calling application"):
        """The handler raised. What ends the program is raised again by the caller: True."""
        call = context._call
        if isinstance(error, AbortError) and context._abortion is not None:
            self.end(context, _UNKNOWN, "")  # the status was sent
        elif isinstance(error, asyncio.CancelledError):
            self.end(context, _CANCELLED, context._details or "the handler was cancelled")
        elif isinstance(error, BadRequestError):
            self.fail(context, _INTERNAL, _handler_errors.bad_request(self, error.error))
        elif isinstance(error, BadReplyError):
            self.fail(context, _INTERNAL, str(error))
        elif isinstance(error, GeneratorExit) or (isinstance(error, InternalError) and not call.is_active()):
            self.end(context, _CANCELLED, "")  # the loop is gone, or nobody waits for the answer
        elif isinstance(error, (SystemExit, KeyboardInterrupt)):
            self.end(context, _UNKNOWN, f"Exception {what}: {type(error).__name__}")
            # The loop raises it: no need to complain that nobody has asked the task for it.
            asyncio.current_task().add_done_callback(asyncio.Task.exception)
            return True
        else:
            self.fail(context, _UNKNOWN, _handler_errors.raised(self, error, what))
        return isinstance(error, GeneratorExit)

    def finish(self, context, last):
        """The end that the handler chose."""
        code = context._code
        if context._abortion is not None and not context._lost:
            _handler_errors.abort_swallowed(self)
        self.end(context, 0 if code is None else status_number(code), context._details, last)

    def to_bytes(self, reply):
        """The bytes of a reply of write(). BadReplyError if it is none."""
        try:
            if self.reply_type is not None and type(reply) is not self.reply_type:
                self.check_type(reply)
            return self.serialize(reply)
        except Exception as error:
            raise BadReplyError(_handler_errors.bad_reply(self, reply, error)) from error

    check_type = _handlers.Method.check_type

    async def one_request(self, call, context):
        """(True, the request) of a handler that takes one, wherever it is. False: there is none; the call is ended."""
        data = call.request
        try:
            if data is None:
                data = await context._take()
                if data is None:
                    self.fail(context, _UNIMPLEMENTED, f'"{self.path}" needs exactly one request; there was none.')
                    return False, None
        except BaseException as error:
            if self.failed(context, error):
                raise
            return False, None
        try:
            return True, self.deserialize(data)
        except Exception as error:
            self.fail(context, _INTERNAL, _handler_errors.bad_request(self, error))
            return False, None

    def requests(self, call, context):
        """The iterator of requests. None: the call is ended."""
        data = call.request
        if data is None:
            return _RequestIterator(context)
        try:
            return OneRequest(self.deserialize(data))
        except Exception as error:
            self.fail(context, _INTERNAL, _handler_errors.bad_request(self, error))
            return None

    async def reply_once(self, context, argument):
        """Calls a handler that returns one reply."""
        try:
            reply = self.behavior(argument, context)
            if type(reply) is not types.AsyncGeneratorType:
                reply = await reply
        except BaseException as error:
            if self.failed(context, error):
                raise
            return
        self.reply_after_all(context, reply)

    def reply_after_all(self, context, reply):
        """The end of a handler that returned."""
        if context._touched and (context._abortion is not None or
                                 (context._code is not None and status_number(context._code))):
            return self.finish(context, None)  # whatever was returned: an error has no reply
        try:
            if self.reply_type is not None and type(reply) is not self.reply_type:
                self.check_type(reply)
            data = self.serialize(reply)
        except Exception as error:
            return self.fail(context, _INTERNAL, _handler_errors.bad_reply(self, reply, error))
        self.finish(context, data)

    async def reply_stream(self, context, argument):
        """Calls a handler that gives a stream of replies."""
        try:
            replies = self.behavior(argument, context)
            if type(replies) is not types.AsyncGeneratorType:
                # It writes by itself. What it returns is nothing, or an iterator after all.
                replies = await replies
        except BaseException as error:
            if self.failed(context, error):
                raise
            return
        if replies is None:
            return self.finish(context, None)
        if not hasattr(replies, "__aiter__"):
            if context._initial_sent or context._touched:
                _handler_errors.needless_result(self, replies)
                return self.finish(context, None)
            return self.fail(context, _UNKNOWN, _handler_errors.not_iterable(self, replies))
        try:
            await self.iterate(context, replies)
        except BaseException as error:
            if self.failed(context, error, "iterating responses"):
                raise
            return
        self.finish(context, None)

    async def iterate(self, context, replies):
        """Sends what comes out of the handler's iterator."""
        call, serialize, reply_type = context._call, self.serialize, self.reply_type
        write, can_write = call.write, call.can_write
        left = TURN
        try:
            async for reply in replies:
                try:
                    if reply_type is not None and type(reply) is not reply_type:
                        self.check_type(reply)
                    data = serialize(reply)
                except Exception as error:
                    raise BadReplyError(_handler_errors.bad_reply(self, reply, error)) from error
                if context._over:
                    context._check_running()
                write(data)
                context._initial_sent = True
                left -= 1
                if not left or not can_write():
                    left = TURN
                    await context._writable()
                    if context._lost:
                        return
        finally:
            # Left before its end: it has its own cleaning up to do, now.
            if type(replies) is types.AsyncGeneratorType:
                await replies.aclose()


class UnaryUnary(Method):
    __slots__ = ()

    async def run(self, call, context):
        # This is the way that most calls go: nothing here that could be elsewhere.
        data = call.request
        if data is None:
            there, request = await self.one_request(call, context)
            if not there:
                return
        else:
            try:
                request = self.deserialize(data)
            except Exception as error:
                return self.fail(context, _INTERNAL, _handler_errors.bad_request(self, error))
        try:
            reply = self.behavior(request, context)
            if type(reply) is not types.AsyncGeneratorType:
                reply = await reply
        except BaseException as error:
            if self.failed(context, error):
                raise
            return
        if context._touched:
            return self.reply_after_all(context, reply)
        try:
            if self.reply_type is not None and type(reply) is not self.reply_type:
                self.check_type(reply)
            data = self.serialize(reply)
        except Exception as error:
            return self.fail(context, _INTERNAL, _handler_errors.bad_reply(self, reply, error))
        context._over = True
        call.finish(0, "", None, data, True)
        if context._task is not None:
            self.server.flush_soon()
            self.server.closed(context)


class StreamUnary(Method):
    __slots__ = ()

    async def run(self, call, context):
        requests = self.requests(call, context)
        if requests is not None:
            await self.reply_once(context, requests)


class UnaryStream(Method):
    __slots__ = ()

    async def run(self, call, context):
        there, request = await self.one_request(call, context)
        if there:
            await self.reply_stream(context, request)


class StreamStream(Method):
    __slots__ = ()

    async def run(self, call, context):
        requests = self.requests(call, context)
        if requests is not None:
            await self.reply_stream(context, requests)


class OnThread:
    """A handler that is no `async def`: its calls run on a thread of the migration_thread_pool."""

    __slots__ = ("server", "_method")
    on_thread = True

    def __init__(self, server, method):
        self.server = server
        self._method = method

    def start(self, call):
        server = self.server
        run = contextvars.copy_context().run
        try:
            server.loop.run_in_executor(server.thread_pool, run, self._run, call)
        except RuntimeError as error:  # the pool is shut down
            _handler_errors._log().error("%s: the server's executor takes no more work: %s", call.path, error)
            call.finish(14, "The server's executor takes no more work", None, None, False)

    def _run(self, call):
        try:
            self._method.run(call)
        except BaseException as error:
            number = _handler_errors.error_id()
            _handler_errors._log().error("%s: the call failed [error id %s]", call.path, number, exc_info=error)
            call.finish(_INTERNAL, f"Internal error [error id {number}]")
        self.server.flush()


def _for_threads(kind):
    def end(self, call, *arguments):
        kind.end(self, call, *arguments)
        self.server.flush()  # the end may be said by a thread of the user's own

    return type(kind.__name__, (kind,), {"__slots__": (), "context_type": _SyncServicerContext, "asynchronous": True,
                                         **({"end": end} if kind is _handlers.NonBlocking else {})})


_ON_THREAD = {kind: _for_threads(kind) for kind in (_handlers.UnaryUnary, _handlers.UnaryStream, _handlers.StreamUnary,
                                                    _handlers.StreamStream, _handlers.NonBlocking)}


def _is_asynchronous(behavior):
    def is_one(function):
        return (inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function) or
                getattr(function, "_is_coroutine", None) is not None)  # as compilers of Python mark them
    return is_one(behavior) or inspect.isawaitable(behavior) or is_one(getattr(type(behavior), "__call__", None))


_KINDS = {(False, False): (UnaryUnary, "unary_unary"), (False, True): (UnaryStream, "unary_stream"),
          (True, False): (StreamUnary, "stream_unary"), (True, True): (StreamStream, "stream_stream")}


def make(server, path, handler):
    """What runs calls of `handler`, an RpcMethodHandler."""
    kind, attribute = _KINDS[bool(handler.request_streaming), bool(handler.response_streaming)]
    behavior = getattr(handler, attribute)
    if _is_asynchronous(behavior):
        return kind(server, path, handler, behavior)
    method = _handlers.make(server, path, handler)
    if type(method) in _ON_THREAD:
        method.__class__ = _ON_THREAD[type(method)]
    return OnThread(server, method)


class Dynamic:
    """A path whose handler is looked for when a call comes: interceptors or handlers of the user decide."""

    __slots__ = ("server", "path", "_path", "_last")
    on_thread = False

    def __init__(self, server, path):
        self.server = server
        self._path = path  # None: the call's
        self.path = path or "grpc call"
        self._last = (None, None)

    async def run(self, call, context):
        server = self.server
        path = self._path or call.path
        try:
            handler = await server.find_handler(path, _common.metadata_out(call.invocation_metadata()))
            # Mostly the same handler as the last time: what was made of it is kept.
            last, method = self._last
            if handler is not None and (last is not handler or self._path is None):
                method = make(server, path, handler)
                self._last = (handler, method)
        except BaseException as error:
            if isinstance(error, Exception):
                number = _handler_errors.error_id()
                _handler_errors._log().error("%s: an interceptor or a generic handler raised [error id %s]", path,
                                             number, exc_info=error)
                context._finish(_UNKNOWN, f"Error in service handler! [error id {number}]")
            else:
                context._finish(_CANCELLED, "")
            server.closed(context)
            if isinstance(error, Exception) or isinstance(error, asyncio.CancelledError):
                return
            raise
        if handler is None:
            context._finish(_UNIMPLEMENTED, "Method not found!")
            server.closed(context)
        elif method.on_thread:
            server.closed(context)
            method.start(call)
        else:
            context._method = method
            await method.run(call, context)
