"""The enums of the API, and their numbers on the wire."""
import enum


class ChannelConnectivity(enum.Enum):
    """What a channel's connections are doing."""

    IDLE = (0, "idle")
    CONNECTING = (1, "connecting")
    READY = (2, "ready")
    TRANSIENT_FAILURE = (3, "transient failure")
    SHUTDOWN = (4, "shutdown")


class StatusCode(enum.Enum):
    """How a call ended: (number, name)."""

    OK = (0, "ok")
    CANCELLED = (1, "cancelled")
    UNKNOWN = (2, "unknown")
    INVALID_ARGUMENT = (3, "invalid argument")
    DEADLINE_EXCEEDED = (4, "deadline exceeded")
    NOT_FOUND = (5, "not found")
    ALREADY_EXISTS = (6, "already exists")
    PERMISSION_DENIED = (7, "permission denied")
    RESOURCE_EXHAUSTED = (8, "resource exhausted")
    FAILED_PRECONDITION = (9, "failed precondition")
    ABORTED = (10, "aborted")
    OUT_OF_RANGE = (11, "out of range")
    UNIMPLEMENTED = (12, "unimplemented")
    INTERNAL = (13, "internal")
    UNAVAILABLE = (14, "unavailable")
    DATA_LOSS = (15, "data loss")
    UNAUTHENTICATED = (16, "unauthenticated")


class LocalConnectionType(enum.Enum):
    """Over what a connection with local credentials goes."""

    UDS = 0
    LOCAL_TCP = 1


class Compression(enum.IntEnum):
    """How messages are compressed."""

    NoCompression = 0
    Deflate = 1
    Gzip = 2


for _enum in (ChannelConnectivity, StatusCode, LocalConnectionType, Compression):
    _enum.__module__ = "grpc"

# By number.
STATUS_CODES = tuple(sorted(StatusCode, key=lambda code: code.value[0]))
CONNECTIVITIES = tuple(sorted(ChannelConnectivity, key=lambda state: state.value[0]))
# Numbers by member.
STATUS_NUMBERS = {code: code.value[0] for code in StatusCode}


def status_code(number):
    """The member for a number from the wire; numbers that nobody knows are UNKNOWN."""
    return STATUS_CODES[number] if 0 <= number < 17 else StatusCode.UNKNOWN
