"""Interceptors of grpc.aio's server, and handlers that are looked for call by call."""
import contextvars

import grpc
import grpc.aio
import pytest
from aio_serving import aserve  # noqa: F401
from conftest import ss, us, uu


async def echo(request, context):
    return request


class Logging(grpc.aio.ServerInterceptor):
    def __init__(self, name, log):
        self.name, self.log = name, log

    async def intercept_service(self, continuation, details):
        self.log.append((self.name, details.method))
        handler = await continuation(details)
        self.log.append((self.name, "back"))
        return handler


def test_a_chain(aserve):
    log = []
    serving = aserve({"M": uu(echo)}, interceptors=[Logging("a", log), Logging("b", log)])
    for _ in range(2):
        assert serving.unary()(b"x", timeout=10) == b"x"
    assert log == [("a", "/t.T/M"), ("b", "/t.T/M"), ("b", "back"), ("a", "back")] * 2
    assert serving.status("Nope")[:2] == (grpc.StatusCode.UNIMPLEMENTED, "Method not found!")
    assert log[8:10] == [("a", "/t.T/Nope"), ("b", "/t.T/Nope")]


def test_refusing_a_call(aserve):
    class Authentication(grpc.aio.ServerInterceptor):
        def __init__(self):
            async def deny(request, context):
                await context.abort(grpc.StatusCode.UNAUTHENTICATED, "Invalid key")

            self._deny = grpc.unary_unary_rpc_method_handler(deny)

        async def intercept_service(self, continuation, details):
            if ("rpc-auth-header", "42") in details.invocation_metadata:
                return await continuation(details)
            return self._deny

    async def stream(request, context):
        yield request

    async def chat(requests, context):
        async for request in requests:
            yield request

    serving = aserve({"M": uu(echo), "S": us(stream), "C": ss(chat)}, interceptors=[Authentication()])
    right = (("rpc-auth-header", "42"),)
    assert serving.unary()(b"x", timeout=10, metadata=right) == b"x"
    assert list(serving.channel.unary_stream("/t.T/S")(b"x", timeout=10, metadata=right)) == [b"x"]
    assert list(serving.channel.stream_stream("/t.T/C")(iter([b"x"]), timeout=10, metadata=right)) == [b"x"]
    for call in (serving.channel.unary_stream("/t.T/M")(b"", timeout=10),
                 serving.channel.unary_stream("/t.T/S")(b"", timeout=10),
                 serving.channel.stream_stream("/t.T/C")(iter([b"x"]), timeout=10)):
        with pytest.raises(grpc.RpcError):
            list(call)
        assert (call.code(), call.details()) == (grpc.StatusCode.UNAUTHENTICATED, "Invalid key")


def test_other_handlers(aserve):
    """What tutorials do to see requests and replies: the handler is wrapped for each call."""
    seen = []

    class Wrapping(grpc.aio.ServerInterceptor):
        async def intercept_service(self, continuation, details):
            handler = await continuation(details)

            async def wrapped(request, context):
                seen.append(request)
                reply = await handler.unary_unary(request, context)
                seen.append(reply)
                return reply + b"!"

            return grpc.unary_unary_rpc_method_handler(wrapped, request_deserializer=handler.request_deserializer,
                                                       response_serializer=handler.response_serializer)

    serving = aserve({"M": uu(echo)}, interceptors=[Wrapping()])
    assert serving.unary()(b"x", timeout=10) == b"x!"
    assert seen == [b"x", b"x"]


def test_a_plain_handler_of_an_interceptor(aserve):
    def deny(request, context):
        context.abort(grpc.StatusCode.PERMISSION_DENIED, "no")

    class Denying(grpc.aio.ServerInterceptor):
        async def intercept_service(self, continuation, details):
            return uu(deny)

    assert aserve({"M": uu(echo)}, interceptors=[Denying()]).status()[:2] == (grpc.StatusCode.PERMISSION_DENIED, "no")


def test_context_variables_reach_the_handler(aserve):
    variable = contextvars.ContextVar("variable", default=b"none")

    class Setting(grpc.aio.ServerInterceptor):
        async def intercept_service(self, continuation, details):
            variable.set(dict(details.invocation_metadata).get("who", "nobody").encode())
            return await continuation(details)

    async def asynchronous(request, context):
        return variable.get()

    def plain(request, context):
        return variable.get()

    serving = aserve({"A": uu(asynchronous), "P": uu(plain)}, interceptors=[Setting()])
    for name in "AP":
        assert serving.unary(name)(b"", timeout=10, metadata=(("who", "me"),)) == b"me"
        assert serving.unary(name)(b"", timeout=10) == b"nobody"


def test_an_interceptor_that_raises(aserve, errors):
    class Broken(grpc.aio.ServerInterceptor):
        async def intercept_service(self, continuation, details):
            raise ValueError("x")

    status, details, _ = aserve({"M": uu(echo)}, interceptors=[Broken()]).status()
    assert status is grpc.StatusCode.UNKNOWN and "error id" in details
    assert "/t.T/M" in errors()[0] and "interceptor" in errors()[0]


def test_an_interceptor_that_forgets_to_await(aserve, caplog):
    class Forgetful(grpc.aio.ServerInterceptor):
        async def intercept_service(self, continuation, details):
            return continuation(details)

    aserve({"M": uu(echo)}, interceptors=[Forgetful()]).status()
    text = str(caplog.records[-1].exc_info[1])
    assert "coroutine" in text and "await continuation" in text and "test_aio_server_interceptors.py" in text


def test_interceptors_of_the_synchronous_api_are_refused():
    class Synchronous(grpc.ServerInterceptor):
        def intercept_service(self, continuation, details):
            return continuation(details)

    with pytest.raises(ValueError, match="grpc.aio.ServerInterceptor.*Synchronous"):
        grpc.aio.server(interceptors=[Synchronous()])


def test_a_generic_handler_of_the_user(aserve):
    class Any(grpc.GenericRpcHandler):
        def service(self, details):
            if details.method == "/t.T/None":
                return None

            async def handler(request, context):
                return details.method.encode() + dict(details.invocation_metadata).get("k", "").encode()

            return uu(handler)

    serving = aserve({}, generic=[Any()])
    assert serving.unary("X")(b"", timeout=10, metadata=(("k", "v"),)) == b"/t.T/Xv"
    assert serving.unary("Y")(b"", timeout=10) == b"/t.T/Y"
    assert serving.status("None")[0] is grpc.StatusCode.UNIMPLEMENTED


def test_registered_methods_come_first(aserve):
    async def other(request, context):
        return b"registered"

    async def start(serving_options):
        server = grpc.aio.server()
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {"M": uu(echo)}),))
        server.add_registered_method_handlers("t.T", {"M": uu(other)})
        port = server.add_insecure_port("localhost:0")
        await server.start()
        return server, port

    serving = aserve({})
    server, port = serving.run(start({}))
    with grpc.insecure_channel(f"localhost:{port}") as channel:
        assert channel.unary_unary("/t.T/M")(b"", timeout=10) == b"registered"
    serving.run(server.stop(None))
