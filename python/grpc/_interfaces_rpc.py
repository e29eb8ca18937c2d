"""What channels, multi-callables, servers and handlers look like: the abstract classes of the API."""
import abc

from grpc._interfaces import RpcContext


class UnaryUnaryMultiCallable(abc.ABC):
    """A method with one request and one reply, ready to be called."""

    @abc.abstractmethod
    def __call__(self, request, timeout=None, metadata=None, credentials=None, wait_for_ready=None, compression=None):
        """Calls and waits. Returns the reply, or raises RpcError."""
        raise NotImplementedError()

    @abc.abstractmethod
    def with_call(self, request, timeout=None, metadata=None, credentials=None, wait_for_ready=None, compression=None):
        """Calls and waits. Returns (reply, Call), or raises RpcError."""
        raise NotImplementedError()

    @abc.abstractmethod
    def future(self, request, timeout=None, metadata=None, credentials=None, wait_for_ready=None, compression=None):
        """Calls. Returns an object that is a Call and a Future."""
        raise NotImplementedError()


class UnaryStreamMultiCallable(abc.ABC):
    """A method with one request and a stream of replies, ready to be called."""

    @abc.abstractmethod
    def __call__(self, request, timeout=None, metadata=None, credentials=None, wait_for_ready=None, compression=None):
        """Calls. Returns a Call that is an iterator of replies; taking from it may raise RpcError."""
        raise NotImplementedError()


class StreamUnaryMultiCallable(abc.ABC):
    """A method with a stream of requests and one reply, ready to be called."""

    @abc.abstractmethod
    def __call__(self, request_iterator, timeout=None, metadata=None, credentials=None, wait_for_ready=None,
                 compression=None):
        """Calls and waits. Returns the reply, or raises RpcError."""
        raise NotImplementedError()

    @abc.abstractmethod
    def with_call(self, request_iterator, timeout=None, metadata=None, credentials=None, wait_for_ready=None,
                  compression=None):
        """Calls and waits. Returns (reply, Call), or raises RpcError."""
        raise NotImplementedError()

    @abc.abstractmethod
    def future(self, request_iterator, timeout=None, metadata=None, credentials=None, wait_for_ready=None,
               compression=None):
        """Calls. Returns an object that is a Call and a Future."""
        raise NotImplementedError()


class StreamStreamMultiCallable(abc.ABC):
    """A method with streams both ways, ready to be called."""

    @abc.abstractmethod
    def __call__(self, request_iterator, timeout=None, metadata=None, credentials=None, wait_for_ready=None,
                 compression=None):
        """Calls. Returns a Call that is an iterator of replies; taking from it may raise RpcError."""
        raise NotImplementedError()


class Channel(abc.ABC):
    """The way to a server. Any thread may use it."""

    @abc.abstractmethod
    def subscribe(self, callback, try_to_connect=False):
        """callback(ChannelConnectivity) is called with the state that is, and with each that follows."""
        raise NotImplementedError()

    @abc.abstractmethod
    def unsubscribe(self, callback):
        """Ends what subscribe() began."""
        raise NotImplementedError()

    @abc.abstractmethod
    def unary_unary(self, method, request_serializer=None, response_deserializer=None, _registered_method=False):
        """A UnaryUnaryMultiCallable for "/package.Service/Method"; without functions, messages are bytes."""
        raise NotImplementedError()

    @abc.abstractmethod
    def unary_stream(self, method, request_serializer=None, response_deserializer=None, _registered_method=False):
        """A UnaryStreamMultiCallable."""
        raise NotImplementedError()

    @abc.abstractmethod
    def stream_unary(self, method, request_serializer=None, response_deserializer=None, _registered_method=False):
        """A StreamUnaryMultiCallable."""
        raise NotImplementedError()

    @abc.abstractmethod
    def stream_stream(self, method, request_serializer=None, response_deserializer=None, _registered_method=False):
        """A StreamStreamMultiCallable."""
        raise NotImplementedError()

    @abc.abstractmethod
    def close(self):
        """Ends all calls with CANCELLED, and closes the connections. For good."""
        raise NotImplementedError()

    def __enter__(self):
        """For `with`: closed at its end."""
        raise NotImplementedError()

    def __exit__(self, exc_type, exc_val, exc_tb):
        raise NotImplementedError()


