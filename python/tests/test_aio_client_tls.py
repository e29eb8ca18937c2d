"""grpc.aio's channels with TLS."""
import asyncio

import grpc
import grpc.aio
import pytest
from conftest import uu
from test_credentials import pem  # noqa: F401


def handler(request, context):
    identities = list(context.peer_identities() or ())
    return repr((identities, dict(context.invocation_metadata()).get("authorization"))).encode()


@pytest.mark.parametrize("mutual", [False, True])
def test_tls(serve, pem, mutual):  # noqa: F811
    server = grpc.server(serve({}).pool)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {"M": uu(handler)}),))
    port = server.add_secure_port("localhost:0", grpc.ssl_server_credentials(
        [(pem("server.key"), pem("server.pem"))], pem("ca.pem") if mutual else None, mutual))
    server.start()
    client = (pem("client.key"), pem("client.pem")) if mutual else (None, None)
    credentials = grpc.ssl_channel_credentials(pem("ca.pem"), *client)

    async def main():
        async with grpc.aio.secure_channel(f"localhost:{port}", credentials) as channel:
            method = channel.unary_unary("/t.T/M")
            assert await method(b"") == repr(([b"localhost", b"client.example"] if mutual else [], None)).encode()
            reply = await method(b"", credentials=grpc.access_token_call_credentials("secret"))
            assert eval(reply)[1] == "Bearer secret"
        async with grpc.aio.secure_channel(f"localhost:{port}", grpc.ssl_channel_credentials()) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await channel.unary_unary("/t.T/M")(b"", timeout=10)
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE

    asyncio.run(main())
    server.stop(None)
