"""Interceptors of clients and servers."""
import collections

import grpc
import pytest
from conftest import echo, ss, su, us, uu

Details = collections.namedtuple("Details", ("method", "timeout", "metadata", "credentials"))


class Recording(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor, grpc.StreamUnaryClientInterceptor,
                grpc.StreamStreamClientInterceptor):
    """Notes each call, and adds metadata."""

    def __init__(self, name, log):
        self.name, self.log = name, log

    def intercept(self, continuation, details, request):
        self.log.append((self.name, details.method))
        metadata = list(details.metadata or ()) + [("from", self.name)]
        call = continuation(Details(details.method, details.timeout, metadata, details.credentials), request)
        self.log.append((self.name, "made"))
        return call

    intercept_unary_unary = intercept_unary_stream = intercept_stream_unary = intercept_stream_stream = intercept


def names(request, context):
    return ",".join(e.value for e in context.invocation_metadata() if e.key == "from").encode()


def test_all_kinds_in_order(serve):
    s = serve({"UU": uu(names), "US": us(lambda r, c: [names(r, c)]), "SU": su(names),
               "SS": ss(lambda r, c: [names(r, c)])})
    log = []
    channel = grpc.intercept_channel(s.channel, Recording("a", log), Recording("b", log))
    assert channel.unary_unary("/t.T/UU")(b"") == b"a,b"
    assert log == [("a", "/t.T/UU"), ("b", "/t.T/UU"), ("b", "made"), ("a", "made")]
    reply, call = channel.unary_unary("/t.T/UU").with_call(b"")
    assert reply == b"a,b" and call.code() is grpc.StatusCode.OK and call.result() == b"a,b"
    assert channel.unary_unary("/t.T/UU").future(b"").result(5) == b"a,b"
    assert list(channel.unary_stream("/t.T/US")(b"")) == [b"a,b"]
    assert channel.stream_unary("/t.T/SU")(iter([b""])) == b"a,b"
    assert channel.stream_unary("/t.T/SU").future(iter([b""])).result(5) == b"a,b"
    assert list(channel.stream_stream("/t.T/SS")(iter([b""]))) == [b"a,b"]


def test_only_the_kinds_that_it_is_for(serve):
    class Unary(grpc.UnaryUnaryClientInterceptor):
        def intercept_unary_unary(self, continuation, details, request):
            return continuation(details, request + b"+")

    s = serve({"M": uu(echo), "S": us(lambda r, c: [r])})
    channel = grpc.intercept_channel(s.channel, Unary())
    assert channel.unary_unary("/t.T/M")(b"x") == b"x+"
    assert list(channel.unary_stream("/t.T/S")(b"x")) == [b"x"]
    with pytest.raises(TypeError, match="interceptor must be"):
        grpc.intercept_channel(s.channel, object())


def test_retry_wrapper(serve):
    attempts = []

    def flaky(request, context):
        attempts.append(1)
        if len(attempts) < 3:
            context.abort(grpc.StatusCode.UNAVAILABLE, "again")
        return b"at last"

    class Retry(grpc.UnaryUnaryClientInterceptor):
        def intercept_unary_unary(self, continuation, details, request):
            for _ in range(5):
                call = continuation(details, request)
                if call.exception() is None:
                    return call
                assert call.code() is grpc.StatusCode.UNAVAILABLE
            return call

    channel = grpc.intercept_channel(serve({"M": uu(flaky)}).channel, Retry())
    assert channel.unary_unary("/t.T/M")(b"") == b"at last" and len(attempts) == 3


def test_errors_come_through(serve):
    s = serve({"M": uu(lambda r, c: c.abort(grpc.StatusCode.ABORTED, "no"))})
    channel = grpc.intercept_channel(s.channel, Recording("a", []))
    for function in (lambda: channel.unary_unary("/t.T/M")(b""), lambda: channel.unary_unary("/t.T/M").future(b"").result()):
        with pytest.raises(grpc.RpcError) as caught:
            function()
        assert caught.value.code() is grpc.StatusCode.ABORTED

    class Broken(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
        def intercept_unary_unary(self, continuation, details, request):
            raise KeyError("mine")

        intercept_unary_stream = intercept_unary_unary

    channel = grpc.intercept_channel(s.channel, Broken())
    with pytest.raises(KeyError):
        channel.unary_unary("/t.T/M")(b"")
    assert isinstance(channel.unary_unary("/t.T/M").future(b"").exception(), KeyError)
    with pytest.raises(KeyError):
        next(channel.unary_stream("/t.T/M")(b""))


class Auth(grpc.ServerInterceptor):
    """Refuses calls without a token, of any kind, with a unary handler: as examples do."""

    def __init__(self):
        def refuse(request, context):
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "no token")

        self.refuse = uu(refuse)

    def intercept_service(self, continuation, details):
        if ("token", "1") in details.invocation_metadata:
            return continuation(details)
        return self.refuse


