"""Types that the stubs of this package share. They exist for type checkers only: import them under TYPE_CHECKING."""
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

from typing_extensions import TypeVar

# What messages are, when nothing says more.
Request = TypeVar("Request", default=Any)
Response = TypeVar("Response", default=Any)

Options: TypeAlias = Sequence[tuple[str, Any]]
MetadataValue: TypeAlias = str | bytes
# What is sent: pairs of any kind.
MetadataLike: TypeAlias = Iterable[tuple[str, MetadataValue]]

class Metadatum(NamedTuple):
    key: str
    value: str | bytes

# What was received by the synchronous API.
Metadata: TypeAlias = tuple[Metadatum, ...]

Serializer: TypeAlias = Callable[[Request], bytes]
Deserializer: TypeAlias = Callable[[bytes], Response]
Async: TypeAlias = Coroutine[Any, Any, Response]
