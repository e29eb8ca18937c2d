"""Calls of grpc.aio."""
import asyncio
import weakref
from typing import Generic

from grpc import _godwit
from grpc._cython.cygrpc import EOF, UsageError
from grpc._enums import StatusCode
from grpc.aio import _base_call
from grpc.aio._metadata import Metadata
from grpc.aio._requests import AT_ONCE, ManyRequests, turn
from grpc.aio._status import COLLECTED, LOCALLY_CANCELLED, MIXED, AioRpcError, Status
from grpc.aio._typing import RequestType, ResponseType

__all__ = "AioRpcError", "Call", "UnaryStreamCall", "UnaryUnaryCall"

_OK = StatusCode.OK
_INITIAL_METADATA = _godwit.INITIAL_METADATA
_MESSAGE = _godwit.MESSAGE
_ENDED = _godwit.ENDED
_ALL = _INITIAL_METADATA | _MESSAGE | _godwit.WRITABLE | _ENDED

_NOTHING = object()  # no reply yet
_waiter = _godwit.waiter
_godwit.set_cancelled_error(asyncio.CancelledError)


class _Weak(weakref.ref):
    """Hands events to a call, and lets it go when its user does: then it is cancelled."""

    __slots__ = ()

    def _event(self, bits):
        call = self()
        if call is not None:
            call._event(bits)


class Call(Generic[RequestType, ResponseType]):
    """What all four kinds share. It belongs to the event loop in which it was made."""

    __slots__ = ("_engine", "_loop", "_pump", "_method", "_over", "_cancelled", "_status", "_waiters", "_callbacks",
                 "__weakref__")

    def _begin(self, engine, loop, pump, method):
        self._engine = engine
        self._loop = loop
        self._pump = pump
        self._method = method
        self._over = False       # the end has been seen
        self._cancelled = False  # by this side
        self._status = None      # once it was asked for, after the end
        self._waiters = None     # [(bits, waiter)]
        self._callbacks = None

    # ---- what happens

    def _event(self, bits):
        if bits & _ENDED and not self._over:
            self._end()
        if self._waiters:
            for wanted, waiter in self._waiters[:]:
                if bits & wanted:
                    waiter.wake()

    def _end(self):
        self._over = True
        self._engine.user = None
        self._call_back()

    def _call_back(self):
        callbacks, self._callbacks = self._callbacks, None
        for callback in callbacks or ():
            try:
                callback(self)
            except Exception as error:
                self._pump.complain(error)

    async def _until(self, bits):
        """Waits for one of these events."""
        entry = (bits, _waiter(self._loop, None))
        if self._waiters is None:
            self._waiters = []
        self._waiters.append(entry)
        try:
            await entry[1]
        finally:
            self._waiters.remove(entry)

    async def _ended(self):
        while not self._over:
            await self._until(_ENDED)
        return self._final()

    def _final(self):
        status = self._status
        if status is None:
            status = self._status = Status(self._engine)
            error = getattr(self._engine, "error", None)
            if error is not None:
                status.debug = error.debug_error_string()
                status.kind = type(error)
        return status

    def _raise(self):
        """The end, as an exception, unless it was OK."""
        if self._cancelled:
            raise asyncio.CancelledError()
        status = self._final()
        if status.code is not _OK:
            raise status.error()

    def _fail(self, code, details, debug):
        """Another end than the engine's."""
        status = self._final()
        status.code, status.details, status.debug = code, details, debug

    def _parse(self, data):
        """The message. When it can't be parsed, the call fails."""
        try:
            return self._method._deserialize(data)
        except Exception as error:
            raise self._unparsable(error) from error

    def _unparsable(self, error):
        from grpc._log import logger
        logger("grpc.aio").error("%s: a reply could not be parsed: %s", self._method._path, error, exc_info=error)
        self._engine.cancel_with(13, "Exception deserializing response!")
        if not self._over:
            self._end()
        self._fail(StatusCode.INTERNAL, "Exception deserializing response!",
                   f"local: INTERNAL: Exception deserializing response! {type(error).__name__}: {error}")
        return self._status.error()

    # ---- what users call

    def _cancel(self, details):
        if self._over or not self._engine.cancel_with(1, details):
            return False
        self._cancelled = True
        self._event(_ALL)
        return True

    def cancel(self):
        """Ends the call. False: it is over."""
        return self._cancel(LOCALLY_CANCELLED)

    def cancelled(self):
        """True when it ended with CANCELLED."""
        return self._over and self._final().code is StatusCode.CANCELLED

    def done(self):
        """True when it is over."""
        return self._over

    def add_done_callback(self, callback):
        """callback(call) when it is over; at once if it is."""
        if self._over:
            callback(self)
        elif self._callbacks is None:
            self._callbacks = [callback]
        else:
            self._callbacks.append(callback)

    def time_remaining(self):
        """Seconds until the deadline; None without one."""
        return self._engine.time_remaining()

    async def initial_metadata(self):
        """Metadata that comes before the first message."""
        if not self._over and not self._engine.has_initial_metadata():
            await self._until(_INITIAL_METADATA | _ENDED)
        return Metadata.from_tuple(self._engine.initial_metadata())

    async def trailing_metadata(self):
        """Metadata that comes with the status."""
        return Metadata.from_tuple((await self._ended()).trailing_metadata)

    async def code(self):
        """How the call ended: a grpc.StatusCode."""
        return (await self._ended()).code

    async def details(self):
        """What the server says about it."""
        return (await self._ended()).details

    async def debug_error_string(self):
        """More about it, for people."""
        return (await self._ended()).debug

    async def wait_for_connection(self):
        """Waits until there is a connection. AioRpcError: the call failed before."""
        await self._method._channel._connected(self)
        if self._over:
            self._raise()

    def __repr__(self):
        if not self._over:
            return "<_AioCall object>"
        status = self._final()
        text = f'<_AioCall of RPC that terminated with:\n\tstatus = {status.code}\n\tdetails = "{status.details}"\n'
        if status.code is not _OK:
            text += f'\tdebug_error_string = "{status.debug}"\n'
        return text + ">"

    __str__ = __repr__


