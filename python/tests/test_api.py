"""What there is beside calls: names, options, credentials, helpers."""
import json
import os
import pathlib
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from conftest import REPOSITORY, echo, run_python, us, uu


def test_import_is_light():
    result = run_python("""
import sys, grpc
print(*sorted({"logging", "asyncio", "grpc._godwit", "typing", "concurrent.futures", "inspect"} & set(sys.modules)))
assert "aio" in dir(grpc) and grpc.__version__ == "1.85.1"
from grpc import aio
import grpc.experimental
""")
    assert (result.returncode, result.stdout.split(), result.stderr) == (0, [], "")


def test_misspelt_options_are_named():
    for name, nearest in (("grpc.max_recieve_message_length", "grpc.max_receive_message_length"),
                          ("max_send_message_length", "grpc.max_send_message_length"), ("grpc.keepalive_time", "grpc.keepalive_time_ms")):
        with pytest.warns(UserWarning, match=f"'{name}' has no effect; did you mean '{nearest}'") as caught:
            grpc.insecure_channel("localhost:1", [(name, 1)]).close()
        assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="did you mean") as caught:
        grpc.server(ThreadPoolExecutor(1), options=[("grpc.so_reuse_port", 1)])
    assert caught[0].filename == __file__


def test_known_options_are_accepted():
    options = [("grpc.keepalive_time_ms", 10000), ("grpc.http2.max_pings_without_data", 0), ("grpc.enable_retries", True),
               ("grpc.service_config", json.dumps({})), ("grpc.lb_policy_name", "round_robin"),
               (grpc.experimental.ChannelOptions.SingleThreadedUnaryStream, 1), ("grpc.primary_user_agent", b"me")]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        grpc.insecure_channel("localhost:1", options).close()
        grpc.insecure_channel("localhost:1", tuple(options), compression=grpc.Compression.Gzip).close()


@pytest.mark.parametrize("options, message", [({"grpc.a": 1}, "not a dict"), ([("grpc.so_reuseport",)], "pairs"),
                                              ([("grpc.so_reuseport", [])], "int or a str"), ([(1, 1)], "name is a str")])
def test_options_that_are_none(options, message):
    with pytest.raises(TypeError, match=message):
        grpc.insecure_channel("localhost:1", options)


def test_single_threaded_unary_stream(serve):
    s = serve({"M": us(lambda r, c: [b"1", b"2"])},
              channel_options=[(grpc.experimental.ChannelOptions.SingleThreadedUnaryStream, 1)])
    stream = s.channel.unary_stream("/t.T/M")(b"")
    assert type(stream).__name__ == "_SingleThreadedRendezvous"
    assert list(stream) == [b"1", b"2"] and stream.code() is grpc.StatusCode.OK


def test_experimental_stubs(serve):
    s = serve({"M": uu(echo)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(3):
            assert grpc.experimental.unary_unary(b"x", s.target, "/t.T/M", insecure=True) == b"x"
        with pytest.raises(ValueError):
            grpc.experimental.unary_unary(b"x", s.target, "/t.T/M", insecure=True,
                                          channel_credentials=grpc.ssl_channel_credentials())


def test_first_version_is_lower():
    from grpc._utilities import first_version_is_lower as lower
    assert lower("1.60.1", "1.60.2") and lower("1.60.1", "1.60.1.dev0") and lower("1.9.0", "1.10.0")
    assert not lower("1.60.2", "1.60.1") and not lower("1.60.1", "1.60.1") and not lower("dev0", "1.60.1")


def test_protos_without_grpc_tools():
    result = run_python("""
import sys, grpc
sys.modules["grpc_tools"] = None
for function in (grpc.protos, grpc.services, grpc.protos_and_services):
    try:
        function("x.proto")
    except NotImplementedError as error:
        assert "pip install grpcio-tools" in str(error), error
    else:
        raise AssertionError()
print("ok")
""")
    assert (result.stdout, result.stderr) == ("ok\n", "")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    key = ["-newkey", "rsa:2048", "-nodes", "-days", "2"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test ca")
    for name in ("server", "client"):
        openssl("req", *key[:-2], "-keyout", name + ".key", "-out", name + ".csr", "-subj", f"/CN={name}.test")
        (folder / "ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n" if name == "server" else
                                    "subjectAltName=DNS:client.alt\n")
        openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", "ext", "-out", name + ".pem")
    return {p.name: p.read_bytes() for p in folder.iterdir()}


@pytest.fixture
def tls(serve, certificates):
    """A server with TLS: port(require_client_auth)."""
    c = certificates
    servers = []

    def start(handler, mutual=False):
        s = serve({})
        server = grpc.server(s.pool)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {"M": uu(handler)}),))
        credentials = grpc.ssl_server_credentials([(c["server.key"], c["server.pem"])], c["ca.pem"] if mutual else None, mutual)
        port = server.add_secure_port("127.0.0.1:0", credentials)
        server.start()
        servers.append(server)
        return f"localhost:{port}"

    yield start
    for server in servers:
        server.stop(None)


