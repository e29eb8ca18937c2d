"""Calls of clients, as users hold them: the errors that stubs raise, futures, iterators of replies."""
import sys
import threading

from grpc import _common
from grpc._enums import StatusCode, status_code
from grpc._interfaces import Call, Future, FutureCancelledError, FutureTimeoutError, RpcContext, RpcError

_OK = StatusCode.OK
_ENDED, _TIMEOUT = 1, 2  # of the engine's waits
_DEADLINE = "Deadline Exceeded"

# Two threads may ask for a future's result at the same time; its reply is parsed once.
_settling = threading.Lock()


def after_fork_in_child():
    """The lock may have been held by a thread that the child does not have."""
    global _settling
    _settling = threading.Lock()


class _RPCState:
    """How a call stands: `code` is None while it runs."""

    def __init__(self, due, initial_metadata, trailing_metadata, code, details):
        self.due = due
        self.initial_metadata = initial_metadata
        self.trailing_metadata = trailing_metadata
        self.code = code
        self.details = details
        self.debug_error_string = None
        self.response = None
        self.cancelled = False
        self.callbacks = []

    def reset_postfork_child(self):
        """Nothing here belongs to a process."""


def _text(name, state):
    if state.code is None:
        return f"<{name} object>"
    text = f'<{name} of RPC that terminated with:\n\tstatus = {state.code}\n\tdetails = "{state.details}"\n'
    if state.code is not _OK:
        text += f'\tdebug_error_string = "{state.debug_error_string}"\n'
    return text + ">"


def settled(call, state):
    """Writes the end of an engine's call into `state`."""
    state.initial_metadata = _common.metadata_out(call.initial_metadata())
    state.trailing_metadata = _common.metadata_out(call.trailing_metadata())
    code = status_code(call.code())
    state.details = call.details()
    state.debug_error_string = ""
    if code is not _OK:
        state.debug_error_string = f"{call.peer() or 'local'}: {code.name}: {state.details}"
        if code is StatusCode.DEADLINE_EXCEEDED and state.details.startswith(_DEADLINE + ":"):
            state.details = _DEADLINE  # programs compare it
    state.code = code
    return state


def new_state():
    """Of a call that runs."""
    return _RPCState((), None, None, None, None)


def failed_state(code, details):
    """Of a call that ended here."""
    state = _RPCState((), (), (), code, details)
    state.debug_error_string = f"local: {code.name}: {details}"
    return state


def _abstract(function):
    function.__isabstractmethod__ = True
    return function


class _InactiveRpcError(RpcError, Call, Future):
    """What a stub raises: a call that is over."""

    def __init__(self, state):
        if not isinstance(state, _RPCState):
            state = failed_state(StatusCode.INTERNAL, f"Inactive RPC Error: Invalid RPC state type. Details: {state}")
        self._state = state

    def initial_metadata(self):
        return self._state.initial_metadata

    def trailing_metadata(self):
        return self._state.trailing_metadata

    def code(self):
        return self._state.code

    def details(self):
        return _common.decode(self._state.details)

    def debug_error_string(self):
        return _common.decode(self._state.debug_error_string)

    def __repr__(self):
        return _text(type(self).__name__, self._state)

    __str__ = __repr__

    def __reduce__(self):
        # The arguments of Exception would not do: the state is made again from plain values.
        state = self._state
        return (_restore, (type(self), state.initial_metadata and tuple(map(tuple, state.initial_metadata)),
                           state.trailing_metadata and tuple(map(tuple, state.trailing_metadata)), state.code,
                           state.details, state.debug_error_string))

    def cancel(self):
        return False

    def cancelled(self):
        return False

    def running(self):
        return False

    def done(self):
        return True

    # The abstract classes' functions that the reference leaves out: they exist here, and say that the call is over.
    @_abstract
    def is_active(self):
        return False

    @_abstract
    def time_remaining(self):
        return None

    @_abstract
    def add_callback(self, callback):
        return False

    def result(self, timeout=None):
        raise self

    def exception(self, timeout=None):
        return self

    def traceback(self, timeout=None):
        try:
            raise self
        except RpcError:
            return sys.exc_info()[2]

    def add_done_callback(self, fn, timeout=None):
        fn(self)


