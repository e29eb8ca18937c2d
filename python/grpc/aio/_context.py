"""What a handler gets beside the request: its context, and the requests of a client that streams."""
import asyncio

from grpc import _common, _godwit
from grpc._cython.cygrpc import EOF, AbortError, InternalError, UsageError
from grpc._enums import STATUS_CODES, STATUS_NUMBERS, StatusCode
from grpc._server_context import BadRequestError
from grpc._server_context import _Context as _ThreadContext
from grpc.aio._base_server import ServicerContext

_MESSAGE, _WRITABLE, _ENDED = _godwit.MESSAGE, _godwit.WRITABLE, _godwit.ENDED
_UNKNOWN = 2
# After so many messages that came or went without waiting, others on the loop have their turn.
TURN = 64


def status_number(code):
    """The number of a grpc.StatusCode, or of what programs use instead: its number, or another enum's member."""
    number = STATUS_NUMBERS.get(code)
    if number is None:
        if not isinstance(code, int):
            value = getattr(code, "value", None)
            code = value[0] if isinstance(value, tuple) and value else value
        number = code if isinstance(code, int) and 0 <= code < len(STATUS_CODES) else _UNKNOWN
    return number


class _ServicerContext(ServicerContext):
    """One call. Most fields are of the class until somebody writes them: making a context costs little."""

    _task = None
    _touched = False  # status, trailing metadata or callbacks were set: the end takes the long way
    _code = None
    _details = ""
    _trailing = ()
    _abortion = None  # what abort() raised
    _initial_sent = False
    _callbacks = None
    _over = False     # the status is on the way
    _lost = False     # nobody waits for it any more
    _reader = None    # the future of a read()
    _writers = None   # the futures of write()s
    _left = TURN

    def __init__(self, call, method):
        self._call = call
        self._method = method

    # ---- events, on the loop

    def _event(self, bits):
        if bits & _MESSAGE:
            future = self._reader
            if future is not None and not future.done():
                future.set_result(None)
        if bits & _WRITABLE:
            self._wake_writers()
        if bits & _ENDED and not self._over:
            self._lost = True
            if self._task is not None:
                self._task.cancel()

    def _wake_writers(self):
        futures, self._writers = self._writers, None
        for future in futures or ():
            if not future.done():
                future.set_result(None)

    def _closed(self):
        """The handler has returned."""
        callbacks, self._callbacks = self._callbacks, None
        for callback in callbacks or ():
            try:
                callback(self)
            except Exception:
                from grpc._log import logger
                logger("grpc._server").exception("%s: the callback %s raised", self._call.path,
                                                 _common.source_of(callback))

    # ---- messages

    def _check_running(self):
        if self._abortion is not None:
            raise self._abortion
        if self._over:
            raise UsageError("RPC already finished.")

    async def _take(self):
        """The bytes of the next request, or None."""
        if self._reader is not None:
            raise UsageError(f"{self._call.path}: another read() is waiting for the next request already")
        if self._call.request is not None:
            return None  # the one request is the handler's argument
        take = self._call.take
        data = take()
        if data is not None:
            # Many are there: this would never wait.
            self._left = TURN
            await asyncio.sleep(0)
            return data
        call = self._call
        while data is None:
            if self._lost:
                raise InternalError(f"{call.path}: the client has gone, or the deadline has passed")
            # A call that is over has an event coming that cancels this task: its requests did not come to their end.
            if call.is_active():
                if call.messages_ended() and call.is_active():
                    return None
                call.want_message()
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
            data = take()
        self._left = TURN
        return data

    def _parse(self, data):
        try:
            return self._method.deserialize(data)
        except Exception as error:
            raise BadRequestError(error) from error

    async def read(self):
        self._check_running()
        left = self._left
        data = self._call.take() if left and self._reader is None else None
        if data is None:
            data = await self._take()
            self._check_running()
            if data is None:
                return EOF
        else:
            self._left = left - 1
        return self._parse(data)

    async def write(self, message):
        self._check_running()
        call = self._call
        call.write(self._method.to_bytes(message))
        self._initial_sent = True
        self._left = left = self._left - 1
        if not left or not call.can_write():
            await self._writable()

    async def _writable(self):
        """Until more may be written. Others have their turn."""
        self._left = TURN
        call = self._call
        if call.can_write():
            await asyncio.sleep(0)
        while not call.can_write():
            future = asyncio.get_running_loop().create_future()
            if self._writers is None:
                self._writers = []
            self._writers.append(future)
            await future

    # ---- metadata and status

    async def send_initial_metadata(self, initial_metadata):
        self._check_running()
        if self._initial_sent:
            raise UsageError(f"{self._call.path}: Send initial metadata failed: already sent. It is sent once, before "
                             "the first reply.")
        initial_metadata = () if initial_metadata is None else tuple(initial_metadata)
        self._check(initial_metadata, "send_initial_metadata")
        self._initial_sent = True
        self._call.send_initial_metadata(initial_metadata)

    _check = _ThreadContext._check

    def set_trailing_metadata(self, trailing_metadata):
        trailing_metadata = () if trailing_metadata is None else tuple(trailing_metadata)
        self._check(trailing_metadata, "set_trailing_metadata")
        self._trailing = trailing_metadata
        self._touched = True

    def trailing_metadata(self):
        return self._trailing

    def set_code(self, code):
        self._code = code
        self._touched = True

    def code(self):
        return self._code

    def set_details(self, details):
        self._details = _text(self._call, "set_details", details)
        self._touched = True

    def details(self):
        return self._details

    async def abort(self, code, details="", trailing_metadata=()):
        if self._abortion is not None:
            raise UsageError("Abort already called!")
        if self._over:
            raise UsageError("RPC already finished.")
        self._abort_now(code, details, trailing_metadata)
        raise self._abortion

    def _abort_now(self, code, details, trailing_metadata):
        trailing_metadata = tuple(trailing_metadata or ())
        if trailing_metadata:
            self.set_trailing_metadata(trailing_metadata)
        if details is not None and details != "":
            self.set_details(details)
        self._touched = True
        number = status_number(code)
        if number == 0 or code is None:
            from grpc import _handler_errors
            self._details = _handler_errors.bad_abort(self._call.path, code, details)
            code, number = StatusCode.UNKNOWN, _UNKNOWN
        self._code = code
        self._abortion = AbortError("Locally aborted.")
        self._finish(number, self._details)

    def _finish(self, number, details, last=None):
        """Sends the status."""
        if not self._over:
            self._over = True
            self._call.finish(number, details, self._trailing, last, True)
            self._method.server.flush_soon()

    async def abort_with_status(self, status):
        await self.abort(status.code, status.details, status.trailing_metadata)

    def add_done_callback(self, callback):
        if self._callbacks is None:
            self._callbacks = []
            self._touched = True
        self._callbacks.append(callback)

    def cancelled(self):
        return self._lost or (self._code is not None and status_number(self._code) == 1)

    def done(self):
        return self._over or self._lost

    # ---- about the call

    def time_remaining(self):
        seconds = self._call.time_remaining()
        return None if seconds is None else max(seconds, 0.0)

    invocation_metadata = _ThreadContext.invocation_metadata
    peer = _ThreadContext.peer
    auth_context = _ThreadContext.auth_context
    peer_identity_key = _ThreadContext.peer_identity_key
    peer_identities = _ThreadContext.peer_identities
    set_compression = _ThreadContext.set_compression
    disable_next_message_compression = _ThreadContext.disable_next_message_compression


