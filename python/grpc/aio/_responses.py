"""Replies that interceptors of grpc.aio give in place of a call."""
from grpc._cython.cygrpc import EOF
from grpc._enums import StatusCode
from grpc.aio import _base_call


class UnaryUnaryCallResponse(_base_call.UnaryUnaryCall):
    """A reply that an interceptor gave, as a call."""

    def __init__(self, response):
        self._response = response

    def cancel(self):
        """False: it is over."""
        return False

    def cancelled(self):
        """False."""
        return False

    def done(self):
        """True."""
        return True

    def add_done_callback(self, unused_callback):
        """Calls it at once: the call is over."""
        unused_callback(self)

    def time_remaining(self):
        """None: there is no deadline."""
        return None

    async def initial_metadata(self):
        """None: there is none."""
        return None

    async def trailing_metadata(self):
        """None: there is none."""
        return None

    async def code(self):
        """OK."""
        return StatusCode.OK

    async def details(self):
        """Nothing."""
        return ""

    async def debug_error_string(self):
        """None: there is none."""
        return None

    def __await__(self):
        return self._response
        yield

    async def wait_for_connection(self):
        """Returns at once."""


class _IteratorCall:
    """An interceptor's iterator of replies, as a call: all but the replies is that of the call that was made."""

    def __init__(self, call, response_iterator):
        self._call = call
        self._response_iterator = response_iterator

    def cancel(self):
        """As the call's."""
        return False if self._call is None else self._call.cancel()

    def cancelled(self):
        """As the call's."""
        return self._call is not None and self._call.cancelled()

    def done(self):
        """As the call's."""
        return self._call is None or self._call.done()

    def add_done_callback(self, callback):
        """As the call's."""
        callback(self) if self._call is None else self._call.add_done_callback(callback)

    def time_remaining(self):
        """As the call's."""
        return None if self._call is None else self._call.time_remaining()

    async def initial_metadata(self):
        """As the call's."""
        return None if self._call is None else await self._call.initial_metadata()

    async def trailing_metadata(self):
        """As the call's."""
        return None if self._call is None else await self._call.trailing_metadata()

    async def code(self):
        """As the call's."""
        return StatusCode.OK if self._call is None else await self._call.code()

    async def details(self):
        """As the call's."""
        return "" if self._call is None else await self._call.details()

    async def debug_error_string(self):
        """As the call's."""
        return None if self._call is None else await self._call.debug_error_string()

    def __aiter__(self):
        return self._response_iterator.__aiter__()

    async def wait_for_connection(self):
        """As the call's."""
        if self._call is not None:
            await self._call.wait_for_connection()

    async def read(self):
        """The next reply; EOF after the last."""
        try:
            return await self.__aiter__().__anext__()
        except StopAsyncIteration:
            return EOF


class UnaryStreamCallResponseIterator(_IteratorCall, _base_call.UnaryStreamCall):
    """One request, and replies from an interceptor."""


class StreamStreamCallResponseIterator(_IteratorCall, _base_call.StreamStreamCall):
    """Many requests, and replies from an interceptor. Requests come from the iterator that interceptors get."""

    async def write(self, request):
        """Not here."""
        raise NotImplementedError()

    async def done_writing(self):
        """Not here."""
        raise NotImplementedError()

    @property
    def _half_closed(self):
        return getattr(self._call, "_half_closed", False)


for _class in (UnaryUnaryCallResponse, UnaryStreamCallResponseIterator, StreamStreamCallResponseIterator):
    _class.__module__ = "grpc.aio._interceptor"
