"""Interceptors of clients and servers."""
import collections
import sys

from grpc._enums import StatusCode
from grpc._interfaces import (Call, ClientCallDetails, Future, RpcError, StreamStreamClientInterceptor,
                              StreamUnaryClientInterceptor, UnaryStreamClientInterceptor, UnaryUnaryClientInterceptor)
from grpc._interfaces_rpc import (Channel, StreamStreamMultiCallable, StreamUnaryMultiCallable,
                                  UnaryStreamMultiCallable, UnaryUnaryMultiCallable)


class _ServicePipeline:
    """The interceptors of a server, one before the other, and at the end what finds the handler."""

    def __init__(self, interceptors):
        self.interceptors = tuple(interceptors)

    def execute(self, thunk, context):
        return self._at(0, thunk, context)

    def _at(self, index, thunk, context):
        if index == len(self.interceptors):
            return thunk(context)

        def continuation(details):
            return self._at(index + 1, thunk, details)

        return self.interceptors[index].intercept_service(continuation, context)


def service_pipeline(interceptors):
    """None without interceptors."""
    interceptors = tuple(interceptors or ())
    for interceptor in interceptors:
        if not hasattr(interceptor, "intercept_service"):
            raise TypeError(f"{interceptor!r} is no grpc.ServerInterceptor: it has no method intercept_service()")
    return _ServicePipeline(interceptors) if interceptors else None


_FIELDS = ("method", "timeout", "metadata", "credentials", "wait_for_ready", "compression")


class _ClientCallDetails(collections.namedtuple("_ClientCallDetails", _FIELDS), ClientCallDetails):
    """A call to be made."""


def _details(given, default):
    """(method, keyword arguments) of details that an interceptor made: what it left out is as before."""
    method = getattr(given, "method", default.method)
    return method, {name: getattr(given, name, getattr(default, name)) for name in _FIELDS[1:]}


class _Ended(Future, Call):
    """What calls that are over have in common."""

    def is_active(self):
        return False

    def time_remaining(self):
        return None

    def cancel(self):
        return False

    def cancelled(self):
        return False

    def running(self):
        return False

    def done(self):
        return True

    def add_done_callback(self, fn):
        fn(self)


class _FailureOutcome(RpcError, _Ended):
    """An interceptor raised something of its own: it is raised again by whoever asks for the result."""

    def __init__(self, exception, traceback):
        super().__init__(str(exception))
        self._exception = exception
        self._traceback = traceback

    def initial_metadata(self):
        return None

    def trailing_metadata(self):
        return None

    def code(self):
        return StatusCode.INTERNAL

    def details(self):
        return "Exception raised while intercepting the RPC"

    def add_callback(self, unused_callback):
        return False

    def result(self, ignored_timeout=None):
        raise self._exception

    def exception(self, ignored_timeout=None):
        return self._exception

    def traceback(self, ignored_timeout=None):
        return self._traceback

    def __iter__(self):
        return self

    def __next__(self):
        raise self._exception

    def next(self):
        return self.__next__()


class _UnaryOutcome(_Ended):
    """A reply with its call."""

    def __init__(self, response, call):
        self._response = response
        self._call = call

    def initial_metadata(self):
        return self._call.initial_metadata()

    def trailing_metadata(self):
        return self._call.trailing_metadata()

    def code(self):
        return self._call.code()

    def details(self):
        return self._call.details()

    def is_active(self):
        return self._call.is_active()

    def time_remaining(self):
        return self._call.time_remaining()

    def cancel(self):
        return self._call.cancel()

    def add_callback(self, callback):
        return self._call.add_callback(callback)

    def result(self, ignored_timeout=None):
        return self._response

    def exception(self, ignored_timeout=None):
        return None

    def traceback(self, ignored_timeout=None):
        return None


class _Intercepted:
    """A method with one interceptor before it."""

    def __init__(self, thunk, method, interceptor):
        self._thunk = thunk  # makes the multi-callable behind this one, for a method's path
        self._method = method
        self._interceptor = interceptor

    def _wait(self, intercept, request, *arguments):
        """A call with one reply that is waited for: (reply, call)."""
        details = _ClientCallDetails(self._method, *arguments)

        def continuation(new_details, request):
            method, keywords = _details(new_details, details)
            try:
                return _UnaryOutcome(*self._thunk(method).with_call(request, **keywords))
            except RpcError as error:
                return error
            except Exception as error:
                return _FailureOutcome(error, sys.exc_info()[2])

        call = intercept(continuation, details, request)
        if not hasattr(call, "result"):
            raise TypeError(f"the interceptor {type(self._interceptor).__name__} returned {type(call).__name__}: it "
                            "must return what its continuation returned, or another grpc.Call and grpc.Future")
        return call.result(), call

    def _begin(self, how, intercept, request, *arguments):
        """A call that is not waited for: how(multi-callable) is the function that makes it."""
        details = _ClientCallDetails(self._method, *arguments)

        def continuation(new_details, request):
            method, keywords = _details(new_details, details)
            return how(self._thunk(method))(request, **keywords)

        try:
            return intercept(continuation, details, request)
        except Exception as error:
            return _FailureOutcome(error, sys.exc_info()[2])


def _future(multi_callable):
    return multi_callable.future


