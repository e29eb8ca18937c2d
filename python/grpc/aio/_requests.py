"""Requests of calls of grpc.aio: taken from the user's iterator, or written."""
import asyncio

from grpc import _godwit
from grpc._cython.cygrpc import UsageError
from grpc._enums import StatusCode
from grpc.aio._status import FINISHED, HALF_CLOSED, LOCALLY_CANCELLED, MIXED, AioRpcError

AT_ONCE = 64  # so many messages may pass before the other tasks of the loop get their turn

_WRITABLE = _godwit.WRITABLE
_ENDED = _godwit.ENDED
_ALL = _godwit.INITIAL_METADATA | _godwit.MESSAGE | _WRITABLE | _ENDED


class _Turn:
    """Awaiting it lets the loop's other tasks go first."""

    __slots__ = ()

    def __await__(self):
        yield


def turn(it=_Turn()):
    return it


class ManyRequests:
    """Calls whose requests come from an iterator or are written."""

    __slots__ = ()

    def _begin_requests(self, request_iterator):
        self._half_closed = False
        self._written = 0
        self._feeder = None
        self._iterated = request_iterator is not None
        if self._iterated and not self._over:
            self._feeder = self._loop.create_task(self._feed(request_iterator))

    def cancel(self):
        """Ends the call. False: it is over."""
        if not self._cancel(LOCALLY_CANCELLED):
            return False
        if self._feeder is not None:
            self._feeder.cancel()
        return True

    async def _feed(self, requests):
        try:
            if hasattr(requests, "__aiter__"):
                async for request in requests:
                    if self._over:
                        return
                    await self._write(request)
            else:
                for request in requests:
                    if self._over:
                        return
                    await self._write(request)
            self._close_writing()
        except asyncio.CancelledError:
            self._feeder = None
            self.cancel()
        except Exception as error:
            self._feeder = None
            self._give_up(requests, error)

    def _give_up(self, requests, error):
        """The iterator raised, or a request can't be sent."""
        if self._over and isinstance(error, (AioRpcError, asyncio.InvalidStateError)):
            return
        from grpc._log import logger
        if isinstance(error, AioRpcError):  # logged where it was made
            self._engine.cancel_with(13, "Exception serializing request!")
            if not self._over:
                self._event(_ALL)
            self._fail(StatusCode.INTERNAL, "Exception serializing request!", error.debug_error_string())
            return
        if isinstance(error, TypeError) and not hasattr(requests, "__iter__"):
            logger("grpc.aio").error("%s takes an iterator of requests, not %s; for one request, pass [request]",
                                     self._method._path, type(requests).__name__)
        else:
            logger("grpc.aio").error("%s: the iterator of requests raised", self._method._path, exc_info=error)
        self.cancel()

    async def _write(self, request):
        if self._over:
            raise asyncio.InvalidStateError(FINISHED)
        if self._half_closed:
            raise asyncio.InvalidStateError(HALF_CLOSED)
        engine = self._engine
        engine.write(self._method._bytes(request))
        try:
            if not engine.can_write():
                await self._until(_WRITABLE | _ENDED)
                if self._over:
                    self._raise()
            else:
                self._written += 1
                if self._written >= AT_ONCE:
                    self._written = 0
                    await turn()
        except asyncio.CancelledError:
            self.cancel()
            raise

    def _close_writing(self):
        if not self._over and not self._half_closed:
            self._half_closed = True
            self._engine.close_writing()

    async def write(self, request):
        """Sends a request."""
        if self._iterated:
            raise UsageError(MIXED)
        await self._write(request)

    async def done_writing(self):
        """No more requests. It may be called again."""
        if self._iterated:
            raise UsageError(MIXED)
        self._close_writing()
