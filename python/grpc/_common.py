"""Small things that several modules need."""
import collections

from grpc._cython import cygrpc as _cygrpc
from grpc._enums import CONNECTIVITIES, STATUS_CODES

# One entry of metadata, as users get it: a pair with names.
Metadatum = collections.namedtuple("_Metadatum", ("key", "value"))
_make = Metadatum._make

CYGRPC_CONNECTIVITY_STATE_TO_CHANNEL_CONNECTIVITY = dict(enumerate(CONNECTIVITIES))
CYGRPC_STATUS_CODE_TO_STATUS_CODE = {_cygrpc.StatusCode(code.value[0]): code for code in STATUS_CODES}
STATUS_CODE_TO_CYGRPC_STATUS_CODE = {code: number for number, code in CYGRPC_STATUS_CODE_TO_STATUS_CODE.items()}


def metadata_out(pairs):
    """Metadata of the engine for the user."""
    return tuple(map(_make, pairs)) if pairs else ()


def encode(s):
    """UTF-8 bytes."""
    return s if isinstance(s, bytes) else s.encode("utf8")


def decode(b):
    """Text; bytes that are no UTF-8 are replaced."""
    return b.decode("utf-8", "replace") if isinstance(b, bytes) else b


def fully_qualified_method(group, method):
    """"/group/method"."""
    return f"/{group}/{method}"


def identity(message):
    """For methods without a serializer: messages are bytes."""
    return message


def source_of(function):
    """Where a function was written: "Name (file:line)"."""
    import functools
    import inspect
    name = getattr(function, "__qualname__", None) or repr(function)
    while isinstance(function, functools.partial):
        function = function.func
        name = getattr(function, "__qualname__", None) or repr(function)
    function = getattr(function, "__func__", function)
    try:
        function = inspect.unwrap(function)
    except ValueError:
        pass
    code = getattr(function, "__code__", None)
    if code is None:
        code = getattr(getattr(type(function), "__call__", None), "__code__", None)
    return name if code is None else f"{name} ({code.co_filename}:{code.co_firstlineno})"
