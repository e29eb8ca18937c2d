"""What servers of grpc.aio and the contexts of their handlers can do."""
import abc
from typing import Generic

from grpc.aio._typing import RequestType, ResponseType


class Server(abc.ABC):
    """Serves calls on an asyncio loop."""

    @abc.abstractmethod
    def add_generic_rpc_handlers(self, generic_rpc_handlers):
        """Adds grpc.GenericRpcHandlers. Before start()."""

    @abc.abstractmethod
    def add_insecure_port(self, address):
        """Listens at "host:port". Returns the port's number (which may be awaited). RuntimeError where that can't be
        done. Before start()."""

    @abc.abstractmethod
    def add_secure_port(self, address, server_credentials):
        """Like add_insecure_port(), with TLS."""

    @abc.abstractmethod
    async def start(self):
        """Begins to serve, on the running loop."""

    @abc.abstractmethod
    async def stop(self, grace):
        """Takes no new calls; those that run have `grace` seconds to end, then they are cancelled. None: at once.

        Returns when all is over. Another call may shorten the time.
        """

    @abc.abstractmethod
    async def wait_for_termination(self, timeout=None):
        """Waits until the server has stopped. True: it has not, in that time."""

    def add_registered_method_handlers(self, service_name, method_handlers):
        """Adds handlers of one service, by method name. They come before generic ones. Before start()."""


class ServicerContext(Generic[RequestType, ResponseType], abc.ABC):
    """What a handler knows about its call, and can do to it."""

    @abc.abstractmethod
    async def read(self):
        """The next request, or grpc.aio.EOF."""

    @abc.abstractmethod
    async def write(self, message):
        """Sends a reply. Waits while much waits to be sent."""

    @abc.abstractmethod
    async def send_initial_metadata(self, initial_metadata):
        """Sends it now. Once, before the first reply."""

    @abc.abstractmethod
    async def abort(self, code, details="", trailing_metadata=()):
        """Ends the call with this status, which must not be OK, and raises grpc.aio.AbortError to leave the handler.

        What is not given is as set before.
        """

    @abc.abstractmethod
    async def abort_with_status(self, status):
        """abort() with a grpc.Status."""

    @abc.abstractmethod
    def set_trailing_metadata(self, trailing_metadata):
        """To be sent with the status."""

    @abc.abstractmethod
    def invocation_metadata(self):
        """What the client sent along."""

    @abc.abstractmethod
    def set_code(self, code):
        """The status code of a handler that returns."""

    @abc.abstractmethod
    def set_details(self, details):
        """The text that goes with set_code()."""

    @abc.abstractmethod
    def set_compression(self, compression):
        """How the replies of this call are to be compressed."""

    @abc.abstractmethod
    def disable_next_message_compression(self):
        """The next reply goes out as it is."""

    @abc.abstractmethod
    def peer(self):
        """Where the client is, such as "ipv4:127.0.0.1:50000"."""

    @abc.abstractmethod
    def peer_identities(self):
        """Who the client is, as bytes, if its certificate was verified; or None."""

    @abc.abstractmethod
    def peer_identity_key(self):
        """The key of auth_context() where peer_identities() comes from, or None."""

    @abc.abstractmethod
    def auth_context(self):
        """What is known about the connection's security: names to lists of bytes."""

    def time_remaining(self):
        """Seconds until the deadline, None without one."""
        raise NotImplementedError()

    def trailing_metadata(self):
        """What was set."""
        raise NotImplementedError()

    def code(self):
        """What was set."""
        raise NotImplementedError()

    def details(self):
        """What was set."""
        raise NotImplementedError()

    def add_done_callback(self, callback):
        """callback(context) is called when the call is over."""

    def cancelled(self):
        """True: the client has cancelled the call or is gone, the deadline has passed, or the server was stopped."""
        raise NotImplementedError()

    def done(self):
        """True: the status was sent, or nobody waits for it."""
        raise NotImplementedError()