class EndedCall:
    """In the place of an engine's call: one that could not start, for those who look at its end later."""

    reply = user = None

    def __init__(self, error):
        self._state = error._state

    def code(self):
        return self._state.code.value[0]

    def details(self):
        return self._state.details

    def _nothing(self):
        return ()

    initial_metadata = trailing_metadata = _nothing

    def peer(self):
        return ""

    def time_remaining(self):
        return None

    def ended(self):
        return True

    def cancel_with(self, code, details):
        return False

    def cancel(self):
        return False

    def _wait(self, timeout=None):
        return _ENDED

    wait_ended = wait_initial_metadata = wait_writable = _wait
    messages_ended = ended

    def wait_message(self, timeout=None):
        return None, _ENDED

    def write(self, message):
        pass

    def close_writing(self):
        pass

    def can_write(self):
        return True


class _InvalidMetadataError(_InactiveRpcError, ValueError):
    """Metadata that can't be sent. Programs catch it as either."""


_InvalidMetadataError.__name__ = "_InactiveRpcError"


def _restore(kind, initial_metadata, trailing_metadata, code, details, debug_error_string):
    state = _RPCState((), _common.metadata_out(initial_metadata), _common.metadata_out(trailing_metadata), code, details)
    state.debug_error_string = debug_error_string
    return kind(state)


class _Rendezvous(RpcError, RpcContext):
    """A call that may run: iterator of replies, and the error that is raised when it fails."""

    def __init__(self, state, call, response_deserializer, deadline):
        super().__init__()
        self._state = state
        self._call = call
        self._response_deserializer = response_deserializer
        self._deadline = deadline

    _one_reply = False  # True for calls with one reply: it is the result
    _tells = False      # True for calls that tell their end to the queue of callbacks

    def _settle(self, timeout=None):
        """Waits for the end. False: not in time."""
        state = self._state
        if state.code is not None:
            return True
        call = self._call
        if call.wait_ended(timeout) == _TIMEOUT:
            return False
        with _settling:
            if state.code is None:
                self._take_end(call, state)
        if state.callbacks and not self._one_reply:
            self._call_back()
        return True

    def _over(self):
        """True when nothing more comes: the call has ended, and the replies that are there were taken."""
        return self._call.ended() and (self._one_reply or self._call.messages_ended())

    def _call_back(self):
        from grpc import _events
        _events.fire(self)

    def _take_end(self, call, state):
        if self._one_reply:
            reply = call.reply
            if reply is not None:
                try:
                    state.response = self._response_deserializer(reply)
                except Exception as error:
                    fail_reply(state, call, error)
                    return
            elif call.code() == 0:
                no_reply(state, call)
                return
        settled(call, state)

    def is_active(self):
        return self._state.code is None and not self._over()

    def time_remaining(self):
        return self._call.time_remaining()

    def cancel(self):
        state = self._state
        if state.code is not None:
            return False
        details = "Locally cancelled by application!"
        if not self._call.cancel_with(1, details):
            # For the server it is over, for who reads the replies it is not while some are left.
            if self._over() or self._one_reply:
                return False
            with _settling:
                settled(self._call, state)
                state.code, state.details = StatusCode.CANCELLED, details
                state.debug_error_string = f"local: CANCELLED: {details}"
            if state.callbacks:
                self._call_back()
        state.cancelled = True
        return True

    def add_callback(self, callback):
        if self._state.code is not None or self._over():
            return False
        from grpc import _events
        _events.when_ended(self, lambda _: callback())
        return True

    def __iter__(self):
        return self

    def __next__(self):
        return self._next()

    def next(self):
        return self._next()

    def _next(self):
        data = self._call.wait_message()[0]
        state = self._state
        if data is not None and not state.cancelled:
            if state.callbacks and self._over():
                self._call_back()
            try:
                return self._response_deserializer(data)
            except Exception as error:
                self._call.cancel()
                fail_reply(state, self._call, error)
                raise self from error
        self._settle()
        if state.code is _OK:
            raise StopIteration()
        raise self

    def debug_error_string(self):
        raise NotImplementedError()

    def __repr__(self):
        if self._state.code is None and self._over():
            self._settle()
        return _text(type(self).__name__, self._state)

    __str__ = __repr__

    def __del__(self):
        try:
            if self._state.code is None:
                self._call.cancel_with(1, "Cancelled upon garbage collection!")
        except Exception:  # made half, or the interpreter is ending
            pass


