"""The places that the guide knows, and the geometry it needs."""
import math
import pathlib
from typing import NamedTuple

import route_guide_pb2 as pb

# The C++ example reads the same file.
FEATURES = pathlib.Path(__file__).resolve().parents[2] / "route_guide" / "features.tsv"


class Place(NamedTuple):
    latitude: int  # degrees times 10^7
    longitude: int
    name: str


def read_places(path: pathlib.Path = FEATURES) -> list[Place]:
    """Reads lines of "latitude TAB longitude TAB name"; lines that begin with '#' are comments."""
    places = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            latitude, longitude, name = line.split("\t")
            places.append(Place(int(latitude), int(longitude), name))
    return places


def point_of(place: Place) -> pb.Point:
    return pb.Point(latitude=place.latitude, longitude=place.longitude)


def contains(rectangle: pb.Rectangle, place: Place) -> bool:
    latitudes = sorted((rectangle.lo.latitude, rectangle.hi.latitude))
    longitudes = sorted((rectangle.lo.longitude, rectangle.hi.longitude))
    return latitudes[0] <= place.latitude <= latitudes[1] and longitudes[0] <= place.longitude <= longitudes[1]


def distance_metres(start: pb.Point, end: pb.Point) -> float:
    """Along a great circle (haversine)."""
    earth_radius = 6_371_000
    latitude1, latitude2 = (math.radians(p.latitude / 1e7) for p in (start, end))
    longitude1, longitude2 = (math.radians(p.longitude / 1e7) for p in (start, end))
    a = (math.sin((latitude2 - latitude1) / 2) ** 2 +
         math.cos(latitude1) * math.cos(latitude2) * math.sin((longitude2 - longitude1) / 2) ** 2)
    return earth_radius * 2 * math.atan2(math.sqrt(a), math.sqrt(1 - a))


class Route:
    """Sums up the points of a route as they come."""

    def __init__(self, names: dict[tuple[int, int], str]) -> None:
        self._names = names
        self._last: pb.Point | None = None
        self._distance = 0.0
        self.summary = pb.RouteSummary()

    def add(self, point: pb.Point) -> None:
        self.summary.point_count += 1
        self.summary.feature_count += (point.latitude, point.longitude) in self._names
        if self._last is not None:
            self._distance += distance_metres(self._last, point)
            self.summary.distance = int(self._distance)
        self._last = point