def test_server_interceptor_refuses(serve):
    s = serve({"M": uu(echo), "US": us(lambda r, c: [r]), "SU": su(lambda r, c: b"".join(r)), "SS": ss(lambda r, c: r)},
              interceptors=[Auth()])
    calls = {"M": lambda **k: s.unary()(b"x", **k), "US": lambda **k: next(s.channel.unary_stream("/t.T/US")(b"x", **k)),
             "SU": lambda **k: s.channel.stream_unary("/t.T/SU")([b"x"], **k),
             "SS": lambda **k: next(s.channel.stream_stream("/t.T/SS")([b"x"], **k))}
    for call in calls.values():
        assert call(metadata=(("token", "1"),)) == b"x"
        with pytest.raises(grpc.RpcError) as caught:
            call(timeout=10)
        assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.UNAUTHENTICATED, "no token")


def test_server_interceptors_wrap_handlers(serve, errors):
    from grpc.experimental import wrap_server_method_handler

    class Wrap(grpc.ServerInterceptor):
        def __init__(self, mark):
            self.mark = mark

        def intercept_service(self, continuation, details):
            assert details.method in ("/t.T/M", "/t.T/Nope")
            return wrap_server_method_handler(lambda f: lambda r, c: f(r, c) + self.mark, continuation(details))

    class Broken(grpc.ServerInterceptor):
        def intercept_service(self, continuation, details):
            raise KeyError("mine")

    s = serve({"M": uu(echo)}, interceptors=[Wrap(b"a"), Wrap(b"b")])
    assert [s.unary()(b"x") for _ in range(3)] == [b"xba"] * 3
    with pytest.raises(grpc.RpcError) as caught:
        s.unary("Nope")(b"")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    with pytest.raises(grpc.RpcError) as caught:
        serve({"M": uu(echo)}, interceptors=[Broken()]).unary()(b"")
    assert caught.value.code() is grpc.StatusCode.UNKNOWN and "Error in service handler!" in caught.value.details()
    assert any("an interceptor" in text for text in errors())


def test_generic_and_registered_handlers(serve):
    class Any(grpc.GenericRpcHandler):
        def service(self, details):
            if details.method.startswith("/any."):
                return ss(lambda requests, c: (r + details.method.encode() for r in requests))

    s = serve({})
    server = grpc.server(s.pool, handlers=[Any()])
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("any.T", {"M": uu(lambda r, c: b"hidden")}),))
    server.add_registered_method_handlers("any.R", {"M": uu(lambda r, c: b"registered")})
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with pytest.raises(ValueError):
        server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert channel.unary_unary("/any.T/M")(b"x") == b"x/any.T/M"
        assert channel.unary_unary("/any.Other/M")(b"x") == b"x/any.Other/M"
        assert channel.unary_unary("/any.R/M")(b"x") == b"registered"
        with pytest.raises(grpc.RpcError):
            channel.unary_unary("/none/M")(b"x")
    server.stop(None)
    with pytest.raises(AttributeError, match="service"):
        grpc.server(s.pool, handlers=[object()])


def test_what_packages_for_metrics_read(serve):
    """py-grpc-prometheus looks behind the API."""
    seen = []

    class Metrics(grpc.ServerInterceptor):
        def intercept_service(self, continuation, details):
            handler = continuation(details)

            def behavior(request, context):
                try:
                    return handler.unary_unary(request, context)
                finally:
                    state = context._state
                    seen.append((state.client, state.code, state.details, state.aborted))
            return uu(behavior)

    def handler(request, context):
        if request:
            context.abort(grpc.StatusCode.NOT_FOUND, "text")
        return b""

    s = serve({"M": uu(handler)}, interceptors=(Metrics(),))
    s.unary()(b"")
    with pytest.raises(grpc.RpcError):
        s.unary()(b"x")
    assert seen == [("open", None, None, False), ("open", grpc.StatusCode.NOT_FOUND, b"text", True)]