def _text(call, function, details):
    if isinstance(details, bytes):
        return details.decode("utf-8", "replace")
    if not isinstance(details, str):
        raise TypeError(f"{call.path}: {function}(): details are a str, not {type(details).__name__}")
    return details


class _SyncServicerContext(_ThreadContext):
    """For handlers that are no `async def`: they run on a thread, and may call all of this there."""

    def _event(self, bits):
        if bits & _ENDED:
            self.run_callbacks()

    def time_remaining(self):
        return self._call.time_remaining()

    def set_code(self, code):
        self._code = code if code in STATUS_NUMBERS else STATUS_CODES[status_number(code)]

    def abort(self, code, details="", trailing_metadata=()):
        if self._aborted:
            raise UsageError("Abort already called!")
        trailing_metadata = tuple(trailing_metadata or ())
        if trailing_metadata:
            self.set_trailing_metadata(trailing_metadata)
        if not details and self._details is not None:
            details = self._details
        if isinstance(code, int):
            code = STATUS_CODES[status_number(code)]
        try:
            _ThreadContext.abort(self, code, details)
        except Exception:
            if not self._aborted:
                raise
        raise AbortError("Locally aborted.")

    def abort_with_status(self, status):
        self.abort(status.code, status.details, status.trailing_metadata)


class _RequestIterator:
    """The requests of a client that streams."""

    __slots__ = ("_context",)

    def __init__(self, context):
        self._context = context

    def __aiter__(self):
        return self

    async def __anext__(self):
        message = await self._context.read()
        if message is EOF:
            raise StopAsyncIteration()
        return message


class OneRequest:
    """The requests of a client that does not stream, for handlers that take a stream."""

    __slots__ = ("_left",)

    def __init__(self, request):
        self._left = (request,)

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self._left:
            raise StopAsyncIteration()
        (request,), self._left = self._left, ()
        return request


_ServicerContext.__module__ = _SyncServicerContext.__module__ = "grpc._cython.cygrpc"