def _itself(multi_callable):
    return multi_callable


class _UnaryUnaryMultiCallable(_Intercepted, UnaryUnaryMultiCallable):

    def __call__(self, request, timeout=None, metadata=None, credentials=None, wait_for_ready=None, compression=None):
        return self.with_call(request, timeout, metadata, credentials, wait_for_ready, compression)[0]

    def with_call(self, request, timeout=None, metadata=None, credentials=None, wait_for_ready=None, compression=None):
        return self._wait(self._interceptor.intercept_unary_unary, request, timeout, metadata, credentials,
                          wait_for_ready, compression)

    def future(self, request, timeout=None, metadata=None, credentials=None, wait_for_ready=None, compression=None):
        return self._begin(_future, self._interceptor.intercept_unary_unary, request, timeout, metadata, credentials,
                           wait_for_ready, compression)


class _UnaryStreamMultiCallable(_Intercepted, UnaryStreamMultiCallable):

    def __call__(self, request, timeout=None, metadata=None, credentials=None, wait_for_ready=None, compression=None):
        return self._begin(_itself, self._interceptor.intercept_unary_stream, request, timeout, metadata, credentials,
                           wait_for_ready, compression)


class _StreamUnaryMultiCallable(_Intercepted, StreamUnaryMultiCallable):

    def __call__(self, request_iterator, timeout=None, metadata=None, credentials=None, wait_for_ready=None,
                 compression=None):
        return self.with_call(request_iterator, timeout, metadata, credentials, wait_for_ready, compression)[0]

    def with_call(self, request_iterator, timeout=None, metadata=None, credentials=None, wait_for_ready=None,
                  compression=None):
        return self._wait(self._interceptor.intercept_stream_unary, request_iterator, timeout, metadata, credentials,
                          wait_for_ready, compression)

    def future(self, request_iterator, timeout=None, metadata=None, credentials=None, wait_for_ready=None,
               compression=None):
        return self._begin(_future, self._interceptor.intercept_stream_unary, request_iterator, timeout, metadata,
                           credentials, wait_for_ready, compression)


class _StreamStreamMultiCallable(_Intercepted, StreamStreamMultiCallable):

    def __call__(self, request_iterator, timeout=None, metadata=None, credentials=None, wait_for_ready=None,
                 compression=None):
        return self._begin(_itself, self._interceptor.intercept_stream_stream, request_iterator, timeout, metadata,
                           credentials, wait_for_ready, compression)


class _Channel(Channel):
    """A channel with one interceptor before it."""

    def __init__(self, channel, interceptor):
        self._channel = channel
        self._interceptor = interceptor

    def subscribe(self, callback, try_to_connect=False):
        self._channel.subscribe(callback, try_to_connect=try_to_connect)

    def unsubscribe(self, callback):
        self._channel.unsubscribe(callback)

    def _make(self, kind, wanted, make, method, request_serializer, response_deserializer, registered):
        made = {}  # by path: an interceptor may change it

        def thunk(path):
            multi_callable = made.get(path)
            if multi_callable is None:
                if registered:
                    multi_callable = make(path, request_serializer, response_deserializer, registered)
                else:  # channels of other packages may not know the fourth argument
                    multi_callable = make(path, request_serializer, response_deserializer)
                if len(made) < 16:
                    made[path] = multi_callable
            return multi_callable

        if isinstance(self._interceptor, wanted):
            return kind(thunk, method, self._interceptor)
        return thunk(method)

    def unary_unary(self, method, request_serializer=None, response_deserializer=None, _registered_method=False):
        return self._make(_UnaryUnaryMultiCallable, UnaryUnaryClientInterceptor, self._channel.unary_unary, method,
                          request_serializer, response_deserializer, _registered_method)

    def unary_stream(self, method, request_serializer=None, response_deserializer=None, _registered_method=False):
        return self._make(_UnaryStreamMultiCallable, UnaryStreamClientInterceptor, self._channel.unary_stream, method,
                          request_serializer, response_deserializer, _registered_method)

    def stream_unary(self, method, request_serializer=None, response_deserializer=None, _registered_method=False):
        return self._make(_StreamUnaryMultiCallable, StreamUnaryClientInterceptor, self._channel.stream_unary, method,
                          request_serializer, response_deserializer, _registered_method)

    def stream_stream(self, method, request_serializer=None, response_deserializer=None, _registered_method=False):
        return self._make(_StreamStreamMultiCallable, StreamStreamClientInterceptor, self._channel.stream_stream,
                          method, request_serializer, response_deserializer, _registered_method)

    def _close(self):
        self._channel.close()

    def close(self):
        self._channel.close()

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_val, exc_tb):
        self._close()
        return False


_KINDS = (UnaryUnaryClientInterceptor, UnaryStreamClientInterceptor, StreamUnaryClientInterceptor,
          StreamStreamClientInterceptor)


def intercept_channel(channel, *interceptors):
    """See grpc.intercept_channel()."""
    for interceptor in reversed(interceptors):
        if not isinstance(interceptor, _KINDS):
            raise TypeError("interceptor must be " + " or ".join(f"grpc.{kind.__name__}" for kind in _KINDS) +
                            f", not {type(interceptor).__name__}")
        channel = _Channel(channel, interceptor)
    return channel
