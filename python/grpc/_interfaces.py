"""What calls, futures, errors and client interceptors look like: the abstract classes of the API.

Users derive from some and use others in isinstance() and except; the objects that they hold derive from them too.
"""
import abc


class FutureTimeoutError(Exception):
    """The result was not there in the time that the caller gave."""


class FutureCancelledError(Exception):
    """The work was cancelled, so there is no result."""


class Future(abc.ABC):
    """A result that may come later."""

    __slots__ = ()

    @abc.abstractmethod
    def cancel(self):
        """Asks for an end without a result. True if that came in time. Never waits."""
        raise NotImplementedError()

    @abc.abstractmethod
    def cancelled(self):
        """True if cancel() came before the result."""
        raise NotImplementedError()

    @abc.abstractmethod
    def running(self):
        """True until there is a result."""
        raise NotImplementedError()

    @abc.abstractmethod
    def done(self):
        """True when there is a result, an error, or it was cancelled."""
        raise NotImplementedError()

    @abc.abstractmethod
    def result(self, timeout=None):
        """Waits (at most `timeout` seconds) and returns the result, or raises the error.

        FutureTimeoutError: not in time. FutureCancelledError: cancelled.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def exception(self, timeout=None):
        """Like result(), but returns the error, or None."""
        raise NotImplementedError()

    @abc.abstractmethod
    def traceback(self, timeout=None):
        """The traceback of exception(), or None."""
        raise NotImplementedError()

    @abc.abstractmethod
    def add_done_callback(self, fn):
        """fn(self) is called when it is done, at once if it is; from another thread otherwise."""
        raise NotImplementedError()


class Status(abc.ABC):
    """A status for ServicerContext.abort_with_status(): code, details, trailing_metadata."""


class RpcError(Exception):
    """A call that did not end with OK. What a stub raises is a Call too: see code() and details()."""


class RpcContext(abc.ABC):
    """What client and server can ask about a call, and do to it."""

    __slots__ = ()

    @abc.abstractmethod
    def is_active(self):
        """False when the call is over."""
        raise NotImplementedError()

    @abc.abstractmethod
    def time_remaining(self):
        """Seconds until the deadline, at least 0; None where no deadline was given."""
        raise NotImplementedError()

    @abc.abstractmethod
    def cancel(self):
        """Ends the call with CANCELLED, unless it is over."""
        raise NotImplementedError()

    @abc.abstractmethod
    def add_callback(self, callback):
        """callback() is called when the call is over. False: it is over already, and nothing will be called."""
        raise NotImplementedError()


class Call(RpcContext, metaclass=abc.ABCMeta):
    """A call, seen by the client. All functions wait until what they return is there."""

    __slots__ = ()

    @abc.abstractmethod
    def initial_metadata(self):
        """What the server sent before its first message."""
        raise NotImplementedError()

    @abc.abstractmethod
    def trailing_metadata(self):
        """What the server sent with the status."""
        raise NotImplementedError()

    @abc.abstractmethod
    def code(self):
        """The StatusCode."""
        raise NotImplementedError()

    @abc.abstractmethod
    def details(self):
        """The text that came with the status."""
        raise NotImplementedError()


class ClientCallDetails(abc.ABC):
    """A call to be made: method, timeout, metadata, credentials, wait_for_ready, compression."""


class UnaryUnaryClientInterceptor(abc.ABC):
    """Stands before calls with one request and one reply."""

    @abc.abstractmethod
    def intercept_unary_unary(self, continuation, client_call_details, request):
        """Makes the call with continuation(client_call_details, request), which gives a Call and Future, or does not.

        Returns a Call and Future: result() is the reply, or raises.
        """
        raise NotImplementedError()


class UnaryStreamClientInterceptor(abc.ABC):
    """Stands before calls with one request and a stream of replies."""

    @abc.abstractmethod
    def intercept_unary_stream(self, continuation, client_call_details, request):
        """Makes the call with continuation(client_call_details, request), or does not.

        Returns a Call that is an iterator of replies.
        """
        raise NotImplementedError()


class StreamUnaryClientInterceptor(abc.ABC):
    """Stands before calls with a stream of requests and one reply."""

    @abc.abstractmethod
    def intercept_stream_unary(self, continuation, client_call_details, request_iterator):
        """Makes the call with continuation(client_call_details, request_iterator), or does not.

        Returns a Call and Future: result() is the reply, or raises.
        """
        raise NotImplementedError()


class StreamStreamClientInterceptor(abc.ABC):
    """Stands before calls with streams both ways."""

    @abc.abstractmethod
    def intercept_stream_stream(self, continuation, client_call_details, request_iterator):
        """Makes the call with continuation(client_call_details, request_iterator), or does not.

        Returns a Call that is an iterator of replies.
        """
        raise NotImplementedError()


class ChannelCredentials:
    """How a channel secures its connections. Made by functions such as ssl_channel_credentials()."""

    def __init__(self, credentials):
        self._credentials = credentials


class CallCredentials:
    """Who makes a call. Made by functions such as access_token_call_credentials()."""

    def __init__(self, credentials):
        self._credentials = credentials


class AuthMetadataContext(abc.ABC):
    """For what a plugin gives metadata: service_url, method_name."""


class AuthMetadataPluginCallback(abc.ABC):
    """Takes a plugin's answer."""

    def __call__(self, metadata, error):
        """metadata: pairs, for a call that may go on; error: an Exception, or None."""
        raise NotImplementedError()


class AuthMetadataPlugin(abc.ABC):
    """Gives metadata that says who makes a call."""

    def __call__(self, context, callback):
        """Must call `callback` once, now or later, from any thread."""
        raise NotImplementedError()


class ServerCredentials:
    """How a server secures its port. Made by functions such as ssl_server_credentials()."""

    def __init__(self, credentials):
        self._credentials = credentials


class ServerCertificateConfiguration:
    """Keys and certificates. Made by ssl_server_certificate_configuration()."""

    def __init__(self, certificate_configuration):
        self._certificate_configuration = certificate_configuration


for _class in list(globals().values()):
    if isinstance(_class, type) and _class.__module__ == __name__:
        _class.__module__ = "grpc"