def test_tls(tls, certificates):
    target = tls(echo)
    with grpc.secure_channel(target, grpc.ssl_channel_credentials(certificates["ca.pem"])) as channel:
        assert channel.unary_unary("/t.T/M")(b"secret", timeout=10) == b"secret"
    with grpc.secure_channel(target, grpc.ssl_channel_credentials()) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary("/t.T/M")(b"", timeout=10)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_mutual_tls(tls, certificates):
    c = certificates
    seen = []

    def handler(request, context):
        seen.append((context.peer_identity_key(), list(context.peer_identities()), context.auth_context()))
        return b""

    target = tls(handler, mutual=True)
    credentials = grpc.ssl_channel_credentials(c["ca.pem"], c["client.key"], c["client.pem"])
    with grpc.secure_channel(target, credentials) as channel:
        channel.unary_unary("/t.T/M")(b"", timeout=10)
    key, identities, known = seen[0]
    assert key == "x509_subject_alternative_name" and identities == [b"client.alt"]
    assert known["x509_common_name"] == [b"client.test"] and known["transport_security_type"] == [b"ssl"]
    with grpc.secure_channel(target, grpc.ssl_channel_credentials(c["ca.pem"])) as channel:
        with pytest.raises(grpc.RpcError):
            channel.unary_unary("/t.T/M")(b"", timeout=10)


def test_call_credentials(tls, certificates, serve):
    def handler(request, context):
        return ";".join(f"{e.key}={e.value}" for e in context.invocation_metadata()
                        if e.key in ("authorization", "x-plugin")).encode()

    class Plugin(grpc.AuthMetadataPlugin):
        def __call__(self, context, callback):
            callback((("x-plugin", f"{context.service_url.startswith('https://localhost')} {context.method_name}"),), None)

    class Failing(grpc.AuthMetadataPlugin):
        def __call__(self, context, callback):
            callback(None, RuntimeError("no key"))

    roots = grpc.ssl_channel_credentials(certificates["ca.pem"])
    token, plugin = grpc.access_token_call_credentials("abc"), grpc.metadata_call_credentials(Plugin())
    target = tls(handler)
    with grpc.secure_channel(target, grpc.composite_channel_credentials(roots, token)) as channel:
        assert channel.unary_unary("/t.T/M")(b"", timeout=10) == b"authorization=Bearer abc"
        assert channel.unary_unary("/t.T/M")(b"", credentials=plugin) == b"authorization=Bearer abc;x-plugin=True M"
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary("/t.T/M")(b"", credentials=grpc.metadata_call_credentials(Failing()))
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE and "no key" in caught.value.details()
    with grpc.secure_channel(target, roots) as channel:
        both = grpc.composite_call_credentials(token, plugin)
        assert channel.unary_unary("/t.T/M").future(b"", credentials=both).result(5).count(b"=") == 2
    s = serve({"M": uu(handler)})
    with pytest.raises(grpc.RpcError) as caught:
        s.unary()(b"", credentials=token)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    with grpc.secure_channel(s.target, grpc.composite_channel_credentials(grpc.local_channel_credentials(), token)) as channel:
        assert channel.unary_unary("/t.T/M")(b"", timeout=10) == b"authorization=Bearer abc"


def test_credentials_that_are_none(certificates):
    with pytest.raises(TypeError, match="rb"):
        grpc.ssl_channel_credentials(certificates["ca.pem"].decode())
    with pytest.raises(ValueError):
        grpc.ssl_server_credentials([])
    with pytest.raises(ValueError):
        grpc.ssl_server_credentials(None)
    with pytest.raises(ValueError, match="root_certificates"):
        grpc.ssl_server_credentials([(b"", b"")], None, True)
    with pytest.raises(TypeError):
        grpc.secure_channel("localhost:1", None)
    for function in (grpc.alts_channel_credentials, grpc.xds_channel_credentials, grpc.alts_server_credentials):
        with pytest.raises(NotImplementedError, match="comes later"):
            function()


CHECKER = os.environ.get("GRPCIO_API_CHECK", REPOSITORY.parent / "shared" / "api" / "grpcio_api_check.py")


@pytest.mark.skipif(not pathlib.Path(CHECKER).exists(), reason="the API checker is not beside the repository")
def test_the_same_names_as_the_reference():
    reference = pathlib.Path(CHECKER).with_name("grpcio_api.json")
    modules = ("grpc,grpc._utilities,grpc._channel,grpc._common,grpc._interceptor,grpc._server,grpc._cython.cygrpc,"
               "grpc.experimental,grpc.experimental.gevent,grpc.experimental.session_cache")
    result = subprocess.run([sys.executable, str(CHECKER), "compare", "--ref", str(reference), "--modules", modules],
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
