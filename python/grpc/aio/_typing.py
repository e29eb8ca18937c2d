"""Names for types of grpc.aio."""
from typing import Any, AsyncIterable, Callable, Iterable, Sequence, Tuple, TypeVar, Union

from grpc._cython.cygrpc import _EOF
from grpc.aio._metadata import Metadata, MetadataKey, MetadataType, MetadataValue, MetadatumType

RequestType = TypeVar("RequestType")
ResponseType = TypeVar("ResponseType")
SerializerInputType_contra = TypeVar("SerializerInputType_contra", contravariant=True)
DeserializerOutputType_co = TypeVar("DeserializerOutputType_co", covariant=True)
SerializingFunction = Callable[[SerializerInputType_contra], bytes]
DeserializingFunction = Callable[[bytes], DeserializerOutputType_co]
ChannelArgumentType = Sequence[Tuple[str, Any]]
EOFType = _EOF
DoneCallbackType = Callable[[Any], None]
RequestIterableType = Union[Iterable[RequestType], AsyncIterable[RequestType]]
ResponseIterableType = AsyncIterable[ResponseType]

__all__ = ("Metadata", "MetadataKey", "MetadataType", "MetadataValue", "MetadatumType", "RequestType", "ResponseType",
           "SerializingFunction", "DeserializingFunction", "ChannelArgumentType", "EOFType", "DoneCallbackType",
           "RequestIterableType", "ResponseIterableType")
