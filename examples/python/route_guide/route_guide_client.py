"""Makes one call of each kind and shows what comes back: route_guide_client.py [TARGET]"""
import sys
from collections.abc import Iterator

import features
import grpc
import route_guide_pb2 as pb
import route_guide_pb2_grpc

EUROPE = pb.Rectangle(lo=pb.Point(latitude=360_000_000, longitude=-100_000_000),
                      hi=pb.Point(latitude=650_000_000, longitude=250_000_000))


def get_feature(guide: route_guide_pb2_grpc.RouteGuideStub, place: features.Place) -> None:
    feature = guide.GetFeature(features.point_of(place))
    print(f"GetFeature: {feature.name}")


def list_features(guide: route_guide_pb2_grpc.RouteGuideStub) -> None:
    names = [feature.name for feature in guide.ListFeatures(EUROPE)]
    print(f"ListFeatures: {len(names)} places in Europe, the first is {names[0]}")


def record_route(guide: route_guide_pb2_grpc.RouteGuideStub, places: list[features.Place]) -> None:
    summary = guide.RecordRoute(features.point_of(place) for place in places[::10])
    print(f"RecordRoute: {summary.point_count} points, {summary.feature_count} features, {summary.distance // 1000} km")


def route_chat(guide: route_guide_pb2_grpc.RouteGuideStub, place: features.Place) -> None:
    def notes() -> Iterator[pb.RouteNote]:
        for message in ("first", "second", "第三"):
            yield pb.RouteNote(location=features.point_of(place), message=message)

    for note in guide.RouteChat(notes()):
        print(f"RouteChat: at this place before: {note.message}")


def main(target: str = "127.0.0.1:50052") -> None:
    places = features.read_places()
    with grpc.insecure_channel(target) as channel:
        guide = route_guide_pb2_grpc.RouteGuideStub(channel)
        get_feature(guide, places[0])
        list_features(guide)
        record_route(guide, places)
        route_chat(guide, places[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
