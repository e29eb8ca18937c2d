"""Running one call: request, handler, reply. One class per kind; run() is called on a thread of the user's executor."""
import types

from grpc import _common, _handler_errors, _message_types
from grpc._enums import STATUS_NUMBERS
from grpc._server_context import BadRequestError, CallOverError, OneRequest, _Context, _RequestIterator

_UNKNOWN, _UNIMPLEMENTED, _INTERNAL = 2, 12, 13
_ENDED = 1  # of the engine's waits


class Method:
    """A handler with its functions, ready to be called."""

    __slots__ = ("server", "path", "behavior", "deserialize", "serialize", "request_streaming", "response_streaming",
                 "reply_type")
    context_type = _Context
    asynchronous = False  # for the texts of errors: is it served by grpc.aio

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

    def fail(self, call, context, number, details):
        """The end, with an error of ours, unless the handler chose another before it failed."""
        chosen = 0 if context._code is None else STATUS_NUMBERS.get(context._code, _UNKNOWN)
        if chosen:
            number = chosen
        if context._details is not None and (chosen or context._code is None):
            details = _common.decode(context._details)
        self.end(call, context, number, details)

    def end(self, call, context, number, details, last=None):
        context._over = True
        call.finish(number, details, context._trailing, last, True)
        if context._callbacks is not None:
            context.run_callbacks()

    def failed(self, call, context, error, what="calling application"):
        """The handler raised."""
        if context._aborted:
            self.end(call, context, STATUS_NUMBERS[context._code], _common.decode(context._details))
        elif isinstance(error, BadRequestError):
            self.fail(call, context, _INTERNAL, _handler_errors.bad_request(self, error.error))
        elif isinstance(error, CallOverError) and not call.is_active():
            self.end(call, context, _UNKNOWN, "")  # nobody waits for it
        else:
            self.fail(call, context, _UNKNOWN, _handler_errors.raised(self, error, what))

    def finish(self, call, context, last):
        """The end that the handler chose."""
        code, details = context._code, context._details
        number = 0 if code is None else STATUS_NUMBERS.get(code, -1)
        if number < 0:
            # Not a grpc.StatusCode.
            details = _handler_errors.bad_code(self, code, details and _common.decode(details))
            number = _UNKNOWN
        self.end(call, context, number, "" if details is None else _common.decode(details), last)

    def check_type(self, reply):
        """Raises TypeError for a message of another type."""
        if _message_types.is_other(reply, self.reply_type):
            raise TypeError(f"{type(reply).__name__} instead of {self.reply_type.__name__}")

    def one_request(self, call, context):
        """The request of a handler that takes one, wherever it is. False: there is none, and the call is ended."""
        data = call.request
        if data is None:
            data = call.wait_message()[0]
            if data is None:
                self.fail(call, context, _UNIMPLEMENTED, f'"{self.path}" needs exactly one request; there was none.')
                return False, None
        try:
            return True, self.deserialize(data)
        except Exception as error:
            self.fail(call, context, _INTERNAL, _handler_errors.bad_request(self, error))
            return False, None

    def requests(self, call, context):
        """The iterator of requests."""
        data = call.request
        if data is None:
            return _RequestIterator(context, call, self.deserialize)
        try:
            return OneRequest(self.deserialize(data))
        except Exception as error:
            self.fail(call, context, _INTERNAL, _handler_errors.bad_request(self, error))
            return None

    def reply_once(self, call, context, argument):
        """Calls a handler that returns one reply."""
        try:
            reply = self.behavior(argument, context)
        except BaseException as error:
            return self.failed(call, context, error)
        try:
            if self.reply_type is not None and type(reply) is not self.reply_type:
                self.check_type(reply)
            data = self.serialize(reply)
        except Exception as error:
            return self.fail(call, context, _INTERNAL, _handler_errors.bad_reply(self, reply, error))
        self.finish(call, context, data)

    def reply_stream(self, call, context, argument):
        """Calls a handler that gives a stream of replies."""
        try:
            replies = self.behavior(argument, context)
        except BaseException as error:
            return self.failed(call, context, error)
        if type(replies) is not types.GeneratorType:
            try:
                replies = iter(replies)
            except TypeError:
                return self.fail(call, context, _UNKNOWN, _handler_errors.not_iterable(self, replies))
        serialize, write, can_write, is_active = self.serialize, call.write, call.can_write, call.is_active
        reply_type = self.reply_type
        try:
            for reply in replies:
                try:
                    if reply_type is not None and type(reply) is not reply_type:
                        self.check_type(reply)
                    data = serialize(reply)
                except Exception as error:
                    return self.fail(call, context, _INTERNAL, _handler_errors.bad_reply(self, reply, error))
                write(data)
                if not can_write():
                    call.wait_writable()
                if not is_active():
                    return self.finish(call, context, None)
        except BaseException as error:
            return self.failed(call, context, error, "iterating responses")
        self.finish(call, context, None)