class _MultiThreadedRendezvous(_Rendezvous, Call, Future):
    """A call that any thread may wait for."""

    def initial_metadata(self):
        if self._state.code is None:
            self._call.wait_initial_metadata()
            return _common.metadata_out(self._call.initial_metadata())
        return self._state.initial_metadata

    def trailing_metadata(self):
        self._settle()
        return self._state.trailing_metadata

    def code(self):
        self._settle()
        return self._state.code

    def details(self):
        self._settle()
        return self._state.details

    def debug_error_string(self):
        self._settle()
        return self._state.debug_error_string

    def cancelled(self):
        return self._state.cancelled

    def running(self):
        return not self.done()

    def done(self):
        return self._state.code is not None or self._state.cancelled or self._over()

    def _outcome(self, timeout):
        """The error, or None."""
        if not self._settle(timeout):
            raise FutureTimeoutError()
        if self._state.code is _OK:
            return None
        if self._state.cancelled:
            raise FutureCancelledError()
        return self

    def result(self, timeout=None):
        if self._outcome(timeout) is not None:
            raise self
        return self._state.response

    def exception(self, timeout=None):
        return self._outcome(timeout)

    def traceback(self, timeout=None):
        if self._outcome(timeout) is None:
            return None
        try:
            raise self
        except RpcError:
            return sys.exc_info()[2]

    def add_done_callback(self, fn):
        if self.done():
            fn(self)
            return
        from grpc import _events
        _events.when_ended(self, fn)


class _UnaryReply(_MultiThreadedRendezvous):
    """A future: the reply is its result."""

    _one_reply = True


# Users see one name for both.
_UnaryReply.__name__ = _UnaryReply.__qualname__ = "_MultiThreadedRendezvous"


class _SingleThreadedRendezvous(_Rendezvous, Call, Future):
    """A stream of replies that only its own thread touches: nothing but iterating and initial_metadata() waits."""

    def _ended(self, what):
        if self._state.code is None and not self._call.ended():
            from grpc.experimental import UsageError
            raise UsageError(f"{what} is known when the call is over; this one still runs")
        self._settle()
        return self._state

    def initial_metadata(self):
        return _MultiThreadedRendezvous.initial_metadata(self)

    def trailing_metadata(self):
        return self._ended("trailing_metadata()").trailing_metadata

    def code(self):
        return self._ended("code()").code

    def details(self):
        return self._ended("details()").details

    def debug_error_string(self):
        return self._ended("debug_error_string()").debug_error_string

    def cancelled(self):
        return self._state.cancelled

    def running(self):
        return not self.done()

    def done(self):
        return self._state.code is not None or self._state.cancelled or self._over()

    def _outcome(self, what):
        state = self._ended(what)
        if state.code is _OK:
            return None
        if state.cancelled:
            raise FutureCancelledError()
        return self

    def result(self, timeout=None):
        if self._outcome("result()") is not None:
            raise self
        return self._state.response

    def exception(self, timeout=None):
        return self._outcome("exception()")

    def traceback(self, timeout=None):
        if self._outcome("traceback()") is None:
            return None
        try:
            raise self
        except RpcError:
            return sys.exc_info()[2]

    def add_done_callback(self, fn):
        _MultiThreadedRendezvous.add_done_callback(self, fn)


def fail_reply(state, call, error):
    """The reply can't be parsed: logged, and the call ends with INTERNAL."""
    from grpc._log import logger
    logger("grpc._channel").error("A reply could not be parsed: %s", error, exc_info=error)
    settled(call, state)
    state.code = StatusCode.INTERNAL
    state.details = "Exception deserializing response!"
    state.debug_error_string = f"local: INTERNAL: {state.details} {type(error).__name__}: {error}"


def no_reply(state, call):
    """OK, but without the one reply that there must be."""
    settled(call, state)
    state.code = StatusCode.UNIMPLEMENTED
    state.details = "The server ended the call with OK, but without a reply."
    state.debug_error_string = f"{call.peer()}: UNIMPLEMENTED: {state.details}"


for _class in (_RPCState, _InactiveRpcError, _InvalidMetadataError, _Rendezvous, _MultiThreadedRendezvous, _UnaryReply,
               _SingleThreadedRendezvous):
    _class.__module__ = "grpc._channel"
