"""What programs written for grpcio meet in ordinary calls: numbers as status codes, options computed as
floats, certificates with a common name and no more."""
import asyncio
import subprocess
from concurrent import futures

import grpc
import pytest
from conftest import uu


@pytest.fixture
def ended():
    """ended(handler): the RpcError of a call to it."""
    servers = []

    def call(handler):
        server = grpc.server(futures.ThreadPoolExecutor(2))
        servers.append(server)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("p.P", {"Do": uu(handler)}),))
        port = server.add_insecure_port("localhost:0")
        server.start()
        with grpc.insecure_channel(f"localhost:{port}") as channel:
            with pytest.raises(grpc.RpcError) as caught:
                channel.unary_unary("/p.P/Do")(b"", timeout=20)
        return caught.value

    yield call
    for server in servers:
        server.stop(None)


def test_a_number_as_code_keeps_the_details(ended):
    for end in (lambda request, context: context.abort(3, "no such book"),
                lambda request, context: (context.set_code(3), context.set_details("no such book"), b"")[-1]):
        error = ended(end)
        assert (error.code(), error.details()) == (grpc.StatusCode.UNKNOWN, "no such book")


def test_details_of_a_success_are_not_an_errors(ended):
    error = ended(lambda request, context: context.abort(grpc.StatusCode.OK, "all is well"))
    assert error.code() is grpc.StatusCode.UNKNOWN and "abort() was called with StatusCode.OK" in error.details()


def test_options_may_be_floats():
    options = [("grpc.max_receive_message_length", 4.0 * 1024), ("grpc.keepalive_time_ms", 1e4)]

    async def asynchronous():
        async with grpc.aio.insecure_channel("localhost:1", options=options):
            grpc.aio.server(options=options)

    with grpc.insecure_channel("localhost:1", options=options):
        grpc.server(futures.ThreadPoolExecutor(1), options=options)
    asyncio.run(asynchronous())


def test_a_certificate_with_a_common_name_alone(tmp_path):
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key", "-out", "pem", "-subj", "/CN=localhost")
    key, pem = (tmp_path / "key").read_bytes(), (tmp_path / "pem").read_bytes()
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("p.P", {"Do": uu(lambda r, c: r)}),))
    port = server.add_secure_port("localhost:0", grpc.ssl_server_credentials([(key, pem)]))
    server.start()
    try:
        trusted = grpc.ssl_channel_credentials(pem)
        with grpc.secure_channel(f"localhost:{port}", trusted) as channel:
            assert channel.unary_unary("/p.P/Do")(b"1", timeout=20) == b"1"
        with grpc.secure_channel(f"localhost:{port}", trusted, [("grpc.ssl_target_name_override", "other")]) as channel:
            with pytest.raises(grpc.RpcError) as caught:
                channel.unary_unary("/p.P/Do")(b"1", timeout=20)
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    finally:
        server.stop(None)
