"""Metadata of grpc.aio."""
from collections import OrderedDict
from collections.abc import Collection, ItemsView, KeysView, Sequence, ValuesView
from typing import Tuple, Union

MetadataKey = str
MetadataValue = Union[str, bytes]
MetadatumType = Tuple[MetadataKey, MetadataValue]
MetadataType = Union["Metadata", Sequence[MetadatumType]]


class Metadata(Collection):
    """Pairs of key and value, grouped by key in the order in which keys came; a key may have several values.

    metadata[key] is the first value of a key, get_all(key) all of them. Iterating gives the pairs.
    """

    def __init__(self, *args: Tuple[MetadataKey, MetadataValue]) -> None:
        self._metadata = OrderedDict()
        for key, value in args:
            self.add(key, value)

    @classmethod
    def from_tuple(cls, raw_metadata: tuple):
        """Of pairs."""
        return cls(*raw_metadata) if raw_metadata else cls()

    @classmethod
    def _create(cls, raw_metadata):
        if isinstance(raw_metadata, cls):
            return raw_metadata
        return cls(*raw_metadata) if raw_metadata else cls()

    def add(self, key: MetadataKey, value: MetadataValue) -> None:
        """One more value of a key."""
        self._metadata.setdefault(key, []).append(value)

    def __len__(self) -> int:
        return sum(map(len, self._metadata.values()))

    def __getitem__(self, key: MetadataKey) -> MetadataValue:
        try:
            return self._metadata[key][0]
        except (ValueError, IndexError):
            raise KeyError(f"{key!r}") from None

    def __setitem__(self, key: MetadataKey, value: MetadataValue) -> None:
        values = self._metadata.get(key)
        self._metadata[key] = [value, *values[1:]] if values else [value]

    def __delitem__(self, key: MetadataKey) -> None:
        values = self._metadata.get(key)
        if not values:
            raise KeyError(repr(key))
        del values[0]
        if not values:
            del self._metadata[key]

    def delete_all(self, key: MetadataKey) -> None:
        """Removes all values of a key."""
        del self._metadata[key]

    def __iter__(self):
        for key, values in self._metadata.items():
            for value in values:
                yield (key, value)

    def keys(self) -> KeysView:
        """Each key once."""
        return KeysView(self._metadata)

    def values(self) -> ValuesView:
        """The lists of values."""
        return ValuesView(self._metadata)

    def items(self) -> ItemsView:
        """(key, list of values)."""
        return ItemsView(self._metadata)

    def get(self, key: MetadataKey, default: MetadataValue = None) -> MetadataValue:
        """The first value of a key."""
        try:
            return self[key]
        except KeyError:
            return default

    def get_all(self, key: MetadataKey) -> list:
        """All values of a key."""
        return self._metadata.get(key, [])

    def set_all(self, key: MetadataKey, values: list) -> None:
        """Replaces all values of a key."""
        self._metadata[key] = values

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key in self._metadata

    def __eq__(self, other: object) -> bool:
        if isinstance(other, self.__class__):
            return self._metadata == other._metadata
        if isinstance(other, tuple):
            return tuple(self) == other
        return NotImplemented

    __hash__ = None

    def __add__(self, other) -> "Metadata":
        if isinstance(other, self.__class__):
            return Metadata(*tuple(self), *tuple(other))
        if isinstance(other, tuple):
            return Metadata(*tuple(self), *other)
        return NotImplemented

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}({tuple(self)!r})"
