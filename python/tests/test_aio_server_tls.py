"""grpc.aio's server with TLS, and clients that show a certificate."""
import grpc
import grpc.aio
import pytest
from aio_serving import aserve  # noqa: F401
from conftest import uu
from test_credentials import pem, who  # noqa: F401


async def who_async(request, context):
    return who(request, context)


@pytest.mark.parametrize("mutual", [False, True])
def test_tls(aserve, pem, mutual):
    serving = aserve({})
    credentials = grpc.ssl_server_credentials([(pem("server.key"), pem("server.pem"))],
                                              pem("ca.pem") if mutual else None, mutual)

    async def start():
        server = grpc.aio.server()
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {
            "Async": uu(who_async), "Plain": uu(who)}),))
        port = server.add_secure_port("localhost:0", credentials)
        assert await server.add_secure_port("localhost:0", credentials) != port
        await server.start()
        return server, port

    server, port = serving.run(start())
    client = (pem("client.key"), pem("client.pem")) if mutual else (None, None)
    with grpc.secure_channel(f"localhost:{port}", grpc.ssl_channel_credentials(pem("ca.pem"), *client)) as channel:
        for name in ("Async", "Plain"):
            kind, common_name, key, identities = eval(channel.unary_unary("/t.T/" + name)(b"", timeout=10))
            assert kind == [b"ssl"]
            assert common_name == ([b"client"] if mutual else None)
            assert key == ("x509_subject_alternative_name" if mutual else None)
            assert identities == ([b"localhost", b"client.example"] if mutual else [])
    serving.run(server.stop(None))


def test_wrong_credentials():
    with pytest.raises(TypeError, match="ssl_server_credentials"):
        grpc.aio.server().add_secure_port("localhost:0", grpc.ssl_channel_credentials())