class _OneReply:
    """Calls whose reply is awaited: `await call`, as often as one likes."""

    __slots__ = ()

    def _event(self, bits):
        if bits & _ENDED:
            if not self._over:
                self._pump.running.discard(self)
                self._end()
            waiter, self._waiter = self._waiter, None
            if waiter is not None:
                waiter.wake()
        if self._waiters:
            Call._event(self, bits)

    def __await__(self):
        if self._over:
            return _waiter(self._loop, self, True)
        waiter = _waiter(self._loop, self)
        if self._waiter is None:
            self._waiter = waiter
        else:
            self._waiters = self._waiters or []
            self._waiters.append((_ENDED, waiter))
        return waiter

    def _cancel_for_task(self):
        """The task that awaits the call was cancelled."""
        self._cancel(LOCALLY_CANCELLED)

    def _outcome(self):
        """What `await call` gives."""
        reply = self._reply
        if reply is not _NOTHING:
            return reply
        data = self._engine.reply
        if data is None or self._cancelled or self._status is not None:
            return self._no_reply(data)
        try:
            reply = self._reply = self._method._deserialize(data)
        except Exception as error:
            raise self._unparsable(error) from error
        return reply

    def _no_reply(self, data):
        self._raise()
        if data is not None:  # somebody asked for the status before
            self._reply = self._parse(data)
            return self._reply
        self._fail(StatusCode.UNIMPLEMENTED, "The server ended the call with OK, but without a reply.",
                   f"{self._engine.peer()}: UNIMPLEMENTED: The server ended the call with OK, but without a reply.")
        raise self._status.error()


