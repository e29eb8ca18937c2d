"""What stands behind the credentials objects: TLS for the engine, and metadata that says who calls."""
import os
import threading


class _Named:
    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"<{self.name}>"


INSECURE = _Named("insecure credentials")


def comes_later(name):
    """For functions of the API that do not work yet."""
    raise NotImplementedError(f"grpc.{name}() comes later; docs/python-differences.md lists what does")


def _pem(name, value):
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"{name} must be PEM as bytes, not {type(value).__name__}: read the file with open(path, 'rb')")


def _default_roots():
    """The roots that the environment names, or None for the system's."""
    path = os.environ.get("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH")
    if not path:
        return None
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        from grpc._log import logger
        logger("grpc._channel").error("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: %s; the system's root certificates are used",
                                      error)
        return None


class Tls:
    """For channels."""

    calls = ()

    def __init__(self, roots, private_key, certificate_chain):
        self._parts = (_pem("root_certificates", roots), _pem("private_key", private_key),
                       _pem("certificate_chain", certificate_chain))

    def engine(self):
        from grpc import _godwit
        roots, *identity = self._parts
        return _godwit.TlsClient(_default_roots() if roots is None else roots, *identity)


class Local:
    """For channels and servers: no TLS, but trusted."""

    calls = ()

    def __init__(self, kind):
        self.kind = kind

    def engine(self):
        return None


class Composite:
    """Channel credentials with call credentials."""

    def __init__(self, channel, calls):
        self.channel = channel
        self.calls = tuple(channel.calls) + tuple(calls)

    def engine(self):
        return self.channel.engine()


def compose_channel(channel_credentials, call_credentials):
    """Of grpc.composite_channel_credentials()."""
    inner = channel_credentials._credentials
    if inner is INSECURE:
        raise ValueError("call credentials can't be combined with insecure channel credentials")
    return Composite(inner, [calls._credentials for calls in call_credentials])


class ServerTls:
    """For servers."""

    def __init__(self, pairs, roots, require_client_auth):
        pairs = [(_pem("private key", key), _pem("certificate chain", chain)) for key, chain in pairs or ()]
        if not pairs:
            raise ValueError("at least one pair of private key and certificate chain is needed")
        if require_client_auth and roots is None:
            raise ValueError("require_client_auth needs root_certificates: whom else are clients' certificates to be "
                             "from?")
        self._parts = (pairs, _pem("root_certificates", roots), bool(require_client_auth))

    def engine(self):
        from grpc import _godwit
        return _godwit.TlsServer(*self._parts)


class Token:
    """An OAuth2 access token."""

    def __init__(self, token):
        self._metadata = (("authorization", f"Bearer {token}"),)

    def metadata(self, context, timeout):
        return self._metadata


class Plugin:
    """A function of the user that gives metadata, at once or later."""

    def __init__(self, plugin, name):
        self._plugin = plugin
        self.name = name or getattr(plugin, "__name__", None) or type(plugin).__name__

    def metadata(self, context, timeout):
        done = threading.Event()
        answer = []

        def callback(metadata, error):
            answer.append((metadata, error))
            done.set()

        self._plugin(context, callback)
        if not done.wait(timeout):
            raise TimeoutError()
        metadata, error = answer[0]
        if error is not None:
            raise error
        return tuple(metadata or ())


class Several:
    """One after the other."""

    def __init__(self, parts):
        self._parts = tuple(parts)

    def metadata(self, context, timeout):
        return tuple(entry for part in self._parts for entry in part.metadata(context, timeout))


def compose_calls(call_credentials):
    """Of grpc.composite_call_credentials()."""
    return Several(calls._credentials for calls in call_credentials)


_Context = None  # the class of what plugins are told, made with the first


def call_context(path, authority):
    """What plugins are told about a call."""
    global _Context
    if _Context is None:
        import collections

        from grpc._interfaces import AuthMetadataContext

        class _AuthMetadataContext(collections.namedtuple("AuthMetadataContext", ("service_url", "method_name")),
                                   AuthMetadataContext):
            pass

        _Context = _AuthMetadataContext
    service, _, method = path.strip("/").rpartition("/")
    if authority.endswith(":443"):
        authority = authority[:-4]
    return _Context(f"https://{authority}/{service}", method)
