"""Methods of a channel, ready to be called."""
import sys
import time

from grpc import _common, _credentials, _events, _godwit, _message_types, _requests
from grpc._call import (EndedCall, _InactiveRpcError, _InvalidMetadataError, _MultiThreadedRendezvous, _SingleThreadedRendezvous,
                        _UnaryReply, fail_reply, failed_state, new_state, no_reply, settled)
from grpc._enums import StatusCode
from grpc._interfaces_rpc import (StreamStreamMultiCallable, StreamUnaryMultiCallable, UnaryStreamMultiCallable,
                                  UnaryUnaryMultiCallable)


class _Method:
    """What all four kinds share.

    The attributes are slots: functools.wraps() around a method, which client libraries use, copies a __dict__.
    """

    __slots__ = ("_channel", "_method", "_target", "_path", "_request_serializer", "_response_deserializer", "_serialize",
                 "_deserialize", "_request_type", "_call_credentials")

    def __init__(self, channel, managed_call, method, target, request_serializer, response_deserializer,
                 _registered_call_handle):
        self._channel = channel
        self._method = method
        self._target = target
        self._path = sys.intern(method.decode())
        self._request_serializer = request_serializer
        self._response_deserializer = response_deserializer
        self._serialize = _common.identity if request_serializer is None else request_serializer
        self._deserialize = _common.identity if response_deserializer is None else response_deserializer
        self._request_type = _message_types.type_for(self._path, 0, request_serializer)
        self._call_credentials = channel._call_credentials

    def _bytes(self, request):
        """The request as bytes."""
        if self._request_type is not None and type(request) is not self._request_type:
            self._check_type(request)
        try:
            data = self._serialize(request)
        except Exception as error:
            raise self._bad_request(request, error) from error
        if type(data) is not bytes:
            if isinstance(data, (bytes, bytearray, memoryview)):
                return bytes(data)
            raise self._bad_request(request, None)
        return data

    def _check_type(self, request):
        if _message_types.is_other(request, self._request_type):
            raise self._bad_request(request, None)

    def _bad_request(self, request, error):
        from grpc._log import logger
        reason = f"{type(error).__name__}: {error}" if error is not None else "the serializer did not return bytes"
        if self._request_serializer is None:
            reason = "without a serializer, requests are bytes"
        elif self._request_type is not None and type(request) is not self._request_type:
            reason = f"the method takes {self._request_type.__name__}"
        text = f"{self._path}: {type(request).__name__} can't be sent: {reason}"
        logger("grpc._channel").error("%s", text, exc_info=error)
        state = failed_state(StatusCode.INTERNAL, "Exception serializing request!")
        state.debug_error_string = text
        return _InactiveRpcError(state)

    def _authorize(self, metadata, credentials, timeout):
        """(metadata with that of call credentials, the time that is left). Raises what a call raises."""
        parts = list(self._call_credentials or ())
        if credentials is not None:
            if not self._channel._secure:
                raise _InactiveRpcError(failed_state(
                    StatusCode.UNAUTHENTICATED, "Established channel does not have a sufficient security level to "
                    "transfer call credential."))
            parts.append(credentials._credentials)
        context = _credentials.call_context(self._path, self._channel._authority())
        until = None if timeout is None else time.monotonic() + timeout
        added = []
        for part in parts:
            try:
                added.extend(part.metadata(context, timeout))
            except TimeoutError:
                raise _InactiveRpcError(failed_state(StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")) from None
            except Exception as error:
                raise _InactiveRpcError(failed_state(
                    StatusCode.UNAVAILABLE, f"Getting metadata from plugin failed with error: {error}")) from error
            if until is not None:
                timeout = until - time.monotonic()
        problem = _godwit.metadata_problem(added)
        if problem is not None:
            raise _InactiveRpcError(failed_state(StatusCode.UNAVAILABLE, f"Illegal metadata: {problem}"))
        return (*(metadata or ()), *added), timeout

    def _start(self, data, timeout, metadata, credentials, wait_for_ready, queue=None):
        if credentials is not None or self._call_credentials is not None:
            try:
                metadata, timeout = self._authorize(metadata, credentials, timeout)
            except _InactiveRpcError as error:
                return EndedCall(error)
        try:
            return self._channel._engine.start_call(self._path, data, timeout, metadata, wait_for_ready, queue)
        except ValueError:
            self._check_metadata(metadata)
            raise

    def _call_and_wait(self, data, timeout, metadata, credentials, wait_for_ready):
        if credentials is not None or self._call_credentials is not None:
            metadata, timeout = self._authorize(metadata, credentials, timeout)
        try:
            return self._channel._engine.unary_blocking(self._path, data, timeout, metadata, wait_for_ready)
        except ValueError:
            self._check_metadata(metadata)
            raise

    def _check_metadata(self, metadata):
        """Raises if metadata is what was wrong."""
        problem = _godwit.metadata_problem(metadata)
        if problem is not None:
            raise _InvalidMetadataError(failed_state(StatusCode.INTERNAL, f"Invalid metadata: {self._path}: {problem}")) \
                from None

    def _failure(self, call):
        """The error of a blocking call that gave no reply."""
        if call.code() == 0:
            state = new_state()
            no_reply(state, call)
        else:
            state = settled(call, new_state())
        return _InactiveRpcError(state)

    def _parse(self, call, reply):
        try:
            return self._deserialize(reply)
        except Exception as error:
            state = new_state()
            fail_reply(state, call, error)
            raise _InactiveRpcError(state) from error

    def _stream(self, kind, request_iterator, timeout, metadata, credentials, wait_for_ready):
        iterator = _requests.iterate(request_iterator, self._path)
        call = self._start(None, timeout, metadata, credentials, wait_for_ready)
        state = new_state()
        rendezvous = kind(state, call, self._deserialize, None)
        _requests.feed(call, iterator, self._bytes)
        return rendezvous


class _UnaryUnaryMultiCallable(_Method, UnaryUnaryMultiCallable):
    def __call__(self, request, timeout=None, metadata=None, credentials=None, wait_for_ready=None, compression=None):
        # This is the way that most calls go: nothing here that could be elsewhere.
        if self._request_type is not None and type(request) is not self._request_type:
            self._check_type(request)
        try:
            data = self._serialize(request)
        except Exception as error:
            raise self._bad_request(request, error) from error
        if type(data) is not bytes:
            data = self._bytes(request)
        if credentials is not None or self._call_credentials is not None:
            metadata, timeout = self._authorize(metadata, credentials, timeout)
        try:
            call = self._channel._engine.unary_blocking(self._path, data, timeout, metadata, wait_for_ready)
        except ValueError:
            self._check_metadata(metadata)
            raise
        reply = call.reply
        if reply is None:
            raise self._failure(call)
        try:
            return self._deserialize(reply)
        except Exception:
            return self._parse(call, reply)

    def with_call(self, request, timeout=None, metadata=None, credentials=None, wait_for_ready=None, compression=None):
        call = self._call_and_wait(self._bytes(request), timeout, metadata, credentials, wait_for_ready)
        reply = call.reply
        if reply is None:
            raise self._failure(call)
        state = settled(call, new_state())
        state.response = self._parse(call, reply)
        return state.response, _UnaryReply(state, call, self._deserialize, None)

    def future(self, request, timeout=None, metadata=None, credentials=None, wait_for_ready=None, compression=None):
        queue = _events.queue()
        call = self._start(self._bytes(request), timeout, metadata, credentials, wait_for_ready, queue)
        future = _UnaryReply(new_state(), call, self._deserialize, None)
        if queue is not None:
            future._tells = True
        return future


class _UnaryStreamMultiCallable(_Method, UnaryStreamMultiCallable):
    _kind = _MultiThreadedRendezvous

    def __call__(self, request, timeout=None, metadata=None, credentials=None, wait_for_ready=None, compression=None):
        call = self._start(self._bytes(request), timeout, metadata, credentials, wait_for_ready)
        return self._kind(new_state(), call, self._deserialize, None)


class _SingleThreadedUnaryStreamMultiCallable(_UnaryStreamMultiCallable):
    _kind = _SingleThreadedRendezvous


class _StreamUnaryMultiCallable(_Method, StreamUnaryMultiCallable):
    def __call__(self, request_iterator, timeout=None, metadata=None, credentials=None, wait_for_ready=None,
                 compression=None):
        return self.with_call(request_iterator, timeout, metadata, credentials, wait_for_ready, compression)[0]

    def with_call(self, request_iterator, timeout=None, metadata=None, credentials=None, wait_for_ready=None,
                  compression=None):
        future = self._stream(_UnaryReply, request_iterator, timeout, metadata, credentials, wait_for_ready)
        future._settle()
        if future._state.code is not StatusCode.OK:
            raise _InactiveRpcError(future._state)
        return future._state.response, future

    def future(self, request_iterator, timeout=None, metadata=None, credentials=None, wait_for_ready=None,
               compression=None):
        return self._stream(_UnaryReply, request_iterator, timeout, metadata, credentials, wait_for_ready)


class _StreamStreamMultiCallable(_Method, StreamStreamMultiCallable):
    def __call__(self, request_iterator, timeout=None, metadata=None, credentials=None, wait_for_ready=None,
                 compression=None):
        return self._stream(_MultiThreadedRendezvous, request_iterator, timeout, metadata, credentials, wait_for_ready)


for _class in (_UnaryUnaryMultiCallable, _UnaryStreamMultiCallable, _SingleThreadedUnaryStreamMultiCallable,
               _StreamUnaryMultiCallable, _StreamStreamMultiCallable):
    _class.__module__ = "grpc._channel"
