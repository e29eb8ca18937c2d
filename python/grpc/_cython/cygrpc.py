"""Names of the reference's extension that other packages look up: numbers and option names. There is no Cython here."""
import collections
import enum

_Metadatum = collections.namedtuple("_Metadatum", ("key", "value"))


class CompositeChannelCredentials:
    """A name to ask isinstance() for. Godwit's credentials are of other types."""


class StatusCode(enum.IntEnum):
    """Numbers of status codes."""

    ok = 0
    cancelled = 1
    unknown = 2
    invalid_argument = 3
    deadline_exceeded = 4
    not_found = 5
    already_exists = 6
    permission_denied = 7
    resource_exhausted = 8
    failed_precondition = 9
    aborted = 10
    out_of_range = 11
    unimplemented = 12
    internal = 13
    unavailable = 14
    data_loss = 15
    unauthenticated = 16


class OperationType(enum.IntEnum):
    """Steps of a call."""

    send_initial_metadata = 0
    send_message = 1
    send_close_from_client = 2
    send_status_from_server = 3
    receive_initial_metadata = 4
    receive_message = 5
    receive_status_on_client = 6
    receive_close_on_server = 7


class ConnectivityState:
    """Numbers of ChannelConnectivity."""

    idle = 0
    connecting = 1
    ready = 2
    transient_failure = 3
    shutdown = 4


class CompressionAlgorithm:
    """Numbers of Compression."""

    none = 0
    deflate = 1
    gzip = 2


class CompressionLevel:
    """How hard to compress."""

    none = 0
    low = 1
    medium = 2
    high = 3


class WriteFlag:
    """Bits for a message."""

    buffer_hint = 1
    no_compress = 2


class ChannelArgKey:
    """Names of options."""

    enable_census = b"grpc.census"
    max_concurrent_streams = b"grpc.max_concurrent_streams"
    max_receive_message_length = b"grpc.max_receive_message_length"
    max_send_message_length = b"grpc.max_send_message_length"
    http2_initial_sequence_number = b"grpc.http2.initial_sequence_number"
    default_authority = b"grpc.default_authority"
    primary_user_agent_string = b"grpc.primary_user_agent"
    secondary_user_agent_string = b"grpc.secondary_user_agent"
    ssl_session_cache = b"grpc.ssl_session_cache"
    ssl_target_name_override = b"grpc.ssl_target_name_override"


class PrivateKeySignatureAlgorithm(enum.IntFlag):
    """How a key of the user's own signs."""

    RSA_PKCS1_SHA256 = 0
    RSA_PKCS1_SHA384 = 1
    RSA_PKCS1_SHA512 = 2
    ECDSA_SECP256R1_SHA256 = 3
    ECDSA_SECP384R1_SHA384 = 4
    ECDSA_SECP521R1_SHA512 = 5
    RSA_PSS_RSAE_SHA256 = 6
    RSA_PSS_RSAE_SHA384 = 7
    RSA_PSS_RSAE_SHA512 = 8


class SSLSessionCacheLRU:
    """Sessions of TLS connections, to be resumed. The engine keeps its own; this one holds nothing."""

    def __init__(self, capacity):
        self.capacity = int(capacity)

    def __int__(self):
        return id(self)


# What grpc.aio raises, and the end of its streams: pickles of the reference find them here.
class BaseError(Exception):
    """What the errors of grpc.aio have in common, but for AioRpcError."""


class AbortError(BaseError):
    """Raised by ServicerContext.abort(): it ends the handler."""


class InternalError(BaseError):
    """Something went wrong inside of grpc."""


class UsageError(BaseError):
    """Something was called that can't be called now."""


class _EOF:
    """What read() gives after the last message."""

    __slots__ = ()

    def __bool__(self):
        return False

    def __len__(self):
        return 0

    def __repr__(self):
        return "<grpc.aio.EOF>"

    __str__ = __repr__

    def __reduce__(self):
        return "EOF"


EOF = _EOF()


def init_grpc_aio():
    """Nothing has to be done before grpc.aio is used."""


def shutdown_grpc_aio():
    """Nothing has to be done after grpc.aio was used."""
