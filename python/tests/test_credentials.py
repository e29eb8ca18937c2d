"""TLS and mTLS with certificates made by openssl, and call credentials: tokens and plug-ins."""
import contextlib
import logging
import subprocess
import threading
import time
from concurrent import futures

import grpc
import pytest
from conftest import uu


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    """pem("name.key"): what openssl made."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30",
            "-subj", "/CN=Test CA")
    for name in ("server", "client"):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj",
                f"/CN={name}")
        (folder / "names").write_text(f"subjectAltName=DNS:localhost,DNS:{name}.example")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days",
                "30", "-extfile", "names", "-out", f"{name}.pem")
    return lambda name: (folder / name).read_bytes()


def show(request, context):
    return repr({k: v for k, v in context.invocation_metadata() if k != "user-agent"}).encode()


def who(request, context):
    known = context.auth_context()
    return repr((known["transport_security_type"], known.get("x509_common_name"), context.peer_identity_key(),
                 list(context.peer_identities() or ()))).encode()


@pytest.fixture
def secure(pem):
    """secure(server credentials) gives call(method, channel credentials, ...)."""
    with contextlib.ExitStack() as stack:

        def make(credentials):
            pool = stack.enter_context(futures.ThreadPoolExecutor(4))
            server = grpc.server(pool)
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {
                "Show": uu(show), "Who": uu(who), "Known": uu(lambda r, context: repr(dict(context.auth_context())).encode()),
                "Stream": grpc.stream_stream_rpc_method_handler(lambda it, c: (show(r, c) for r in it))}),))
            port = server.add_secure_port("localhost:0", credentials)
            server.start()
            stack.callback(server.stop, None)

            def call(method, trusted, how="__call__", options=None, argument=b"", **more):
                channel = stack.enter_context(grpc.secure_channel(f"localhost:{port}", trusted, options))
                kind = channel.stream_stream if method == "Stream" else channel.unary_unary
                reply = getattr(kind("/t.T/" + method), how)(argument, **{"timeout": 20, **more})
                return eval(reply) if isinstance(reply, bytes) else reply

            call.port = port
            return call

        yield make


@pytest.fixture
def tls(pem, secure):
    """call() of a server with TLS, and credentials that trust it."""
    call = secure(grpc.ssl_server_credentials([(pem("server.key"), pem("server.pem"))]))
    return call, grpc.ssl_channel_credentials(pem("ca.pem"))


def fails(function):
    with pytest.raises(grpc.RpcError) as caught:
        function()
    return caught.value.code(), caught.value.details()


def test_tls(tls, errors):
    call, trusted = tls
    assert call("Who", trusted) == ([b"ssl"], None, None, [])
    name = (("grpc.ssl_target_name_override", "server.example"),)
    assert call("Who", trusted, options=name) == ([b"ssl"], None, None, [])
    code, details = fails(lambda: call("Who", trusted, options=(("grpc.ssl_target_name_override", "other.example"),)))
    assert code is grpc.StatusCode.UNAVAILABLE and "other.example" in details
    code, details = fails(lambda: call("Who", grpc.ssl_channel_credentials()))
    assert code is grpc.StatusCode.UNAVAILABLE and "not signed by a trusted authority" in details


def test_what_the_engine_says_goes_to_logging(tls, errors, capfd):
    call, _ = tls
    fails(lambda: call("Who", grpc.ssl_channel_credentials()))
    end = time.monotonic() + 10
    while not errors(logging.WARNING) and time.monotonic() < end:
        time.sleep(0.02)
    assert any(text.startswith("tls: TLS handshake with ") for text in errors(logging.WARNING))
    assert capfd.readouterr().err == ""


def test_mtls(pem, secure):
    pair = [(pem("server.key"), pem("server.pem"))]
    call = secure(grpc.ssl_server_credentials(pair, pem("ca.pem"), require_client_auth=True))
    mine = grpc.ssl_channel_credentials(pem("ca.pem"), pem("client.key"), pem("client.pem"))
    names = [b"localhost", b"client.example"]
    assert call("Who", mine) == ([b"ssl"], [b"client"], "x509_subject_alternative_name", names)
    assert fails(lambda: call("Who", grpc.ssl_channel_credentials(pem("ca.pem"))))[0] is grpc.StatusCode.UNAVAILABLE
    # Not required: not asked for.
    call = secure(grpc.ssl_server_credentials(pair, pem("ca.pem"), require_client_auth=False))
    assert call("Who", mine) == ([b"ssl"], None, None, [])
    with pytest.raises(ValueError, match="root_certificates"):
        grpc.ssl_server_credentials(pair, None, True)


def test_of_several_pairs_the_one_with_the_name_is_shown(pem, secure):
    pairs = [(pem("server.key"), pem("server.pem")), (pem("client.key"), pem("client.pem"))]
    call = secure(grpc.ssl_server_credentials(pairs))
    roots = grpc.ssl_channel_credentials(pem("ca.pem"))
    for name in ("server.example", "client.example"):
        assert call("Who", roots, options=(("grpc.ssl_target_name_override", name),))[0] == [b"ssl"]
    code, _ = fails(lambda: call("Who", roots, options=(("grpc.ssl_target_name_override", "other.example"),)))
    assert code is grpc.StatusCode.UNAVAILABLE


class Plugin(grpc.AuthMetadataPlugin):
    def __init__(self):
        self.seen = []

    def __call__(self, context, callback):
        self.seen.append((context.service_url, context.method_name))
        callback((("x-token", str(len(self.seen))), ("x-bin", b"\xff")), None)


def test_call_credentials_of_a_channel(tls):
    call, trusted = tls
    plugin = Plugin()
    both = grpc.composite_channel_credentials(trusted, grpc.metadata_call_credentials(plugin, name="mine"),
                                              grpc.access_token_call_credentials("secret"))
    expected = {"x-token": "1", "x-bin": b"\xff", "authorization": "Bearer secret"}
    assert call("Show", both) == expected
    assert call("Show", both, metadata=(("own", "1"),)) == {**expected, "own": "1", "x-token": "2"}
    assert eval(call("Show", both, "future").result()) == {**expected, "x-token": "3"}
    assert [eval(r)["x-token"] for r in call("Stream", both, argument=iter((b"", b"")))] == ["4", "4"]
    assert plugin.seen[0] == (f"https://localhost:{call.port}/t.T", "Show")


def test_call_credentials_of_a_call(tls):
    call, trusted = tls
    token = grpc.access_token_call_credentials("secret")
    assert call("Show", trusted, credentials=token) == {"authorization": "Bearer secret"}
    several = grpc.composite_call_credentials(token, grpc.metadata_call_credentials(Plugin()))
    assert call("Show", trusted, credentials=several) == {"authorization": "Bearer secret", "x-token": "1",
                                                          "x-bin": b"\xff"}
    later = grpc.metadata_call_credentials(
        lambda context, callback: threading.Timer(0.05, callback, ((("late", "1"),), None)).start())
    assert call("Show", trusted, credentials=later) == {"late": "1"}


@pytest.mark.parametrize("plugin, code, text", [
    (lambda context, callback: 1 / 0, "UNAVAILABLE", "plugin failed with error: division by zero"),
    (lambda context, callback: callback(None, ValueError("no token")), "UNAVAILABLE", "with error: no token"),
    (lambda context, callback: callback((("Bad", "x"),), None), "UNAVAILABLE", "Illegal metadata: metadata key 'Bad'"),
    (lambda context, callback: None, "DEADLINE_EXCEEDED", "Deadline Exceeded"),
])
@pytest.mark.parametrize("how", ["__call__", "with_call", "future", "stream"])
def test_plugins_that_fail(tls, plugin, code, text, how):
    call, trusted = tls
    more = {"credentials": grpc.metadata_call_credentials(plugin), "timeout": 0.5}
    if how == "future":  # it fails where its result is asked for
        future = call("Show", trusted, "future", **more)
        assert future.exception().code() is grpc.StatusCode[code] and future.done()
        begun = fails(future.result)
    elif how == "stream":
        stream = call("Stream", trusted, argument=iter((b"",)), **more)
        begun = fails(lambda: next(stream))
    else:
        begun = fails(lambda: call("Show", trusted, how, **more))
    assert begun[0] is grpc.StatusCode[code] and text in begun[1]


def test_tokens_need_a_secure_channel(serve):
    s = serve({"M": uu(show)})
    token = grpc.access_token_call_credentials("secret")
    assert fails(lambda: s.unary()(b"", credentials=token))[0] is grpc.StatusCode.UNAUTHENTICATED
    assert fails(s.unary().future(b"", credentials=token).result)[0] is grpc.StatusCode.UNAUTHENTICATED


def test_local_credentials(secure):
    call = secure(grpc.local_server_credentials())
    local = grpc.local_channel_credentials()
    with_token = grpc.composite_channel_credentials(local, grpc.access_token_call_credentials("secret"))
    assert call("Show", with_token) == {"authorization": "Bearer secret"}
    assert call("Show", local, credentials=grpc.metadata_call_credentials(Plugin()))["x-token"] == "1"


def test_names_of_a_client(secure, pem, tmp_path):
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True)

    for name in ("ca.pem", "ca.key"):
        (tmp_path / name).write_bytes(pem(name))
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "key", "-out", "csr", "-subj", "/O=Org/CN=me")
    (tmp_path / "names").write_text("subjectAltName=DNS:a.example,URI:spiffe://td/me,email:me@a.example,IP:127.0.0.9")
    openssl("x509", "-req", "-in", "csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-extfile",
            "names", "-out", "pem")
    call = secure(grpc.ssl_server_credentials([(pem("server.key"), pem("server.pem"))], pem("ca.pem"), True))
    known = call("Known", grpc.ssl_channel_credentials(pem("ca.pem"), (tmp_path / "key").read_bytes(),
                                                       (tmp_path / "pem").read_bytes()))
    assert {key: value for key, value in known.items() if key.startswith(("peer_", "x509_s"))} == {
        "x509_subject": [b"CN=me,O=Org"], "peer_dns": [b"a.example"], "peer_uri": [b"spiffe://td/me"],
        "peer_spiffe_id": [b"spiffe://td/me"], "peer_email": [b"me@a.example"], "peer_ip": [b"127.0.0.9"],
        "x509_subject_alternative_name": [b"a.example", b"spiffe://td/me", b"me@a.example", b"127.0.0.9"]}


def test_roots_that_the_environment_names(secure, pem, tmp_path, monkeypatch):
    call = secure(grpc.ssl_server_credentials([(pem("server.key"), pem("server.pem"))]))
    (tmp_path / "roots.pem").write_bytes(pem("ca.pem"))
    monkeypatch.setenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", str(tmp_path / "roots.pem"))
    assert call("Who", grpc.ssl_channel_credentials())[0] == [b"ssl"]
    monkeypatch.setenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", str(tmp_path / "nothing.pem"))
    with pytest.raises(grpc.RpcError) as caught:
        call("Who", grpc.ssl_channel_credentials())
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_insecure_credentials_of_a_secure_channel(serve):
    target = serve({"M": uu(lambda request, context: request)}).target
    with grpc.secure_channel(target, grpc.experimental.insecure_channel_credentials()) as channel:
        assert channel.unary_unary("/t.T/M")(b"x") == b"x"