class UnaryUnary(Method):
    __slots__ = ()

    def run(self, call):
        # This is the way that most calls go: nothing here that could be elsewhere.
        context = self.context_type(call, self, None)
        data = call.request
        if data is None:
            there, request = self.one_request(call, context)
            if not there:
                return
        else:
            try:
                request = self.deserialize(data)
            except Exception as error:
                return self.fail(call, context, _INTERNAL, _handler_errors.bad_request(self, error))
        try:
            reply = self.behavior(request, context)
        except BaseException as error:
            return self.failed(call, context, error)
        try:
            if self.reply_type is not None and type(reply) is not self.reply_type:
                self.check_type(reply)
            data = self.serialize(reply)
        except Exception as error:
            return self.fail(call, context, _INTERNAL, _handler_errors.bad_reply(self, reply, error))
        if context._code is None and context._details is None and context._callbacks is None:
            context._over = True
            call.finish(0, "", context._trailing, data, True)
        else:
            self.finish(call, context, data)


class StreamUnary(Method):
    __slots__ = ()

    def run(self, call):
        context = self.context_type(call, self, None)
        requests = self.requests(call, context)
        if requests is not None:
            self.reply_once(call, context, requests)


class UnaryStream(Method):
    __slots__ = ()

    def run(self, call):
        context = self.context_type(call, self, None)
        there, request = self.one_request(call, context)
        if there:
            self.reply_stream(call, context, request)


class StreamStream(Method):
    __slots__ = ()

    def run(self, call):
        context = self.context_type(call, self, None)
        requests = self.requests(call, context)
        if requests is not None:
            self.reply_stream(call, context, requests)


class NonBlocking(Method):
    """The reference's experiment: behavior(request, context, send) calls send(reply) for each, and send(None)."""

    __slots__ = ()

    def run(self, call):
        context = self.context_type(call, self, None)
        if self.request_streaming:
            argument = self.requests(call, context)
            there = argument is not None
        else:
            there, argument = self.one_request(call, context)
        if not there:
            return

        def send(reply):
            if reply is None:
                self.finish(call, context, None)
                return
            try:
                if self.reply_type is not None and type(reply) is not self.reply_type:
                    self.check_type(reply)
                data = self.serialize(reply)
            except Exception as error:
                self.fail(call, context, _INTERNAL, _handler_errors.bad_reply(self, reply, error))
                return
            call.write(data)
            if not call.can_write():
                call.wait_writable()

        try:
            self.behavior(argument, context, send)
        except BaseException as error:
            self.failed(call, context, error)


class OnPool:
    """A method with a thread pool of its own."""

    __slots__ = ("_method", "_pool", "_flush")

    def __init__(self, method, pool, flush):
        self._method = method
        self._pool = pool
        self._flush = flush

    def run(self, call):
        self._pool.submit(self._run, call)

    def _run(self, call):
        self._method.run(call)
        self._flush()


def make(server, path, handler):
    """What runs calls of `handler`, an RpcMethodHandler."""
    if handler.request_streaming:
        kind, behavior = ((StreamStream, handler.stream_stream) if handler.response_streaming
                          else (StreamUnary, handler.stream_unary))
    else:
        kind, behavior = ((UnaryStream, handler.unary_stream) if handler.response_streaming
                          else (UnaryUnary, handler.unary_unary))
    if handler.response_streaming and getattr(behavior, "experimental_non_blocking", False):
        kind = NonBlocking
    method = kind(server, path, handler, behavior)
    pool = getattr(behavior, "experimental_thread_pool", None)
    if pool is not None:
        from concurrent.futures import ThreadPoolExecutor
        if isinstance(pool, ThreadPoolExecutor):
            return OnPool(method, pool, server.flush)
    return method


class Dynamic:
    """A path whose handler is looked for when a call comes: interceptors or handlers of the user decide."""

    __slots__ = ("_server", "_details", "_path", "_last")

    def __init__(self, server, path):
        self._server = server
        self._path = path  # None: the call's
        self._last = (None, None)

    def run(self, call):
        server = self._server
        path = self._path or call.path
        try:
            handler = server.find_handler(path, _common.metadata_out(call.invocation_metadata()))
        except BaseException as error:
            call.finish(_UNKNOWN, _handler_errors.not_found(path, error), None, None, True)
            return
        if handler is None:
            call.finish(_UNIMPLEMENTED, "Method not found!", None, None, True)
            return
        # Mostly the same handler as the last time: what was made of it is kept.
        last, method = self._last
        if last is not handler or self._path is None:
            method = make(server, path, handler)
            self._last = (handler, method)
        method.run(call)
