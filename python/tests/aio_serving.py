"""Shared by the tests of grpc.aio's server: a server on a loop in a thread of its own, and a synchronous channel to it."""
import asyncio
import contextlib
import threading

import grpc
import grpc.aio
import pytest


class Serving:
    """A server with handlers by name; run(coroutine) runs it on the server's loop."""

    def __init__(self, stack, handlers, loop=None, generic=None, channel_options=None, **options):
        self.loop = loop or asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        stack.callback(self._end)
        self.server = self.run(self._start(handlers, generic, options))
        self.target = f"127.0.0.1:{self.port}"
        self.channel = stack.enter_context(grpc.insecure_channel(self.target, channel_options))

    def _serve(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        self.loop.close()

    async def _start(self, handlers, generic, options):
        server = grpc.aio.server(**options)
        server.add_generic_rpc_handlers(generic or (grpc.method_handlers_generic_handler("t.T", handlers),))
        self.port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        return server

    def run(self, coroutine, timeout=20):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout)

    def stop(self, grace=None):
        self.run(self.server.stop(grace))

    def _end(self):
        if hasattr(self, "server"):
            self.stop()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(20)
        assert not self._thread.is_alive()

    def unary(self, name="M", **functions):
        return self.channel.unary_unary("/t.T/" + name, **functions)

    def status(self, name="M", request=b"", timeout=10, **keywords):
        """(code, details, trailing metadata) of a call that fails."""
        with pytest.raises(grpc.RpcError) as raised:
            self.unary(name)(request, timeout=timeout, **keywords)
        error = raised.value
        return error.code(), error.details(), error.trailing_metadata()


@pytest.fixture
def aserve():
    """aserve({"Name": handler}, ...) gives a Serving."""
    with contextlib.ExitStack() as stack:
        yield lambda handlers, **options: Serving(stack, handlers, **options)
