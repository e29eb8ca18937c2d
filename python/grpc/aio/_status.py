"""How calls of grpc.aio end: errors, and the words in them that programs know."""
from grpc._cython.cygrpc import InternalError
from grpc._enums import StatusCode, status_code
from grpc._interfaces import RpcError
from grpc.aio._metadata import Metadata

LOCALLY_CANCELLED = "Locally cancelled by application!"
COLLECTED = "Cancelled upon garbage collection!"
FINISHED = "RPC already finished."
HALF_CLOSED = 'RPC is half closed after calling "done_writing".'
MIXED = "The iterator and read/write APIs may not be mixed on a single RPC."

_OK = StatusCode.OK
_DEADLINE = "Deadline Exceeded"


class AioRpcError(RpcError):
    """A call failed: what was known at its end."""

    def __init__(self, code, initial_metadata=None, trailing_metadata=None, details=None, debug_error_string=None):
        super().__init__()
        self._code = code
        self._details = details
        self._initial_metadata = initial_metadata
        self._trailing_metadata = trailing_metadata
        self._debug_error_string = debug_error_string

    def code(self):
        """A grpc.StatusCode."""
        return self._code

    def details(self):
        """What the server says about it."""
        return self._details

    def initial_metadata(self):
        """Metadata that came before the first message."""
        return self._initial_metadata

    def trailing_metadata(self):
        """Metadata that came with the status."""
        return self._trailing_metadata

    def debug_error_string(self):
        """More about it, for people."""
        return self._debug_error_string

    def __repr__(self):
        return (f'<{type(self).__name__} of RPC that terminated with:\n\tstatus = {self._code}\n'
                f'\tdetails = "{self._details}"\n\tdebug_error_string = "{self._debug_error_string}"\n>')

    __str__ = __repr__

    def __reduce__(self):
        return (type(self), (self._code, self._initial_metadata, self._trailing_metadata, self._details,
                             self._debug_error_string))


class InvalidMetadataError(AioRpcError, InternalError, ValueError):
    """Metadata that can't be sent. Programs catch it as any of these."""


InvalidMetadataError.__name__ = "AioRpcError"


class Status:
    """How a call ended."""

    __slots__ = ("code", "details", "debug", "initial_metadata", "trailing_metadata", "kind")

    def __init__(self, engine):
        self.kind = AioRpcError
        self.code = code = status_code(engine.code())
        self.details = details = engine.details()
        self.initial_metadata = engine.initial_metadata()
        self.trailing_metadata = engine.trailing_metadata()
        self.debug = ""
        if code is not _OK:
            self.debug = f"{engine.peer() or 'local'}: {code.name}: {details}"
            if code is StatusCode.DEADLINE_EXCEEDED and details.startswith(_DEADLINE + ":"):
                self.details = _DEADLINE  # programs compare it

    def error(self):
        return self.kind(self.code, Metadata.from_tuple(self.initial_metadata),
                         Metadata.from_tuple(self.trailing_metadata), self.details, self.debug)


class EndedEngine:
    """In the place of the engine's call: it failed before it began."""

    reply = user = None

    def __init__(self, error):
        self._code = error.code().value[0]
        self._details = error.details()
        self.error = error

    def code(self):
        return self._code

    def details(self):
        return self._details

    def initial_metadata(self):
        return ()

    trailing_metadata = initial_metadata

    def cancel_with(self, code, details):
        return False

    def _true(self):
        return True

    ended = messages_ended = can_write = has_initial_metadata = _true

    def _none(self, *arguments):
        return None

    take = time_remaining = want_message = write = close_writing = _none

    def take_many(self, most):
        return []

    def peer(self):
        return ""


AioRpcError.__module__ = "grpc.aio._call"