class UnaryUnaryCall(_OneReply, Call, _base_call.UnaryUnaryCall):
    """A call with one request and one reply."""

    __slots__ = ("_waiter", "_reply")

    async def wait_for_connection(self):
        """Waits for the end. AioRpcError: it failed."""
        await self._ended()
        self._raise()


class _Replies:
    """Iterates over the replies of a call."""

    __slots__ = ("_call",)

    def __init__(self, call):
        self._call = call

    def __aiter__(self):
        return self

    async def __anext__(self):
        call = self._call
        if call._batch and not call._cancelled:
            return call._parse(call._batch.pop())
        data = await call._next()
        if data is None:
            call._raise()
            raise StopAsyncIteration()
        return call._parse(data)

    async def aclose(self):
        """Nothing: the call goes on, as with the reference, until it is cancelled or collected."""


class _ManyReplies:
    """Calls whose replies are iterated over or read."""

    __slots__ = ()

    def _begin_replies(self):
        self._batch = []        # taken from the engine, last one first
        self._iterates = None   # True: with `async for`; False: with read()

    def done(self):
        """True when it is over, and all replies were taken."""
        return self._over and (self._cancelled or not self._batch and self._engine.messages_ended())

    def _style(self, iterates):
        if self._iterates is None:
            self._iterates = iterates
        elif self._iterates is not iterates:
            raise UsageError(MIXED)

    def _cancel(self, details):
        if Call._cancel(self, details):
            return True
        if self.done():
            return False
        # The end is here, but nobody has seen it: there are replies that were not taken.
        self._cancelled = True
        self._batch.clear()
        self._fail(StatusCode.CANCELLED, details, f"local: CANCELLED: {details}")
        self._call_back()
        return True

    def _end(self):
        self._over = True
        self._engine.user = None
        if self.done():  # else callbacks have to wait for the reader
            self._call_back()

    def _unparsable(self, error):
        self._batch.clear()
        failure = Call._unparsable(self, error)
        while self._engine.take_many(AT_ONCE):
            pass
        self._call_back()
        return failure

    async def _next(self):
        """The next message's bytes, or None at the end."""
        batch = self._batch
        if self._cancelled:
            return None
        if batch:
            return batch.pop()
        engine = self._engine
        while True:
            taken = engine.take_many(AT_ONCE)
            if taken:
                if len(taken) > 1:
                    taken.reverse()
                    self._batch = taken
                    data = taken.pop()
                    await turn()
                    return data
                return taken[0]
            if engine.messages_ended():
                if not self._over:
                    self._over = True
                    engine.user = None
                if self._callbacks:
                    self._call_back()
                return None
            engine.want_message()
            try:
                await self._until(_MESSAGE | _ENDED)
            except asyncio.CancelledError:
                self._cancel(LOCALLY_CANCELLED)
                raise
            if self._cancelled:
                return None

    def __aiter__(self):
        self._style(True)
        return _Replies(self)

    async def read(self):
        """The next reply; EOF after the last."""
        if self.done():
            self._raise()
            return EOF
        self._style(False)
        data = await self._next()
        if data is None:
            self._raise()
            return EOF
        return self._parse(data)

    def __del__(self):
        try:
            if not self._over:
                self._engine.cancel_with(1, COLLECTED)
        except Exception:  # made half, or the interpreter is ending
            pass


class UnaryStreamCall(_ManyReplies, Call, _base_call.UnaryStreamCall):
    """A call with one request and many replies."""

    __slots__ = ("_batch", "_iterates")


class StreamUnaryCall(ManyRequests, _OneReply, Call, _base_call.StreamUnaryCall):
    """A call with many requests and one reply."""

    __slots__ = ("_waiter", "_reply", "_half_closed", "_written", "_feeder", "_iterated")


class StreamStreamCall(ManyRequests, _ManyReplies, Call, _base_call.StreamStreamCall):
    """A call with many requests and many replies."""

    __slots__ = ("_batch", "_iterates", "_half_closed", "_written", "_feeder", "_iterated")
