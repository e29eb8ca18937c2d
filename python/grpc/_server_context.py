"""What a handler gets beside the request: its context, and the iterator of requests."""
from grpc import _common, _godwit
from grpc._enums import STATUS_NUMBERS, Compression, StatusCode
from grpc._interfaces import RpcError
from grpc._interfaces_rpc import ServicerContext

_NO_DEADLINE = float("inf")


class CallOverError(RpcError):
    """The client has gone, or the deadline has passed: what handlers get that want to go on with the call."""


class _Context(ServicerContext):
    """One call. Most fields are of the class until somebody writes them: making a context costs little."""

    _code = None
    _details = None
    _trailing = None
    _aborted = False
    _initial_sent = False
    _callbacks = None
    _over = False  # the handler has returned, and its status is on the way

    def __init__(self, rpc_event, state, request_deserializer):
        self._call = rpc_event

    @property
    def _state(self):
        return _State(self)

    # ---- about the call

    def is_active(self):
        return not self._over and self._call.is_active()

    def time_remaining(self):
        seconds = self._call.time_remaining()
        return _NO_DEADLINE if seconds is None else seconds

    def cancel(self):
        self._call.cancel()

    def invocation_metadata(self):
        return _common.metadata_out(self._call.invocation_metadata())

    def peer(self):
        return self._call.peer()

    def auth_context(self):
        known = self._call.auth_context()
        return known or {"transport_security_type": [b"insecure"], "security_level": [b"TSI_SECURITY_NONE"]}

    def peer_identity_key(self):
        known = self._call.auth_context()
        for key in ("x509_subject_alternative_name", "x509_common_name"):
            if known.get(key):
                return key
        return None

    def peer_identities(self):
        key = self.peer_identity_key()
        return None if key is None else self._call.auth_context()[key]

    def add_callback(self, callback):
        if self._over or not self._call.is_active():
            return False
        if self._callbacks is None:
            self._callbacks = []
            self._call.user = self  # for the event that says that nobody waits any more
        self._callbacks.append(callback)
        if not self._call.is_active():
            self.run_callbacks()  # the event may have come before there was anybody to tell
        return True

    def run_callbacks(self):
        """Once: when the status is on the way, or nobody waits for it any more."""
        callbacks, self._callbacks = self._callbacks, None
        self._call.user = None
        for callback in callbacks or ():
            try:
                callback()
            except Exception:
                from grpc._log import logger
                logger("grpc._server").exception("%s: the callback %s raised", self._call.path,
                                                 _common.source_of(callback))

    # ---- what goes to the client

    def send_initial_metadata(self, initial_metadata):
        if self._initial_sent:
            raise ValueError(f"Initial metadata no longer allowed! {self._call.path}: it was sent already; call "
                             "send_initial_metadata() once, before the first reply")
        if not self._call.is_active():
            raise CallOverError(f"{self._call.path}: the call is over")
        self._check(initial_metadata, "send_initial_metadata")
        self._initial_sent = True
        self._call.send_initial_metadata(initial_metadata)

    def set_trailing_metadata(self, trailing_metadata):
        if trailing_metadata is not None:
            trailing_metadata = tuple(trailing_metadata)
            self._check(trailing_metadata, "set_trailing_metadata")
        self._trailing = trailing_metadata

    def _check(self, metadata, function):
        problem = _godwit.metadata_problem(metadata)
        if problem is not None:
            raise ValueError(f"{self._call.path}: {function}(): {problem}")

    def trailing_metadata(self):
        return self._trailing

    def set_code(self, code):
        self._code = code

    def code(self):
        return self._code

    def set_details(self, details):
        self._details = _common.encode(details)

    def details(self):
        return self._details

    def abort(self, code, details):
        if code is StatusCode.OK or code not in STATUS_NUMBERS:
            from grpc import _handler_errors
            details = _handler_errors.bad_abort(self._call.path, code, details)
            code = StatusCode.UNKNOWN
        self._code = code
        self._details = _common.encode("" if details is None else details)
        self._aborted = True
        raise Exception()  # of no other type: tracing packages tell it from a handler's own errors by that

    def abort_with_status(self, status):
        if status.trailing_metadata is not None:
            self.set_trailing_metadata(status.trailing_metadata)
        self.abort(status.code, status.details)

    # Replies go out as they are: whoever asks for compression gets a valid stream all the same.
    def set_compression(self, compression):
        Compression(compression)

    def disable_next_message_compression(self):
        pass


class _State:
    """What packages for metrics read behind the API, as py-grpc-prometheus does: the reference keeps it there."""

    __slots__ = ("_context",)

    def __init__(self, context):
        self._context = context

    @property
    def client(self):
        context = self._context
        return "closed" if context._over else "open" if context._call.is_active() else "cancelled"

    code = property(lambda self: self._context._code)
    details = property(lambda self: self._context._details)
    trailing_metadata = property(lambda self: self._context._trailing)
    aborted = property(lambda self: self._context._aborted)


class _RequestIterator:
    """The requests of a client that streams."""

    def __init__(self, state, call, request_deserializer):
        self._context = state
        self._call = call
        self._deserialize = request_deserializer

    def __iter__(self):
        return self

    def __next__(self):
        data = self._call.wait_message()[0]
        if data is None:
            if self._context._over or self._call.is_active():
                raise StopIteration()
            raise CallOverError(f"{self._call.path}: the client has gone, or the deadline has passed")
        try:
            return self._deserialize(data)
        except Exception as error:
            raise BadRequestError(error) from error

    next = __next__


class OneRequest:
    """The requests of a client that does not stream, for handlers that take a stream."""

    def __init__(self, request):
        self._left = (request,)

    def __iter__(self):
        return self

    def __next__(self):
        if not self._left:
            raise StopIteration()
        (request,), self._left = self._left, ()
        return request

    next = __next__


class BadRequestError(RpcError):
    """A request that can't be parsed: leaves the handler, and the client gets INTERNAL."""

    def __init__(self, error):
        super().__init__("Exception deserializing request!")
        self.error = error


_Context.__module__ = _RequestIterator.__module__ = "grpc._server"
