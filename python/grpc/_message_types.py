"""Which messages a method takes and gives, as far as protobuf's descriptors tell.

Generated code hands over SerializeToString, which writes whatever message it is given: without a look at the types, a
message of the wrong type would arrive as a wrong message.
"""
import sys

_found = {}


def _types(path):
    pool = sys.modules.get("google.protobuf.descriptor_pool")
    if pool is None:
        return None, None
    service, _, name = path.strip("/").rpartition("/")
    try:
        method = pool.Default().FindServiceByName(service).methods_by_name[name]
        return method.input_type._concrete_class, method.output_type._concrete_class
    except Exception:  # not generated from a .proto file, or a protobuf that works another way
        return None, None


def _is_generated(serializer):
    owner = getattr(serializer, "__objclass__", None) or getattr(serializer, "__module__", "")
    return getattr(serializer, "__name__", "") == "SerializeToString" and "google" in str(owner)


def type_for(path, index, serializer):
    """The class that `serializer` ought to get: of requests (0) or replies (1). None: unknown."""
    if serializer is None or not _is_generated(serializer):
        return None
    types = _found.get(path)
    if types is None:
        types = _types(path)
        if types[0] is not None and len(_found) < 10000:
            _found[path] = types
    return types[index]


def is_other(message, wanted):
    """False for the same message type from another pool, and for things that are no messages: serializing those fails
    with an error of its own."""
    descriptor = getattr(message, "DESCRIPTOR", None)
    return descriptor is not None and descriptor.full_name != wanted.DESCRIPTOR.full_name