class ServicerContext(RpcContext, metaclass=abc.ABCMeta):
    """What a handler knows about its call, and can do to it."""

    @abc.abstractmethod
    def invocation_metadata(self):
        """What the client sent along."""
        raise NotImplementedError()

    @abc.abstractmethod
    def peer(self):
        """Where the client is, such as "ipv4:127.0.0.1:50000"."""
        raise NotImplementedError()

    @abc.abstractmethod
    def peer_identities(self):
        """Who the client is, as bytes, if its certificate was verified; or None."""
        raise NotImplementedError()

    @abc.abstractmethod
    def peer_identity_key(self):
        """The key of auth_context() where peer_identities() comes from, or None."""
        raise NotImplementedError()

    @abc.abstractmethod
    def auth_context(self):
        """What is known about the connection's security: names to lists of bytes."""
        raise NotImplementedError()

    def set_compression(self, compression):
        """How the replies of this call are to be compressed."""
        raise NotImplementedError()

    @abc.abstractmethod
    def send_initial_metadata(self, initial_metadata):
        """Sends it now. Once, before the first reply."""
        raise NotImplementedError()

    @abc.abstractmethod
    def set_trailing_metadata(self, trailing_metadata):
        """To be sent with the status."""
        raise NotImplementedError()

    def trailing_metadata(self):
        """What was set."""
        raise NotImplementedError()

    @abc.abstractmethod
    def abort(self, code, details):
        """Raises, to leave the handler; the call ends with this status, which must not be OK."""
        raise NotImplementedError()

    @abc.abstractmethod
    def abort_with_status(self, status):
        """abort() with a Status."""
        raise NotImplementedError()

    @abc.abstractmethod
    def set_code(self, code):
        """The status code of a handler that returns."""
        raise NotImplementedError()

    @abc.abstractmethod
    def set_details(self, details):
        """The text that goes with set_code()."""
        raise NotImplementedError()

    def code(self):
        """What was set."""
        raise NotImplementedError()

    def details(self):
        """What was set."""
        raise NotImplementedError()

    def disable_next_message_compression(self):
        """The next reply goes out as it is."""
        raise NotImplementedError()


class RpcMethodHandler(abc.ABC):
    """The handler of a method: request_streaming, response_streaming, request_deserializer, response_serializer, and one
    of unary_unary, unary_stream, stream_unary, stream_stream."""

    __slots__ = ()


class HandlerCallDetails:
    """What service() and server interceptors are told about a call: method, invocation_metadata."""

    __slots__ = ()


class GenericRpcHandler(abc.ABC):
    """Finds handlers of methods."""

    @abc.abstractmethod
    def service(self, handler_call_details):
        """The RpcMethodHandler for it, or None."""
        raise NotImplementedError()


class ServiceRpcHandler(GenericRpcHandler, metaclass=abc.ABCMeta):
    """Finds handlers of one service's methods."""

    @abc.abstractmethod
    def service_name(self):
        """Such as "package.Service"."""
        raise NotImplementedError()


class ServerInterceptor(abc.ABC):
    """Stands before the handlers of a server."""

    @abc.abstractmethod
    def intercept_service(self, continuation, handler_call_details):
        """Returns an RpcMethodHandler: that of continuation(handler_call_details), or another; None for no such method."""
        raise NotImplementedError()


class Server(abc.ABC):
    """Serves calls."""

    @abc.abstractmethod
    def add_generic_rpc_handlers(self, generic_rpc_handlers):
        """Before start()."""
        raise NotImplementedError()

    def add_registered_method_handlers(self, service_name, method_handlers):
        """Before start(): handlers of one service, by method name. They come before generic ones."""

    @abc.abstractmethod
    def add_insecure_port(self, address):
        """Listens at "host:port". Returns the port's number. RuntimeError where that can't be done."""
        raise NotImplementedError()

    @abc.abstractmethod
    def add_secure_port(self, address, server_credentials):
        """Like add_insecure_port(), with TLS."""
        raise NotImplementedError()

    @abc.abstractmethod
    def start(self):
        """Begins to serve. Returns at once."""
        raise NotImplementedError()

    @abc.abstractmethod
    def stop(self, grace):
        """Takes no new calls; those that run have `grace` seconds to end, then they are cancelled.

        Returns a threading.Event that is set when all is over. With None, all are cancelled and stop() waits.
        """
        raise NotImplementedError()

    def wait_for_termination(self, timeout=None):
        """Waits until the server has stopped. True: it has not, in that time."""
        raise NotImplementedError()


for _class in list(globals().values()):
    if isinstance(_class, type) and _class.__module__ == __name__:
        _class.__module__ = "grpc"
